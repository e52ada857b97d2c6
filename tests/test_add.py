"""What a person saved by hand: kept as what it is, read like any report, and never taken for what a server gave."""

import json
import re
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Any

import lxml.html
import pytest
import sqlite_utils
from conftest import FAST, Command
from test_build import dump
from test_site import serving
from warcio.archiveiterator import ArchiveIterator

from archive import lock, warc
from archive.verify import verify
from sample_portals import Reply, SamplePortals

REPORTS = Path(__file__).parent.parent / "sample_portals" / "reports"
COLUMN = "http://www.laiwu.gov.cn/gongkai/channel_6389b0cb3759918282649a25/"
LAIWU = f"{COLUMN}doc_6242790052954ab28534c6ab.html"
JIYANG = "http://www.jiyang.gov.cn/gongkai/channel_6389ae153759918282644ce6/doc_5e27adccabca8a2c604fff7e"
JIYANG_FILE = JIYANG + "_3a266fab5f30c5ecb240b091ec1d056f.docx"
SEVERAL = """
[990101]
name = "甲市乙区"
slug = "yi"
home = "http://www.jia.gov.cn/yi/"
[990102]
name = "甲市丙区"
slug = "bing"
home = "http://www.jia.gov.cn/bing/"
"""


@pytest.fixture(scope="module")
def pages(demo: Path) -> dict[str, bytes]:
    """The sample portals' pages and files, by address, as a browser would save them without changing anything."""
    return {
        record.url: warc.read_payload(path, record)[0]
        for path in warc.files(demo)
        for record in warc.index(path)
        if record.type == "response"
    }


@pytest.fixture
def saved(pages: dict[str, bytes], tmp_path: Path) -> Path:
    """The report of 莱芜 as a file."""
    path = tmp_path / "莱芜.html"
    path.write_bytes(pages[LAIWU])
    return path


def rows(data: Path, sql: str) -> list[dict[str, Any]]:
    return list(sqlite_utils.Database(data / "nianbao.db").query(sql))


def one_line(text: str) -> str:
    (line,) = text.splitlines()
    assert line.startswith("nianbao: ")
    return line


def test_the_record_says_what_it_is(nianbao: Command, saved: Path) -> None:
    done = nianbao("add", saved, "--url", LAIWU, "--date", "2026-03-01", NIANBAO_NOW="2026-03-09T08:00:00Z")
    assert (done.returncode, done.stderr) == (0, "")
    assert "人工保存 / saved by hand: report 370116-2021-" in done.stdout
    (path,) = nianbao.data.glob("warc/370116/*.warc.gz")
    with path.open("rb") as file:
        info, start, record, end = (
            (r.rec_type, r.rec_headers, r.content_stream().read()) for r in ArchiveIterator(file, check_digests="raise")
        )
    assert "operator: mailto:operator@example.org" in info[2].decode()
    kind, headers, payload = record
    assert (kind, payload) == ("resource", saved.read_bytes())
    assert headers.get_header("Content-Type") == "text/html"
    assert headers.get_header("WARC-Target-URI") == LAIWU
    assert headers.get_header("WARC-Date") == "2026-03-01T00:00:00Z"
    assert headers.get_header("WARC-Payload-Digest") == warc.payload_digest(payload)
    assert (start[1].get_header("WARC-Target-URI"), end[1].get_header("WARC-Target-URI")) == (warc.START, warc.END)


