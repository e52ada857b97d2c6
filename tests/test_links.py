"""Which anchors lead on, and which only look as if they did."""

import time
from pathlib import Path

import pytest

from parsers.links import FOLLOWED, judge, links
from parsers.model import Document

PAGE = "http://www.licheng.gov.cn/gongkai/index.html"


def kinds(anchors: str, kind: str, url: str = PAGE) -> dict[str, str]:
    return {link.text: link.kind for link in links(Document(url, b"", "html", anchors), kind)}


@pytest.mark.parametrize(
    ("text", "on", "kind"),
    [
        ("政府信息公开", "home", "hub"),
        ("政务公开", "home", "hub"),
        ("法定主动公开", "home", None),
        ("政府信息公开年报", "hub", "column"),
        ("政府信息公开工作年度报告", "hub", "column"),
        ("法治政府建设年度报告", "hub", None),
        ("政府信息公开指南", "hub", None),
        ("财政预决算", "hub", None),
        ("2023年", "column", "column"),
        ("下一页", "column", "page"),
        ("样例区人民政府信息公开", "home", "hub"),
        ("部门信息公开年报", "hub", "column"),
        ("公共企事业单位信息公开年报", "hub", None),
        ("区政府", "column", "column"),
        ("镇(街道)", "column", "column"),
        ("2022年区直部门年报", "column", "column"),
        ("区政府", "hub", None),
        ("2019年及以前", "column", "column"),
        ("样例供水有限公司2022年年度报告", "column", None),
        ("历城区2020年法治政府建设年度报告", "column", None),
        ("图解：历城区2020年政府信息公开工作年度报告", "column", None),
        ("历城区2020年政府信息公开工作年度报告", "column", "report"),
        ("文字解读：历城区2020年政府信息公开工作年度报告", "column", None),
        ("2020年政府信息公开工作要点落实情况", "column", None),
        ("年报.docx", "report", "attachment"),
    ],
)
def test_kind_by_text(text: str, on: str, kind: str | None) -> None:
    assert kinds(f'<a href="a/b.html">{text}</a>', on).get(text) == kind


@pytest.mark.parametrize("text", ["附件1：{}", "{}（图片版）", "{}.pdf", "{}[附件]"])
def test_a_title_with_what_lists_put_around_it(text: str) -> None:
    title = text.format("历城区2020年政府信息公开工作年度报告")
    assert list(kinds(f'<a href="a.html">{title}</a>', "column").values()) == ["report"]


@pytest.mark.parametrize(
    "element",
    [
        """<li onclick="window.open('a.html')"><span>{}</span><i>2021-01-29</i></li>""",
        """<li onclick="window.open('a.html','_blank');"><a href="javascript:void(0)">{}</a></li>""",
        """<tr onclick='location.href = "a.html"'><td>{}</td></tr>""",
        """<a href="javascript:;" onclick="window.open(&quot;a.html&quot;)">{}</a>""",
        """<a href="#" onclick="window.location='a.html'">{}</a>""",
        """<a onclick="location.replace('a.html')">{}</a>""",
        """<a href="javascript:window.open('a.html')">{}</a>""",
        """<select><option value="a.html">{}</option></select>""",
    ],
)
def test_an_address_that_a_handler_or_a_chooser_has(element: str) -> None:
    page = f"<html><table>{element.format('历城区2020年政府信息公开工作年度报告')}</table></html>"
    found = links(Document(PAGE, b"", "html", page), "column")
    assert [(link.url, link.kind) for link in found] == [("http://www.licheng.gov.cn/gongkai/a.html", "report")]


@pytest.mark.parametrize(
    "element",
    [
        """<li onclick="window.open('/a/' + id)">{}</li>""",
        """<li onclick="show('a.html')">{}</li>""",
        """<li onclick="window.open(this.href)">{}</li>""",
        """<a ms-attr-href="el.url">{}</a>""",
        """<a :href="el.url">{}</a>""",
        """<a href="{{{{el.url}}}}">{}</a>""",
        """<a href="${{el.url}}">{}</a>""",
        """<option value="2020">{}</option>""",
        """<option>{}</option>""",
    ],
)
def test_an_address_that_only_a_script_knows(element: str) -> None:
    assert kinds(element.format("历城区2020年政府信息公开工作年度报告"), "column") == {}


def test_choosers_of_years_and_pages() -> None:
    options = """<option value="2023/">2023年</option><option value="./2022n/index.html">2022</option>
<option value="index_1.html">2</option><option value="?page=3">第3页</option><option value="http://other.cn/">友情链接</option>"""
    found = links(Document(PAGE, b"", "html", f"<select>{options}</select>"), "column")
    assert [(link.kind, link.url.rpartition("gongkai/")[2]) for link in found] == [
        ("column", "2023/"),
        ("column", "2022n/index.html"),
        ("page", "index_1.html"),
        ("page", "index.html?page=3"),
    ]


