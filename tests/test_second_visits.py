"""What a visit does differently where the archive already holds something of the portal."""

import json
import shutil
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
COUNT = 20  # reports of the portal that `visited` has visited
DOCUMENTS = Path(__file__).parent.parent / "sample_portals" / "documents"
FIRST, WEEK_LATER, MONTH_LATER = "2026-02-01T00:00:00Z", "2026-02-08T00:00:00Z", "2026-03-04T00:00:00Z"


def html(text: str) -> Reply:
    return Reply(200, [("Content-Type", "text/html; charset=utf-8")], f"<html><body>{text}</body></html>".encode())


def body_of(n: int) -> str:
    return "第" + "一二三四五六七八九十"[n % 10] * (n // 10 + 1)


def publish(portals: SamplePortals, count: int, without: int = -1) -> None:
    """A portal whose list has `count` reports but one, newest first, in pages of SIZE; each has an attachment."""
    portals.overrides[HOME] = html('<a href="/nb/">政府信息公开年报</a>')
    newest_first = [n for n in range(count - 1, -1, -1) if n != without]
    pages = [newest_first[start : start + SIZE] for start in range(0, len(newest_first), SIZE)]
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
    return _registry(tmp_path)


def _registry(folder: Path) -> Path:
    path = folder / "one.toml"
    path.write_text(f'[370112]\nname = "济南市历城区"\nslug = "licheng"\nhome = "{HOME}"\n', "utf-8")
    return path


@pytest.fixture
def crawl(nianbao: Command, portals: SamplePortals, registry: Path) -> Callable[..., list[str]]:
    """Visits the portal at a time; returns the paths that were asked for."""
    return lambda now, *options: _crawl(nianbao, portals, registry, now, *options)


def _crawl(nianbao: Command, portals: SamplePortals, registry: Path, now: str, *options: str) -> list[str]:
    known = len(portals.requests)
    command = ("crawl", "licheng", "--only-registry", "--registry", registry, *FAST, "-s", "RETRY_TIMES=0")
    nianbao(*command, *options, NIANBAO_NOW=now)
    return [request.url.removeprefix(HOME) for request in portals.requests[known:]]


@pytest.fixture(scope="module")
def first_visit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The data folder after a first visit, and the paths that were asked for. Copy it to change it."""
    folder = tmp_path_factory.mktemp("first")
    with SamplePortals() as portals:
        publish(portals, COUNT)
        asked = _crawl(Command(folder / "data", portals.proxy_url), portals, _registry(folder), FIRST)
    assert len(asked) == len({*asked}) == 3 + 3 + 2 * COUNT
    return folder / "data", asked


@pytest.fixture
def visited(nianbao: Command, portals: SamplePortals, first_visit: tuple[Path, list[str]]) -> list[str]:
    """The portal has been visited, and is as it was then. The paths that were asked for."""
    publish(portals, COUNT)
    shutil.copytree(first_visit[0], nianbao.data)
    return first_visit[1]


def runs(nianbao: Command) -> list[dict[str, Any]]:
    return list(sqlite_utils.Database(nianbao.data / "nianbao.db").query("select * from runs order by started, id"))


def count(nianbao: Command, table: str) -> int:
    return sqlite_utils.Database(nianbao.data / "nianbao.db").table(table).count


def rows_of(nianbao: Command) -> dict[str, list[dict[str, Any]]]:
    """What the database says of reports and captures."""
    db = sqlite_utils.Database(nianbao.data / "nianbao.db")
    return {table: list(db.query(f"select * from {table}")) for table in ("captures", "reports", "documents", "sheets")}


def without_names(index: Path) -> None:
    """Makes an index what it was before records were named in it."""
    lines = [json.loads(line) for line in index.read_text("utf-8").splitlines()]
    kept = [{k: v for k, v in line.items() if k not in ("id", "refers_to", "content", "truncated")} for line in lines]
    index.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in kept), "utf-8")


Crawl = Callable[..., list[str]]


def test_a_second_visit_costs_next_to_nothing_and_one_after_thirty_days_asks_for_all(
    nianbao: Command, crawl: Crawl, visited: list[str]
) -> None:
    assert crawl(WEEK_LATER) == ["robots.txt", "", "nb/"]
    assert sorted(crawl(MONTH_LATER)) == sorted(visited)
    first, week, month = runs(nianbao)
    assert week["bytes"] <= 0.03 * first["bytes"]
    assert month["bytes"] <= 0.03 * first["bytes"]  # the page that says 404
    assert [json.loads(run["walked"]) for run in (first, week, month)] == [[COLUMN], [], [COLUMN]]
    assert [run["verdict"] for run in (first, week, month)] == ["ok"] * 3
    assert count(nianbao, "reports") == COUNT


def test_an_edit_is_seen_after_thirty_days(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, visited: list[str]
) -> None:
    portals.overrides[COLUMN + "1.html"] = html(f"<h1>{TITLE.format(body_of(1))}</h1><p>改过的正文。</p>")
    crawl(MONTH_LATER)
    assert count(nianbao, "reports") == COUNT + 1


def test_only_what_is_new_is_fetched(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, visited: list[str]
) -> None:
    publish(portals, COUNT + 1)
    new = f"nb/{COUNT}."
    assert crawl(WEEK_LATER) == ["robots.txt", "", "nb/", f"{new}html", "nb/index_2.html", f"{new}pdf"]
    assert count(nianbao, "reports") == COUNT + 1


def test_what_failed_is_asked_for_again_and_a_list_is_read_on(
    nianbao: Command, portals: SamplePortals, crawl: Crawl
) -> None:
    publish(portals, 20)
    portals.overrides[COLUMN + "18.pdf"] = Reply(404)
    portals.overrides[COLUMN + "17.html"] = html("<p>您的请求过于频繁，请完成安全验证</p>")  # a wall, of status 200
    portals.overrides[COLUMN + "index_3.html"] = Reply(500)
    crawl(FIRST)
    publish(portals, 20)
    failed = ["nb/18.pdf", "nb/17.html", "nb/17.pdf"]
    rest = ["nb/index_2.html", "nb/index_3.html", *(f"nb/{n}.{kind}" for n in range(4) for kind in ("html", "pdf"))]
    assert sorted(crawl(WEEK_LATER)) == sorted(["robots.txt", "", "nb/", *failed, *rest])
    assert [json.loads(run["walked"]) for run in runs(nianbao)] == [[], [COLUMN]]
    assert count(nianbao, "reports") == 20


def test_servers_without_validators_send_lists_again_and_no_report(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sample_portals.server.finish", lambda request, reply: reply)
    publish(portals, 3)
    crawl(FIRST)
    assert crawl(WEEK_LATER) == ["robots.txt", "", "nb/"]
    assert runs(nianbao)[1]["verdict"] == "ok"


def test_a_payload_that_is_sent_again_is_kept_once(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers that know no conditions send all again. It is kept again where it would be read differently, or where
    what the archive has of it is damaged."""
    monkeypatch.setattr("sample_portals.server.finish", lambda request, reply: reply)
    publish(portals, 4)
    crawl(FIRST)
    again = {f"{COLUMN}{n}.html" for n in range(4)}  # the other answers are too short to be worth it
    other = f"{COLUMN}0.html"
    portals.overrides[other] = Reply(200, [("Content-Type", "text/html;charset=UTF-8")], portals.overrides[other].body)
    crawl(WEEK_LATER, "--recheck")
    (old, new), rows = warc.files(nianbao.data), rows_of(nianbao)
    assert {r.url for r in warc.index(new) if r.type == "revisit"} == again - {other}
    assert nianbao("verify").returncode == 0
    assert nianbao("build", "--full").returncode == 0
    assert rows_of(nianbao) == rows
    assert {run["verdict"] for run in runs(nianbao)} == {"ok"}
    damaged = next(r for r in warc.index(old) if r.type == "response" and r.url == f"{COLUMN}1.html")
    content = bytearray(old.read_bytes())
    content[damaged.offset + damaged.length // 2] ^= 1
    old.write_bytes(content)
    crawl(WEEK_LATER, "--recheck")
    assert {r.url for r in warc.index(warc.files(nianbao.data)[-1]) if r.type == "revisit"} == again - {damaged.url}


def test_an_archive_of_an_older_program_is_gone_on_with(nianbao: Command, crawl: Crawl, visited: list[str]) -> None:
    """Its indexes name no records, so nothing can refer to them by name."""
    (old,) = warc.files(nianbao.data)
    without_names(warc.index_path(old))
    assert nianbao("build", "--full").returncode == 0
    rows = rows_of(nianbao)
    assert nianbao("verify").returncode == 0
    crawl(WEEK_LATER, "--recheck")
    new = warc.files(nianbao.data)[-1]
    assert {(r.type, r.refers_to) for r in warc.index(new) if r.status == 304} == {("revisit", "")}
    assert nianbao("verify").returncode == 0
    now = rows_of(nianbao)
    assert [row | {"last_seen": ""} for row in now["reports"]] == [row | {"last_seen": ""} for row in rows["reports"]]
    assert (now["documents"], now["sheets"]) == (rows["documents"], rows["sheets"])


def test_conditions_are_those_of_the_address_asked_for(
    portals: SamplePortals, crawl: Crawl, visited: list[str]
) -> None:
    """A redirect inherits the headers of the request before it; the condition must not be inherited."""
    portals.overrides[COLUMN] = Reply(302, [("Location", "/new/")])
    portals.overrides[HOME + "new/"] = html(f'<a href="/nb/0.html">{TITLE.format(body_of(0))}</a>')
    crawl(WEEK_LATER)
    sent = {r.url.removeprefix(HOME): r.headers.get("If-None-Match") for r in portals.requests}
    assert sent["nb/"] and sent["new/"] is None


def test_an_interrupted_visit_is_gone_on_with(nianbao: Command, portals: SamplePortals, crawl: Crawl) -> None:
    publish(portals, 12)
    first = crawl(FIRST, "-s", "NIANBAO_MAX_ANSWERS=15")
    (run,) = runs(nianbao)
    assert (run["verdict"], json.loads(run["walked"])) == ("partial", [])
    assert "more than 15 answers" in run["message"]
    second = crawl(FIRST)
    assert not {path for path in first if path.endswith(".pdf")} & set(second)
    assert {*first, *second} >= {f"nb/{n}.{kind}" for n in range(12) for kind in ("html", "pdf")}
    assert count(nianbao, "reports") == 12


def test_a_recheck_asks_for_all_and_not_modified_is_a_revisit_record(
    nianbao: Command, crawl: Crawl, visited: list[str]
) -> None:
    assert sorted(crawl(WEEK_LATER, "--recheck")) == sorted(visited)
    old, new = warc.files(nianbao.data)
    with new.open("rb") as file:
        revisits = [r.rec_headers for r in ArchiveIterator(file) if r.rec_type == "revisit"]
    assert {h.get_header("WARC-Target-URI").removeprefix(HOME) for h in revisits} == {*visited} - {NOWHERE}
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


def test_a_portal_is_built_anew_by_another_maker(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, visited: list[str]
) -> None:
    """The redesign drill: other column, other addresses, other kind of list. Nothing is lost, and it is said."""
    db = sqlite_utils.Database(nianbao.data / "nianbao.db")
    before = [tuple(row.values()) for row in db.query("select id, revision, current from reports order by id")]
    for url in list(portals.overrides):
        portals.overrides[url] = Reply(404)
    portals.overrides[HOME] = html('<a href="/col/col1000/index.html">政府信息公开</a>')
    portals.overrides[HOME + "col/col1000/index.html"] = html('<a href="/col/col1001/index.html">政府信息公开年报</a>')
    items = "".join(
        f'<record><![CDATA[<a href="/art/2021/1/1/art_1001_{n}1111.html">{TITLE.format(body_of(n))}</a>]]></record>'
        for n in range(COUNT)
    )
    portals.overrides[HOME + "col/col1001/index.html"] = html(f"<script type='text/xml'>{items}</script>")
    for n in range(COUNT):
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


# --- what asks for a whole reading sooner -----------------------------------------------------------------------------


def test_a_deadline_of_the_law_asks_for_the_whole_list(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, visited: list[str]
) -> None:
    crawl("2026-03-30T00:00:00Z", "--recheck")
    assert "nb/index_2.html" not in crawl("2026-03-31T15:00:00Z")
    assert {"nb/index_2.html", "nb/index_3.html"} <= set(crawl("2026-03-31T16:00:00Z"))  # the first of April in Beijing
    assert "nb/index_2.html" not in crawl("2026-04-02T00:00:00Z")


def test_a_list_that_became_shorter_is_read_whole_at_once_and_a_week_later(
    nianbao: Command, portals: SamplePortals, crawl: Crawl, visited: list[str]
) -> None:
    publish(portals, COUNT, without=COUNT - 1)
    read_whole = [
        "nb/index_2.html" in crawl(f"2026-02-{day:02}T00:00:00Z") for day in (3, 5, 9, 11, 13)
    ]  # the first of them is the first that lacks a report
    assert read_whole == [True, False, False, True, False]
    (gone,) = sqlite_utils.Database(nianbao.data / "nianbao.db").table("events").rows_where("kind = 'withdrawn'")
    assert (gone["issuer"], gone["date"][:10]) == (f"济南市历城区{body_of(COUNT - 1)}局", "2026-02-11")


def test_an_attachment_that_came_only_with_the_next_visit_is_no_revision(
    nianbao: Command, portals: SamplePortals, crawl: Crawl
) -> None:
    """The figures stand in the attachment, and the first visit is cut off behind the page."""
    publish(portals, 1)
    portals.overrides[COLUMN + "0.pdf"] = Reply(body=(DOCUMENTS / "jiyang_2019.docx").read_bytes())
    crawl(FIRST, "-s", "NIANBAO_MAX_ANSWERS=4")
    db = sqlite_utils.Database(nianbao.data / "nianbao.db")
    assert (db.table("documents").count, db.table("sheets").count) == (1, 0)
    crawl(WEEK_LATER)
    assert db.table("documents").count == 2
    assert db.table("sheets").count > 0
    assert [row["kind"] for row in db.table("events").rows] == ["new"]
    (report,) = db.table("reports").rows
    assert (report["revision"], report["first_seen"][:10]) == (1, FIRST[:10])
