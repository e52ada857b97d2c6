"""Every way to keep a list, walked from home by the links alone: all reports that were planted, and nothing else."""

from collections import Counter

import pytest

from parsers import platforms
from parsers.document import identify
from parsers.links import links
from parsers.model import Link
from sample_portals import EXPECTED, FAMILIES
from sample_portals.families import Family
from sample_portals.server import page
from sample_portals.sites import SITES, Site

WALKED = [family for family in FAMILIES if family.slug != "gongkai"]


def walk(home: str) -> list[Link]:
    """Every link from `home` on, as the build goes: each address, with each form, once as each kind of page."""
    todo, seen, walked = [Link(home, "", "home")], set(), []
    while todo:
        link = todo.pop(0)
        if (link.url, link.body, link.kind) in seen:
            continue
        seen.add((link.url, link.body, link.kind))
        walked.append(link)
        url, reply = link.url, page(link.url, link.body.encode())
        while reply.status in (301, 302):
            url = url.rstrip("/") + str(reply.header("Location"))
            reply = page(url)
        assert reply.status == 200, link
        document = identify(reply.body, url, str(reply.header("Content-Type")))
        todo += links(document, link.kind)
    return walked


@pytest.mark.parametrize("family", WALKED, ids=lambda family: family.slug)
def test_all_reports_and_nothing_else(family: Family) -> None:
    walked = walk(family.home)
    reports = Counter(link.url for link in walked if link.kind == "report")
    assert set(reports) == EXPECTED[family.code]
    assert len(reports) == 7 and max(reports.values()) == 1
    files = {link.url for link in walked if link.kind == "attachment"}
    assert files == {f"http://{family.host}{path}" for path in family.files}
    assert any(link.kind == "column" for link in walked)


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.slug)
def test_the_five_districts_from_home_alone(site: Site) -> None:
    walked = walk(f"http://{site.host}/")
    article = site.column(site.annual_key).articles[0]
    assert [link.url for link in walked if link.kind == "report"] == [f"http://{site.host}{article.path}"]
    files = [f"http://{site.host}{article.attachment}"] if article.attachment else []
    assert [link.url for link in walked if link.kind == "attachment"] == files
    assert f"http://{site.host}{site.columns['annual']}{site.annual_query}" in {
        x.url for x in walked if x.kind == "column"
    }


def test_a_list_that_only_a_browser_has() -> None:
    family = next(family for family in FAMILIES if family.slug == "gongkai")
    walked = walk(family.home)
    assert [link.text for link in walked if link.kind == "column"] == ["政府信息公开年报"]
    assert [link for link in walked if link.kind in ("report", "page")] == []


# --- small cases ------------------------------------------------------------------------------------------------------

PAGE = "http://www.example.gov.cn/zwgk/zfxxgknb/"
TITLE = "历城区2020年政府信息公开工作年度报告"


def found(text: str, kind: str = "column", url: str = PAGE) -> list[tuple[str, str]]:
    """(kind, address within the page's folder) of each link."""
    return [(link.kind, link.url.removeprefix(PAGE)) for link in links(identify(text.encode(), url), kind)]


@pytest.mark.parametrize(
    ("script", "url", "files"),
    [
        ('createPageHTML(3, 0, "index", "html");', PAGE, ["index_1.html", "index_2.html"]),
        ("createPageHTML(3,0,'index_bm','shtml')", PAGE + "index_bm.shtml", ["index_bm_1.shtml", "index_bm_2.shtml"]),
        ('createPageHTML(47, 3, 0, "index", "htm", 20)', PAGE, ["index_1.htm", "index_2.htm"]),
        ("createPageHTML('page_div',2, 0,'index','html',25);", PAGE, ["index_1.html"]),
        ('createPageHTML(3, 1, "index", "html");', PAGE + "index_1.html", []),
        ('createPageHTML(3, 1, "index", "shtml");', PAGE, ["index_2.shtml", "index_3.shtml"]),
        ("function createPageHTML(_nPageCount, _nCurrIndex, _sName, _sExt) {}", PAGE, []),
        ('createPageHTML(1, 0, "index", "html");', PAGE, []),
        (
            'var currentPage = 0;//从0开始\nvar countPage = 3//共多少页\n"index"+"_"+i+"."+"htm"',
            PAGE,
            ["index_1.htm", "index_2.htm"],
        ),
        ("var countPage = 2", PAGE + "index_bm.shtml", ["index_bm_1.shtml"]),
    ],
)
def test_trs_pagers(script: str, url: str, files: list[str]) -> None:
    assert found(f"<html><script>{script}</script></html>", url=url) == [("page", file) for file in files]