def test_title_completes_what_is_cut_short() -> None:
    title = "历城区2020年政府信息公开工作年度报告"
    assert kinds(f'<a href="a.html" title="{title}">历城区2020年政府…</a>', "column") == {title: "report"}


@pytest.mark.parametrize("text", ["{}2021-01-29", "[2021-01-29] {}", "·{}", "{}[2021年1月29日]"])
def test_a_date_beside_the_title_is_no_part_of_it(text: str) -> None:
    title = "历城区2020年政府信息公开工作年度报告"
    assert kinds(f'<a href="a.html">{text.format(title)}</a>', "column") == {title: "report"}


def test_addresses() -> None:
    page = Document(PAGE, b"", "html", '<a href="./t.html#x">年报</a><a href="/u.html">年度报告</a><a href=v>年报</a>')
    assert [link.url for link in links(page, "hub")] == [
        "http://www.licheng.gov.cn/gongkai/t.html",
        "http://www.licheng.gov.cn/u.html",
        "http://www.licheng.gov.cn/gongkai/v",
    ]


def test_base_moves_addresses() -> None:
    page = Document(PAGE, b"", "html", '<base href="http://x.gov.cn/y/"><a href="t.html">年报</a>')
    assert [link.url for link in links(page, "hub")] == ["http://x.gov.cn/y/t.html"]


@pytest.mark.parametrize(
    "href", ["javascript:next(2)", "mailto:a@b.cn", "#top", "http://[", "ftp://x/y.pdf", "", PAGE, "data:text/html,x"]
)
def test_no_address(href: str) -> None:
    assert kinds(f'<a href="{href}">年报</a>', "hub") == {}


@pytest.mark.parametrize(
    ("text", "href", "kind"),
    [
        ("2020年政府信息公开年报", "2020n/", "column"),
        ("2020年政府信息公开年报", "2020n_5959063/index.html", "column"),
        ("2020年政府信息公开年报", "2020.htm", "column"),
        ("2020年政府信息公开年报", "202101/t20210129_1234567.html", "report"),
        ("2020年政府信息公开年报", "4716233/index.html", "report"),
        ("2020年度", "202101/t20210129_1234567.html", "report"),
        ("2020年", "/other/202101/t20210129_1234567.html", None),
        ("2020年", "/other/", None),
        ("区政府", "/other/", None),
        ("", "/zwgk/zfxxgknb/", "column"),
        ("更多>>", "/zwgk/zfxxgkndbg/index.html", "column"),
        ("更多>>", "/zwgk/fzzfndbg/", None),
        ("要闻动态", "/zwgk/zfxxgknb/", None),
        ("2", "index_1.html", "page"),
        ("3", "3.html", "page"),
        ("2", "?page=2&kw=", "page"),
        ("尾页", "index_9.html", "page"),
        ("[2]", "page_2.html", "page"),
        ("5", "?date=2021-01-05", None),
        ("2020年", "ShowInfo.php?classid=174&id=7841", "report"),
        ("2020年政府信息公开年报", "/e/action/ShowInfo.php?classid=174&id=7841", "report"),
        ("2020年", "list.php?id=12", "column"),
        ("2", "?cid=1019&pid=971&page=2&kw=", None),
        ("2", "/other/index_1.html", None),
        ("9", "http://elsewhere.gov.cn/gongkai/index_8.html", None),
        ("999", "index_998.html", None),
        ("下一页", "?page=201", None),
    ],
)
def test_kind_by_address(text: str, href: str, kind: str | None) -> None:
    assert kinds(f'<a href="{href}">{text}</a>', "column").get(text) == kind


def test_pages_by_query() -> None:
    url = "http://x.gov.cn/InfoPublic.aspx?cid=1019&pid=971"
    pager = "".join(f'<a href="InfoPublic.aspx?cid={c}&pid=971&page={n}&kw=">{n}</a>' for c, n in ((1019, 2), (7, 3)))
    assert kinds(pager, "column", url) == {"2": "page"}


def test_pages_that_count_down_below_a_file() -> None:
    anchors = '<a href="zfxxgknb/2.htm">2</a><a href="zfxxgknb/1.htm">3</a>'
    assert kinds(anchors, "column", "http://x.gov.cn/zwgk/zfxxgknb.htm") == {"2": "page", "3": "page"}


