"""Why an address is a column of annual reports, and how sure that is."""

import pytest

from parsers.document import identify
from parsers.evidence import Score
from parsers.links import links, score
from parsers.model import Document, Link
from sample_portals import FAMILIES
from sample_portals.server import page

URL = "http://www.example.gov.cn/zwgk/zfxxgknb/"
NAMED = "its text is the name of the column"
REPORTS = "".join(f'<a href="{y}.html">历城区{y}年政府信息公开工作年度报告</a>' for y in (2019, 2020, 2021))


def scored(text: str, html: str, url: str = URL, reason: str = NAMED, sent: str = "") -> Score:
    return score(Link(url, text, "column", sent=sent), reason, [Document(url, b"", "html", html)])


def test_each_evidence_has_its_points() -> None:
    head = '<meta name="ColumnName" content="政府信息公开年报"><meta name="ColumnType" content="信息公开年报">'
    place = "<div>当前位置：首页 &gt; 政务公开 &gt; 政府信息公开年报</div>"
    found = scored("政府信息公开年报", REPORTS)
    assert found == Score(
        55,
        f"{NAMED}: 政府信息公开年报, the standard's name (+30); its address says zfxxgknb (+10); "
        "reports that it lists: 3 (+15)",
        "",
    )
    better = scored("政府信息公开年报", head + place + REPORTS)
    assert better.points == 100
    for said in ("ColumnType is 信息公开年报 (+30)", "ColumnName is 政府信息公开年报 (+20)", "the breadcrumb's end is"):
        assert said in better.why


@pytest.mark.parametrize(
    ("text", "reason", "points"),
    [
        ("政府信息公开工作年度报告", NAMED, 30),
        ("部门信息公开年报", NAMED, 25),
        ("年报", NAMED, 10),
        ("2020年", "its text is a year, and it leads to a list", 5),
        ("", "registry", 40),
    ],
)
def test_the_full_name_says_more_than_a_bare_one(text: str, reason: str, points: int) -> None:
    assert scored(text, "", "http://www.example.gov.cn/a/", reason).points == points


@pytest.mark.parametrize("query", ["?open=zfxxgknb", "zfxxgkndbg/index.html", "bmxxgknb.htm"])
def test_the_address_speaks_in_folder_file_or_query(query: str) -> None:
    assert scored("年报", "", "http://www.example.gov.cn/a/" + query).points == 20


def test_the_platform_is_told() -> None:
    pager = '<script>createPageHTML(3, 0, "index", "html")</script>'
    assert scored("年报", REPORTS + pager).platform == "trs"
    assert scored("年报", REPORTS).platform == ""


@pytest.mark.parametrize(
    ("html", "sent", "none"),
    [
        ("<script>location.replace('./nb/')</script>", "", "it only sends its reader on"),
        ("<iframe src='list.html'></iframe>", "", "it only sends its reader on"),
        ("<iframe src='counter.html'></iframe>" + REPORTS, "", ""),
        ("<p>访问量</p>", "frame", "a frame without a list"),
        (REPORTS, "frame", ""),
        ("<p>列表加载中</p>", "", ""),
        ('<meta name="ColumnName" content="统计年报">', "", "ColumnName names reports of another kind: 统计年报"),
        ("<h1>历城区2020年政府信息公开年报</h1>总体情况，统计期限，存在的主要问题", "", "it is a report itself"),
    ],
)
def test_what_counts_as_no_column(html: str, sent: str, none: str) -> None:
    assert scored("政府信息公开年报", f"<html>{html}</html>", sent=sent).none == none


def test_only_the_page_with_the_list_is_a_column() -> None:
    """A column behind a shell, and one whose list is in a frame: the sample portals have both."""
    for slug, columns in (("query", 1), ("chooser", 5), ("hanwebyears", 4)):
        family = next(f for f in FAMILIES if f.slug == slug)
        todo, seen, found = [Link(family.home, "", "home")], set(), []
        while todo:
            link = todo.pop(0)
            if (link.url, link.kind) in seen or link.kind in ("report", "attachment"):
                continue
            seen.add((link.url, link.kind))
            document = identify(page(link.url, link.body.encode()).body, link.url)
            todo += links(document, link.kind)
            if link.kind == "column":
                found.append(score(link, NAMED, [document]))
        assert len([one for one in found if not one.none]) == columns, slug
