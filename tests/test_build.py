"""The database is a result: deleted and built again, it is the same; damage never costs what it already holds."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from conftest import FAST, Command

from archive import build, captures, search, tables, warc
from archive.verify import verify
from parsers import document, report
from sample_portals import SamplePortals


@pytest.fixture
def data(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo's data folder."""
    return shutil.copytree(demo, tmp_path / "data")


def dump(data: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, in the order of its key; of the full-text index, every word with its places."""
    with sqlite3.connect(data / "nianbao.db") as db:
        names = [name for (name,) in db.execute("select name from sqlite_master where type = 'table' order by name")]
        names = [name for name in names if not name.startswith(search.TABLE)]
        rows = {name: sorted(db.execute(f"select * from [{name}]").fetchall(), key=repr) for name in names}
        db.execute(f"create virtual table temp.indexed using fts5vocab(main, {search.TABLE}, instance)")
        places = db.execute("select term, doc, col, offset from indexed order by doc, col, offset").fetchall()
        return rows | {search.TABLE: places}


def test_deleted_and_built_again_it_is_the_same(data: Path) -> None:
    before = dump(data)
    assert before.keys() >= tables.TABLES.keys()
    (data / "nianbao.db").unlink()
    assert build.build(data, full=True) == []
    assert dump(data) == before


def test_file_by_file_it_is_the_same(data: Path) -> None:
    before = dump(data)
    aside = data / "aside"
    shutil.move(data / "warc", aside)
    (data / "nianbao.db").unlink()
    for folder in sorted(aside.iterdir()):
        shutil.move(folder, data / "warc" / folder.name)
        build.build(data)
    assert dump(data) == before


def test_nothing_new_means_nothing_read(data: Path) -> None:
    said: list[str] = []
    build.build(data, said=said.append)
    assert said == []


def test_a_second_visit_gives_the_same_by_either_way(nianbao: Command) -> None:
    nianbao("crawl", "laiwu", "jiyang", *FAST)
    nianbao("crawl", "jiyang", *FAST)
    before = dump(nianbao.data)
    assert nianbao("build", "--full").returncode == 0
    assert dump(nianbao.data) == before
    assert len(before["runs"]) == 3


def test_damage_costs_nothing_that_was_there(data: Path) -> None:
    before = dump(data)
    (path,) = (data / "warc" / "370116").glob("*.warc.gz")
    path.write_bytes(path.read_bytes()[:-700])
    for _ in range(2):  # said every time
        (line,) = build.build(data)
        assert path.name in line
        assert "cut off" in line
    assert {**dump(data), "archives": []} == {**before, "archives": []}
    path.write_bytes(path.read_bytes()[:9000])  # now the report itself is cut
    assert build.build(data)
    assert {**dump(data), "archives": []} == {**before, "archives": []}


def test_a_damaged_portal_does_not_keep_its_later_visits_out(nianbao: Command) -> None:
    nianbao("crawl", "laiwu", *FAST)
    (path,) = nianbao.data.glob("warc/*/*.warc.gz")
    path.write_bytes(path.read_bytes()[:-700])  # the note of its end: nothing that a report is made of
    done = nianbao("crawl", "laiwu", *FAST)
    assert "0 new, 0 revised, 1 unchanged" in done.stdout
    assert done.returncode == 1
    assert path.name in done.stderr


def test_from_nothing_a_damaged_archive_gives_what_is_left(data: Path) -> None:
    before = dump(data)
    (path,) = (data / "warc" / "370116").glob("*.warc.gz")
    path.write_bytes(path.read_bytes()[:-700])
    assert len(build.build(data, full=True)) == 1
    assert len(dump(data)["reports"]) == len(before["reports"])


def test_a_file_that_is_gone_is_said_and_costs_nothing(data: Path) -> None:
    before = dump(data)
    (path,) = (data / "warc" / "370116").glob("*.warc.gz")
    path.unlink()
    assert [str(path) in line for line in build.build(data)] == [True]
    assert dump(data) == before
    assert any(f"{path}: is gone" in line for line in verify(data))


def test_a_journal_of_a_killed_build_does_not_spoil_the_next(data: Path) -> None:
    """The kill: a process that dies in the middle of a transaction, with its journal on disk."""
    before = dump(data)
    code = (
        "import os, sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('pragma cache_size = 1');"
        "db.execute('begin'); db.execute('delete from captures');"
        "db.executemany('insert into archives values (?, null, 1)', ((f'{n}' * 200,) for n in range(3000)));"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(data / "nianbao.db")], check=False)
    assert (data / "nianbao.db-journal").exists()
    build.build(data, full=True)
    assert not (data / "nianbao.db-journal").exists()
    assert dump(data) == before


def test_a_database_of_another_version_is_built_anew(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(build, "_fingerprint", lambda settled: 7)
    build.build(data, said=said.append)
    assert len(said) == 5


def test_one_hostile_portal_does_not_stop_the_others(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = build._rows

    def hostile(holdings: captures.Holdings, *rest: Any) -> dict[str, list[dict[str, object]]]:
        if holdings.code == "370115":
            raise UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed")
        return honest(holdings, *rest)

    monkeypatch.setattr(build, "_rows", hostile)
    (line,) = build.build(data, full=True)
    assert line.startswith("370115 could not be built: UnicodeEncodeError")
    assert len(dump(data)["reports"]) == 4


def test_the_view_gives_back_every_fact(data: Path) -> None:
    db = sqlite_utils.Database(data / "nianbao.db")
    for row in db.query(
        "select r.id, d.filename, d.offset, d.number, r.portal from reports r join documents d on d.report = r.id"
    ):
        path = data / "warc" / row["portal"] / row["filename"]
        record = next(r for r in warc.index(path) if r.offset == row["offset"])
        page = document.identify(*warc.read_payload(path, record)[:1], record.url)
        try:
            facts = report.read([page]).facts
        except report.NotAReport:
            continue  # a page that only carries the attachment
        found = db.query("select * from facts where report = ? and document = ?", [row["id"], row["number"]])
        assert {tuple(f.values())[1:] for f in found} == {
            (f.form, f.item, f.text, f.value, f.unit, f.kind, str(f.place), row["number"], f.ocr) for f in facts
        }


def test_a_report_is_small(data: Path) -> None:
    """Goal for 3 million reports: at most 1.5 KB for a report's facts and the texts of its cells."""
    db = sqlite_utils.Database(data / "nianbao.db")
    (row,) = db.query("select sum(length(cells) + length(rows) + length(cols) + length(grid)) as n from sheets")
    assert row["n"] / db.table("reports").count < 1500


def test_the_database_keeps_its_promises(data: Path) -> None:
    db = sqlite_utils.Database(data / "nianbao.db")
    assert list(db.query("pragma foreign_key_check")) == []
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    promised = {  # contract §3
        "portals": "code name slug home",
        "captures": "url timestamp status mime digest filename offset length portal",
        "reports": "id portal issuer scope year title url digest published first_seen revision current",
        "facts": "report form item text value unit kind place",
        "items": "item form table_label row_label col_label unit position",
        "findings": "report check_name level message items",
        "events": "date kind portal report message",
        "runs": "id portal started finished verdict captures bytes message",
    }
    for name, columns in promised.items():
        assert set(columns.split()) <= {c["name"] for c in db.query(f"select name from pragma_table_info('{name}')")}, (
            name
        )
    assert all(isinstance(json.loads(r["items"]), list) for r in db.table("findings").rows)
    assert db.table("items").count == 58 + 198 + 200


def test_blank_is_not_zero(data: Path) -> None:
    """济阳 2019 leaves 145 of its 198 cells blank (counted in the report itself)."""
    db = sqlite_utils.Database(data / "nianbao.db")
    sql = (
        "select kind, value is null as none, count(*) as n from facts join reports r on r.id = report where portal = ?"
    )
    found = {(r["kind"], r["none"]): r["n"] for r in db.query(sql + " group by 1, 2", ["370115"])}
    assert found == {("blank", 1): 145, ("number", 0): 53}


def test_an_interrupted_full_build_leaves_the_old_database(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dump(data)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build, "_replace", fail)
    with pytest.raises(OSError, match="No space"):
        build.build(data, full=True)
    assert dump(data) == before


def test_the_portals_can_be_changed_after_the_build(nianbao: Command, portals: SamplePortals, tmp_path: Path) -> None:
    """DATA suffices alone: the registry entry that was used stands in the archive."""
    mine = tmp_path / "mine.toml"
    mine.write_text('[370112]\nname = "济南市历城区"\nslug = "mine"\nhome = "http://www.licheng.gov.cn/"\n', "utf-8")
    nianbao("crawl", "mine", *FAST, "--registry", mine)
    mine.unlink()
    assert nianbao("build", "--full").returncode == 0
    assert [r["slug"] for r in sqlite_utils.Database(nianbao.data / "nianbao.db").table("portals").rows] == ["mine"]
