"""Home, district and comparison as a reader meets them. Figures are those of the sample reports, or planted here."""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import sqlite_utils
from bs4 import BeautifulSoup, Tag
from test_site import _LOW_CONTRAST, EVIL, Site, _copy, browser, serving

from archive import tables
from archive.site import figures, places

NEW = "requests.new_requests.total"
assert browser  # a fixture


@pytest.fixture(scope="module")
def site(demo: Path) -> Iterator[Site]:
    with serving(demo) as site:
        yield site


def plant(db: sqlite3.Connection, source: str, portal: str, year: int, **cells: object) -> None:
    """A report of a portal, printed as another one is but for some cells: `requests__new_requests__total=200`."""
    key = f"{portal}-{year}-planted-1"
    db.row_factory = sqlite3.Row
    of = "portal = ? and id not like '%planted%'"
    row = dict(db.execute(f"select * from reports where {of}", [source]).fetchone())
    printed = db.execute("select * from sheets where report = ?", [row["id"]]).fetchall()
    name = db.execute("select name from portals where code = ?", [portal]).fetchone()[0]
    row |= {"id": key, "portal": portal, "year": year, "issuer": f"{name}人民政府"} | {"timeliness": None}
    db.execute(f"insert into reports values ({', '.join('?' * len(row))})", list(row.values()))
    for sheet in printed:
        values = {**dict(sheet), "report": key}
        found = json.loads(sheet["cells"])
        items = db.execute(
            "select item, cell from items where form = ? and table_name = ?", [sheet["form"], sheet["table_name"]]
        )
        for item, cell in items.fetchall():
            if item.replace(".", "__") in cells:
                found[cell] = cells[item.replace(".", "__")]
        values["cells"] = json.dumps(found)
        db.execute(f"insert into sheets values ({', '.join('?' * len(values))})", list(values.values()))
    db.execute("insert or replace into coverage values (?, ?, 'have', ?)", [portal, year, key])


