"""The whole line: sample portals → crawler → WARC → build, and everything that can go wrong on the way out."""

import csv
import gzip
import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import pytest
import sqlite_utils
from conftest import FAST, Command
from country import QUICK
from warcio.archiveiterator import ArchiveIterator

from archive.registry import nowhere
from sample_portals import EXPECTED, FAMILIES, REGISTRY, Reply, Request, SamplePortals, sites
from sample_portals.messages import finish

CASES = Path(__file__).parent / "reports"
LAIWU = "http://www.laiwu.gov.cn/"
LAIWU_COLUMN = LAIWU + "gongkai/channel_6389b0cb3759918282649a25/"
LAIWU_REPORT = LAIWU_COLUMN + "doc_6242790052954ab28534c6ab.html"
JIYANG = "http://www.jiyang.gov.cn/"
LINZI = "http://www.linzi.gov.cn/"
LINZI_COLUMN = LINZI + "gongkai/channel_c_5f9f696d489871774b4da7ed_n_1605680532.0536/"
SHANTING = "http://www.shanting.gov.cn/"
SHANTING_PDF = SHANTING + "zwgk/xxgknb/2020/202102/P20210220085273493361.pdf"


def rows(data: Path, sql: str, *values: Any) -> list[dict[str, Any]]:
    return list(sqlite_utils.Database(data / "nianbao.db").query(sql, values))


def page(url: str) -> Reply:
    host, _, path = url.removeprefix("http://").partition("/")
    return sites.page(host, "/" + path.partition("?")[0])


def edited(url: str, old: str, new: str) -> Reply:
    reply = page(url)
    assert old.encode() in reply.body
    return replace(reply, body=reply.body.replace(old.encode(), new.encode()))


