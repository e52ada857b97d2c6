"""The registry refuses what it does not know, naming file and key."""

from pathlib import Path

import pytest

from archive import registry

GOOD = '[370112]\nname = "济南市历城区"\nslug = "licheng"\nhome = "http://www.licheng.gov.cn/"\n'


def load(tmp_path: Path, text: str) -> dict[str, registry.Portal]:
    path = tmp_path / "test.toml"
    path.write_text(text, "utf-8")
    return registry.load([path], bundled=False)


def test_the_five_seed_districts_ship() -> None:
    portals = registry.load()
    names = {
        "370112": "济南市历城区",
        "370115": "济南市济阳区",
        "370116": "济南市莱芜区",
        "370305": "淄博市临淄区",
        "370406": "枣庄市山亭区",
    }
    assert {code: portals[code].name for code in names} == names
    assert all(portals[code].home and portals[code].note for code in names)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("slug", "slugg"), "unknown key 'slugg'"),
        (("370112", "37011"), "six-digit code"),
        (("[370112]", "x = 1\n[370112]"), "six-digit code"),
        (('"licheng"', "7"), "slug has the wrong type"),
        (('"licheng"', '""'), "name and slug are needed"),
        (("http://", "ftp://"), "is not an http address"),
        (("name = ", "name "), "test.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(registry.RegistryError) as caught:
        load(tmp_path, GOOD.replace(*change))
    assert said in str(caught.value)
    assert "test.toml" in str(caught.value)


def test_one_slug_for_two_portals_is_refused(tmp_path: Path) -> None:
    with pytest.raises(registry.RegistryError, match="licheng"):
        load(tmp_path, GOOD + GOOD.replace("370112", "370113"))


def test_a_later_file_replaces_an_entry(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("http://www.licheng.gov.cn/", "http://new.example/"), "utf-8")
    assert registry.load([path])["370112"].home == "http://new.example/"
    assert registry.load([tmp_path])["370115"].slug == "jiyang"


@pytest.mark.parametrize("name", ["370112", "licheng", "www.licheng.gov.cn"])
def test_a_portal_is_found_by_code_slug_or_host(tmp_path: Path, name: str) -> None:
    assert [p.code for p in registry.find([name], load(tmp_path, GOOD))] == ["370112"]


def test_gaps_are_listed_and_not_visited(tmp_path: Path) -> None:
    portals = load(tmp_path, GOOD + '[370199]\nname = "某区"\nslug = "mou"\n')
    assert [p.code for p in registry.find([], portals)] == ["370112"]
    with pytest.raises(registry.RegistryError, match="known gap"):
        registry.find(["mou"], portals)
    with pytest.raises(registry.RegistryError, match="no portal 'x'"):
        registry.find(["x"], portals)


def test_only_named_hosts_are_allowed(tmp_path: Path) -> None:
    portals = load(
        tmp_path, GOOD + 'columns = ["http://zwgk.licheng.gov.cn:8080/a/"]\nhosts = ["file.licheng.gov.cn"]\n'
    )
    assert registry.allowed_hosts(portals["370112"]) == {
        "www.licheng.gov.cn",
        "zwgk.licheng.gov.cn:8080",
        "file.licheng.gov.cn",
    }
    assert registry.from_dict({"code": "370112", "name": "x", "slug": "x"}).columns == ()


def test_every_county_of_shandong_is_listed_and_no_address_is_invented() -> None:
    """58 districts, 26 county-level cities, 52 counties (GB/T 2260, 2026); a home only with a note of its source."""
    portals = [p for p in registry.load().values() if p.code.startswith("37")]
    kinds = {end: sum(p.name.endswith(end) for p in portals) for end in "区市县"}
    assert kinds == {"区": 58, "市": 26, "县": 52}
    assert all(p.note.startswith("\n2026-") or p.note.startswith("2026-") for p in portals if p.home)
    assert not any(p.columns or p.hosts for p in portals if not p.home)
