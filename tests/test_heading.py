"""Titles, years and periods as they are printed in the wild."""

import time

import pytest

from parsers.heading import breadcrumb, heading, title_of
from parsers.model import Document, Heading

NAMES = ("济南市历城区", "淄博市临淄区")


def of_text(*lines: str) -> Heading:
    return heading(Document("", b"", "text", "\n".join(lines)), lines, NAMES)


def of_page(head: str, *lines: str) -> Heading:
    return heading(Document("", b"", "html", f"<html><head>{head}</head><body></body></html>"), lines, NAMES)


@pytest.mark.parametrize(
    ("title", "issuer", "year"),
    [
        ("济南市历城区2020年政府信息公开年度报告", "济南市历城区", 2020),
        ("济南市济阳区人民政府2019年度政府信息公开工作年度报告", "济南市济阳区人民政府", 2019),
        ("枣庄市山亭区人民政府2020年信息公开工作年度报告", "枣庄市山亭区人民政府", 2020),
        ("济南市莱芜区2021年政府信息公开工作 年  度  报  告", "济南市莱芜区", 2021),
        ("平潭县2022年度政府信息公开工作年度报告", "平潭县", 2022),
        ("2018年 政府信息公开工作年度报告", "", 2018),
        ("伊宁县政府信息公开工作2023年度报告", "伊宁县", 2023),
        ("平潭县2013年信息公开年度报告", "平潭县", 2013),
        ("2016年政务信息公开年度报告", "", 2016),
        ("2020年政府信息公开工作的年度报告", "", 2020),
        ("2020年政府信息公开工作年报", "", 2020),
    ],
)
def test_title(title: str, issuer: str, year: int) -> None:
    found = title_of(title)
    assert found and found[1:] == (issuer, year)


@pytest.mark.parametrize(
    "printed",
    [
        "附件1：{}",
        "附件：{}",
        "附1：{}",
        "【附件】{}",
        "3、{}",
        "{}（图片版）",
        "{}（PDF版）",
        "{}(扫描件)",
        "{}.pdf",
        "{}.DOCX",
        "{}[附件]",
        "附件2.{}（盖章版）.pdf",
    ],
)
def test_what_a_list_puts_around_a_title_is_no_part_of_it(printed: str) -> None:
    title = "历城区2020年政府信息公开工作年度报告"
    assert title_of(printed.format(title)) == (title, "历城区", 2020)


def test_a_body_whose_name_begins_like_an_attachment() -> None:
    found = title_of("附属医院2020年政府信息公开工作年度报告")
    assert found and found[1] == "附属医院"


@pytest.mark.parametrize(
    ("html", "crumbs"),
    [
        ("<div>当前位置：<a>首页</a> &gt; <a>政务公开</a> &gt; 年报</div><p>正文</p>", ["首页", "政务公开", "年报"]),
        ("<p><span>您所在的位置:</span><a>首页</a>-<a>政务公开</a>-<b>年报</b></p>", ["首页", "政务公开", "年报"]),
        ('<div class="main-crumbs"><a>网站首页</a> / <a>年报</a></div>', ["网站首页", "年报"]),
        ("<ul><li>位置</li><li>首页</li><li>年报</li><li>列表</li></ul>", ["首页", "年报"]),
        ("<p>地理位置</p><p>历史</p>", []),
        ('<div style="position:relative"><a>年报</a><a>统计</a></div>', []),
        ("<p>位置", []),
    ],
)
def test_breadcrumbs(html: str, crumbs: list[str]) -> None:
    assert breadcrumb(html) == crumbs


@pytest.mark.parametrize(
    "title",
    [
        "文字解读：济南市历下区大明湖街道办事处2022年政府信息公开工作年度报告",
        "文字解读：关于2020年政府信息公开工作年度报告的解读",
        "关于2014年政府信息公开工作要点落实情况的函",
        "历城区2020年法治政府建设年度报告",
        "2020年国民经济和社会发展统计公报",
        "政府信息公开指南",
        "政府信息公开年报",
        "关于做好2020年政府信息公开工作年度报告编制的通知",
    ],
)
def test_decoy(title: str) -> None:
    assert title_of(title) is None


@pytest.mark.parametrize(
    ("title", "issuer", "scope"),
    [
        ("济南市历城区人民政府", "济南市历城区人民政府", "government"),
        ("历城区", "济南市历城区人民政府", "government"),
        ("临淄区人民政府", "淄博市临淄区人民政府", "government"),
        ("历城区教育局", "济南市历城区教育局", "department"),
        ("历城区人民政府办公室", "济南市历城区人民政府办公室", "department"),
        ("历城区唐王镇", "济南市历城区唐王镇人民政府", "town"),
        ("历城区山大路街道", "济南市历城区山大路街道办事处", "town"),
    ],
)
def test_issuer_and_scope(title: str, issuer: str, scope: str) -> None:
    found = of_text(f"{title}2020年政府信息公开工作年度报告")
    assert (found.issuer, found.scope) == (issuer, scope)


def test_title_over_several_lines() -> None:
    found = of_text("枣庄市山亭区人民政府", "2020年信息公开", "工作年度报告", "正文")
    assert (found.issuer, found.year) == ("枣庄市山亭区人民政府", 2020)


def test_without_title() -> None:
    period = "本报告所列数据的统计期限自2020年1月1日起至2020年12月31日止。"
    contact = "如有疑问，请与临淄区人民政府办公室联系（地址：临淄）。"
    assert of_text(period + contact) == Heading(None, "淄博市临淄区人民政府", 2020, "government", None)


@pytest.mark.parametrize("period", ["统计期限自202111日起至20211230日止", "统计期限自至。"])
def test_damaged_period_gives_no_year(period: str) -> None:
    assert of_text(period).year is None


def test_page_labels_go_first() -> None:
    head = """<meta name="ArticleTitle" content="历城区2020年政府信息公开工作年度报告">
        <meta name="PubDate" content="2021-01-29 10:00"><title>别的-历城区</title>"""
    found = of_page(head, "历城区2019年政府信息公开工作年度报告")
    assert (found.year, found.published) == (2020, "2021-01-29")


def test_date_under_the_signature() -> None:
    assert (
        of_text("历城区2020年政府信息公开工作年度报告", "2021年2月30日", "２０２１年２月３日").published == "2021-02-03"
    )


def test_long_lines_end() -> None:
    started = time.process_time()
    title_of("2020年" * 300_000)
    of_text("与" * 500_000 + "2020年1月1日至" * 100_000)
    of_page("<meta name=x content=y>" * 20_000)
    title_of("(图片版)" * 200_000 + "x")
    for piece in ("位置", "位置<", '<p class="crumb', 'class="crumb' + "x" * 50, "<a class='position'"):
        breadcrumb(piece * 200_000)
    assert time.process_time() - started < 8