def records(data: Path) -> Iterator[Any]:
    for path in sorted(data.glob("warc/*/*.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, no_record_parse=True):
                yield record, record.content_stream().read()


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_five_verdicts_and_five_reports(demo: Path) -> None:
    assert [r["verdict"] for r in rows(demo, "select * from runs")] == ["ok"] * 5
    found = rows(demo, "select issuer, year, scope, published, revision, current from reports order by portal")
    assert [tuple(r.values()) for r in found] == [
        ("济南市历城区人民政府", 2020, "government", "2021-01-29", 1, 1),
        ("济南市济阳区人民政府", 2019, "government", "2020-01-22", 1, 1),
        ("济南市莱芜区人民政府", 2021, "government", "2022-01-27", 1, 1),
        ("淄博市临淄区人民政府", 2020, "government", "2021-02-05", 1, 1),
        ("枣庄市山亭区人民政府", 2020, "government", "2021-02-20", 1, 1),
    ]


@pytest.mark.parametrize("case", ["licheng_2020", "jiyang_2019", "linzi_2020", "shanting_2020", "laiwu_2021"])
def test_every_cell_is_in_the_database(demo: Path, case: str) -> None:
    with (CASES / case / "cells.csv").open(encoding="utf-8", newline="") as file:
        expected = {r["item"]: (squash(r["text"]), r["value"], r["unit"]) for r in csv.DictReader(file)}
    found = rows(
        demo,
        "select f.* from facts f join reports r on r.id = f.report join portals p on p.code = r.portal where slug = ?",
        case.split("_")[0],
    )
    assert {f["item"]: (squash(f["text"]), number(f["value"]), f["unit"]) for f in found} == expected


def squash(text: str) -> str:
    return re.sub(r"\s", "", text)


def number(value: float | None) -> str:
    return "" if value is None else str(value)


def test_exactly_the_known_findings(demo: Path) -> None:
    loud = rows(
        demo,
        "select r.portal, level, check_name, items from findings f join reports r on r.id = f.report"
        " where level <> 'info' order by r.portal",
    )
    assert [(r["portal"], r["level"], r["check_name"], json.loads(r["items"])) for r in loud] == [
        (
            "370115",
            "warning",
            "total_blank",
            ["requests.total_processed.natural_person", "requests.total_processed.total"],
        ),
        ("370116", "warning", "prose", ["reviews.litigation_direct.total", "reviews.litigation_direct.other_result"]),
    ]


def test_the_demo_says_that_it_is_a_sample(demo: Path) -> None:
    assert [r["sample"] for r in rows(demo, "select sample from runs")] == [1] * 5
    infos = [body.decode() for record, body in records(demo) if record.rec_type == "warcinfo"]
    assert len(infos) == 5
    assert all("样例" in info for info in infos)


def test_each_file_names_program_and_settings(demo: Path) -> None:
    infos = [body.decode() for record, body in records(demo) if record.rec_type == "warcinfo"]
    for info in (dict(line.split(": ", 1) for line in info.splitlines()) for info in infos):
        assert info["software"] == f"nianbao/{version('nianbao')} scrapy/{version('scrapy')} python/{python_version()}"
        settings = json.loads(info["settings"])
        assert (info["robots"], settings["ROBOTSTXT_OBEY"], settings["DOWNLOAD_MAXSIZE"]) == ("obey", True, 64 << 20)


def test_a_figure_leads_to_the_bytes_received(demo: Path) -> None:
    (fact,) = rows(
        demo,
        "select d.* from facts f join documents d on d.report = f.report and d.number = f.document"
        " join reports r on r.id = f.report"
        " where r.portal = '370406' and item = 'reviews.litigation_direct.other_result'",
    )
    assert (fact["media_type"], fact["url"].endswith(".pdf")) == ("pdf", True)
    with (demo / "warc" / "370406" / fact["filename"]).open("rb") as file:
        file.seek(fact["offset"])
        record = next(iter(ArchiveIterator(file)))
        assert record.rec_headers.get_header("WARC-Payload-Digest") == fact["digest"]
        assert record.content_stream().read() == page(fact["url"]).body


# --- the recorder -----------------------------------------------------------------------------------------------------


def test_every_exchange_is_recorded_as_it_was_sent(nianbao: Command, portals: SamplePortals) -> None:
    assert nianbao("crawl", "laiwu", "jiyang", "shanting", *FAST).returncode == 0
    sent = sorted(request.url for request in portals.requests)
    answers = [
        (r.rec_headers.get_header, block) for r, block in records(nianbao.data) if r.rec_type in ("response", "revisit")
    ]
    assert sorted(header("WARC-Target-URI") for header, _ in answers) == sent
    assert {"http://www.laiwu.gov.cn/robots.txt", "http://www.shanting.gov.cn/"} <= set(sent)  # the latter answers 302
    by_id = {header("WARC-Record-ID"): block for header, block in answers}  # a payload that came twice is there once
    kept = {
        header("WARC-Target-URI"): by_id[header("WARC-Refers-To") or header("WARC-Record-ID")] for header, _ in answers
    }
    bodies = {url: block.partition(b"\r\n\r\n") for url, block in kept.items()}
    for request in portals.requests:
        assert bodies[request.url][2] == finish(request, page(request.url)).body, request.url
        assert "+mailto:operator@example.org" in request.headers["User-Agent"]
    assert gzip.decompress(bodies[LAIWU_REPORT][2]) == page(LAIWU_REPORT).body
    assert bodies[LAIWU_REPORT][0].count(b"Set-Cookie: ") == 2
    (docx,) = (head for url, (head, _, _) in bodies.items() if url.endswith(".docx"))
    assert "年".encode("gbk") in re.search(rb"Content-Disposition: (.*)", docx)[1]  # type: ignore[index]
    for host in {url.split("/")[2] for url in sent}:
        first = next(request.url for request in portals.requests if request.url.split("/")[2] == host)
        assert first == f"http://{host}/robots.txt"


def test_a_request_that_cannot_be_recorded_fails(nianbao: Command, portals: SamplePortals) -> None:
    command = [sys.executable, "-m", "scrapy", "crawl", "reports", "-a", "portal=shanting", *FAST]
    done = subprocess.run(
        [*command, "-s", f"NIANBAO_DATA={nianbao.data}"], env=nianbao.environment, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)), timeout=60, check=False,
    )  # fmt: skip
    assert "could not be recorded" in done.stderr
    assert not any(request.url.endswith(".pdf") for request in portals.requests), (
        "it went on after the archive was full"
    )
    (path,) = nianbao.data.glob("warc/*/*.warc.gz")
    with path.open("rb") as file:
        assert sum(1 for _ in ArchiveIterator(file)) > 4  # what was kept is whole
    assert nianbao("build").returncode == 0
    assert [r["verdict"] for r in rows(nianbao.data, "select verdict from runs")] == ["partial"]