def test_a_count_without_end_is_cut() -> None:
    assert len(found('<html><script>createPageHTML(999999999, 0, "index", "html")</script></html>')) == 199
    calls = "".join(f"<a href='javascript:next({n})'>{n}</a>" for n in range(2000))
    assert len(found(f"<html>{calls}<script>currentPage</script></html>")) == 199
    assert len(found('{"total": 99999999, "articles": [{"title": "x", "url": "/y"}]}', url=PAGE + "?page=1")) == 199


def test_trs_search_asks_by_form() -> None:
    script = "url: '/fjdzapp/search', channelid: '200210', classsql: \"chnlid=1813\", prepage: 10, recordCount: '20'"
    asked = links(identify(f"<html><script>{script}</script></html>".encode(), PAGE), "column")
    assert {link.url for link in asked} == {"http://www.example.gov.cn/fjdzapp/search"}
    assert [link.body for link in asked] == [
        "channelid=200210&classsql=chnlid%3D1813&prepage=10&page=1",
        "channelid=200210&classsql=chnlid%3D1813&prepage=10&page=2",
    ]


def test_json_lists() -> None:
    report = f'{{"doctitle": "<em>{TITLE}</em>", "docpuburl": "./a.htm"}}'
    graphic = f'{{"doctitle": "图解：{TITLE}", "docpuburl": "b.htm"}}'
    rows = f"[{report}, {graphic}]"
    assert found(f'{{"data": {rows}, "pageCount": 2}}', "page") == [("report", "a.htm")]
    assert found("{" + '"a":[' * 100_000, "page") == []


def test_hanweb_records_are_html_in_xml_in_a_script() -> None:
    group = '<nextgroup><![CDATA[<a href="/module/web/jpage/dataproxy.jsp?page=1&unitid=5"></a>]]></nextgroup>'
    record = f"<record><![CDATA[<li><a href='/art/2021/1/2/art_1_2.html' title='{TITLE}'>历城区2020年…</a>]]></record>"
    host = "http://www.example.gov.cn"
    expected = [
        ("report", f"{host}/art/2021/1/2/art_1_2.html"),
        ("page", f"{host}/module/web/jpage/dataproxy.jsp?page=1&unitid=5"),
    ]
    assert found(f'<html><script type="text/xml"><datastore>{group}{record}</datastore></script></html>') == expected
    assert found(f'<?xml version="1.0"?><datastore>{group}{record}</datastore>', "page") == expected


def test_hanweb_groups_by_number() -> None:
    script = 'totalRecord: 100, perpage: 15, "columnid":77, "unitid":"5", proxyUrl: "/module/web/jpage/dataproxy.jsp"'
    asked = links(identify(f"<html><script>{script}</script></html>".encode(), PAGE), "column")
    assert [link.url.partition("?")[2] for link in asked] == [
        "startrecord=1&endrecord=45&perpage=15",
        "startrecord=46&endrecord=90&perpage=15",
        "startrecord=91&endrecord=135&perpage=15",
    ]
    assert {link.body for link in asked} == {"columnid=77&unitid=5"}


def test_lonsun_label_by_address_or_by_object() -> None:
    address = "/zwgk/site/label/8888?labelName=publicInfoList&amp;organId=5&amp;pageIndex=3&amp;type=3"
    expected = "http://www.example.gov.cn/zwgk/site/label/8888?labelName=publicInfoList&organId=5&pageIndex=1&type=3"
    assert found(f"<html><div data-url='{address}'></div></html>") == [("page", expected)]
    call = "{url: '/zwgk/site/label/8888', data: {labelName:'publicInfoList', organId: 5, pageIndex: '3', type: \"3\"}}"
    assert found(f"<html><script>{call}</script></html>") == [("page", expected)]


