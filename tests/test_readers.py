"""What people come for, done in a real Chromium with the keyboard alone: phone and desk, with and without scripts."""

import csv
import gzip
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from bs4 import BeautifulSoup, NavigableString
from test_site import Site, _copy, browser, serving

from archive import message

assert browser  # a fixture

QUERY = "requests.denied_administrative_query.total"  # 不予公开：属于行政查询事项; 历城's report of 2020 prints 6
NEW = "requests.new_requests.total"


@pytest.fixture(scope="module")
def site(demo: Path) -> Iterator[Site]:
    with serving(demo) as site:
        yield site


@dataclass
class Reader:
    """Somebody with a keyboard. Whatever the browser complains of, and whoever else it asks, is kept."""

    tab: Any
    site: Site
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tab.on("console", lambda message: self.wrong.append(message.text))
        self.tab.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.tab.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        if urlsplit(request.url).netloc != f"127.0.0.1:{self.site.port}":
            self.wrong.append(request.url)

    def open(self, path: str) -> None:
        self.tab.goto(f"http://127.0.0.1:{self.site.port}{path}")
        self.look()

    def look(self) -> None:
        self.tab.wait_for_load_state()
        wide, room = self.tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= room, self.tab.url
        assert self.wrong == [], self.tab.url

    def go_to(self, selector: str) -> None:
        """Tab, until it has the focus, and shows that it has."""
        for _ in range(400):
            self.tab.keyboard.press("Tab")
            if self.tab.evaluate("s => document.activeElement.matches(s)", selector):
                assert self.tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", selector
                return
        raise AssertionError(f"no way to {selector} with the keyboard on {self.tab.url}")

    def follow(self, selector: str) -> None:
        self.go_to(selector)
        with self.tab.expect_navigation():
            self.tab.keyboard.press("Enter")
        self.look()

    def save(self, selector: str) -> bytes:
        self.go_to(selector)
        with self.tab.expect_download() as download:
            self.tab.keyboard.press("Enter")
        return Path(download.value.path()).read_bytes()

    def seen(self, selector: str) -> list[str]:
        return [text.strip() for text in self.tab.locator(selector).all_inner_texts()]


READERS = {  # width, height, scripts, language
    "phone without scripts": (390, 844, False, "zh"),
    "desk in English": (1280, 900, True, "en"),
}


@pytest.fixture(
    params=[
        pytest.param(how, id=name, marks=() if name == "phone without scripts" else pytest.mark.exhaustive)
        for name, how in READERS.items()
    ]
)
def reader(request: pytest.FixtureRequest, site: Site, browser: Any) -> Iterator[Reader]:
    width, height, scripts, language = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=scripts)
    reader = Reader(context.new_page(), site)
    reader.open("/")
    if language == "en":
        reader.follow("a.language")
    assert reader.tab.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
    yield reader
    assert reader.wrong == []
    context.close()


# --- what people come for -------------------------------------------------------------------------------------------


def test_find_what_is_new(reader: Reader) -> None:
    assert len(reader.seen("section[aria-labelledby=news] li")) == 5
    reader.follow("nav a[href='/events']")
    reader.go_to("select[name=kind]")
    reader.tab.keyboard.press("ArrowDown")
    reader.follow("form.filter button")
    assert "kind=new" in reader.tab.url
    assert len(reader.seen(".events li")) == 5
    reader.follow(".events a")
    reader.follow("dl a[href^='/report/']")
    assert reader.seen("h1")[0].endswith("年度报告")