# --- second visits ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def laiwu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after one visit of 莱芜. Copy it to change it."""
    with SamplePortals() as portals:
        command = Command(tmp_path_factory.mktemp("laiwu") / "data", portals.proxy_url)
        assert "1 new, 0 revised, 0 unchanged" in command("crawl", "laiwu", *FAST).stdout
        return command.data


@pytest.fixture
def again(nianbao: Command, laiwu: Path) -> Callable[[], str]:
    """Visits 莱芜 for a second time and says what the command said."""
    shutil.copytree(laiwu, nianbao.data)
    return lambda: nianbao("crawl", "laiwu", *FAST, "--recheck").stdout


def test_a_second_visit_doubles_nothing(nianbao: Command, again: Callable[[], str]) -> None:
    kept = "select id, url, digest, first_seen, revision, current, content_digest from reports", "select * from events"
    before = [rows(nianbao.data, sql) for sql in kept]
    assert "0 new, 0 revised, 1 unchanged" in again()
    assert [rows(nianbao.data, sql) for sql in kept] == before
    assert len(rows(nianbao.data, "select * from runs")) == 2


def test_a_changed_figure_is_a_revision_and_a_page_frame_is_not(
    nianbao: Command, portals: SamplePortals, again: Callable[[], str]
) -> None:
    portals.overrides[LAIWU_REPORT] = edited(LAIWU_REPORT, "</body>", "<p>访问量：12345</p></body>")
    assert "0 new, 0 revised, 1 unchanged" in again()
    portals.overrides[LAIWU_REPORT] = edited(LAIWU_REPORT, "66374", "66375")
    assert "0 new, 1 revised, 0 unchanged" in again()
    found = rows(nianbao.data, "select revision, current, value from reports join facts on report = id"
                 " where item = 'disclosure.licensing.decisions' order by revision")  # fmt: skip
    assert [tuple(r.values()) for r in found] == [(1, 0, 66374), (2, 1, 66375)]
    kinds = rows(nianbao.data, "select kind from events where report is not null order by date")
    assert [row["kind"] for row in kinds] == ["new", "revised"]


def test_a_page_that_stands_in_for_the_report_does_not_hide_it(
    nianbao: Command, portals: SamplePortals, again: Callable[[], str]
) -> None:
    portals.overrides[LAIWU_REPORT] = html("<h1>系统维护中</h1>")
    assert "0 new, 0 revised, 1 unchanged" in again()
    assert len(rows(nianbao.data, "select * from facts")) == 200


def test_a_report_that_cannot_be_read_is_listed_and_said(nianbao: Command, portals: SamplePortals) -> None:
    portals.overrides[SHANTING_PDF] = Reply(headers=[("Content-Type", "application/pdf")], body=b"%PDF-1.4 broken")
    assert nianbao("crawl", "shanting", *FAST).returncode == 0
    (found,) = rows(nianbao.data, "select issuer, year, published from reports")
    assert found == {"issuer": "枣庄市山亭区人民政府", "year": 2020, "published": "2021-02-20"}
    loud = rows(nianbao.data, "select check_name, level from findings where level <> 'info' order by 1")
    assert [tuple(r.values()) for r in loud] == [("tables_missing", "warning"), ("unreadable", "warning")]


def test_addresses_of_all_spellings_are_found_again(nianbao: Command, portals: SamplePortals) -> None:
    asked = {
        "年报.html": LAIWU_COLUMN + "%E5%B9%B4%E6%8A%A5.html",
        "a b.html": LAIWU_COLUMN + "a%20b.html",
        "http://WWW.laiwu.gov.cn:80/x.html": LAIWU + "x.html",
    }
    links = ""
    for year, (href, url) in enumerate(asked.items(), 2019):
        links += f'<a href="{href}">济南市莱芜区人民政府{year}年政府信息公开工作年度报告</a>'
        portals.overrides[url] = Reply(302, [("Location", f"/报告{year}.html".encode())])
        portals.overrides[f"{LAIWU}%E6%8A%A5%E5%91%8A{year}.html"] = edited(LAIWU_REPORT, "2021年", f"{year}年")
    for column in (LAIWU_COLUMN, LAIWU_COLUMN + "?open=zfxxgknb"):
        portals.overrides[column] = html(links)
    assert "ok; columns 1; reports 3 new" in nianbao("crawl", "laiwu", *FAST).stdout
    found = rows(nianbao.data, "select url, count(*) as cells from reports join facts on report = id group by url")
    assert {r["url"]: r["cells"] for r in found} == dict.fromkeys(asked.values(), 200)


