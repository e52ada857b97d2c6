"""What readers and the operator are told: news, status, feeds, messages."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sqlite_utils
from conftest import FAST, Command

from archive import clock, feeds, news, notices, status
from archive.model import Portal
from sample_portals import Reply, SamplePortals

ATOM = "{http://www.w3.org/2005/Atom}"
REPORTS = {"370112": 2020, "370115": 2019, "370116": 2021, "370305": 2020, "370406": 2020}


@pytest.fixture
def data(demo: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo, tmp_path / "copy"))


def entries(path: Path) -> list[ElementTree.Element]:
    return ElementTree.parse(path).getroot().findall(f"{ATOM}entry")


# --- feeds ------------------------------------------------------------------------------------------------------------


def test_a_build_writes_a_feed_for_all_each_kind_province_and_district(demo: Path) -> None:
    names = {path.stem for path in (demo / "feeds").glob("*.atom")}
    kinds = {"new", "revised", "withdrawn", "back", "moved", "overdue"}
    assert names == {path.stem for path in (demo / "feeds").glob("*.json")} == {"all", "37", *kinds, *REPORTS}
    of_all = [entry.findtext(f"{ATOM}title") or "" for entry in entries(demo / "feeds" / "all.atom")]
    assert sum("年度报告" in title for title in of_all) == 5
    assert sum("heartbeat: 5 visited" in title for title in of_all) == 1
    for code, year in REPORTS.items():
        (entry,) = entries(demo / "feeds" / f"{code}.atom")
        assert f" {year} 年度报告" in (entry.findtext(f"{ATOM}title") or "")
    assert entries(demo / "feeds" / "overdue.atom") == []


def test_both_kinds_of_feed_say_the_same(demo: Path) -> None:
    feed = json.loads((demo / "feeds" / "all.json").read_text("utf-8"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"].startswith("样例 / sample")
    atom = [(e.findtext(f"{ATOM}id"), e.findtext(f"{ATOM}title"), e.findtext(f"{ATOM}updated"))
            for e in entries(demo / "feeds" / "all.atom")]  # fmt: skip
    assert [(item["id"], item["title"], item["date_published"]) for item in feed["items"]] == atom
    assert len({identity for identity, *_ in atom}) == len(atom)


def test_an_unchanged_feed_is_left_alone(data: Path) -> None:
    assert feeds.write(data) == []
    with_site = feeds.write(data, "https://nianbao.example.org")
    assert {path.stem for path in with_site} >= {"all", "370112"}
    (entry,) = entries(data / "feeds" / "370112.atom")
    link = entry.find(f"{ATOM}link")
    assert link is not None and link.get("href", "").startswith("https://nianbao.example.org/report/370112-2020-")


def test_titles_are_plain_short_and_well_formed(data: Path) -> None:
    evil = "<script>alert(1)</script>\x00\x0b\u202e\ufffe&" + "长" * 500
    db = sqlite_utils.Database(data / "nianbao.db")
    db.execute("update events set message = ?", [evil])
    db.conn.commit()
    feeds.write(data)
    title = entries(data / "feeds" / "370112.atom")[0].findtext(f"{ATOM}title") or ""
    assert title.startswith("<script>alert(1)</script>")
    assert len(title) <= 200 and not set(title) & set("\x00\x0b\u202e\ufffe")
    assert b"&lt;script&gt;" in (data / "feeds" / "370112.atom").read_bytes()


def test_a_week_without_visits_has_no_heartbeat(data: Path) -> None:
    db = sqlite_utils.Database(data / "nianbao.db")
    db.execute("update runs set started = '2026-03-02T02:00:00Z', finished = '2026-03-02T02:00:05Z'")  # a Monday
    db.execute("update runs set finished = '2026-03-16T02:00:00Z', verdict = 'blocked' where portal = '370112'")
    db.conn.commit()
    feeds.write(data)
    said = {e.findtext(f"{ATOM}id") or "": e.findtext(f"{ATOM}content") or ""
            for e in entries(data / "feeds" / "all.atom")}  # fmt: skip
    beats = {identity.rpartition(":")[2]: text for identity, text in said.items() if "heartbeat" in identity}
    assert sorted(beats) == ["2026-W10", "2026-W12"]
    assert "济南市历城区 (blocked)" in beats["2026-W12"] and "4 visited" in beats["2026-W10"]


# --- nianbao news, nianbao status -------------------------------------------------------------------------------------


def test_news_of_a_week(demo: Path) -> None:
    told = Command(demo, "")("news", "--json")
    events = [json.loads(line) for line in told.stdout.splitlines()]
    assert {(event["portal"], event["kind"], event["year"]) for event in events} == {
        (code, "new", year) for code, year in REPORTS.items()
    }
    assert all(event["url"].startswith("http://") and event["report"] for event in events)
    shown = Command(demo, "")("news").stdout
    assert "济南市历城区人民政府 2020 年度报告" in shown and "北京时间" in shown


def test_news_since_a_day_in_beijing(demo: Path) -> None:
    assert news.since("2026-03-01") == clock.parse("2026-02-28T16:00:00Z")
    nothing = Command(demo, "")("news", "--since", "2099-01-01")
    assert nothing.returncode == 0 and "没有消息" in nothing.stdout
    wrong = Command(demo, "")("news", "--since", "yesterday")
    assert (wrong.returncode, wrong.stderr) == (2, "nianbao: --since yesterday is no day; write it as 2026-03-01\n")


def test_status_of_every_portal(demo: Path) -> None:
    told = Command(demo, "")("status", "--json")
    rows = {row["code"]: row for row in map(json.loads, told.stdout.splitlines())}
    assert len(rows) == 136  # the county-level divisions of Shandong
    for code, year in REPORTS.items():
        assert rows[code]["verdict"] == "ok" and rows[code]["reports"] == 1
        assert rows[code]["years"][str(year)] == "have"
        assert rows[code]["years"]["2022"] == "missing"  # its column was read to its end, and it is not there
    verdicts = {row["verdict"] for code, row in rows.items() if code not in REPORTS}
    assert verdicts == {"unvisited", "no address"}
    assert "120 个登记的网站尚无网址" in Command(demo, "")("status").stdout


@pytest.mark.parametrize(
    ("verdict", "walked", "states"),
    [("blocked", "[]", {"unreachable"}), ("partial", "[]", {"unknown"}), ("empty", "[]", {"unknown"})],
)
def test_what_could_not_be_read_is_not_missing(
    nianbao: Command, portals: SamplePortals, verdict: str, walked: str, states: set[str]
) -> None:
    home = "http://www.licheng.gov.cn/"
    portals.overrides[home] = {
        "blocked": Reply(412, body=b"<html></html>"),
        "partial": Reply(200, [("Content-Type", "text/html")], '<a href="/nb/">政府信息公开年报</a>'.encode()),
        "empty": Reply(200, [("Content-Type", "text/html")], "<p>欢迎访问</p>".encode() * 100),
    }[verdict]
    column = '<a href="1.html">济南市历城区2020年政府信息公开工作年度报告</a><a href="index_1.html">下一页</a>'
    portals.overrides[f"{home}nb/"] = Reply(200, [("Content-Type", "text/html; charset=utf-8")], column.encode())
    portals.overrides[f"{home}nb/1.html"] = Reply(503)
    portals.overrides[f"{home}nb/index_1.html"] = Reply(503)
    registry = nianbao.data.parent / "one.toml"
    registry.write_text(f'[370112]\nname = "济南市历城区"\nslug = "licheng"\nhome = "{home}"\n', "utf-8")
    nianbao("crawl", "--only-registry", "--registry", registry, *FAST, "-s", "RETRY_TIMES=0")
    (row,) = status.rows(nianbao.data, {})
    assert (row["verdict"], set(row["years"].values())) == (verdict, states)


# --- messages ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def inbox() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """An address that takes what Apprise posts as JSON, and what it took."""
    taken: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/", taken
    server.shutdown()
    server.server_close()


def test_readers_are_told_each_event_once(
    data: Path, inbox: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, taken = inbox
    monkeypatch.setenv(notices.NEWS, address)
    notices.after_crawl(data, [], [])
    notices.after_crawl(data, [], [])
    (message,) = taken
    assert message["title"] == "年报 nianbao：5 条新消息"
    assert "济南市历城区人民政府 2020 年度报告" in message["message"]
    db = sqlite_utils.Database(data / "nianbao.db")
    row = {**next(iter(db.table("events").rows)), "id": "revised-later", "kind": "revised", "message": "有改动"}
    db.table("events").insert(row)
    notices.after_crawl(data, [], [])
    assert [m["message"] for m in taken[1:]] == ["有改动"]


def test_what_could_not_be_sent_is_sent_after_the_next_crawl(
    data: Path, inbox: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notices.NEWS, "json://127.0.0.1:9/")
    with pytest.raises(notices.NotSent, match="after the next crawl"):
        notices.after_crawl(data, [], [])
    address, taken = inbox
    monkeypatch.setenv(notices.NEWS, address)
    notices.after_crawl(data, [], [])
    assert len(taken) == 1


def test_the_operator_is_told_on_another_channel_and_of_the_second_failure(
    data: Path, inbox: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, taken = inbox
    monkeypatch.setenv(notices.OPERATOR, address)
    portal = Portal("370112", "济南市历城区", "licheng", "http://www.licheng.gov.cn/")
    db = sqlite_utils.Database(data / "nianbao.db")
    last = next(iter(db.table("runs").rows_where("portal = '370112'")))
    said = []
    for day, verdict in enumerate(("blocked", "blocked", "blocked", "ok", "ok"), 1):
        times = {"started": f"2030-01-0{day}T00:00:00Z", "finished": f"2030-01-0{day}T00:01:00Z"}
        db.table("runs").insert({**last, "id": f"run-{day}", **times, "verdict": verdict, "message": "HTTP 412"})
        notices.after_crawl(data, [portal], [])
        said.append([message["message"] for message in taken])
        taken.clear()
    assert said == [
        [],
        ["370112 济南市历城区: blocked twice running: HTTP 412"],
        [],
        ["370112 济南市历城区: works again"],
        [],
    ]
    notices.after_crawl(data, [], ["x.warc.gz: record at offset 3 is cut off"])
    assert [message["message"] for message in taken] == ["x.warc.gz: record at offset 3 is cut off"]


def test_off_by_default_and_clear_where_it_cannot_be(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notices.after_crawl(data, [], ["damaged"])
    monkeypatch.setenv(notices.NEWS, "nonsense")
    with pytest.raises(notices.NotSent, match="no Apprise address"):
        notices.after_crawl(data, [], [])
