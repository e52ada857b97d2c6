"""Titles, years and periods as they are printed in the wild."""

import time

import pytest

from parsers.heading import Said, breadcrumb, disagreements, heading, said, said_in_list, settle, title_of
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


def of(head: str = "", body: str = "", *lines: str, names: tuple[str, ...] = NAMES[:1]) -> Heading:
    return heading(Document("", b"", "html", f"<html><head>{head}</head><body>{body}</body></html>"), lines, names)


TITLELESS = '<meta name="ArticleTitle" content="2023年政府信息公开工作年度报告">'
TITLED = '<meta name="ArticleTitle" content="历城区2020年政府信息公开工作年度报告">'


@pytest.mark.parametrize(
    ("body", "issuer", "scope"),
    [
        ("<p>发布时间：2024-01-20 来源：历城区教育局 浏览次数：7</p>", "济南市历城区教育局", "department"),
        ("<p>信息来源：区教育局 【字体：大 中 小】</p>", "济南市历城区教育局", "department"),
        ("<tr><td>发布机构</td><td>教育和体育局</td><td>文号</td></tr>", "济南市历城区教育和体育局", "department"),
        (
            "<tr><th>发布机构：</th><td>唐王镇</td></tr><p>来源：大数据局</p>",
            "济南市历城区唐王镇人民政府",
            "town",
        ),
        ("<p>来源：历城区人民政府</p>", "济南市历城区人民政府", "government"),
        ("<p>来源：历城区</p>", "济南市历城区人民政府", "government"),
        ("<p>来源：历城区政府</p>", "济南市历城区人民政府", "government"),
        ("<p>来源：区政府办</p>", "济南市历城区人民政府", "government"),
        ("<p>来源：市场监督管理局</p>", "济南市历城区市场监督管理局", "department"),
        ("<p>来源：济南市生态环境局历城分局</p>", "济南市生态环境局历城分局", "department"),
        ("<p>来源：历城区融媒体中心</p>", None, None),
        ("<p>来源：本站</p><p>数据来源：统计局</p>", None, None),
        (
            "<div>当前位置：<a>首页</a> &gt; <a>镇街</a> &gt; <a>白云街</a> &gt; 年报</div>",
            "济南市历城区白云街道办事处",
            "town",
        ),
        (
            "<div>位置：<a>首页</a>&gt;<a>区政府部门</a>&gt;<a>区教育局</a>&gt;年报</div>",
            "济南市历城区教育局",
            "department",
        ),
        ("<div>位置：<a>首页</a>&gt;<a>各镇人民政府</a>&gt;<a>部门</a>&gt;年报</div>", None, None),
        (
            "<div>位置：<a>首页</a>&gt;<a>区政府办公室</a>&gt;年报</div><p>来源：区政府办公室</p>",
            "济南市历城区人民政府办公室",
            "department",
        ),
        (
            "<div>位置：<a>首页</a>&gt;<a>区民政局</a>&gt;年报</div><p>来源：历城区人民政府办公室</p>",
            "济南市历城区民政局",
            "department",
        ),
        ("<!-- 来源：区教育局 --><script>var s = '来源：区教育局';</script><style>来源：区教育局</style>", None, None),
    ],
)
def test_where_the_title_names_no_body_the_page_does(body: str, issuer: str | None, scope: str | None) -> None:
    found = of(TITLELESS, body)
    assert (found.issuer, found.scope, found.year) == (issuer, scope, 2023)


def test_the_tag_of_the_source_and_a_title_that_names_its_body() -> None:
    tag = '<meta name="ContentSource" content="历城区水务局">'
    assert of(TITLELESS + tag).issuer == "济南市历城区水务局"
    assert of(TITLED + tag, "<p>来源：区教育局</p>").issuer == "济南市历城区人民政府"


def test_bodies_are_not_completed_where_the_district_is_not_known() -> None:
    assert of(TITLELESS, "<p>来源：区教育局</p>", names=NAMES).issuer == "区教育局"
    assert of(TITLELESS, "<p>来源：区政府办公室</p>", names=NAMES).issuer is None


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (
            "<td>索 引 号：</td><td>11370112004203737J-A/2023-5428591</td><td>公开方式</td>",
            "11370112004203737J-A/2023-5428591",
        ),
        ("<p>来源：历城区　索引号：1137/2021-012818　浏览次数：12</p>", "1137/2021-012818"),
        ("<li><b>索引号</b><span>榕政综〔2021〕5号</span></li>", "榕政综〔2021〕5号"),
        ("<tr><th>索引号</th><th>名称</th></tr><p>信息索引号：000014349/2021-00012</p>", "000014349/2021-00012"),
        ("<td>索引号：</td><td>/2021-None</td>", None),
        ("<td>索引号：</td><td>1137030500421918/2022-None</td>", None),
        ("<td>索引号：</td><td>无</td><td>文号：</td><td>无文号</td>", None),
        ("<td>索引号：</td><td>&nbsp;</td><td>发布日期：</td><td>2021-01-29</td>", None),
        ("<p>索引号：</p><p>正文</p>", None),
    ],
)
def test_index_number(body: str, number: str | None) -> None:
    assert of(TITLED, body).index_number == number


