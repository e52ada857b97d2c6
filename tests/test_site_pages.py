"""What changed, how the portals stand, what there is to have, search: more of the site as a reader meets them."""

import hashlib
import io
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pytest
from conftest import Command
from test_site import EVIL, Site, browser, serving

from archive import csvs, downloads, tables
from parsers import checks, form

__all__ = ["browser"]  # a fixture
PAGES = ("/events", "/search", "/search?q=征地", "/status", "/checks/prose", "/data", "/data/dictionary", "/about")


@pytest.fixture(scope="module")
def site(demo: Path) -> Iterator[Site]:
    with serving(demo) as site:
        yield site


FIRST = "370116-2021-e3afaab6-1"
SECOND = FIRST.removesuffix("1") + "2"


@pytest.fixture(scope="module")
def revised(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo and what it does not have: a second revision of 莱芜's report, a failed visit, many events, markup."""
    data = shutil.copytree(demo, tmp_path_factory.mktemp("revised") / "data")
    with closing(sqlite3.connect(data / "nianbao.db")) as db, db:
        _revise(db)
        db.execute(
            "insert into runs select 'r2', portal, '2026-12-01T01:00:00Z', '2026-12-01T01:01:00Z', 'blocked', 1, 1, ?,"
            " vantage, 0, '[]', '[]', 0 from runs where portal = '370305'",
            [f"412 {EVIL}"],
        )
        db.execute("update runs set sample = 0")
        db.executemany(
            "insert into events values (?, ?, 'overdue', '370115', null, '某局', 2018, ?, '[]')",
            [(f"e{n:03}", f"2026-01-{n % 28 + 1:02}T20:00:00Z", f"逾期：{EVIL} / overdue: {n}") for n in range(120)],
        )
    with serving(data) as site:
        yield site


def _revise(db: sqlite3.Connection) -> None:
    copied = ("reports", "sheets", "documents", "findings", "claims")
    for table, key in zip(copied, ("id", *["report"] * 4), strict=True):
        names = [row[1] for row in db.execute(f"pragma table_info({table})")]
        new = {key: f"'{SECOND}'"} | ({"revision": "2", "first_seen": "'2026-12-02T02:00:00Z'"} if key == "id" else {})
        chosen = ", ".join(new.get(name, f"[{name}]") for name in names)
        db.execute(f"insert into {table} select {chosen} from {table} where {key} = ?", [FIRST])
    db.execute("update reports set current = 0, last_seen = '2026-11-30T02:00:00Z' where id = ?", [FIRST])
    text = "replace(text, '征地补偿', '土地征收') || char(10) || ?"
    db.execute(f"insert into prose select ?, 370116000001, {text} from prose where report = ?", [SECOND, EVIL, FIRST])
    seen = ["2026-11-30T02:00:00Z", "2026-12-02T02:00:00Z"]
    for item, before, after in (
        ("requests.new_requests.total", "234", "235"),
        ("reviews.reconsideration.upheld", "", "1"),
        ("disclosure.rules.issued", None, EVIL),
    ):
        db.execute("insert into changes values (?, ?, ?, ?, ?, ?)", [SECOND, item, before, after, *seen])
    message = (
        "有改动（数字、文字）：莱芜区 2021 年度报告（第 2 版） / revised (figures, prose): report of 2021, revision 2"
    )
    values = [
        "rev/1?",
        seen[1],
        "revised",
        "370116",
        SECOND,
        "济南市莱芜区人民政府",
        2021,
        message,
        '["figures", "prose"]',
    ]
    db.execute(f"insert into events values ({', '.join('?' * 9)})", values)


def path(address: str) -> str:
    return quote(address, safe="/?=&%")


# --- all of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["site", "revised"])
def test_every_link_within_the_pages_answers(kind: str, request: pytest.FixtureRequest) -> None:
    site: Site = request.getfixturevalue(kind)
    links: dict[str, set[str]] = {}
    for address in PAGES:
        for element in site.page(path(address)).select("a[href^='/'], link[href^='/'], form[action]"):
            to, _, fragment = str(element.get("href") or element["action"]).partition("#")
            links.setdefault(to, set()).add(fragment)
    answers = {link: site.get(link) for link in links if "/nianbao" not in link and "/downloads/" not in link}
    assert [link for link, answer in answers.items() if answer.status != 200] == []
    assert [(k, f) for k, answer in answers.items() for f in links[k] if f and not answer.page.find(id=f)] == []


@pytest.mark.parametrize("address", ["/event/x", "/checks/x", "/feeds/x.atom", "/feeds/../nianbao.db", "/downloads/x"])
def test_what_is_not_there_is_said_so(site: Site, address: str) -> None:
    answer = site.get(address)
    assert answer.status == 404
    assert "没有这一页" in answer.text


def test_the_pages_are_plain_and_navigable(site: Site) -> None:
    for address in PAGES:
        page = site.page(path(address))
        assert page.html["lang"] == "zh-CN"
        assert not page.select("style, [style], [onclick], script:not([type='application/ld+json'])"), address
        assert len(page.select("h1")) == 1
        assert all(table.caption for table in page.select("table")), address
        assert not page.select("th:not([scope])"), address
        for field in page.select("input, select"):
            assert field.find_parent("label") or page.select_one(f"label[for={field.get('id')}]"), address
        ids = [element["id"] for element in page.select("[id]")]
        assert len(ids) == len(set(ids)), address
    marked = site.page("/events").select("nav [aria-current=page]")
    assert [a["href"] for a in marked] == ["/events"]
    assert [a["href"] for a in site.page("/checks/prose").select("nav [aria-current=page]")] == ["/checks"]


def test_nothing_from_the_archive_becomes_markup(revised: Site) -> None:
    seen = 0
    addresses = [
        *PAGES,
        f"/report/{SECOND}",
        f"/report/{FIRST}",
        "/event/rev%2F1%3F",
        "/event/e001",
        "/search?q=<script>",
    ]
    for address in [
        *addresses,
        f"/search?q={EVIL}",
        f"/events?kind={EVIL}&since={EVIL}&place={EVIL}",
        f"/status?place={EVIL}",
    ]:
        answer = revised.get(quote(address, safe="/?=&%"))
        assert answer.status == 200, address
        seen += "&lt;script&gt;" in answer.text
        assert "<script" not in answer.text.replace('<script type="application/ld+json">', ""), address
        assert not answer.page.select("[onerror], img"), address
    assert seen >= 6


# --- what changed ---------------------------------------------------------------------------------------------------


def listed(site: Site, address: str) -> list[str]:
    return [" ".join(li.get_text().split()) for li in site.page(address).select(".events li")]


def test_events_are_chosen_by_kind_place_year_and_day(revised: Site) -> None:
    assert len(listed(revised, "/events?kind=new")) == 5
    assert len(listed(revised, "/events?kind=revised")) == 1
    assert "改动 3 格" in listed(revised, "/events?kind=revised")[0]
    assert len(listed(revised, "/events?kind=new&place=3701")) == 3
    assert len(listed(revised, "/events?kind=new&place=370406")) == 1
    assert listed(revised, "/events?place=11") == []
    assert [("2019" in line) for line in listed(revised, "/events?year=2019")] == [True]
    assert len(listed(revised, "/events?kind=overdue&since=2026-01-29")) == 4  # 20:00 UTC of the 28th
    assert listed(revised, "/events?kind=overdue&since=2026-01-30") == []
    page = revised.page("/events?place=3701")
    chosen = page.select("select[name=place] option[selected]")
    assert [option.text.strip() for option in chosen] == ["济南市"]
    assert {"山东省", "淄博市", "枣庄市山亭区"} <= {o.text.strip() for o in page.select("select[name=place] option")}


def test_events_are_paged_without_loss(revised: Site) -> None:
    links: list[str] = []
    address = "/events"
    for _ in range(5):
        page = revised.page(address)
        links += [str(a["href"]) for a in page.select(".events .what > a")]
        older = page.select_one(".pager a[rel=next]")
        if not older:
            break
        address = str(older["href"])
    assert len(links) == len(set(links)) == len(revised.rows("select id from events"))
    assert "回到最新" in page.text


@pytest.mark.parametrize(
    "asked",
    ["since=2026-13-45", "since=x", "since=0001-01-01", "place=abc", f"year={'9' * 20}", "before=x", "before=~",
     "kind=x", "year=%00"],
)  # fmt: skip
def test_what_makes_no_sense_is_left_aside(site: Site, asked: str) -> None:
    page = site.page(f"/events?{asked}")
    assert ("没有看懂" in page.text) == asked.startswith(("since=2026", "since=x", "since=0001", "place="))


def test_a_revision_shows_what_was_printed_and_when_we_saw_it(revised: Site) -> None:
    page = revised.page("/event/rev%2F1%3F")
    rows = [
        [" ".join(cell.get_text().split()) for cell in tr.find_all(["th", "td"])]
        for tr in page.select(".changed tbody tr")
    ]
    by_cell = {row[0]: row[1:] for row in rows}
    before, now = by_cell["本年新收政府信息公开申请数量·总计"]
    assert before == "234 至 2026-11-30 10:00:00 北京时间"
    assert now == "235 自 2026-12-02 10:00:00 北京时间"
    assert rows[0][0].startswith("规章"), "in printed order"
    assert by_cell["行政复议·结果维持"][0].startswith("□空白")
    assert any(row[1].startswith("未印") for row in rows)
    links = {str(a["href"]) for a in page.select(".changed a")}
    assert f"/report/{FIRST}/proof/requests.new_requests.total" in links
    assert f"/report/{SECOND}/proof/requests.new_requests.total" in links
    gone, there = page.select_one(".prose del"), page.select_one(".prose ins")
    assert "征地补偿" in gone.text
    assert "土地征收" in there.text
    assert len(page.select(".prose .place")) == 2


def test_a_report_marks_what_was_changed_in_either_revision(revised: Site) -> None:
    new, old = revised.page(f"/report/{SECOND}"), revised.page(f"/report/{FIRST}")
    item = "requests.new_requests.total"
    assert " ".join(new.find(id=item).select_one(".was").text.split()) == "原印 234"
    assert " ".join(old.find(id=item).select_one(".was").text.split()) == "后改为 235"
    assert "改动 3 格、正文 2 处" in new.find(id="changed").find_next("p").text
    assert old.find(id="changed") is None
    assert "这是旧版" in old.text


def test_findings_stand_below_the_table_that_they_concern(site: Site) -> None:
    page = site.page(f"/report/{FIRST}")
    notes = {section.table["class"][-1]: section.select(".footnotes li") for section in page.select(".sheet")}
    assert {table: len(found) for table, found in notes.items()} == {"disclosure": 0, "requests": 0, "reviews": 1}
    assert notes["reviews"][0].a["href"] == "#finding-1"
    years = page.select_one(".years")
    assert "2020 年度未收存" in years.text and "2022 年度未收存" in years.text


def test_feeds_are_served_as_what_they_are(site: Site) -> None:
    for name in ("all", "new", "37", "370112"):
        atom, other = site.get(f"/feeds/{name}.atom"), site.get(f"/feeds/{name}.json")
        assert atom.headers["content-type"] == "application/atom+xml; charset=utf-8"
        assert other.headers["content-type"] == "application/feed+json; charset=utf-8"
        assert ElementTree.fromstring(atom.text).tag == "{http://www.w3.org/2005/Atom}feed"
        assert json.loads(other.text)["version"] == "https://jsonfeed.org/version/1.1"
        assert atom.text == (site.data / "feeds" / f"{name}.atom").read_text("utf-8")
    assert site.get("/feeds/all.atom", **{"If-None-Match": atom.headers["etag"]}).status == 200
    tag = site.get("/feeds/all.atom").headers["etag"]
    again = site.get("/feeds/all.atom", **{"If-None-Match": tag})
    assert (again.status, again.text) == (304, "")
    for address, name in (("/events", "all"), ("/events?kind=new", "new"), ("/events?place=370112&kind=new", "370112")):
        links = site.page(address).select("link[rel=alternate]")
        assert [link["href"] for link in links] == [f"/feeds/{name}.atom", f"/feeds/{name}.json"]


# --- status and checks ----------------------------------------------------------------------------------------------


def test_status_tells_of_every_registered_portal(revised: Site) -> None:
    page = revised.page("/status")
    rows = {tr.th.get_text(strip=True): tr for tr in page.select("table.status tbody tr")}
    assert next(iter(rows)) == "淄博市临淄区", "the troubled one first"
    failed = rows["淄博市临淄区"].find_all("td")
    assert "被拒" in failed[0].text
    assert "2026-12-01 09:00:00" in failed[2].text
    assert "412" in failed[2].text
    assert failed[1].time is not None, "its last success"
    assert "未采集" in rows["济南市历下区"].text
    years = [th.text for th in page.select("table.status th.year")]
    held = rows["济南市历城区"].select("td.year")[years.index("2020")]
    assert "有" in held.text and "●" in held.text
    assert len(rows) + len(page.select(".gaps li")) == 136
    assert len(revised.page("/status?place=3703").select("table.status tbody tr")) >= 1
    assert [tr.th.text for tr in revised.page("/status?verdict=blocked").select("table.status tbody tr")] == [
        "淄博市临淄区"
    ]


def test_a_check_leads_to_what_it_found(site: Site) -> None:
    page = site.page("/checks/prose")
    (found,) = page.select(".found li")
    assert found.a["href"] == f"/report/{FIRST}#finding-1"
    assert {a["href"].split("#")[1] for a in found.select(".cells a")} == {
        "reviews.litigation_direct.total",
        "reviews.litigation_direct.other_result",
    }
    assert checks.catalogue()["prose"].example in page.text
    assert site.page("/checks/prose?level=error").select(".found li") == []
    assert "carried_in" in site.page("/checks/requests_balance").code.find_next("code").text
    assert "现行报告中没有" in site.page("/checks/requests_balance").text


# --- data -----------------------------------------------------------------------------------------------------------


def test_every_api_example_runs(site: Site) -> None:
    examples = [str(a["href"]) for a in site.page("/data").select(".api code a")]
    assert len(examples) >= 8
    for example in examples:
        answer = json.loads(site.get(example).text)
        assert answer["items"] if isinstance(answer, dict) else isinstance(answer, list), example
        assert answer, example
    shown = [a.text for a in site.page("/data").select(".api code a")]
    assert shown == [f"http://127.0.0.1:{site.port}{example}" for example in examples]


def test_the_dictionary_has_every_table_column_and_item(site: Site) -> None:
    page = site.page("/data/dictionary")
    for name, (_, columns, _, _) in (tables.TABLES | tables.VIEWS).items():
        rows = page.find(id=name).find_next("table").select("tbody tr")
        assert [row.code.text for row in rows] == list(columns), name
        assert all(row.find_all("td")[1].text.strip() for row in rows), name
    for one in form.forms():
        rows = page.find(id=one.name).find_next("table").select("tbody tr")
        assert len(rows) == sum(len(block.rows or [""]) for block in one.blocks)


def archive(site: Site, name: str) -> zipfile.ZipFile:
    answer = site.fetch(f"/downloads/{name}")
    sums = dict(reversed(line.split("  ")) for line in site.get("/downloads/SHA256SUMS").text.splitlines())
    assert hashlib.sha256(answer).hexdigest() == sums[name]
    return zipfile.ZipFile(io.BytesIO(answer))


def test_downloads_are_whole_and_say_what_they_are(site: Site, tmp_path: Path) -> None:
    linked = {str(a["href"]).rpartition("/")[2] for a in site.page("/data").select("a[href^='/downloads/']")}
    assert linked == {*downloads.FILES, "SHA256SUMS"}
    spreadsheet, raw = archive(site, "nianbao-spreadsheet.zip"), archive(site, "nianbao-raw.zip")
    assert {f"{name}.csv" for name in csvs.NAMES} == set(spreadsheet.namelist()) - {"README.txt"}
    assert {f"raw/{name}.csv" for name in csvs.NAMES} == set(raw.namelist()) - {"README.txt"}
    assert spreadsheet.read("reports.csv").startswith(b"\xef\xbb\xbf")
    assert not raw.read("raw/reports.csv").startswith(b"\xef\xbb\xbf")
    assert "SHA256SUMS" in archive(site, "nianbao-datapackage.zip").namelist()
    copy = Path(archive(site, "nianbao-sqlite.zip").extract("nianbao.db", tmp_path))
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("select count(*) from facts").fetchone() == (992,)
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_publish_makes_the_downloads_anew(demo: Path, nianbao: Command) -> None:
    shutil.copytree(demo, nianbao.data, symlinks=True)
    with closing(sqlite3.connect(nianbao.data / "nianbao.db")) as db, db:
        db.execute("update reports set title = '=1+1'")
    done = nianbao("publish")
    assert done.returncode == 0, done.stderr
    folder = nianbao.data / "public" / "downloads"
    assert {p.name for p in folder.iterdir()} == {*downloads.FILES, "SHA256SUMS"}
    assert b",'=1+1," in zipfile.ZipFile(folder / "nianbao-spreadsheet.zip").read("reports.csv")
    assert b",=1+1," in zipfile.ZipFile(folder / "nianbao-raw.zip").read("raw/reports.csv")


def test_the_data_set_describes_itself_to_machines(site: Site) -> None:
    dataset = json.loads(site.page("/data").select_one("script[type='application/ld+json']").text)
    assert (dataset["@context"], dataset["@type"]) == ("https://schema.org", "Dataset")
    assert "样例" in dataset["name"]
    assert dataset["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert dataset["temporalCoverage"] == "2019/2021"
    assert 50 <= len(dataset["description"]) <= 5000  # what Google Dataset Search asks
    assert len(dataset["distribution"]) == 4
    for part in dataset["distribution"]:
        content = site.fetch(urlsplit(part["contentUrl"]).path)
        assert hashlib.sha256(content).hexdigest() == part["sha256"]


def test_robots_are_kept_off_what_costs_and_told_of_the_bulk_files(site: Site) -> None:
    answer = site.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    from protego import Protego

    rules = Protego.parse(answer.text)
    refused = ("/nianbao", "/nianbao?sql=select+1", "/nianbao/facts?_facet=item", "/nianbao.json?sql=x", "/search?q=x",
               "/-/versions", "/events?kind=new", "/report/x/proof/y")  # fmt: skip
    assert [p for p in refused if rules.can_fetch(f"http://x.org{p}", "AnyBot")] == []
    allowed = ("/", "/events", "/report/x", "/portal/370112", "/data", "/downloads/nianbao-raw.zip", "/feeds/all.atom")
    assert [p for p in allowed if not rules.can_fetch(f"http://x.org{p}", "AnyBot")] == []
    assert "/data" in answer.text.splitlines()[1]


def test_about_says_who_and_what_becomes_of_a_request(site: Site) -> None:
    page = site.page("/about")
    for heading in ("method", "manners", "limits", "removal", "contact"):
        assert page.find(id=heading), heading
    assert "这些程序还没有在真实的门户网站上运行过" in page.text


# --- search ---------------------------------------------------------------------------------------------------------


def results(site: Site, asked: str) -> list[str]:
    return [str(a["href"]) for a in site.page(f"/search?q={quote(asked)}").select(".results h2 a")]


def test_words_of_two_characters_are_found_and_shown(site: Site) -> None:
    page = site.page(f"/search?q={quote('征地')}")
    assert len(page.select(".results li")) == 4
    assert all("征地" in [mark.text for mark in li.select(".snippet mark")] for li in page.select(".results li"))
    assert "主要涉及征地补偿、房屋拆迁、旧村改造" in page.text  # 历城 2020
    (licheng,) = results(site, "历城")
    assert licheng == f"/report/{site.report('370112')}"
    page = site.page(f"/search?q={quote('历城')}")
    assert page.select_one(".by mark").text == "历城"
    assert [a["href"] for a in page.select(".places a")] == ["/portal/370112"]
    assert len(results(site, "征地 棚户区")) == 2
    assert results(site, "食品安全") == [f"/report/{site.report('370115')}"]
    assert results(site, "没有这个词") == []


def test_one_character_is_answered_kindly(site: Site) -> None:
    page = site.page(f"/search?q={quote('征')}")
    assert "“征”只有一个字" in page.text
    assert not page.select(".results")
    assert len(results(site, "征 征地")) == 4


@pytest.mark.parametrize(
    "asked",
    ["", '"', "'; drop table reports; --", "征地 OR 1=1", "NEAR(征 地, 5)", "title:征地", "征地*", "*", "^征地",
     "a" * 5000, "征地 " * 2000, "\x00", "%ff", "公开&page=99999999999999999999", "公开&page=-1", "公开&page=x"],
)  # fmt: skip
def test_whatever_is_asked_is_answered(site: Site, asked: str) -> None:
    answer = site.get("/search?q=" + quote(asked, safe="&=%"))
    assert answer.status == 200
    assert len(answer.page.select(".results li")) <= 20


def test_a_common_word_is_counted_and_paged(demo: Path, tmp_path: Path) -> None:
    from archive import search

    data = shutil.copytree(demo, tmp_path / "data")
    with closing(sqlite3.connect(data / "nianbao.db")) as db, db:
        for n in range(60):
            key = f"r{n:02}"
            names = [row[1] for row in db.execute("pragma table_info(reports)")]
            chosen = ", ".join(f"'{key}'" if name == "id" else f"[{name}]" for name in names)
            db.execute(f"insert into reports select {chosen} from reports where id = ?", [FIRST])
            db.execute("insert into prose values (?, ?, '公开')", [key, n + 1])
            db.execute("insert into search (rowid, prose) values (?, ?)", [n + 1, " ".join(search.tokens("公开"))])
    with serving(data) as site:
        found: list[str] = []
        address = f"/search?q={quote('公开')}"
        while address:
            page = site.page(address)
            assert "65 份报告" in page.text
            found += [str(a["href"]) for a in page.select(".results h2 a")]
            further = page.select_one(".pager a[rel=next]")
            address = str(further["href"]) if further else ""
        assert len(found) == len(set(found)) == 65


# --- in a browser ---------------------------------------------------------------------------------------------------


@pytest.mark.exhaustive  # in the suite test_readers looks
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_fit_the_screen_and_break_no_rule_of_ours(revised: Site, browser: object, width: int) -> None:
    """CSP too: a block of JSON-LD is data, and Chromium says nothing of it."""
    tab = browser.new_page(viewport={"width": width, "height": 900})  # type: ignore[attr-defined]
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    for address in (*PAGES, "/event/rev%2F1%3F", f"/report/{SECOND}", "/checks", "/search?q=征"):
        tab.goto(f"http://127.0.0.1:{revised.port}{address}")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, address
        assert said == [], address
    tab.close()


@pytest.mark.exhaustive  # in the suite axe looks at contrast, test_readers at the keyboard
def test_text_is_readable_and_a_search_needs_no_mouse(revised: Site, browser: object) -> None:
    from test_site import _LOW_CONTRAST

    tab = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    for address in (*PAGES, "/event/rev%2F1%3F", f"/report/{SECOND}"):
        tab.goto(f"http://127.0.0.1:{revised.port}{address}")
        assert tab.evaluate(_LOW_CONTRAST) == [], address
    tab.goto(f"http://127.0.0.1:{revised.port}/about")
    for _ in range(3):  # past the way to the content and the brand
        tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "find"
    tab.keyboard.type("征地")
    tab.keyboard.press("Enter")
    tab.wait_for_url(re.compile("/search"))
    assert tab.locator(".results li").count() >= 4
    tab.close()