def test_the_report_is_read_and_its_provenance_stands_beside_it(nianbao: Command, saved: Path) -> None:
    nianbao("add", saved, "--url", LAIWU, "--date", "2026-03-01", NIANBAO_NOW="2026-03-09T08:00:00Z")
    (run,) = rows(nianbao.data, "select * from runs")
    assert (run["by_hand"], run["verdict"], run["captures"]) == (1, "partial", 1)
    assert (run["started"], run["finished"][:13]) == ("2026-03-01T00:00:00Z", "2026-03-09T08")
    assert run["message"] == "人工保存 / saved by hand: 莱芜.html"
    (capture,) = rows(nianbao.data, "select * from captures")
    assert (capture["type"], capture["status"], capture["mime"]) == ("resource", 200, "text/html")
    (report,) = rows(nianbao.data, "select * from reports")
    assert (report["issuer"], report["year"], report["url"]) == ("济南市莱芜区人民政府", 2021, LAIWU)
    assert (report["first_seen"], report["revision"]) == ("2026-03-01T00:00:00Z", 1)
    assert rows(nianbao.data, "select count(*) as n from facts") == [{"n": 200}]
    (event,) = rows(nianbao.data, "select * from events")
    assert "人工保存" in event["message"]
    with serving(nianbao.data) as site:
        assert "人工保存" in site.page(f"/report/{report['id']}").text
        proof = site.page(f"/report/{report['id']}/proof/requests.new_requests.total").text
        assert "人工保存" in proof
        assert "HTTP 200" not in proof
        visits = site.page("/portal/370116").find(id="visits").find_parent("section")  # type: ignore[union-attr]
        assert "人工保存" in visits.find("td", class_="verdict").text  # type: ignore[union-attr]


def test_it_survives_what_a_crawled_report_survives(nianbao: Command, saved: Path) -> None:
    nianbao("add", saved, "--url", LAIWU)
    before = dump(nianbao.data)
    assert nianbao("build", "--full").returncode == 0
    assert dump(nianbao.data) == before
    assert list(verify(nianbao.data)) == []
    (path,) = nianbao.data.glob("warc/*/*.warc.gz")
    indexed = warc.index(path)
    warc.index_path(path).unlink()
    assert warc.index(path) == indexed  # its index can be made from it again


def test_the_same_file_twice_changes_nothing(nianbao: Command, saved: Path) -> None:
    nianbao("add", saved, "--url", LAIWU, "--date", "2026-03-01")
    before = {path: path.read_bytes() for path in nianbao.data.rglob("*") if path.is_file()}
    for again in ((), ("--date", "2026-03-01"), ("--date", "2026-03-02")):
        done = nianbao("add", saved, "--url", LAIWU, *again)
        assert (done.returncode, "nothing was changed" in done.stdout) == (0, True)
    assert {path: path.read_bytes() for path in nianbao.data.rglob("*") if path.is_file()} == before
    done = nianbao("add", saved, "--url", LAIWU, "--date", "2026-02-27")
    assert done.returncode == 0  # that it stood there earlier is news
    assert [r["first_seen"] for r in rows(nianbao.data, "select * from reports")] == ["2026-02-27T00:00:00Z"]


def as_a_browser_saves(page: bytes) -> bytes:
    """The page as it stands in a browser, with the mark that Chrome puts at its head and what a script put in."""
    tree = lxml.html.document_fromstring(page.decode())
    tree.body.insert(0, lxml.html.fragment_fromstring("<div>今天是 2026年3月1日 星期日 欢迎您</div>"))
    text = lxml.html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")
    return text.replace("<html", f"<!-- saved from url=({len(LAIWU):04}){LAIWU} -->\n<html", 1).encode()


@pytest.mark.parametrize("way", ["as sent", "by a browser", "as text"])
def test_a_later_visit_that_gets_the_same_is_no_revision(
    nianbao: Command, portals: SamplePortals, saved: Path, way: str
) -> None:
    if way == "by a browser":
        saved.write_bytes(as_a_browser_saves(saved.read_bytes()))
    elif way == "as text":
        saved.write_bytes((REPORTS / "laiwu_2021.txt").read_bytes())
    assert nianbao("add", saved, "--url", LAIWU, "--date", "2026-03-01").returncode == 0
    (by_hand,) = rows(nianbao.data, "select * from reports")
    assert nianbao("crawl", "laiwu", *FAST).returncode == 0
    assert LAIWU in [request.url for request in portals.requests]  # what a person saved spares no request
    (report,) = rows(nianbao.data, "select * from reports")
    assert (report["id"], report["first_seen"]) == (by_hand["id"], "2026-03-01T00:00:00Z")
    kinds = "select c.type from documents d join captures c on c.filename = d.filename and c.offset = d.offset"
    assert rows(nianbao.data, kinds) == [{"type": "response"}]  # now a server gave it to us
    assert report["last_seen"] > by_hand["last_seen"]
    assert rows(nianbao.data, "select kind from events where report is not null") == [{"kind": "new"}]
    before = dump(nianbao.data)
    nianbao("build", "--full")
    assert dump(nianbao.data) == before


