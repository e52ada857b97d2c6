"""The public site as a reader meets it: a real Datasette in a process of its own, over what the samples give."""

import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup, Tag

from archive import serve, tables, warc

REPORTS = {"370112": 198, "370115": 198, "370116": 200, "370305": 198, "370406": 198}  # printed cells
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    @property
    def page(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "lxml")


class Site:
    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port

    def get(self, path: str, **headers: str) -> Answer:
        status, told, body = self._ask(path, headers)
        return Answer(status, told, body.decode("utf-8", "replace"))

    def fetch(self, path: str) -> bytes:
        status, _, body = self._ask(path, {})
        assert status == 200, path
        return body

    def _ask(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, told, answer.read()

    def page(self, path: str) -> BeautifulSoup:
        answer = self.get(path)
        assert answer.status == 200, path
        return answer.page

    def rows(self, sql: str, *parameters: str) -> list[dict[str, object]]:
        with closing(sqlite3.connect(self.data / "nianbao.db")) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, parameters)]

    def report(self, portal: str) -> str:
        return str(self.rows("select id from reports where portal = ? and current", portal)[0]["id"])


@contextmanager
def serving(data: Path, is_public: bool = False) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "datasette", *serve.arguments(data, port, is_public=is_public)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        try:
            for _ in range(900):  # a machine may be busy
                if _answers(port) or server.poll() is not None:
                    break
                time.sleep(0.1)
            assert server.poll() is None, server.stderr and server.stderr.read()
            yield Site(data, port)
        finally:
            server.terminate()
            server.communicate(timeout=20)