# --- families ---------------------------------------------------------------------------------------------------------


SOME = ("trs", "hanweb", "gkmlpt", "empire")  # test_platforms walks all of them offline
ALL = tuple(family.slug for family in FAMILIES if family.slug != "gongkai")  # whose list a browser shows: test_render


@pytest.mark.parametrize("slugs", [SOME, pytest.param(ALL, marks=pytest.mark.exhaustive)], ids=["some", "all"])
def test_a_family_is_walked_from_its_home_alone(tmp_path: Path, slugs: tuple[str, ...]) -> None:
    """100 % of the planted reports, and none besides."""
    codes = [family.code for family in FAMILIES if family.slug in slugs]
    with SamplePortals() as served:
        command = Command(tmp_path / "data", served.proxy_url)
        done = command("crawl", *codes, *FAST, "--only-registry", "--registry", REGISTRY)
    assert done.returncode == 0, done.stdout
    found: dict[str, set[str]] = {}
    for row in rows(command.data, "select portal, url from reports"):
        found.setdefault(row["portal"], set()).add(row["url"])
    assert found == {code: EXPECTED[code] for code in codes}


def test_a_probe_finds_the_column_says_why_and_keeps_nothing(nianbao: Command) -> None:
    done = nianbao("probe", "http://trs2.sample.test/", *FAST)
    assert done.returncode == 0, done.stderr
    assert "verdict: ok\n" in done.stdout
    assert done.stdout.count("report: ") == 7
    assert "column: http://trs2.sample.test/" in done.stdout
    assert 'home = "http://trs2.sample.test/"' in done.stdout
    assert not nianbao.data.exists()
    assert nianbao("probe", "trs2.sample.test").returncode == 2


def test_pages_that_are_something_else_than_their_link_said(nianbao: Command, portals: SamplePortals) -> None:
    """The platform's page is itself the column; 年报 leads to a report, and to a list of other reports."""
    hub, old, other = (f"http://trs2.sample.test/{path}/" for path in ("zfxxgk", "zfxxgk/old", "tjnb"))
    title = "样例市乙区2019年政府信息公开工作年度报告"
    labels = '<meta name="ColumnType" content="信息公开年报"><meta name="ColumnName" content="政府信息公开年报">'
    parts = "<p>一、总体情况</p><p>二、主动公开政府信息情况</p><p>五、存在的主要问题</p>"
    portals.overrides[hub] = html(f"{labels}<a href='old/'>年报</a><a href='/tjnb/'>年报</a>")
    portals.overrides[old] = html(f"<h1>{title}</h1>{parts}<a href='x.pdf'>附件</a>")
    portals.overrides[old + "x.pdf"] = Reply(200, [("Content-Type", "application/pdf")], b"%PDF-1.4")
    list_of_others = f"<meta name='ColumnName' content='统计年报'><a href='1.html'>{title}</a><script>x</script>"
    portals.overrides[other] = html(list_of_others)
    done = nianbao("crawl", "990002", *FAST, "--only-registry", "--registry", REGISTRY)
    assert done.returncode == 0, done.stdout
    assert [r["url"] for r in rows(nianbao.data, "select url from reports")] == [old]
    (column,) = rows(nianbao.data, "select url, platform, why from columns")
    assert (column["url"], column["platform"]) == (hub, "") and "ColumnType is 信息公开年报 (+30)" in column["why"]
    (rejected,) = rows(nianbao.data, "select url, found_on, why from rejected where url = ?", other)
    assert rejected["found_on"] == hub and "统计年报" in rejected["why"]
    assert old + "x.pdf" in {request.url for request in portals.requests}


# --- verdicts ---------------------------------------------------------------------------------------------------------


def broken(request: Request) -> Reply:
    raise ConnectionError


def html(text: str, status: int = 200) -> Reply:
    return Reply(status, [("Content-Type", "text/html; charset=utf-8")], f"<html><body>{text}</body></html>".encode())