def test_what_a_person_saw_changed_is_a_revision(nianbao: Command, saved: Path) -> None:
    assert nianbao("crawl", "laiwu", *FAST, NIANBAO_NOW="2026-02-01T00:00:00Z").returncode == 0
    saved.write_bytes(saved.read_bytes().replace(b"66374", b"66375"))
    done = nianbao("add", saved, "--url", LAIWU, "--date", "2026-03-01", NIANBAO_NOW="2026-03-02T00:00:00Z")
    assert done.returncode == 0
    found = rows(nianbao.data, "select revision, current, first_seen from reports order by revision")
    assert [(r["revision"], r["current"]) for r in found] == [(1, 0), (2, 1)]
    assert found[1]["first_seen"] == "2026-03-01T00:00:00Z"


def test_an_older_file_is_not_the_latest_word(nianbao: Command, saved: Path) -> None:
    assert nianbao("crawl", "laiwu", *FAST, NIANBAO_NOW="2026-02-01T00:00:00Z").returncode == 0
    crawled = rows(nianbao.data, "select content_digest from reports")
    saved.write_bytes(saved.read_bytes().replace(b"66374", b"66375"))
    done = nianbao("add", saved, "--url", LAIWU, "--date", "2026-01-20", NIANBAO_NOW="2026-03-02T00:00:00Z")
    assert done.returncode == 0
    assert rows(nianbao.data, "select content_digest from reports where current") == crawled
    assert rows(nianbao.data, "select count(*) as n from reports") == [{"n": 2}]


@pytest.mark.parametrize("order", [("page", "file"), ("file", "page")])
def test_a_page_and_its_attachment_are_one_report(
    nianbao: Command, pages: dict[str, bytes], tmp_path: Path, order: tuple[str, str]
) -> None:
    """济阳 2019: the page only carries the DOCX."""
    parts = {"page": f"{JIYANG}.html", "file": JIYANG_FILE}
    for day, part in enumerate(order, 1):
        path = tmp_path / part
        path.write_bytes(pages[parts[part]])
        done = nianbao("add", path, "--url", parts[part], "--date", f"2026-03-0{day}")
        assert done.returncode == int((day, part) == (1, "page")), done.stderr
        assert (f"add what hangs on it as well: {JIYANG_FILE}" in done.stderr) == bool(done.returncode)
    assert ("attachment 1 of report" in done.stdout) == (order[1] == "file")
    (report,) = rows(nianbao.data, "select * from reports")
    assert (report["url"], report["year"], report["revision"]) == (parts["page"], 2019, 1)
    assert rows(nianbao.data, "select distinct document from facts") == [{"document": 1}]
    assert nianbao("crawl", "jiyang", *FAST).returncode == 0
    assert [r["id"] for r in rows(nianbao.data, "select id from reports")] == [report["id"]]


def test_a_page_saved_without_its_attachment(nianbao: Command, pages: dict[str, bytes], tmp_path: Path) -> None:
    """What hangs on it comes with a later visit: it stood there all along."""
    path = tmp_path / "page.html"
    path.write_bytes(pages[f"{JIYANG}.html"])
    nianbao("add", path, "--url", f"{JIYANG}.html", "--date", "2026-03-01")
    assert nianbao("crawl", "jiyang", *FAST).returncode == 0
    (report,) = rows(nianbao.data, "select * from reports")
    assert (report["revision"], report["first_seen"]) == (1, "2026-03-01T00:00:00Z")
    assert rows(nianbao.data, "select count(*) as n from facts") == [{"n": 198}]