@pytest.fixture(scope="module")
def planted(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """历城 over years: 200, 274 (its own), no 2021, 310 and 350 in the later form, then blank, "/" and not printed."""
    data = _copy(demo, tmp_path_factory.mktemp("planted"))
    with closing(sqlite3.connect(data / "nianbao.db")) as db, db:
        total = "requests__new_requests__total"
        plant(db, "370112", "370112", 2019, **{total: 200})
        plant(db, "370116", "370112", 2022, **{total: 310})
        plant(db, "370116", "370112", 2023, **{total: 350})
        plant(db, "370116", "370112", 2024, **{total: ""})
        plant(db, "370116", "370112", 2025, **{total: {"text": "/", "value": None, "kind": "not_applicable"}})
        plant(db, "370116", "370115", 2021, **{total: None})
        plant(db, "370116", "370115", 2022, **{total: 0})
        plant(db, "370112", "370115", 2020)
        db.execute("delete from sheets where report = '370115-2020-planted-1'")
        items = json.dumps([NEW])
        db.execute(
            "insert into findings values ('370115-2021-planted-1', 99, 'ocr_unconfirmed', 'warning', '', ?)", [items]
        )
        states = ("withdrawn", "overdue", "unreachable", "unknown")
        for year, state in zip(range(2019, 2023), states, strict=True):
            db.execute("update coverage set state = ? where portal = '370406' and year = ?", [state, year])
        db.execute("update reports set timeliness = 'late' where portal = '370305'")
        db.execute(
            "insert into events values ('x', '2021-04-02T00:00:00Z', 'overdue', '370406', null, ?, 2020, ?, '[]')",
            ["枣庄市山亭区人民政府", "逾期：山亭 2020 / overdue: 2020"],
        )
        for n in range(14):
            db.execute("insert into portals values (?, ?, '', '', '', 1)", [f"3702{n:02}", f"青岛市{EVIL}{n}区"])
        db.execute(
            "insert into reports select 'department', portal, '历城区财政局', 'department', year, title, url, digest,"
            " published, platform_date, index_number, first_seen, last_seen, due, 'unproven', 0, 1, 1, content_digest"
            " from reports where portal = '370112' and year = 2020"
        )
        db.execute("delete from indicator_values")
        for code in ("370112", "370115", "370116", "370305", "370406"):
            tables.work_out(sqlite_utils.Database(db), code)
    with serving(data) as site:
        yield site


def address(item: str, *portals: str, first: int = 2019, last: int = 2025) -> str:
    return f"/compare?item={item}&portals={','.join(portals)}&from={first}&to={last}"


def words(cell: Tag) -> str:
    """What is seen in Chinese."""
    copy = BeautifulSoup(str(cell), "lxml")
    for hidden in copy.select("[lang=en], .unseen"):
        hidden.decompose()
    return " ".join(copy.get_text(" ").split())


def compared(page: BeautifulSoup) -> dict[tuple[str, int], str]:
    table = page.select_one("table.compared")
    years = [int(th.text) for th in table.select("thead th")[1:]]
    return {
        (row.th.a.text, year): words(cell)
        for row in table.select("tbody tr")
        for year, cell in zip(years, row.select("td"), strict=True)
    }


def records(site: Site, path: str) -> dict[tuple[str, str], dict[str, str]]:
    text = site.get(path.replace("/compare?", "/compare.csv?")).text
    assert text.startswith("\ufeff")
    return {(row["portal"], row["year"]): row for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}


# --- comparing ------------------------------------------------------------------------------------------------------


def test_districts_are_compared_as_their_reports_print(site: Site) -> None:
    path = address(NEW, "370112", "370115", "370116", "370305", "370406")
    cells = compared(site.page(path))
    printed = {
        ("济南市历城区", 2020): "274",
        ("济南市济阳区", 2019): "62",
        ("济南市莱芜区", 2021): "234",
        ("淄博市临淄区", 2020): "107",
        ("枣庄市山亭区", 2020): "8",
    }
    assert {place: text for place, text in cells.items() if text.isdecimal()} == printed
    assert len(cells) == 5 * 7
    assert {text for place, text in cells.items() if place not in printed} == {"缺"}
    rows = records(site, path)
    assert len(rows) == 5 * 7
    assert {key: row["value"] for key, row in rows.items() if row["value"]} == {
        ("370112", "2020"): "274",
        ("370115", "2019"): "62",
        ("370116", "2021"): "234",
        ("370305", "2020"): "107",
        ("370406", "2020"): "8",
    }
    assert {row["state"] for row in rows.values() if not row["value"]} == {"missing"}


def test_a_figure_leads_to_its_proof_and_a_gap_is_told_in_words(site: Site) -> None:
    page = site.page(address(NEW, "370112", first=2020, last=2021))
    held, gap = page.select("table.compared td")
    assert held.a["href"] == f"/report/{site.report('370112')}/proof/{NEW}"
    assert gap.select_one(".state.missing").text == "缺期限后通读栏目未见"
    assert "期限后通读栏目未见" in page.select_one(".signs").text


def test_shares_come_with_their_counts_and_none_is_made_of_few_cases(site: Site) -> None:
    page = site.page(address("disclosure_rate", "370112", "370115", "370305", "370406"))
    cells = compared(page)
    assert cells["济南市历城区", 2020] == "49.8% 146/293"
    assert cells["淄博市临淄区", 2020] == "59.5% 66/111"
    assert cells["枣庄市山亭区", 2020] == "5/8 ※"
    assert cells["济南市济阳区", 2019] == "算不出"  # its total is blank
    assert "推算" in page.select_one(".worked-out").text
    care = page.select_one(".care").text
    for guard in ("不足 30 件", "从不排名", "部门和镇街的不在内", "空白不是 0"):
        assert guard in care
    rows = records(site, address("disclosure_rate", "370112", "370406", first=2020, last=2020))
    assert [(r["over"], r["under"], r["ranked"]) for r in rows.values()] == [
        ("146", "293", "1"),
        ("5", "8", "0"),
    ]


def test_a_blank_is_not_a_nought(planted: Site) -> None:
    path = address(NEW, "370112", "370115")
    cells = compared(planted.page(path))
    assert [cells["济南市历城区", year] for year in range(2019, 2026)] == ["200", "274", "缺", "310", "350", "□", "/"]
    assert [cells["济南市济阳区", y] for y in range(2019, 2024)] == ["62", "没有读到表", "待核", "0", "缺"]
    kinds = {key: (row["kind"], row["value"]) for key, row in records(planted, path).items()}
    assert kinds["370112", "2024"] == ("blank", "")
    assert kinds["370112", "2025"] == ("not_applicable", "")
    assert kinds["370115", "2022"] == ("number", "0")
    assert kinds["370115", "2020"] == ("unread", "")
    assert kinds["370115", "2021"] == ("unconfirmed", "")


def test_an_item_that_a_form_does_not_have_is_told_from_one_not_printed(planted: Site) -> None:
    cells = compared(planted.page(address("disclosure.procurement.amount", "370112")))
    assert cells["济南市历城区", 2020] == "156764.6451万元"
    assert cells["济南市历城区", 2022] == "格式无此项"
    cells = compared(planted.page(address("disclosure.rules.issued", "370112")))
    assert cells["济南市历城区", 2020] == "格式无此项"
    cells = compared(planted.page(address("requests.new_requests.commercial_enterprise", "370305", "370115")))
    assert "未印" not in cells.values()


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (NEW, ["印法相同"]),
        ("disclosure_rate", ["印法相同"]),
        ("other_rate", ["含义或组成随之不同"]),
        ("disclosure.penalty.decisions", ["含义或组成随之不同"]),
        ("reviews.reconsideration.corrected", ["印法相同", "行政复议前置"]),
        ("dispute_rate", ["印法相同", "行政复议前置"]),
    ],
)
def test_changes_of_form_and_law_are_told(planted: Site, item: str, told: list[str]) -> None:
    care = planted.page(address(item, "370112")).select_one(".care").text
    assert [guard for guard in ("印法相同", "含义或组成随之不同", "行政复议前置") if guard in care] == told
    care = planted.page(address(item, "370112", first=2021, last=2023)).select_one(".care").text
    assert not [guard for guard in ("印法相同", "含义或组成随之不同", "行政复议前置") if guard in care]


