"""What a visit does differently where the archive already holds something of the portal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from conftest import FAST, Command
from warcio.archiveiterator import ArchiveIterator

from archive import warc
from archive.registry import nowhere
from sample_portals import Reply, SamplePortals

HOME = "http://www.licheng.gov.cn/"
COLUMN = HOME + "nb/"
NOWHERE = nowhere(HOME).removeprefix(HOME)  # asked for once in 30 days
TITLE = "济南市历城区{}局2020年政府信息公开工作年度报告"
SIZE = 8  # reports on a page of the list
FIRST, WEEK_LATER, MONTH_LATER = "2026-02-01T00:00:00Z", "2026-02-08T00:00:00Z", "2026-03-04T00:00:00Z"


def html(text: str) -> Reply:
    return Reply(200, [("Content-Type", "text/html; charset=utf-8")], f"<html><body>{text}</body></html>".encode())


def body_of(n: int) -> str:
    return "第" + "一二三四五六七八九十"[n % 10] * (n // 10 + 1)


def publish(portals: SamplePortals, count: int) -> None:
    """A portal whose list has `count` reports, newest first, in pages of SIZE; each report has an attachment."""
    portals.overrides[HOME] = html('<a href="/nb/">政府信息公开年报</a>')
    newest_first = range(count - 1, -1, -1)
    pages = [newest_first[start : start + SIZE] for start in range(0, count, SIZE)]
    for number, page in enumerate(pages, 1):
        links = "".join(f'<li><a href="/nb/{n}.html">{TITLE.format(body_of(n))}</a></li>' for n in page)
        following = f'<a href="/nb/index_{number + 1}.html">下一页</a>' if number < len(pages) else ""
        portals.overrides[COLUMN if number == 1 else f"{COLUMN}index_{number}.html"] = html(links + following)
    for n in range(count):
        text = f'<h1>{TITLE.format(body_of(n))}</h1><p>{"正文。" * 400}</p><a href="/nb/{n}.pdf">附件.pdf</a>'
        portals.overrides[f"{COLUMN}{n}.html"] = html(text)
        portals.overrides[f"{COLUMN}{n}.pdf"] = Reply(body=b"%PDF-1.4 " + str(n).encode() * 500)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(f'[370112]\nname = "济南市历城区"\nslug = "licheng"\nhome = "{HOME}"\n', "utf-8")
    return path


@pytest.fixture
def crawl(nianbao: Command, portals: SamplePortals, registry: Path) -> Callable[..., list[str]]:
    """Visits the portal at a time; returns the paths that were asked for."""

    def run(now: str, *options: str) -> list[str]:
        known = len(portals.requests)
        command = ("crawl", "licheng", "--only-registry", "--registry", registry, *FAST, "-s", "RETRY_TIMES=0")
        nianbao(*command, *options, NIANBAO_NOW=now)
        return [request.url.removeprefix(HOME) for request in portals.requests[known:]]

    return run


def runs(nianbao: Command) -> list[dict[str, Any]]:
    return list(sqlite_utils.Database(nianbao.data / "nianbao.db").query("select * from runs order by started, id"))


def count(nianbao: Command, table: str) -> int:
    return sqlite_utils.Database(nianbao.data / "nianbao.db").table(table).count


Crawl = Callable[..., list[str]]


def test_a_second_visit_costs_next_to_nothing(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 40)
    first = crawl(FIRST)
    assert len(first) == 3 + 5 + 40 + 40
    second = crawl(WEEK_LATER)
    assert second == ["robots.txt", "", "nb/"]
    before, after = runs(nianbao)
    assert len(second) <= 5 + 0.05 * len(first)
    assert after["bytes"] <= 0.03 * before["bytes"]
    assert (after["verdict"], count(nianbao, "reports")) == ("ok", 40)
    assert json.loads(before["walked"]) == [COLUMN]


def test_after_thirty_days_everything_is_asked_for_and_nothing_sent(
    nianbao: Command, portals: SamplePortals, crawl: Crawl
) -> None:
    publish(portals, 12)
    first = crawl(FIRST)
    crawl(WEEK_LATER)
    assert sorted(crawl(MONTH_LATER)) == sorted(first)
    assert [json.loads(run["walked"]) for run in runs(nianbao)] == [[COLUMN], [], [COLUMN]]
    assert count(nianbao, "reports") == 12
    assert runs(nianbao)[-1]["bytes"] < 0.03 * runs(nianbao)[0]["bytes"]  # the page that says 404


def test_recheck_does_it_now(portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 5)
    assert sorted(crawl(FIRST)) == sorted(crawl(WEEK_LATER, "--recheck"))


def test_an_edit_is_seen_by_the_recheck(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 3)
    crawl(FIRST)
    portals.overrides[COLUMN + "1.html"] = html(f"<h1>{TITLE.format(body_of(1))}</h1><p>改过的正文。</p>")
    crawl(WEEK_LATER)
    assert count(nianbao, "reports") == 3
    crawl(MONTH_LATER)
    assert count(nianbao, "reports") == 4


def test_only_what_is_new_is_fetched(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 24)
    crawl(FIRST)
    publish(portals, 25)
    assert crawl(WEEK_LATER) == ["robots.txt", "", "nb/", "nb/24.html", "nb/index_2.html", "nb/24.pdf"]
    assert count(nianbao, "reports") == 25


def test_a_list_that_was_not_read_to_its_end_is_read_on(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 24)
    page_3 = portals.overrides.pop(COLUMN + "index_3.html")
    portals.overrides[COLUMN + "index_3.html"] = Reply(500)
    crawl(FIRST)
    portals.overrides[COLUMN + "index_3.html"] = page_3
    asked = crawl(WEEK_LATER)
    assert [path for path in asked if "index" in path] == ["nb/index_2.html", "nb/index_3.html"]
    assert [json.loads(run["walked"]) for run in runs(nianbao)] == [[], [COLUMN]]
    assert count(nianbao, "reports") == 24


def test_what_failed_is_asked_for_again(portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 3)
    portals.overrides[COLUMN + "1.pdf"] = Reply(404)
    portals.overrides[COLUMN + "2.html"] = html("<p>您的请求过于频繁，请完成安全验证</p>")  # a wall, of status 200
    crawl(FIRST)
    publish(portals, 3)
    assert sorted(crawl(WEEK_LATER)) == ["", "nb/", "nb/1.pdf", "nb/2.html", "nb/2.pdf", "robots.txt"]


def test_servers_without_validators_send_lists_again_and_no_report(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sample_portals.server.finish", lambda request, reply: reply)
    publish(portals, 10)
    crawl(FIRST)
    assert crawl(WEEK_LATER) == ["robots.txt", "", "nb/"]
    assert runs(nianbao)[1]["verdict"] == "ok"


def test_conditions_are_those_of_the_address_asked_for(portals: SamplePortals, crawl: Crawl) -> None:
    """A redirect inherits the headers of the request before it; the condition must not be inherited."""
    publish(portals, 1)
    crawl(FIRST)
    portals.overrides[COLUMN] = Reply(302, [("Location", "/new/")])
    portals.overrides[HOME + "new/"] = html(f'<a href="/nb/0.html">{TITLE.format(body_of(0))}</a>')
    crawl(WEEK_LATER)
    sent = {r.url.removeprefix(HOME): r.headers.get("If-None-Match") for r in portals.requests[-4:]}
    assert sent["nb/"] and sent["new/"] is None


def test_an_interrupted_visit_is_gone_on_with(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 20)
    first = crawl(FIRST, "-s", "NIANBAO_MAX_ANSWERS=20")
    (run,) = runs(nianbao)
    assert (run["verdict"], json.loads(run["walked"])) == ("partial", [])
    assert "more than 20 answers" in run["message"]
    second = crawl(FIRST)
    assert not {path for path in first if path.endswith(".pdf")} & set(second)
    assert {*first, *second} >= {f"nb/{n}.{kind}" for n in range(20) for kind in ("html", "pdf")}
    assert count(nianbao, "reports") == 20


def test_not_modified_is_a_revisit_record(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 2)
    crawl(FIRST)
    crawl(WEEK_LATER, "--recheck")
    old, new = warc.files(nianbao.data)
    with new.open("rb") as file:
        revisits = [r.rec_headers for r in ArchiveIterator(file) if r.rec_type == "revisit"]
    assert {h.get_header("WARC-Target-URI").removeprefix(HOME) for h in revisits} == {
        "robots.txt", "", "nb/", "nb/0.html", "nb/0.pdf", "nb/1.html", "nb/1.pdf"
    }  # fmt: skip
    with old.open("rb") as file:
        kept = {
            (r.rec_headers.get_header("WARC-Target-URI"), r.rec_headers.get_header("WARC-Date")): r.rec_headers
            for r in ArchiveIterator(file)
            if r.rec_type == "response"
        }
    for header in revisits:
        original = kept[header.get_header("WARC-Refers-To-Target-URI"), header.get_header("WARC-Refers-To-Date")]
        assert original.get_header("WARC-Payload-Digest") == header.get_header("WARC-Payload-Digest")
    assert list(warc.scan(new)) == warc.index(new)
    assert nianbao("verify").returncode == 0
    before = list(sqlite_utils.Database(nianbao.data / "nianbao.db").query("select * from captures"))
    assert nianbao("build", "--full").returncode == 0
    assert list(sqlite_utils.Database(nianbao.data / "nianbao.db").query("select * from captures")) == before


# --- hosts that fail, portals that move -------------------------------------------------------------------------------


def test_a_host_that_kept_failing_is_left_alone_by_the_next_visit_too(
    nianbao: Command, portals: SamplePortals, crawl: Crawl
) -> None:
    publish(portals, 8)
    for n in range(8):
        portals.overrides[f"{COLUMN}{n}.html"] = Reply(503)
    crawl(FIRST)
    publish(portals, 8)
    assert crawl("2026-02-01T00:30:00Z") == []
    assert runs(nianbao)[1]["verdict"] == "unreachable"
    assert "left alone until 2026-02-01 09:00 北京时间" in runs(nianbao)[1]["message"]
    assert len(crawl("2026-02-01T01:01:00Z")) > 8
    assert runs(nianbao)[2]["verdict"] == "ok"


@pytest.mark.parametrize(
    "moved",
    [
        Reply(301, [("Location", "http://www.newlicheng.gov.cn/index.html")]),
        html("<script>location.replace('http://www.newlicheng.gov.cn/index.html')</script>"),
    ],
)
def test_a_portal_that_moved_is_said_and_not_followed(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, moved: Reply
) -> None:
    portals.overrides[HOME] = moved
    asked = crawl(FIRST)
    assert not [path for path in asked if "newlicheng" in path]
    (failure,) = sqlite_utils.Database(nianbao.data / "nianbao.db").query("select url, kind, reason from failures")
    assert (failure["url"], failure["kind"]) == (HOME, "moved")
    assert "http://www.newlicheng.gov.cn/index.html" in failure["reason"]
    assert "newlicheng" in runs(nianbao)[0]["message"]


def test_a_portal_is_built_anew_by_another_maker(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    """The redesign drill: other column, other addresses, other kind of list. Nothing is lost, and it is said."""
    publish(portals, 5)
    crawl(FIRST)
    db = sqlite_utils.Database(nianbao.data / "nianbao.db")
    before = [tuple(row.values()) for row in db.query("select id, revision, current from reports order by id")]
    for url in list(portals.overrides):
        portals.overrides[url] = Reply(404)
    portals.overrides[HOME] = html('<a href="/col/col1000/index.html">政府信息公开</a>')
    portals.overrides[HOME + "col/col1000/index.html"] = html('<a href="/col/col1001/index.html">政府信息公开年报</a>')
    items = "".join(
        f'<record><![CDATA[<a href="/art/2021/1/1/art_1001_{n}1111.html">{TITLE.format(body_of(n))}</a>]]></record>'
        for n in range(5)
    )
    portals.overrides[HOME + "col/col1001/index.html"] = html(f"<script type='text/xml'>{items}</script>")
    for n in range(5):
        text = f'<h1>{TITLE.format(body_of(n))}</h1><p>{"正文。" * 400}</p><a href="/files/{n}.pdf">附件.pdf</a>'
        portals.overrides[f"{HOME}files/{n}.pdf"] = Reply(body=b"%PDF-1.4 " + str(n).encode() * 500)
        portals.overrides[f"{HOME}art/2021/1/1/art_1001_{n}1111.html"] = html(text)
    crawl(MONTH_LATER)
    after = [tuple(row.values()) for row in db.query("select id, revision, current from reports order by id")]
    assert [row[0] for row in after] == [row[0] for row in before]
    run = runs(nianbao)[1]
    assert run["verdict"] == "ok"
    assert f"no longer found: {COLUMN}" in run["message"]
    assert f"new: {HOME}col/col1001/index.html" in run["message"]