def test_a_list_that_a_person_saved_leads_on(nianbao: Command, pages: dict[str, bytes], tmp_path: Path) -> None:
    for url in (COLUMN, LAIWU):
        path = tmp_path / "page.html"
        path.write_bytes(pages[url])
        done = nianbao("add", path, "--url", url)
        assert done.returncode == 0, done.stderr
        assert ("a page of the annual-report column" in done.stdout) == (url == COLUMN)
    assert [r["url"] for r in rows(nianbao.data, "select * from columns")] == [COLUMN]
    assert len(rows(nianbao.data, "select * from reports")) == 1


def test_no_report_is_kept_and_said(nianbao: Command, tmp_path: Path, saved: Path) -> None:
    wall = "<html><head><title>403</title></head><body>您的访问请求被拒绝，请开启JavaScript并刷新该页。</body></html>"
    page = "<html><body><p>关于放假的通知</p><table><tr><td>1</td></tr></table></body></html>"
    for name, content, said in (
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "make no picture"),
        ("archive.rar", b"Rar!\x1a\x07\x01\x00" + bytes(99), "no kind that nianbao reads"),
        ("notice.html", page.encode(), "no table of the prescribed form"),
        ("wall.html", wall.encode(), "cannot be read as a report"),
    ):
        (tmp_path / name).write_bytes(content)
        done = nianbao("add", tmp_path / name, "--url", f"http://www.laiwu.gov.cn/{name}")
        assert (done.returncode, said in one_line(done.stderr)) == (1, True), done.stderr
    assert nianbao("add", saved, "--url", LAIWU).returncode == 0
    assert [c["mime"] for c in rows(nianbao.data, "select * from captures order by filename")] == [
        *("image/png", "application/octet-stream", "text/html", "text/html", "text/html"),
    ]
    assert len(rows(nianbao.data, "select * from reports")) == 1
    assert list(verify(nianbao.data)) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("FILE",), "Missing option '--url'"),
        (("FILE", "--url", "www.laiwu.gov.cn/a.html"), "is not an http address"),
        (("FILE", "--url", "http://mirror.example.com/a.html"), "is no host of any portal in the registry"),
        (("FILE", "--url", "http://www.laiwu.gov.cn/a.html", "--portal", "licheng"), "is no host of 济南市历城区"),
        (("FILE", "--url", "http://www.laiwu.gov.cn/a.html", "--portal", "x"), "no portal 'x' in the registry"),
        (("FILE", "--url", LAIWU, "--date", "2026-03-11"), "cannot be"),
        (("FILE", "--url", LAIWU, "--date", "2006-03-11"), "cannot be"),
        (("FILE", "--url", LAIWU, "--date", "2026-03-01T10:00"), "names no time zone"),
        (("FILE", "--url", LAIWU, "--date", "1 March"), "is no date"),
        (("missing.html", "--url", LAIWU), "there is no such file"),
        (("EMPTY", "--url", LAIWU), "holds 0 bytes"),
        ((".", "--url", LAIWU), "there is no such file"),
    ],
)
def test_wrong_use_is_said_and_makes_nothing(
    nianbao: Command, tmp_path: Path, saved: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "empty").touch()
    given = [{"FILE": str(saved), "EMPTY": str(tmp_path / "empty")}.get(a, a) for a in arguments]
    done = nianbao("add", *given, NIANBAO_NOW="2026-03-09T08:00:00Z")
    assert done.returncode == 2
    assert said in one_line(done.stderr)
    assert not nianbao.data.exists()


def test_a_day_in_china_that_has_begun_is_no_future(nianbao: Command, saved: Path) -> None:
    """01:00 on 10 March in Beijing is 17:00 on the 9th in UTC."""
    done = nianbao("add", saved, "--url", LAIWU, "--date", "2026-03-10", NIANBAO_NOW="2026-03-09T17:00:00Z")
    assert done.returncode == 0, done.stderr
    (capture,) = rows(nianbao.data, "select * from captures")
    assert capture["timestamp"].startswith("2026-03-09T17:0")