def test_the_form_sends_what_an_address_gives_again(site: Site) -> None:
    form = site.page("/compare").select_one("form.ask")
    assert (form["method"], form["action"]) == ("get", "/compare")
    labelled = {label["for"] for label in form.select("label[for]")}
    assert {field["id"] for field in form.select("select")} == labelled
    assert all(box.parent.name == "label" for box in form.select("input"))
    sent = site.get(f"/compare?item={NEW}&from=2021&to=2019&portals=370115&portals=370112")
    assert sent.status == 302
    assert sent.headers["location"] == address(NEW, "370112", "370115", first=2019, last=2021)
    page = site.page(sent.headers["location"])
    again = [str(a["href"]) for a in page.select(".links a")]
    assert sent.headers["location"] in again
    assert page.select_one("link[rel=canonical]")["href"] == sent.headers["location"]
    form = page.select_one("form.ask")
    assert [box["value"] for box in form.select("input[checked]")] == ["370112", "370115"]
    assert [option.get("value") or option.text for option in form.select("option[selected]")] == [NEW, "2019", "2021"]


def test_any_item_of_a_form_is_compared_and_others_are_not_found(site: Site) -> None:
    item = "requests.denied_state_secret.commercial_enterprise"
    page = site.page(address(item, "370112"))
    assert page.select_one("select#item option[selected]")["value"] == item
    for path in ("/compare?item=nothing", "/compare.csv?item=local.x", "/compare.svg?item=%27"):
        assert site.get(path).status == 404


@pytest.mark.parametrize(
    "asked",
    ["from=2&to=9999", "from=%C2%B2%C2%B2&to=", "from=99999999999999999999&to=-1", "portals=%27;--,,,&from=2019"],
)
def test_what_is_no_year_or_district_is_left_out(site: Site, asked: str) -> None:
    for path in ("/compare", "/compare.csv"):
        answer = site.get(f"{path}?portals=370112,000000,{'9' * 3000}&{asked}")
        assert answer.status in (200, 302)


def test_no_more_than_a_dozen_districts_at_once(planted: Site) -> None:
    codes = [f"3702{n:02}" for n in range(14)]
    page = planted.page(address(NEW, *codes))
    assert len(page.select("table.compared tbody tr")) == figures.MOST == 12
    assert "所选 14 个中只列前 12 个" in page.text
    assert "<script" not in planted.get(address(NEW, *codes)).text
    assert not page.select("[onerror]")


# --- pictures -------------------------------------------------------------------------------------------------------