def test_look_up_a_figure_and_reach_the_archived_bytes(reader: Reader) -> None:
    reader.go_to("input[name=q]")
    reader.tab.keyboard.insert_text("历城")
    with reader.tab.expect_navigation():
        reader.tab.keyboard.press("Enter")
    reader.follow(".results h2 a")
    assert reader.seen("h1") == ["济南市历城区人民政府2020年政府信息公开工作年度报告"]
    reader.follow(f"[id='{QUERY}'] > a")
    assert reader.seen(".value") == ["6件"]
    record = reader.save("a[download]")
    assert hashlib.sha256(record).hexdigest() == reader.seen("#sha256")[0]
    sent = gzip.decompress(record)
    assert sent.startswith(b"WARC/1.1\r\n")
    assert f"\r\nWARC-Payload-Digest: {reader.seen('.chain code')[2]}\r\n".encode() in sent
    head, _, block = sent.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    answer = message.parse(block[: int(length[1])] if length else block)
    assert "属于行政查询事项" in message.decoded(answer.content, answer.header("content-encoding")).decode()


def test_compare_two_districts_over_years(reader: Reader) -> None:
    reader.follow("nav a[href='/compare']")
    for code in ("370112", "370115"):
        reader.go_to(f"input[value='{code}']")
        reader.tab.keyboard.press("Space")
    reader.follow("form.ask button")
    table = {row.split("\t")[0].split()[-1]: row.split("\t")[1:] for row in reader.seen(".compared tbody tr")}
    assert table["济南市历城区"][1] == "274"  # 2020
    assert table["济南市济阳区"][0] == "62"  # 2019
    assert reader.tab.evaluate("document.querySelector('.chart img').naturalWidth") > 200
    here = reader.tab.url
    reader.follow(".links a[href^='/compare?']")
    assert reader.tab.url == here


def test_find_a_word_in_prose(reader: Reader) -> None:
    reader.follow("nav a[href='/about']")
    reader.go_to("#find")
    reader.tab.keyboard.insert_text("征地")
    with reader.tab.expect_navigation():
        reader.tab.keyboard.press("Enter")
    reader.look()
    assert len(reader.seen(".results li")) == 4
    assert set(reader.seen(".snippet mark")) == {"征地"}
    reader.follow(".results h2 a")
    reader.go_to("summary")
    reader.tab.keyboard.press("Enter")
    assert any("征地" in text for text in reader.seen(".prose p"))


def test_download_the_table_and_open_it(reader: Reader) -> None:
    reader.follow("nav a[href='/data']")
    content = reader.save("a[href$='/nianbao-spreadsheet.zip']")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read("facts.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 992
    assert sorted(int(row["value"]) for row in rows if row["item"] == NEW) == [8, 62, 107, 234, 274]


# --- everybody ------------------------------------------------------------------------------------------------------


def addresses(site: Site) -> dict[str, str]:
    """One of each kind of page."""
    report = site.report("370116")
    event = site.rows("select id from events where report = ?", report)[0]["id"]
    return {
        "home": "/",
        "district": "/portal/370115",
        "report": f"/report/{report}",
        "proof": f"/report/{site.report('370115')}/proof/requests.total_processed.total",
        "compare": f"/compare?item={NEW}&portals=370112,370115&from=2019&to=2021",
        "compare shares": "/compare?item=disclosure_rate&portals=370112,370115,370406&from=2019&to=2021",
        "events": "/events",
        "event": f"/event/{event}",
        "search": f"/search?q={quote('征地')}",
        "checks": "/checks",
        "check": "/checks/prose",
        "status": "/status",
        "data": "/data",
        "dictionary": "/data/dictionary",
        "about": "/about",
        "missing": "/nowhere",
    }


_AXE = """axe.run({
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'], preload: false,
})"""


# Of hundreds of rows that are all alike, which axe would look at one by one.
_SHORT = "document.querySelectorAll('tbody').forEach(body => [...body.rows].slice(9).forEach(row => row.remove()))"


EVERY_KIND = [pytest.param(*one, (), marks=pytest.mark.exhaustive) for one in (("zh", 390), ("en", 1280))]


@pytest.mark.parametrize(
    ("language", "width", "kinds"), [("zh", 390, ("home", "report", "proof", "compare shares", "search")), *EVERY_KIND]
)
def test_axe_finds_nothing_serious(site: Site, browser: Any, language: str, width: int, kinds: tuple[str, ...]) -> None:
    """WCAG 2.2 A and AA, by axe-core; it needs no loosening of our policy, as it comes from outside of the page."""
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 900})
    found = {}
    chosen = {kind: path for kind, path in addresses(site).items() if not kinds or kind in kinds}
    assert len(chosen) == (len(kinds) or 16)
    for kind, path in chosen.items():
        tab.goto(f"http://127.0.0.1:{site.port}{path}{'&' if '?' in path else '?'}_lang={language}")
        tab.evaluate(_SHORT)
        tab.evaluate(axe)
        told = tab.evaluate(_AXE)
        for one in told["violations"]:
            if one["impact"] in ("serious", "critical"):
                found[kind, one["id"]] = [node["html"][:200] for node in one["nodes"][:3]]
    tab.close()
    assert found == {}