def test_a_host_of_several_portals_needs_a_name(nianbao: Command, tmp_path: Path, saved: Path) -> None:
    several = tmp_path / "several.toml"
    several.write_text(SEVERAL, "utf-8")
    url = "http://www.jia.gov.cn/bing/a.html"
    done = nianbao("add", saved, "--url", url, "--registry", several)
    assert (done.returncode, "say which with --portal" in one_line(done.stderr)) == (2, True)
    assert nianbao("add", saved, "--url", url, "--registry", several, "--portal", "bing").returncode == 0
    assert [p["code"] for p in rows(nianbao.data, "select * from portals")] == ["990102"]
    several.unlink()  # the archive knows the portal by now
    saved.write_bytes(saved.read_bytes() + b"<!-- again -->")
    assert nianbao("add", saved, "--url", url).returncode == 0


def test_in_a_folder_of_samples_it_is_a_sample(nianbao: Command, demo: Path, saved: Path) -> None:
    shutil.copytree(demo, nianbao.data)
    assert nianbao("add", saved, "--url", LAIWU).returncode == 0
    assert {r["sample"] for r in rows(nianbao.data, "select sample from runs")} == {1}


def test_a_folder_in_use_is_left_alone(nianbao: Command, saved: Path) -> None:
    with lock.locked(nianbao.data):
        done = nianbao("add", saved, "--url", LAIWU)
    assert (done.returncode, [p.name for p in nianbao.data.iterdir()]) == (3, [".lock"])


def test_a_full_disk_leaves_no_half_a_file(nianbao: Command, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nianbao.alone = True
    honest = subprocess.run

    def bounded(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        limit = (5_000, resource.RLIM_INFINITY)
        return honest(*arguments, **options, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", bounded)
        done = nianbao("add", saved, "--url", LAIWU, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 1
    assert re.search("File too large", one_line(done.stderr))
    assert list(nianbao.data.glob("warc/*/*")) == []
    assert nianbao("add", saved, "--url", LAIWU).returncode == 0


def test_a_portal_that_blocks_us_still_says_so(nianbao: Command, portals: SamplePortals, saved: Path) -> None:
    """What a person had is no success of ours: the portal's own visits keep their verdicts."""
    for url in ("http://www.laiwu.gov.cn/", COLUMN):
        portals.overrides[url] = Reply(403)
    nianbao("crawl", "laiwu", *FAST)
    assert nianbao("add", saved, "--url", LAIWU).returncode == 0
    found = rows(nianbao.data, "select verdict, by_hand from runs order by started, id")
    assert [r["by_hand"] for r in found] == [0, 1]
    assert "ok" not in [r["verdict"] for r in found]
    assert len(rows(nianbao.data, "select * from reports")) == 1
    assert rows(nianbao.data, "select columns, walked from runs where by_hand") == [{"columns": "[]", "walked": "[]"}]
    said = [json.loads(line) for line in nianbao("status", "--json").stdout.splitlines()]
    (laiwu,) = (portal for portal in said if portal["slug"] == "laiwu")
    assert (laiwu["verdict"], laiwu["succeeded"], laiwu["reports"]) == ("blocked", None, 1)
    assert (laiwu["years"]["2021"], laiwu["years"]["2020"]) == ("have", "unreachable")
    items = json.loads((nianbao.data / "feeds" / "all.json").read_text("utf-8"))["items"]
    assert ["(blocked)" in item["content_text"] for item in items if item["tags"] == ["heartbeat"]] == [True]


def test_a_portal_that_nobody_visited_says_so(nianbao: Command, saved: Path) -> None:
    assert nianbao("add", saved, "--url", LAIWU).returncode == 0
    said = [json.loads(line) for line in nianbao("status", "--json").stdout.splitlines()]
    (laiwu,) = (portal for portal in said if portal["slug"] == "laiwu")
    assert (laiwu["verdict"], laiwu["visited"], laiwu["message"]) == ("unvisited", None, "")
    assert "访问" not in (nianbao.data / "feeds" / "all.atom").read_text("utf-8")