MIRROR = "http://www.zwinkt.com/2021.html"
METADATA_SERVICE = "http://169.254.169.254/latest/"
BAD_DAY: dict[str, Reply | Callable[[Request], Reply]] = {
    LAIWU_COLUMN: html("<ul></ul>"),
    LAIWU_COLUMN + "?open=zfxxgknb": html("<ul></ul>"),
    JIYANG: broken,
    JIYANG + "robots.txt": broken,
    LINZI: html("<script>$_ts=1</script>", 412),
    LINZI_COLUMN: html("<script>$_ts=1</script>", 412),
    SHANTING_PDF: Reply(404),
}
WORSE_DAY: dict[str, Reply | Callable[[Request], Reply]] = {
    JIYANG + "robots.txt": Reply(body=b"User-agent: *\nDisallow: /\n"),
    LINZI: html("<p>您的访问被拦截：安全验证</p>"),
    LINZI_COLUMN: html("<p>您的访问被拦截：安全验证</p>"),
    SHANTING + "index.html": html("hello"),
    LAIWU_COLUMN: edited(
        LAIWU_COLUMN, "<ul", f'<a href="{MIRROR}">济南市莱芜区人民政府2020年政府信息公开工作年度报告</a><ul'
    ),
    LAIWU_REPORT: Reply(302, [("Location", METADATA_SERVICE)]),
}


def day(
    folder: Path, overrides: dict[str, Reply | Callable[[Request], Reply]], *slugs: str
) -> tuple[Path, int, list[str]]:
    """(data, exit code, every address asked for) of a visit to some portals."""
    with SamplePortals() as portals:
        portals.overrides.update(overrides)
        command = Command(folder / "data", portals.proxy_url)
        done = command("crawl", *slugs, *FAST, "-s", "RETRY_TIMES=0")
        return command.data, done.returncode, [request.url for request in portals.requests]


@pytest.fixture(scope="module")
def bad_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, list[str]]:
    return day(tmp_path_factory.mktemp("bad"), BAD_DAY, "licheng", "jiyang", "laiwu", "linzi", "shanting")


@pytest.fixture(scope="module")
def worse_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, list[str]]:
    return day(tmp_path_factory.mktemp("worse"), WORSE_DAY, "jiyang", "laiwu", "linzi", "shanting")


def verdicts(data: Path) -> dict[str, tuple[str, str]]:
    sql = "select slug, verdict, message from runs r join portals p on p.code = r.portal"
    return {r["slug"]: (r["verdict"], r["message"]) for r in rows(data, sql)}


def test_each_portal_has_its_own_verdict(bad_day: tuple[Path, int, list[str]]) -> None:
    data, code, _ = bad_day
    found = verdicts(data)
    assert code == 1
    assert found["licheng"] == ("ok", "")
    assert found["laiwu"] == ("empty", "the column holds no report")
    assert found["jiyang"][0] == "unreachable"  # never empty: nobody could look
    assert found["linzi"][0] == "blocked"
    assert f"{LINZI}: HTTP 412 (瑞数)" in found["linzi"][1]
    assert found["shanting"] == ("partial", f"{SHANTING_PDF}: HTTP 404")


def test_what_could_not_be_had_is_a_row(bad_day: tuple[Path, int, list[str]]) -> None:
    data = bad_day[0]
    found = {(r["kind"], r["url"]) for r in rows(data, "select kind, url from failures")}
    assert found == {
        ("unreachable", JIYANG),
        ("blocked", LINZI),
        ("blocked", LINZI_COLUMN),
        ("error", SHANTING_PDF),
    }


def test_the_evidence_of_a_block_is_kept_and_not_read(worse_day: tuple[Path, int, list[str]]) -> None:
    data = worse_day[0]
    found = verdicts(data)
    assert found["linzi"][0] == "blocked"
    assert "安全验证" in found["linzi"][1]
    assert len(rows(data, "select * from captures where url = ?", LINZI)) == 1
    assert rows(data, "select * from columns where portal = '370305'") == []


def test_robots_are_obeyed(worse_day: tuple[Path, int, list[str]]) -> None:
    data, _, asked = worse_day
    assert verdicts(data)["jiyang"] == ("blocked", f"{JIYANG}: Forbidden by robots.txt")
    assert [url for url in asked if url.startswith(JIYANG)] == [JIYANG + "robots.txt"]
    sql = "select c.url, c.status, f.kind from failures f join captures c using (record) where f.url = ?"
    assert rows(data, sql, JIYANG) == [{"url": JIYANG + "robots.txt", "status": 200, "kind": "blocked"}]