ASIDE = {"code", "pre", "time", "script", "style", "title"}  # names, codes and addresses are in no language


def own(element: Any) -> str:
    """The language that a piece of a page is said to be in."""
    return next((str(one["lang"])[:2] for one in element.parents if one.get("lang")), "")


def foreign(page: BeautifulSoup, language: str) -> list[str]:
    """Text that is said to be in the page's language and is not."""
    other = r"[\u4e00-\u9fff]" if language == "en" else r"[A-Za-z]+ [a-z]+ [a-z]+"
    texts = [text for text in page.find_all(string=re.compile(other)) if type(text) is NavigableString]
    told = [
        str(text).strip()
        for text in texts
        if own(text) == language
        and not any(one.name in ASIDE or {"address", "note"} & {*one.get("class", [])} for one in text.parents)
    ]
    for element in page.select("[aria-label], [alt], [title], [placeholder]"):
        said = {str(element[name]) for name in ("aria-label", "alt", "title", "placeholder") if element.get(name)}
        lang = str(element.get("lang", ""))[:2] or own(element)
        told += [text for text in said if lang == language and re.search(other, text) and not _named(text)]
    return told


def _named(text: str) -> bool:
    """English words about something that has a Chinese name."""
    return bool(re.search(r"[A-Za-z]{3}", text) and re.search(r"[\u4e00-\u9fff]", text))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_in_one_language_but_for_what_it_quotes(site: Site, language: str) -> None:
    wrong = {}
    for kind, path in addresses(site).items():
        page = site.get(f"{path}{'&' if '?' in path else '?'}_lang={language}").page
        assert page.html["lang"][:2] == language
        assert page.title.text.strip()
        if told := foreign(page, language):
            wrong[kind] = told
    assert wrong == {}


def test_an_address_tells_the_language_and_a_cookie_keeps_it(site: Site) -> None:
    answer = site.get("/about?_lang=en")
    assert "About" in answer.page.h1.text
    cookie = answer.headers["set-cookie"]
    assert cookie == "nianbao_language=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"
    assert answer.headers["vary"] == "cookie"
    again = site.get("/about", Cookie=cookie.partition(";")[0])
    assert "About" in again.page.h1.text
    assert "set-cookie" not in again.headers
    assert site.get("/about?_lang=zh", Cookie="nianbao_language=en").page.h1.text.strip() == "关于"
    assert site.get("/nianbao/reports?_lang=en").status == 200
    assert "set-cookie" not in site.get("/nianbao/reports.json?_lang=en").headers
    for cookie in ("nianbao_language=fr", "nianbao_language=", "=;;=", "nianbao_language=en\x0b", "a=\xff"):
        assert site.get("/about", Cookie=cookie).status in (200, 400), cookie
    for asked in ("fr", "", "%00", "en%0d%0aset-cookie:x=1", "<script>"):
        answer = site.get(f"/about?_lang={asked}")
        assert (answer.status, answer.page.html["lang"]) == (200, "zh-CN")
        assert "set-cookie" not in answer.headers


def test_the_way_to_the_other_language_keeps_what_was_asked(site: Site) -> None:
    link = site.page(f"/search?q={quote('征地')}&place=37&_lang=zh").select_one("a.language")
    assert link["href"] == f"?q={quote('征地')}&place=37&_lang=en"
    assert (link.text, link["lang"], link["hreflang"]) == ("English", "en", "en")
    assert site.get("/nowhere?_lang=en").page.select_one("a.language")["href"].endswith("?_lang=zh")