def _answers(port: int) -> bool:
    """A port that is merely taken may be the near end of somebody's connection."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def site(demo: Path) -> Iterator[Site]:
    with serving(demo) as site:
        yield site


def _copy(demo: Path, folder: Path) -> Path:
    data = folder / "data"
    data.mkdir()
    with (
        closing(sqlite3.connect(f"file:{demo / 'nianbao.db'}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(data / "nianbao.db")) as copy,
    ):
        source.backup(copy)
    return data


EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'"


@pytest.fixture(scope="module")
def doctored(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """What the samples do not have: markup in every text, other revisions and years, failures, rows without a form."""
    data = _copy(demo, tmp_path_factory.mktemp("doctored"))
    with closing(sqlite3.connect(data / "nianbao.db")) as db, db:
        db.execute("update runs set sample = 0, finished = '', message = ?", [EVIL])
        db.execute("update portals set note = ?, home = 'javascript:alert(1)'", [EVIL])
        db.execute("update columns set title = ?, url = 'javascript:alert(1)'||url", [EVIL])
        key = db.execute("select id from reports where portal = '370116'").fetchone()[0]
        for year, revision, current in ((2021, 2, 1), (2020, 1, 1), (2022, 1, 1)):
            db.execute(
                "insert into reports select 'r-'||?||'-'||?, portal, issuer, scope, ?, title, url, digest, published,"
                " platform_date, index_number, first_seen, last_seen, due, timeliness, withdrawn, ?, ?, content_digest"
                " from reports where id = ?",
                [year, revision, year, revision, current, key],
            )
        db.execute("update reports set current = 0 where id = ?", [key])
        db.execute("update reports set title = ?, url = 'javascript:alert(1)'", [EVIL])
        db.execute("update documents set url = 'javascript:alert(1)'")
        db.execute("update prose set text = ?||char(10)||text", [EVIL])
        db.execute("update findings set message = ?||message, check_name = 'unheard_of'", [EVIL])
        db.execute("update events set message = ?||message", [EVIL])
        cells = json.dumps({"text": EVIL, "value": None, "kind": "text"})
        db.execute("update sheets set cells = json_set(cells, '$[0]', json(?), '$[1]', null)", [cells])
        db.execute("delete from sheets where table_name = 'reviews' and report like '370305%'")
        db.execute(
            "insert into local_facts values (?, ?, '7', 7, '件', 'number', 'table 1, row 30, col 2', 0, 0)",
            [key, "local.requests.其他/<b>一行</b>?#.total"],
        )
        run = db.execute("select id from runs where portal = '370116'").fetchone()[0]
        db.execute(
            "insert into failures values (?, 1, '370116', 'javascript:alert(1)', ?, 'robots', ?, '', '')",
            [run, "2026-01-01T00:00:00Z", EVIL],
        )
    with serving(data) as site:
        yield site


def _own_pages(site: Site) -> list[str]:
    return [
        "/",
        "/checks",
        "/compare",
        "/compare?portals=370112,370115,370116",
        *(f"/portal/{row['code']}" for row in site.rows("select code from portals")),
        *(f"/report/{row['id']}" for row in site.rows("select id from reports")),
    ]


# --- every page, every link -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("kind", ["site", "doctored"])
def test_every_page_and_every_link_within_the_site_answers(
    kind: str, every: int, request: pytest.FixtureRequest
) -> None:
    """Of the thousand proofs of items in the forms, which one template shows, every sixth."""
    site: Site = request.getfixturevalue(kind)
    links: dict[str, set[str]] = {}
    for path in _own_pages(site):
        page = site.page(path)
        for anchor in page.select("a[href], link[href]"):
            address, _, fragment = str(anchor["href"]).partition("#")
            if not address:
                assert page.find(id=fragment), (path, fragment)
            elif address.startswith("/"):
                links.setdefault(address, set()).add(fragment)
    proofs = [link for link in links if "/proof/" in link and "/proof/local." not in link]
    assert len(proofs) >= sum(REPORTS.values()) * (kind == "site")
    asked = links.keys() - set(proofs) | set(proofs[::every])

    def wrong(link: str) -> list[str]:
        answer = site.get(link)
        missing = [f for f in links[link] if f and not answer.page.find(id=f)]
        return [f"{answer.status} {link}"] * (answer.status != 200) + [f"{link}#{f}" for f in missing]

    with ThreadPoolExecutor(4) as pool:
        assert [line for lines in pool.map(wrong, asked) for line in lines] == []


def test_links_of_a_proof_page_answer(site: Site) -> None:
    page = site.page(f"/report/{site.report('370115')}/proof/requests.total_processed.total")
    links = {str(a["href"]).partition("#")[0] for a in page.select("a[href^='/']")}
    assert f"/report/{site.report('370115')}" in links
    assert {link: site.get(link).status for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/portal/000000",
        "/portal/%27",
        "/report/x",
        "/report/x/proof/y",
        "/report/{}/proof/no.such",
        "/nianbao/no",
    ],
)
def test_what_does_not_exist_is_404_in_both_languages(site: Site, path: str) -> None:
    address = path.format(site.report("370112"))
    for asked, said in ((address, "没有这一页"), (f"{address}?_lang=en", "There is no such page")):
        answer = site.get(asked)
        assert answer.status == 404
        assert said in answer.text


# --- the tables -----------------------------------------------------------------------------------------------------


def _span_expanded(table: Tag) -> list[list[Tag | None]]:
    grid: list[dict[int, Tag]] = []
    trs = table.find_all("tr")
    grid = [{} for _ in trs]
    for y, tr in enumerate(trs):
        x = 0
        for cell in tr.find_all(["td", "th"], recursive=False):
            while x in grid[y]:
                x += 1
            for dy in range(int(cell.get("rowspan", 1))):
                for dx in range(int(cell.get("colspan", 1))):
                    assert x + dx not in grid[y + dy], "two cells in one place"
                    grid[y + dy][x + dx] = cell
            x += int(cell.get("colspan", 1))
    width = max(map(len, grid))
    assert all(sorted(row) == list(range(width)) for row in grid), "the table is not rectangular"
    return [[row[x] for x in range(width)] for row in grid]


def _words(cell: Tag, numbered: bool = False) -> str:
    """What a sighted reader sees in Chinese, the numbering of labels only if asked for."""
    copy = BeautifulSoup(str(cell), "lxml")
    for hidden in copy.select("[lang=en], small, .unseen, .unit, .mark, [aria-hidden]"):
        hidden.decompose()
    text = " ".join(copy.get_text().split())
    if numbered or cell.name == "td":
        return text
    return re.sub(r"^(?:[一二三四]、|（[一二三四五六七]）|\d\.)", "", text)


def _printed(page: BeautifulSoup) -> dict[tuple[str, str, str], Tag]:
    """(table, row label, col label) → the cell, found by labels and places alone."""
    found: dict[tuple[str, str, str], Tag] = {}
    for section in page.select("section.sheet"):
        heading = section.h2.find(string=True, recursive=False).strip().partition("、")[2]
        grid = _span_expanded(section.table)
        for y, row in enumerate(grid):
            for x, cell in enumerate(row):
                if cell is None or cell.name == "th" or "corner" in cell.get("class", []) or cell is row[x - 1]:
                    continue
                left = dict.fromkeys(_words(c) for c in row[:x] if c.name == "th")
                above = [r[x] for r in grid[:y] if r[x].name == "th" and r[x]["scope"] == "col"]
                col = list(dict.fromkeys(map(id, above)))
                labels = [_words(next(c for c in above if id(c) == one)) for one in col]
                key = (heading, "/".join(left) if left else labels[-2], labels[-1])
                assert key not in found, key
                found[key] = cell
    return found


@pytest.mark.parametrize(("portal", "count"), REPORTS.items())
def test_every_figure_stands_under_its_labels_as_printed(site: Site, portal: str, count: int) -> None:
    key = site.report(portal)
    facts = site.rows(
        "select i.table_label, i.row_label, i.col_label, f.* from facts f"
        " join items i on i.form = f.form and i.item = f.item where f.report = ?",
        key,
    )
    expected = {(f["table_label"], f["row_label"], f["col_label"]): f for f in facts}
    cells = _printed(site.page(f"/report/{key}"))
    assert len(expected) == count
    assert cells.keys() == expected.keys()
    for place, cell in cells.items():
        fact = expected[place]
        assert _words(cell) == " ".join(str(fact["text"]).split()), place
        assert cell.a["href"] == f"/report/{key}/proof/{fact['item']}"
        assert ("空白" in cell.text) == (fact["kind"] == "blank"), place


def test_the_tables_are_numbered_and_headed_as_the_form_prints_them(site: Site) -> None:
    page = site.page(f"/report/{site.report('370116')}")
    assert [h.get_text(" ", strip=True)[:2] for h in page.select(".sheet h2")] == ["二、", "三、", "四、"]
    sections = [th.find(string=True) for th in page.select(".disclosure th[scope=rowgroup]")]
    assert [s.strip() for s in sections] == [f"第二十条第（{n}）项" for n in "一五六八"]
    requests = page.select_one("table.requests")
    corner = requests.select_one("td.corner")
    assert corner.text == "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
    assert (corner["rowspan"], corner["colspan"]) == ("3", "3")
    labels = [_words(th, numbered=True) for th in requests.select("tbody th")]
    assert labels[:3] == ["一、本年新收政府信息公开申请数量", "二、上年结转政府信息公开申请数量", "三、本年度办理结果"]
    assert labels[5:7] == ["（三）不予公开", "1.属于国家秘密"]
    assert labels[-2:] == ["（七）总计", "四、结转下年度继续办理"]
    assert len(page.select("table.reviews thead tr")) == 3
    assert not page.select("table th:not([scope])")
    assert all(table.caption for table in page.select("table"))


def test_money_has_its_unit(site: Site) -> None:
    def cell(portal: str) -> str:
        found = site.page(f"/report/{site.report(portal)}").find(id="disclosure.procurement.amount")
        return found.get_text(strip=True)

    assert [cell(p) for p in ("370112", "370305", "370406")] == ["156764.6451万元", "1.47亿", "3.58亿元"]


def test_blanks_of_jiyang_are_blank(site: Site) -> None:
    page = site.page(f"/report/{site.report('370115')}")
    blanks = [td for td in page.select(".form td") if td.select_one(".blank")]
    assert len(blanks) == 145
    total = page.find(id="requests.total_processed.total")
    assert total in blanks
    assert "0" not in total.text
    assert page.find(id="reviews.reconsideration.upheld").a.text == "0"


def test_a_finding_stands_at_its_cells(site: Site) -> None:
    page = site.page(f"/report/{site.report('370116')}")
    finding = page.find(id="finding-1")
    assert "警告" in finding.text
    marked = {td["id"] for td in page.select("td") if td.select_one("a.mark")}
    assert marked == {"reviews.litigation_direct.total", "reviews.litigation_direct.other_result"}
    for item in marked:
        cell = page.find(id=item)
        assert cell.a["aria-describedby"].split() == ["finding-1"]
        assert cell.select_one("a.mark")["href"] == "#finding-1"
    assert "与表不一致" in page.select_one(".prose").text
    jiyang = site.page(f"/report/{site.report('370115')}")
    levels = [li["class"][0] for li in jiyang.select(".findings li")]
    assert levels == ["warning", "info", "info"]


def test_home_leads_to_every_report_and_flags_what_was_found(site: Site) -> None:
    page = site.page("/")
    flagged = {li.a["href"] for li in page.select("section[aria-labelledby=reports] li") if li.select_one(".flag")}
    assert {a["href"] for a in page.select(".grid a.have")} == {f"/report/{site.report(p)}" for p in REPORTS}
    assert flagged == {f"/report/{site.report(p)}" for p in ("370115", "370116")}
    assert "空白不是 0" in page.text


def test_check_page_counts_the_findings(site: Site) -> None:
    page = site.page("/checks")
    counts = {th["id"]: [int(td.text) for td in th.parent.find_all("td")[1:]] for th in page.select("tbody th[id]")}
    assert len(counts) == len(site.rows("select * from checks"))
    assert counts["total_blank"] == [0, 1, 0]
    assert counts["prose"] == [0, 1, 0]
    assert counts["requests_balance"] == [0, 0, 0]


# --- proof ----------------------------------------------------------------------------------------------------------


def test_a_proof_leads_to_the_bytes_that_print_the_figure(site: Site) -> None:
    page = site.page(f"/report/{site.report('370112')}/proof/disclosure.procurement.amount")
    codes = [code.text for code in page.select("dd code")]
    name = next(c for c in codes if c.endswith(".warc.gz"))
    path = site.data / name
    record = next(r for r in warc.index(path) if str(r.offset) in codes)
    assert record.digest in codes
    assert str(record.length) in codes
    assert record.filename == path.name
    assert b"156764.6451" in warc.read_payload(path, record)[0]
    assert page.select_one("code.printed").text == "156764.6451万元"
    assert any(a.text == record.url for a in page.select("a.address"))
    command = page.pre.text
    taken = subprocess.run(command, shell=True, cwd=site.data, capture_output=True, check=True).stdout
    assert taken.startswith(b"WARC/1.1")
    assert record.digest.encode() in taken


def test_a_proof_says_when_in_beijing_and_what_was_found(site: Site) -> None:
    page = site.page(f"/report/{site.report('370115')}/proof/requests.total_processed.total")
    moment = page.select_one("time")
    hours = {int(moment["datetime"][11:13]), int(moment.text[11:13])}
    assert len(hours) == 2
    assert (int(moment.text[11:13]) - int(moment["datetime"][11:13])) % 24 == 8
    assert "北京时间" in page.text
    assert "总计栏空白" in page.select_one(".findings").text
    assert page.select_one(".value").text.split()[0] == "空白"
    assert "附件 1" in page.text


# --- what the samples do not have -----------------------------------------------------------------------------------


def test_nothing_from_the_archive_becomes_markup(doctored: Site) -> None:
    seen = 0
    proofs = [
        f"/report/{r['report']}/proof/{r['item']}"
        for r in doctored.rows(
            "select report, item from facts where item in ('disclosure.rules.newly_made', 'disclosure.rules.issued')"
        )
    ]
    for path in [*_own_pages(doctored), *proofs]:
        answer = doctored.get(path)
        assert answer.status == 200, path
        seen += "&lt;script&gt;" in answer.text
        assert "<script" not in answer.text, path
        page = answer.page
        assert not page.select("[onerror], img:not([src^='/compare.svg?']), b b"), path
        assert not [a for a in page.select("[href], [src]") if "javascript" in str(a.get("href", a.get("src")))], path
    assert seen > len(proofs) + 10


def test_revisions_and_other_years_are_linked(doctored: Site) -> None:
    old = str(doctored.rows("select id from reports where portal = '370116' and not current")[0]["id"])
    page = doctored.page(f"/report/{old}")
    assert "旧版" in page.text
    links = {str(a["href"]) for a in page.select("main a")}
    assert {"/report/r-2021-2", "/report/r-2020-1", "/report/r-2022-1"} <= links
    rows = doctored.page("/portal/370116").select(".years-held tbody tr:not(.not-held)")
    assert [row.td.text for row in rows] == ["2022", "2021", "2021", "2020"]
    listed = {str(a["href"]) for a in doctored.page("/").select("section[aria-labelledby=reports] a")}
    assert f"/report/{old}" not in listed
    assert "/report/r-2021-2" in listed


def test_cells_and_tables_that_are_not_printed_are_said_so(doctored: Site) -> None:
    page = doctored.page(f"/report/{doctored.report('370305')}")
    absent = page.select("td.absent")
    assert "disclosure.rules.newly_disclosed" in [td["id"] for td in absent]
    assert all("未印" in td.text and not td.a for td in absent)
    assert "政府信息公开行政复议、行政诉讼情况：没有读到此表" in page.text
    empty = doctored.page("/report/r-2020-1")
    assert "没有读到规定的统计表" in empty.text


def test_rows_without_a_form_and_failures_are_shown(doctored: Site) -> None:
    old = str(doctored.rows("select id from reports where portal = '370116' and not current")[0]["id"])
    item = "local.requests.其他/<b>一行</b>?#.total"
    assert item in doctored.page(f"/report/{old}").select_one(".local").text
    proof = doctored.page(f"/report/{old}/proof/{quote(item, safe='')}")
    assert proof.select_one(".value").text.startswith("7")
    assert "robots" in doctored.page("/portal/370116").text


def test_sample_data_is_called_so_on_every_page(site: Site, doctored: Site) -> None:
    for path in ("/", "/checks", "/portal/370112", "/nowhere", "/nianbao", "/nianbao/reports", "/nianbao?sql=select+1"):
        assert "样例数据" in site.get(path).text, path
        assert "样例数据" not in doctored.get(path).text, path


# --- Datasette beside it --------------------------------------------------------------------------------------------


def test_datasettes_own_pages_work_in_our_frame(site: Site) -> None:
    for path in ("/nianbao", "/nianbao/facts", "/nianbao/reports/" + site.report("370112"), "/nianbao?sql=select+1"):
        page = site.page(path)
        assert page.select_one("header.masthead"), path
        assert page.select_one("footer.colophon"), path
    rows = json.loads(site.get("/nianbao/facts.json?_shape=array&item=requests.new_requests.total&_sort=report").text)
    assert [row["value"] for row in rows] == [274, 62, 234, 107, 8]
    csv = site.get("/nianbao/facts.csv?_stream=on&_size=max").text.splitlines()
    assert len(csv) > 900
    assert site.get("/nianbao?sql=delete+from+reports").status == 400


def test_metadata_speaks_of_every_table_and_of_real_columns(site: Site) -> None:
    metadata = json.loads((Path(serve.__file__).parent / "site" / "metadata.json").read_text("utf-8"))
    described = metadata["databases"]["nianbao"]["tables"]
    assert described.keys() == tables.TABLES.keys() | {"facts"}
    for name, entry in described.items():
        assert " / " in entry["description"]
        columns = {row["name"] for row in site.rows(f"select name from pragma_table_info('{name}')")}
        assert entry.get("columns", {}).keys() <= columns, name


# --- security headers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/", "/checks", "/report/{}", "/nowhere", "/site/nianbao.css", "/nianbao", "/nianbao/reports.json", "/-/versions"],
)
def test_every_answer_has_security_headers(site: Site, path: str) -> None:
    headers = site.get(path.format(site.report("370112"))).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    ours = not path.startswith(("/nianbao", "/-"))
    assert ("unsafe" in policy) is not ours


def test_own_pages_carry_neither_scripts_nor_styles(site: Site) -> None:
    for path in ("/", "/checks", "/portal/370115", f"/report/{site.report('370115')}", "/nowhere"):
        page = site.get(path).page
        assert not page.select("script, style, [style], [onclick]"), path
        assert page.html["lang"] == "zh-CN"
        assert not [
            a for a in page.select("main a[href^=http]") if "nofollow" not in a["rel"] or "noopener" not in a["rel"]
        ]


# --- serving --------------------------------------------------------------------------------------------------------


def test_port_is_free_tells() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not serve.port_is_free("127.0.0.1", port)
    assert serve.port_is_free("127.0.0.1", port)


# --- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if not CHROMIUM:
        message = "no Chromium on this machine: what readers see was NOT tested"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.mark.exhaustive  # in the suite test_readers looks
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_pages_fit_the_screen_and_say_nothing_on_the_console(
    site: Site, browser: object, width: int, height: int
) -> None:
    tab = browser.new_page(viewport={"width": width, "height": height})  # type: ignore[attr-defined]
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    proof = f"/report/{site.report('370406')}/proof/reviews.reconsideration.upheld"
    for path in [*_own_pages(site), proof, "/nianbao", "/nianbao/findings"]:
        tab.goto(f"http://127.0.0.1:{site.port}{path}")
        for summary in tab.query_selector_all("main summary"):
            if path.startswith("/report"):
                summary.click()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        assert said == [], path
        if path.startswith("/report"):
            assert tab.evaluate("[...document.styleSheets].every(s => s.cssRules.length > 50)"), (
                "the style came through"
            )
    tab.close()


def test_keyboard_reaches_the_content_and_the_first_figure(site: Site, browser: object) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    tab.goto(f"http://127.0.0.1:{site.port}/report/{site.report('370112')}")
    tab.keyboard.press("Tab")
    skip = tab.evaluate("(e => [e.className, e.getBoundingClientRect().top >= 0])(document.activeElement)")
    assert skip == ["skip", True]
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"
    for _ in range(12):
        tab.keyboard.press("Tab")
        if tab.evaluate("!!document.activeElement.closest('td')"):
            break
    first = tab.evaluate("document.activeElement.closest('td')?.id")
    assert first == "disclosure.rules.newly_made"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/proof/disclosure.rules.newly_made")
    tab.close()


def test_wide_tables_scroll_in_a_region_that_the_keyboard_reaches(site: Site, browser: object) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": 844})  # type: ignore[attr-defined]
    tab.goto(f"http://127.0.0.1:{site.port}/report/{site.report('370112')}")
    wide = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    regions = tab.evaluate(f"{wide}.map(e => [e.tabIndex, e.getAttribute('role')])")
    assert regions == [[0, "region"], [0, "region"]]
    tab.evaluate(f"{wide}[0].focus()")
    for _ in range(50):  # a key may come while the page still scrolls the region into view
        tab.keyboard.press("ArrowRight")
        tab.wait_for_timeout(100)
        if tab.evaluate(f"{wide}[0].scrollLeft"):
            break
    assert tab.evaluate(f"{wide}[0].scrollLeft") > 0
    tab.close()


def test_text_is_readable_against_its_ground(site: Site, browser: object) -> None:
    """WCAG AA, 4.5 : 1, for every piece of text that is not hidden from assistive technology."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    for path in ("/", f"/report/{site.report('370115')}", "/checks", "/portal/370115"):
        tab.goto(f"http://127.0.0.1:{site.port}{path}")
        assert tab.evaluate(_LOW_CONTRAST) == [], path
    tab.close()


_LOW_CONTRAST = """() => {
  const hidden = '.unseen, [aria-hidden], .blank, .none, .unprinted, details';
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = color => {
    const [r, g, b] = parts(color).map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = element => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (parts(color).length < 4 || parts(color)[3] > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const low = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || element.closest(hidden)) continue;
    const lights = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    const ratio = (lights[0] + .05) / (lights[1] + .05);
    if (ratio < 4.5) low.add(element.tagName + '.' + element.className + ' ' + ratio.toFixed(2));
  }
  return [...low];
}"""