def test_hanweb_years_without_report_are_none() -> None:
    asked = "http://x.gov.cn/module/xxgk/xxgkAnnualReport.jsp?area=11370112"
    chooser = "<select><option value='2021'>2021年</option><option value='2020'>2020年</option></select>"
    choice = links(identify(f"<html>{chooser}</html>".encode(), asked), "column")
    assert [(link.url, link.kind) for link in choice] == [(f"{asked}&fbtime={y}", "column") for y in (2021, 2020)]
    parts = "<p>一、总体情况</p><p>二、主动公开政府信息情况</p><p>五、存在的主要问题</p>"
    report = f"<html>{chooser}<h1>{TITLE}</h1>{parts}</html>".encode()
    assert links(identify(report, f"{asked}&fbtime=2020"), "column")[0] == Link(f"{asked}&fbtime=2020", TITLE, "report")
    # what the platform shows for a year without report: nothing, or the report of another year
    for shown in (report, f"<html>{chooser}<h1>历城区2021年政府信息公开年报</h1>暂无数据</html>".encode()):
        assert links(identify(shown, f"{asked}&fbtime=2021"), "column") == []
    carried = f"<html><h1>{TITLE}</h1><a href='/u/1.pdf'>年报下载</a></html>".encode()
    assert [x.kind for x in links(identify(carried, f"{asked}&fbtime=2020"), "column")] == ["report"]


def test_empire_pages_count_from_0() -> None:
    pager = """<a href="/e/action/ListInfo/?classid=174&page=0">1</a>
<a href="/e/action/ListInfo/?classid=174&page=1">2</a>
<a href="/e/action/ListInfo.php?page=2&classid=174&line=25">尾页</a><a href="/e/action/ListInfo/?classid=9">统计</a>"""
    host = "http://www.example.gov.cn/e/action/ListInfo"
    pages = [("page", f"{host}/?classid=174&page=1"), ("page", f"{host}.php?page=2&classid=174&line=25")]
    assert found(f"<html>{pager}</html>") == pages
    assert found(f"<html>{pager}</html>", "page", f"{host}/?classid=9&page=1") == []


def test_files_that_a_script_names() -> None:
    script = """var apps = [{"url":".\\/P1.pdf","name":"全真版"}, {"url": "/f/P2.doc"}]; var apps1 = ['P3.DOCX', "P1"];
var icon = ["logo.zip"]; var apps2 = []; var appsecret = ["P4.pdf"];"""
    page = f"<html><script>{script}</script><a ms-attr-href='el.url'>全真版</a></html>"
    assert found(page, "report") == [
        ("attachment", "P1.pdf"),
        ("attachment", "http://www.example.gov.cn/f/P2.doc"),
        ("attachment", "P3.DOCX"),
    ]
    assert found(page, "column") == []
    assert found("<html>" + "apps=[" * 100_000 + "'" + "x" * 1_000_000, "report") == []


def test_lonsun_columns_by_either_action() -> None:
    anchors = "".join(
        f"<a href='/public/column/{n}?type={t}&{rest}'>x</a>"
        for n, t, rest in (
            (1, 3, "action=detail&nav=3"),
            (2, 3, "action=list"),
            (3, 4, "action=list"),
        )
    )
    assert [url.partition("column/")[2] for _, url in found(f"<html>{anchors}</html>", "hub")] == [
        "1?type=3&action=detail&nav=3",
        "2?type=3&action=list",
    ]


def test_links_tell_the_platform_that_gave_them() -> None:
    page = f'<html><a href="a.html">{TITLE}</a><script>createPageHTML(2, 0, "index", "html")</script></html>'
    assert [(x.kind, x.platform) for x in links(identify(page.encode(), PAGE), "column")] == [
        ("page", "trs"),
        ("report", ""),
    ]


@pytest.mark.parametrize(
    ("url", "family"),
    [
        ("http://x.gov.cn/nb/202101/t20210129_1234.shtml", "TRS"),
        ("http://x.gov.cn/art/2021/1/29/art_56373_2357332.html", "Hanweb"),
        ("http://x.gov.cn/gongkai/site_a/channel_c_5f_n_16.3/doc_5fe837dcbcd3ff0d5af3749a.html", "/gongkai/"),
        ("http://x.gov.cn/info/1097/4716.htm", "Boda VSB"),
        ("http://x.gov.cn/zwgk/nb/content/post_222204.html", "Guangdong"),
        ("http://x.gov.cn/e/action/ShowInfo.php?classid=1&id=2", "帝国CMS"),
        ("http://x.gov.cn/reports/2020.html", ""),
    ],
)
def test_whose_addresses_they_look_like(url: str, family: str) -> None:
    assert platforms.family([url]) == family