def test_a_record_is_sent_to_be_saved_and_never_shown(site: Site) -> None:
    report = site.report("370112")
    for number in ("9", "9999", "99999", "x", "0%00", "-1", "..%2f0"):
        assert site.get(f"/report/{report}/record/{number}").status in (302, 404), number
    headers = site.get(f"/report/{report}/record/0").headers
    assert headers["content-type"] == "application/gzip"
    assert re.fullmatch(r'attachment; filename="370112-\d+\.warc\.gz"', headers["content-disposition"])
    assert headers["x-content-type-options"] == "nosniff"
    assert site.get("/report/x/record/0").status == 404


def test_croissant_describes_the_raw_tables_as_they_are(site: Site) -> None:
    """What the specification asks for; that mlcroissant loads it was tried by hand."""
    answer = site.get("/data/croissant.json")
    assert answer.headers["content-type"] == "application/ld+json; charset=utf-8"
    told = json.loads(answer.text)
    assert (told["@type"], told["conformsTo"]) == ("sc:Dataset", "http://mlcommons.org/croissant/1.0")
    assert {"@context", "name", "description", "license", "url", "creator", "datePublished"} <= told.keys()
    archive, *tables = told["distribution"]
    content = site.fetch(urlsplit(archive["contentUrl"]).path)
    assert hashlib.sha256(content).hexdigest() == archive["sha256"]
    files = {one["@id"]: one for one in tables}
    with zipfile.ZipFile(io.BytesIO(content)) as raw:
        for records in told["recordSet"]:
            fields = [f["source"]["extract"]["column"] for f in records["field"]]
            (file,) = {f["source"]["fileObject"]["@id"] for f in records["field"]}
            assert files[file]["containedIn"] == {"@id": archive["@id"]}
            head = raw.read(files[file]["contentUrl"]).decode().splitlines()[0]
            assert head.split(",") == fields
            assert {key["@id"] for key in records["key"]} <= {f["@id"] for f in records["field"]}
            assert {f["dataType"] for f in records["field"]} <= {"sc:Text", "sc:Integer", "sc:Float"}
    assert len(told["recordSet"]) == len(files) >= 10


def test_search_is_kept_to_a_place(site: Site) -> None:
    def found(place: str) -> set[str]:
        links = site.page(f"/search?q={quote('征地')}&place={place}").select(".results h2 a")
        return {str(a["href"])[8:14] for a in links}

    assert found("") == found("37") == {"370112", "370116", "370305", "370406"}
    assert found("3701") == {"370112", "370116"}
    assert found("370305") == {"370305"}
    assert found("11") == found("3702") == set()
    assert found("37x") == found("")


def test_home_of_several_provinces_shows_one_at_a_time(demo: Path, tmp_path: Path) -> None:
    data = _copy(demo, tmp_path)
    with closing(sqlite3.connect(data / "nianbao.db")) as db, db:
        db.execute("insert into portals values ('110101', '东城区', '', '', '', 1)")
        db.execute("insert into coverage values ('110101', 2020, 'have', 'x')")
    with serving(data) as site:
        page = site.page("/")
        rows = {tr.th.text: [td.text for td in tr.select("td")] for tr in page.select(".compared tbody tr")}
        years = [th.text for th in page.select(".compared thead th")][2:]
        assert {name: (cells[0], cells[1:][years.index("2020")]) for name, cells in rows.items()} == {
            "北京市": ("1", "1"),
            "山东省": ("5", "3"),
        }
        assert not page.select("table.grid")
        shown = site.page("/?place=37").select("table.grid tbody th")
        assert [th.text for th in shown] == ["历城区", "济阳区", "莱芜区", "临淄区", "山亭区"]
        assert [th.text for th in site.page("/?place=3703").select("table.grid tbody th")] == ["临淄区"]