@pytest.mark.parametrize(
    "page",
    [
        "<script>location.replace('./nb/')</script>",
        '<script>window.location.href = "nb/";</script>',
        "<script>window.location='nb/'</script>",
        '<meta http-equiv="Refresh" content="0; url=nb/">',
        "<META HTTP-EQUIV=refresh CONTENT=\"3;URL='nb/'\">",
        '<frameset><frame src="nb/"></frameset>',
        '<p>要闻</p><iframe src="/gongkai/nb/"></iframe>',
    ],
)
@pytest.mark.parametrize("kind", ["home", "hub", "column", "page"])
def test_what_a_page_sends_on_to_is_what_it_is(page: str, kind: str) -> None:
    found = links(Document(PAGE, b"", "html", f"<html>{page}</html>"), kind)
    assert [(link.url, link.kind) for link in found] == [("http://www.licheng.gov.cn/gongkai/nb/", kind)]
    assert found[0].sent == ("frame" if "frame" in page else "redirect")


@pytest.mark.parametrize(
    "page",
    [
        f"<script>function m() {{ location.href = '/m/'; }}</script><p>{'政务公开' * 60}</p>",
        "<script>location.href = '/search?q=' + word;</script>",
        '<iframe src="http://weather.example.com/"></iframe>',
        '<meta http-equiv="refresh" content="600">',
        '<meta http-equiv="refresh" content="0;url=/">',
    ],
)
def test_what_sends_nobody_on(page: str) -> None:
    assert links(Document(PAGE, b"", "html", f"<html>{page}</html>"), "column") == []


def test_a_report_goes_on_in_frames_and_pages() -> None:
    url = "http://x.gov.cn/nb/202101/t20210129_1.html"
    page = '<iframe src="P1.html"></iframe><a href="t20210129_1_1.html">2</a><a href="t20210128_7.html">下一页</a>'
    found = links(Document(url, b"", "html", page), "report")
    assert [(link.url.rpartition("/")[2], link.kind) for link in found] == [
        ("t20210129_1_1.html", "attachment"),
        ("P1.html", "attachment"),
    ]
    gone = '<meta http-equiv="refresh" content="0;url=../">'
    assert links(Document(url, b"", "html", gone), "report") == []


@pytest.mark.parametrize(
    "label",
    [
        '<meta name="ColumnType" content="信息公开年报">',
        '<meta name="ColumnName" content="政府信息公开年报">',
        '<div>当前位置：<a href="/">首页</a> &gt; <a href="../">政务公开</a> &gt; 政府信息公开年报</div>',
    ],
)
def test_a_hub_that_names_itself_the_column_is_one(label: str) -> None:
    title = "历城区2020年政府信息公开工作年度报告"
    page = f'{label}<a href="a.html">{title}</a>'
    found = links(Document(PAGE, b"", "html", page), "hub")
    assert [(link.url == PAGE, link.kind) for link in found] == [(True, "column"), (False, "report")]
    assert title not in kinds(page.replace("年报", "目录"), "hub")


REPORT = """<h1>历城区2020年政府信息公开工作年度报告</h1><p>一、总体情况</p><p>二、主动公开政府信息情况</p>
<p>五、存在的主要问题及改进情况</p>"""


def test_a_column_that_is_itself_a_report() -> None:
    """As /public/column/25772?type=3&action=detail is, or a single report behind 政府信息公开年报."""
    found = links(Document(PAGE, b"", "html", REPORT + '<a href="2019/">2019年</a>'), "column")
    assert [(link.kind, link.text) for link in found] == [
        ("report", "历城区2020年政府信息公开工作年度报告"),
        ("column", "2019年"),
    ]
    assert found[0].url == PAGE
    for cut in ("存在的主要问题", "政府信息公开工作"):
        assert [x.kind for x in links(Document(PAGE, b"", "html", REPORT.replace(cut, "")), "column")] == []


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ('<meta name="ColumnName" content="法治政府建设年度报告">', "ColumnName"),
        ('<meta name="ColumnName" content="统计年报">', "ColumnName"),
        ("<p>当前位置：<a>首页</a> > <a>统计信息</a> > 统计年报</p>", "the breadcrumb's end"),
        ("<title>法治政府建设年度报告_历城区人民政府</title>", "the title"),
        ('<meta name="ColumnName" content="公共企事业单位信息公开年报">', "ColumnName"),
    ],
)
def test_a_column_that_names_itself_something_else_is_none(label: str, why: str) -> None:
    page = Document(PAGE, b"", "html", f'{label}<a href="a.html">历城区2020年政府信息公开工作年度报告</a>')
    assert links(page, "column") == []
    (found,) = judge(page, "column").rejected
    assert found.url == PAGE and found.why.startswith(f"{why} names reports of another kind")
    own = page.text + '<meta name="ColumnType" content="信息公开年报">'
    assert len(links(Document(PAGE, b"", "html", own), "column")) == 1


@pytest.mark.parametrize(
    "label",
    [
        '<meta name="ColumnName" content="统计局年报">',
        '<meta name="ColumnName" content="null"><title>历城区人民政府</title>',
        '<meta name="ColumnType" content="区政务服务中心">',
    ],
)
def test_labels_that_say_nothing_reject_nothing(label: str) -> None:
    page = f'{label}<a href="a.html">历城区2020年政府信息公开工作年度报告</a>'
    assert list(kinds(page, "column").values()) == ["report"]