def drawn(site: Site, path: str) -> tuple[list[str], int]:
    """The figures in a picture's data, and how many strokes there are."""
    answer = site.get(path.replace("/compare?", "/compare.svg?"))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline';")
    root = ElementTree.fromstring(answer.text)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "image", "use", "a", "foreignObject"}
    assert "http" not in answer.text.replace("http://www.w3.org/", "")
    values = [e.text or "" for e in root.iter() if e.get("class") == "value" and e.tag.endswith("desc")]
    lines = [e.get("d", "") for e in root.iter() if e.tag.endswith("path") and "line reactive" in e.get("class", "")]
    return values, sum(len(re.findall(r"[\d.]+", line)) // 2 - 1 for line in lines)


def test_a_picture_shows_every_figure_and_breaks_where_there_is_none(planted: Site) -> None:
    values, strokes = drawn(planted, address(NEW, "370112"))
    assert values == ["200", "274", "310", "350"]
    assert strokes == 2  # 2019–2020 and 2022–2023, none over the missing 2021
    page = planted.page(address(NEW, "370112", "370116"))
    assert page.img["alt"].startswith("折线图：本年新收政府信息公开申请数量")
    assert [words(li) for li in page.select(".lines li")] == ["① 济南市历城区", "② 济南市莱芜区"]


def test_no_stroke_joins_years_of_different_meaning(planted: Site) -> None:
    assert drawn(planted, address("disclosure_rate", "370112"))[1] == 1 + 3
    with_gap = drawn(planted, address("reconsideration_rate", "370112", first=2022))
    assert with_gap == (["0.851%"] * 4, 1 + 1)  # 2 of 235, as 莱芜 2021 prints; 2024 stands apart from 2023


def test_neither_few_cases_nor_mixed_units_are_drawn(site: Site) -> None:
    page = site.page(address("disclosure_rate", "370406", "370115"))
    assert not page.img
    assert site.get(address("disclosure_rate", "370406").replace("compare?", "compare.svg?")).status == 404
    page = site.page(address("disclosure.procurement.amount", "370112", "370305"))
    assert not page.img
    assert "所印单位不同（万元、亿元）" in page.text


def test_the_picture_comes_through_the_security_policy(planted: Site, browser: object) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(f"http://127.0.0.1:{planted.port}{address(NEW, '370112', '370116')}")
    colored = tab.evaluate("""async () => {
      const image = document.querySelector('.chart img'); await image.decode();
      const canvas = new OffscreenCanvas(560, 300).getContext('2d'); canvas.drawImage(image, 0, 0, 560, 300);
      const seen = canvas.getImageData(0, 0, 560, 300).data; let red = 0;
      for (let i = 0; i < seen.length; i += 4) red += seen[i] == 0x9e && seen[i + 1] == 0x2a && seen[i + 2] == 0x1f;
      return red;
    }""")
    assert colored > 200, "its own styles are applied"
    assert said == []
    tab.close()


# --- a district -----------------------------------------------------------------------------------------------------


def test_a_district_tells_of_each_year(planted: Site) -> None:
    page = planted.page("/portal/370406")
    rows = [[words(cell) for cell in tr.select("th, td")] for tr in page.select(".years-held tbody tr")]
    assert [row[:3] for row in rows[-4:]] == [
        ["2022", "?", "不明"],
        ["2021", "阻", "无法访问"],
        ["2020", "逾", "枣庄市山亭区人民政府"],  # planted: the state, beside a report that is there
        ["2019", "撤", "已撤下"],
    ]
    assert "按期" in rows[-2][5]
    late = page.find(id="late").find_next_sibling("ul").text
    assert "逾期：山亭 2020" in late
    assert "淄博市临淄区人民政府 2020" in planted.page("/portal/370305").find(id="late").find_next_sibling("ul").text
    assert "没有可以证明的逾期" in planted.page("/portal/370116").text


def test_a_district_shows_key_figures_with_tables_and_its_neighbours(planted: Site) -> None:
    page = planted.page("/portal/370112")
    first = page.select_one(".key")
    assert [words(td) for td in first.select("td")] == ["200", "274", "310", "350", "□", "/"]
    assert first.img["src"] == "/compare.svg?item=requests.new_requests.total&portals=370112&from=2019&to=2025"
    assert all(section.table for section in page.select(".key"))
    neighbours = page.select_one(".neighbours")
    assert [words(li) for li in neighbours.select("li")] == ["历城区", "济阳区", "莱芜区"]
    assert neighbours.select_one("[aria-current]").text == "历城区"
    links = {str(a["href"]) for a in page.select(".key .links a")}
    assert address("disclosure_rate", "370112", "370115", "370116") in links
    assert "历城区财政局" in page.select_one("details.others").text
    assert "历城区财政局" not in page.select_one(".years-held").text


def test_the_nearest_districts_are_compared_where_there_are_many(planted: Site) -> None:
    page = planted.page("/portal/370213")
    link = urlsplit(str(page.select_one(".key .links a")["href"]))
    assert parse_qs(link.query)["portals"] == [",".join(f"3702{n:02}" for n in range(2, 14))]


# --- home -----------------------------------------------------------------------------------------------------------


def test_home_has_a_cell_for_each_district_and_year(planted: Site) -> None:
    page = planted.page("/")
    signs = {"have": "有", "withdrawn": "撤", "overdue": "逾", "missing": "缺", "unreachable": "阻", "unknown": "?"}
    expected = {
        (row["portal"], row["year"]): (
            signs[str(row["state"])],
            f"/report/{row['report']}" if row["report"] else f"/portal/{row['portal']}",
        )
        for row in planted.rows("select * from coverage")
    }
    found = {}
    for table in page.select("table.grid"):
        years = [int(th.text) for th in table.select("thead th")]
        for row in table.select("tbody tr"):
            code = str(row.th.a["href"]).rpartition("/")[2]
            for year, cell in zip(years, row.select("td"), strict=True):
                if cell.a:
                    found[code, year] = (cell.a.text, cell.a["href"])
    assert found == expected
    assert set(signs.values()) == {text for text, _ in found.values()}
    assert [dt.text for dt in page.select(".signs dt")] == list(signs.values())
    assert words(page.select_one(".grid caption")) == "济南市 比较"


def test_home_is_short_for_a_whole_province(demo: Path, tmp_path: Path) -> None:
    data = _copy(demo, tmp_path)
    with closing(sqlite3.connect(data / "nianbao.db")) as db, db:
        for n in range(131):
            code = f"37{n // 9 + 7:02}{n % 9 + 1:02}"
            db.execute("insert into portals values (?, ?, '', '', '', 1)", [code, f"某{n // 9}市第{n % 9}区"])
            for year in range(2014, 2026):
                db.execute("insert into coverage values (?, ?, 'unknown', null)", [code, year])
    with serving(data) as site:
        answer = site.get("/")
    assert len(answer.page.select("table.grid tbody tr")) == 136
    assert len(answer.text) < 250_000


def test_home_leads_to_search_and_news_and_few_reports(planted: Site) -> None:
    page = planted.page("/")
    search = page.select_one("form[role=search]")
    assert (search["action"], search["method"]) == ("/search", "get")
    assert search.label["for"] == search.input["id"]
    assert search.input["name"] == "q"
    assert len(page.select("section[aria-labelledby=reports] li")) == 12 < len(planted.rows("select * from reports"))
    assert len(page.select("section[aria-labelledby=news] li")) == 6


def test_districts_stand_by_prefecture() -> None:
    names = {"370112": "济南市历城区", "222401": "延边朝鲜族自治州延吉市", "370102": "济南市历下区", "110101": "东城区"}
    found = places.prefectures({"code": code, "name": name} for code, name in names.items())
    assert [(one.name, [d["short"] for d in one.districts]) for one in found] == [
        ("1101", ["东城区"]),
        ("延边朝鲜族自治州", ["延吉市"]),
        ("济南市", ["历下区", "历城区"]),
    ]


# --- in a browser ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [pytest.param(1280, 900, marks=pytest.mark.exhaustive), (390, 844)])
def test_pages_fit_and_are_readable(planted: Site, browser: object, width: int, height: int) -> None:
    tab = browser.new_page(viewport={"width": width, "height": height})  # type: ignore[attr-defined]
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    every = address(NEW, "370112", "370115", "370116", "370305", "370406")
    for path in ("/", "/portal/370112", "/portal/370406", "/compare", every, address("disclosure_rate", "370112")):
        tab.goto(f"http://127.0.0.1:{planted.port}{path}")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        assert tab.evaluate(_LOW_CONTRAST) == [], path
        assert said == [], path
    tab.close()


def test_a_comparison_is_made_with_the_keyboard_alone(site: Site, browser: object) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 900})  # type: ignore[attr-defined]
    tab.goto(f"http://127.0.0.1:{site.port}/compare")
    tab.focus("select#item")
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.value") in ("370112", "370115"):
            tab.keyboard.press("Space")
        if tab.evaluate("document.activeElement.type") == "submit":
            break
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**{address(NEW, '370112', '370115')}")
    assert tab.locator("table.compared tbody tr").count() == 2
    tab.close()