def test_the_date_that_a_reader_sees_goes_first() -> None:
    tag = '<meta name="PubDate" content="2021-02-01 09:00">'
    assert (
        of(tag, "<td>成文日期：</td><td>2021-01-20</td><td>发布日期：</td><td>2021年1月29日</td>").published
        == "2021-01-29"
    )
    assert of(tag, "<td>成文日期：</td><td>2021-01-20</td>").published == "2021-02-01"
    assert of("", "<td>成文日期：</td><td>2021-01-20</td>").published == "2021-01-20"


def findings(*documents: Said, listed: str = "") -> list[tuple[str, str]]:
    found = disagreements(documents, said_in_list(listed, NAMES[:1]) if listed else None)
    return [(f.check, f.level) for f in found]


def page(head: str = TITLED, body: str = "", *lines: str) -> Said:
    return said(Document("", b"", "html", f"<html><head>{head}</head><body>{body}</body></html>"), lines, NAMES[:1])


def file(*lines: str) -> Said:
    return said(Document("", b"", "text"), lines, NAMES[:1])


@pytest.mark.parametrize(
    "period",
    [
        "统计期限自2020年1月1日起至2020年12月31日止",
        "统计期限从2020年1月1日到12月31日止",
        "统计期限自202111日起至20211230日止",
        "统计期限从202111日到1231日止",
        "统计期限为20241月1日",
        "统计期限自2020年1月1日起至202020年12月31日止",
        "统计期限自至。",
        "2019年1月1日至2019年12月31日共收到10件",
        "统计期限自2019年1月1日至2019年12月31日、2020年1月1日至2020年12月31日，数据自2020年1月1日至2020年12月31日",
    ],
)
def test_no_alarm_about_the_year(period: str) -> None:
    assert findings(page(TITLED, "", period), listed="济南市历城区2020年政府信息公开年报") == []


def test_years_that_disagree() -> None:
    (found,) = disagreements([page(TITLED, "", "统计期限自2019年1月1日起至2019年12月31日止")])
    assert (found.check, found.level) == ("heading_year", "warning")
    assert "标题 2020，统计期限 2019；取 2020 / " in found.message
    assert findings(page(), file("历城区2021年政府信息公开工作年度报告")) == [("heading_year", "warning")]
    assert findings(page(), listed="历城区2019年政府信息公开工作年度报告") == [("heading_year", "warning")]


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ("济南市历城区人民政府", None),
        ("", None),
        ("历城区教育局", "warning"),
        ("历城区唐王镇", "warning"),
        ("济南市", "warning"),
        ("济南历城区", None),
        ("历城区人民政府办公室", "info"),
    ],
)
def test_issuers_that_disagree(other: str, level: str | None) -> None:
    title = f"{other}2020年政府信息公开工作年度报告"
    want = [("heading_issuer", level)] if level else []
    assert findings(page(), file(title)) == findings(page(), listed=title) == want


def test_a_name_shortened_is_the_same_body() -> None:
    titles = [f"历城区{name}2020年政府信息公开工作年度报告" for name in ("教育和体育局", "教体局")]
    assert findings(file(titles[0]), listed=titles[1]) == []


def test_a_source_that_is_not_the_issuer_is_only_noted() -> None:
    assert findings(page(TITLED, "<p>来源：区政府办公室</p>")) == []
    assert findings(page(TITLED, "<p>来源：区大数据局</p>")) == [("heading_issuer", "info")]
    assert findings(page(TITLELESS, "<p>来源：区大数据局</p>")) == []


def test_dates_that_disagree() -> None:
    tag = '<meta name="PubDate" content="2021-02-01">'
    assert findings(page(TITLED + tag, "<p>发布日期：2021-01-29 10:00</p>")) == [("heading_date", "info")]
    assert findings(page(TITLED + tag, "<p>发布日期：2021-02-01 10:00</p>")) == []


def test_an_attachment_or_the_list_names_the_body_that_the_page_leaves_out() -> None:
    bare = page(TITLELESS, "<p>来源：区大数据局</p>")
    title = "历城区教育局2023年政府信息公开工作年度报告"
    assert settle([bare, file(title)]).issuer == "济南市历城区教育局"
    assert settle([bare], said_in_list(title, NAMES)).issuer == "济南市历城区教育局"
    assert settle([], said_in_list("年报", NAMES)) == Heading("年报")


def test_long_lines_end() -> None:
    started = time.process_time()
    title_of("2020年" * 300_000)
    of_text("与" * 500_000 + "2020年1月1日至" * 100_000)
    of_page("<meta name=x content=y>" * 20_000)
    title_of("(图片版)" * 200_000 + "x")
    for piece in ("位置", "位置<", '<p class="crumb', 'class="crumb' + "x" * 50, "<a class='position'"):
        breadcrumb(piece * 200_000)
    for piece in (
        "<!--",
        "<script ",
        "<style",
        "来源：",
        "来源\n",
        "索引号",
        "发布日期：",
        "<",
        "&",
        "街道政府",
        "公室、",
    ):
        of("", piece * 100_000)
        file(piece * 100_000)
    file("统计期限数据" * 300_000 + "2020年1月1日")
    assert time.process_time() - started < 8