@pytest.mark.parametrize(
    ("text", "href", "on", "why"),
    [
        ("法治政府建设年度报告", "a/", "hub", "reports of another kind"),
        ("样例供水有限公司2022年年度报告", "a.html", "column", "or of other bodies"),
        ("图解：历城区2020年政府信息公开工作年度报告", "a.html", "column", "about something else: 图解"),
        ("历城区2020年政府信息公开工作年度报告", "a.html", "home", "from columns only"),
        ("2020年政府信息公开年报", "index_a.html?x=1", "hub", None),
        ("2020年年报", "/other/202101/t20210129_1234567.html", "column", "does not lie in this column"),
        ("历城区人民政府办公室关于政府信息公开工作的年度报告", "a.html", "hub", "no year"),
        ("历城区公布2020年度报告情况", "a.html", "column", "not the words of a report's title"),
        ("依申请公开", "a.html", "hub", None),
        ("政府信息公开年报", "a.html", "hub", None),
    ],
)
def test_what_looks_like_one_is_rejected_for_a_reason(text: str, href: str, on: str, why: str | None) -> None:
    found = judge(Document(PAGE, b"", "html", f'<a href="{href}">{text}</a>'), on).rejected
    assert [(r.text.replace(":", "："), why in r.why) for r in found if why] == ([(text, True)] if why else [])
    assert len(found) == bool(why)


def test_only_the_first_are_kept_of_what_is_rejected() -> None:
    many = "".join(f'<a href="{n}.html">法治政府建设年度报告{n}</a>' for n in range(50))
    kept = {kind: judge(Document(PAGE, b"", "html", many), kind).rejected for kind in ("hub", "page", "report")}
    assert {kind: len(found) for kind, found in kept.items()} == {"hub": 20, "page": 0, "report": 0}


def test_every_link_has_its_reason() -> None:
    page = Document(PAGE, b"", "html", '<a href="t.html">年报</a><a href="2020/">2020年</a>')
    assert [(link.text, reason) for link, reason in judge(page, "hub").taken] == [
        ("年报", "its text is the name of the column"),
        ("2020年", "its text is a year, and it leads to a list"),
    ]


def test_a_real_column_with_a_pager_written_by_script() -> None:
    """A saved page of 恩格贝示范区 (TRS), with what its script wrote, and as its server sent it."""
    url = "http://egb.ordos.gov.cn/xxgk/xxgknb/"
    written = (Path(__file__).parent / "pages" / "egb_xxgknb.html").read_text("utf-8")
    sent = written.replace(
        written[written.index("</script>共计&nbsp;") : written.index('<input type="text" id="itemNum"')], "</script>"
    )
    assert '<a href="index_1.html">' in written and '<a href="index_1.html">' not in sent
    for page in (written, sent):
        found = links(Document(url, b"", "html", page), "column")
        assert [link.url.removeprefix(url) for link in found if link.kind == "page"] == ["index_1.html"]
        assert [(link.url.removeprefix(url), link.text) for link in found if link.kind == "report"] == [
            ("202009/t20200903_2748784.html", "鄂尔多斯市2019年政府信息公开工作年度报告"),
            ("202003/t20200311_2593126.html", "鄂尔多斯市人民政府办公室2019年政府信息公开工作年度报告"),
            ("201905/t20190530_2380968.html", "鄂尔多斯市2018年政府信息公开年度报告"),
            ("201905/t20190530_2380967.html", "内蒙古自治区2018年政府信息公开工作年度报告"),
        ]


def test_attachments_by_address_or_name() -> None:
    anchors = '<a href="/f/1.PDF">下载</a><a href="/down?id=2">附件：年报.doc</a><a href="/3.html">返回</a>'
    assert kinds(anchors, "report") == {"下载": "attachment", "附件:年报.doc": "attachment"}


def test_an_attachment_leads_nowhere() -> None:
    assert FOLLOWED["attachment"] == ()
    assert kinds('<a href="a.pdf">年报.pdf</a>', "attachment") == {}


@pytest.mark.parametrize(
    "anchor",
    [
        '<a href="x{}.html">年报</a>',
        '<a href="x{}.html">年报',
        '<div><a href="x{}">',
        "<p onclick=\"window.open('x{}.html')\">年报",
        "<p onclick=\"window.open('",
        "<option value=x{}.html>年报",
        "当前位置：<a>首页</a>",
        "<p>2020年政府信息公开年报</p>总体情况统计期限收费及减免",
    ],
)
def test_large_pages_end(anchor: str) -> None:
    started = time.process_time()
    kinds("".join(anchor.format(n) for n in range(20_000)), "column")
    assert time.process_time() - started < 8