def test_no_column_is_empty(worse_day: tuple[Path, int, list[str]]) -> None:
    assert verdicts(worse_day[0])["shanting"] == ("empty", "no annual-report column was found")


def test_hosts_outside_the_registry_are_never_asked(worse_day: tuple[Path, int, list[str]]) -> None:
    data, _, asked = worse_day
    assert not {MIRROR, METADATA_SERVICE} & set(asked)
    refused = {r["url"] for r in rows(data, "select url from failures where kind = 'refused'")}
    assert refused == {MIRROR, METADATA_SERVICE}
    assert verdicts(data)["laiwu"][0] == "partial"


REPORT = "济南市莱芜区人民政府{}年政府信息公开工作年度报告"


def column_of(*names: str) -> Reply:
    return html("".join(f'<li><a href="{name}">{REPORT.format(2020 + n)}</a>' for n, name in enumerate(names)))


@pytest.mark.parametrize("way", [Reply(302, [("Location", "/")]), None])
def test_pages_that_a_portal_shows_for_any_address_are_no_reports(
    nianbao: Command, portals: SamplePortals, way: Reply | None
) -> None:
    """The portal answers 200 to what does not exist, by its home page or by a page without any telling word."""
    away = way or html(f"<p>您好，欢迎来到莱芜区人民政府网站，请从导航栏选择。{'　' * 20}</p>")
    portals.overrides[nowhere(LAIWU)] = portals.overrides[LAIWU_COLUMN + "gone.html"] = away
    for url in (LAIWU_COLUMN, LAIWU_COLUMN + "?open=zfxxgknb"):
        portals.overrides[url] = column_of("gone.html", LAIWU_REPORT)
    assert "partial" in nianbao("crawl", "laiwu", *QUICK).stdout  # what does not exist is asked for first
    (failure,) = rows(nianbao.data, "select url, kind, reason from failures")
    assert (failure["kind"], "page not found" in failure["reason"]) == ("blocked", True)
    assert [r["url"] for r in rows(nianbao.data, "select url from reports")] == [LAIWU_REPORT]


def test_a_report_that_only_a_script_shows_is_said(nianbao: Command, portals: SamplePortals) -> None:
    portals.overrides[LAIWU_REPORT] = html("<div id=app></div><script src=/app.js></script>")
    assert "partial" in nianbao("crawl", "laiwu", *FAST).stdout
    (failure,) = rows(nianbao.data, "select url, kind, reason from failures")
    assert (failure["url"], "without its script" in failure["reason"]) == (LAIWU_REPORT, True)
    assert rows(nianbao.data, "select * from reports") == []


def test_zero_reports_can_be_expected(nianbao: Command, portals: SamplePortals, tmp_path: Path) -> None:
    portals.overrides.update(BAD_DAY)
    mine = tmp_path / "mine.toml"
    mine.write_text(
        f'[370116]\nname = "济南市莱芜区"\nslug = "laiwu"\nhome = "{LAIWU}"\nexpect_reports = false\n', "utf-8"
    )
    assert nianbao("crawl", "laiwu", *FAST, "--registry", mine).returncode == 0
    assert verdicts(nianbao.data)["laiwu"][0] == "empty"


def test_scrapy_itself_works(nianbao: Command) -> None:
    scrapy = [sys.executable, "-m", "scrapy"]
    run = {"env": nianbao.environment, "capture_output": True, "text": True, "timeout": 60, "check": False}
    assert subprocess.run([*scrapy, "list"], **run).stdout == "reports\n"  # type: ignore[call-overload]
    done = subprocess.run(
        [
            *scrapy,
            "crawl",
            "reports",
            "-a",
            "portal=licheng",
            *FAST,
            "-s",
            f"NIANBAO_DATA={nianbao.data}",
            "-O",
            "-:jsonl",
        ],
        **run,
    )  # type: ignore[call-overload]
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == [
        "济南市历城区人民政府2020年政府信息公开工作年度报告"
    ]
    assert "publicsuffix" not in done.stderr  # nothing is fetched but the portal
