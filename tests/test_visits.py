"""Visits side by side: one at a time for each host, and logs that do not grow for ever."""

import itertools
import time
from pathlib import Path

from conftest import FAST, Command

from archive import visits
from archive.model import Portal
from sample_portals import Reply, Request, SamplePortals

SHARED, OWN = "http://www.shared.gov.cn/", "http://www.own.gov.cn/"


def portal(code: str, home: str, *hosts: str) -> Portal:
    return Portal(code, code, code, home, hosts=hosts)


def test_portals_that_share_a_host_are_one_group() -> None:
    a = portal("a", "http://one.gov.cn/a/")
    b = portal("b", "http://two.gov.cn/", "files.gov.cn")
    c = portal("c", "http://one.gov.cn:8080/c/")
    d = portal("d", "https://three.gov.cn/", "FILES.gov.cn")
    e = portal("e", "http://four.gov.cn/")
    assert sorted(visits.by_host([a, b, c, d, e]), key=lambda g: g[0].code) == [[a, c], [b, d], [e]]
    bridge = portal("f", "http://one.gov.cn/", "three.gov.cn")
    assert [len(group) for group in visits.by_host([a, b, d, e, bridge])] == [1, 4]


def test_one_host_has_one_visit_at_a_time(nianbao: Command, portals: SamplePortals, tmp_path: Path) -> None:
    """Two districts stand on one host, a third on its own: at the server, the two come one after the other."""

    def slow(request: Request) -> Reply:
        time.sleep(0.05)
        return Reply(200, [("Content-Type", "text/html; charset=utf-8")], PAGE.encode())

    entries = []
    for code, home in (("370101", SHARED + "east/"), ("370102", SHARED + "west/"), ("370103", OWN + "south/")):
        entries.append(f'[{code}]\nname = "{code}"\nslug = "p{code}"\nhome = "{home}"\n')
        for page in ("", "nb/", *(f"nb/{n}.html" for n in range(4))):
            portals.overrides[home + page] = slow
    for home in (SHARED, OWN):
        portals.overrides[home + "robots.txt"] = Reply(404)
    registry = tmp_path / "three.toml"
    registry.write_text("".join(entries), "utf-8")
    nianbao("crawl", "--only-registry", "--registry", registry, *FAST, "-s", "DOWNLOAD_DELAY=0.15")
    asked = [request for request in portals.requests if not request.url.endswith("robots.txt")]
    shared = [request.url.removeprefix(SHARED)[:4] for request in asked if request.url.startswith(SHARED)]
    assert len(shared) > 10
    assert [place for place, _ in itertools.groupby(shared)] in (["east", "west"], ["west", "east"])
    times = [request.time for request in portals.requests if request.url.startswith(SHARED)]
    assert min(after - before for before, after in itertools.pairwise(times)) > 0.15
    own = [request.time for request in asked if request.url.startswith(OWN)]
    assert own[0] < times[-1]  # the third did not wait for both
    assert len(own) > 5


PAGE = '<html><body><a href="nb/">政府信息公开年报</a>' + "".join(
    f'<li><a href="{n}.html">某区{2020 + n}年政府信息公开工作年度报告</a></li>' for n in range(4)
)


def test_a_log_stays_bounded(nianbao: Command) -> None:
    logs = nianbao.data / "logs"
    logs.mkdir(parents=True)
    for number in range(6):
        with (logs / "370112.log").open("a", encoding="utf-8") as log:
            log.write(f"visit {number}\n" + "x" * visits.LOG_SIZE)
        visits._turn(logs / "370112.log")
    assert sorted(path.name for path in logs.iterdir()) == ["370112.log.1", "370112.log.2", "370112.log.3"]
    assert (logs / "370112.log.1").read_text("utf-8").startswith("visit 5")
    assert (logs / "370112.log.3").read_text("utf-8").startswith("visit 3")
    (logs / "370112.log").write_text("short\n", "utf-8")
    assert nianbao("crawl", "licheng", *FAST).returncode == 0
    text = (logs / "370112.log").read_text("utf-8")
    assert text.startswith("short\n")  # a short log goes on
    assert "verdict ok" in text
    assert len(text) < visits.LOG_SIZE / 8
    assert {path.name for path in logs.iterdir()} == {"370112.log", *(f"370112.log.{n}" for n in (1, 2, 3))}
