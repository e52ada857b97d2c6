"""Images of a page that may be a report's tables, and those that may not."""

import pytest
from test_reports import SEEDS
from test_twins import RENDERINGS

from parsers import document
from parsers.images import MAX_IMAGES, images
from parsers.links import links
from parsers.model import Document
from sample_portals.report_text import read_report

URL = "http://www.example.gov.cn/zwgk/nb/t20210129_1.html"


def found(body: str, head: str = "") -> list[str]:
    page = Document(URL, b"", "html", f"<html><head>{head}</head><body>{body}</body></html>")
    return [url.removeprefix("http://www.example.gov.cn/zwgk/nb/") for url, _ in images(page)]


@pytest.mark.parametrize(
    "body",
    [
        '<div class="TRS_Editor"><p align="center"><img src="./W02.jpg" width="600" oldsrc="W02.jpg"></p></div>',
        '<div id="zoom"><div style="text-align:center"><img src=W02.jpg style="width: 554px"></div></div>',
        '<div class="article-con"><table><tr><td><img src="W02.jpg"></td></tr></table></div>',
        "<p><span><strong><img src='W02.jpg' title='图片1.png'></strong></span></p>",
        '<p><img src="/images/loading.gif" data-src="W02.jpg"></p>',
        '<p><a href="W02.jpg" target="_blank"><img src="W02_small.jpg"></a></p>',
        '<div class="main"><a href="W02.jpg">附件：统计表.jpg</a></div>',
        '<p style="width:5px"><img src="W02.jpg" width="100%" height="auto"></p>',
    ],
)
def test_an_image_of_the_text(body: str) -> None:
    assert found(body) == ["W02.jpg"]


@pytest.mark.parametrize(
    "body",
    [
        '<div class="header"><a href="/"><img src="/images/sitename.png"></a></div>',
        '<div class="topBar"><p><img src="a.png"></p></div>',
        "<header><p><img src=a.png></p></header><footer><p><img src=b.png></p></footer>",
        '<div class="content"><p><img src="../../images/logo.png"></p></div>',
        '<div class="content"><div class="ewm"><img src="a.png"><p>扫一扫在手机打开当前页</p></div></div>',
        '<div id="zoom"><p><img src="a.png" alt="手机二维码"></p></div>',
        '<div id="zoom"><p><img src="/ueditor/fileTypeImages/icon_pdf.gif"><a href="nb.pdf">年报</a></p></div>',
        '<div id="zoom"><p><img src="a.png" width="16" height="16"></p></div>',
        '<div id="zoom"><p><img src="a.png" style="max-width:100%;height:20px"></p></div>',
        '<div id="zoom"><a href="/zt/"><img src="zt.jpg"></a></div>',
        '<div class="left"><img src="a.jpg"></div>',
        '<p><img src="data:image/png;base64,AAAA"><img src="/count?id=7"><img></p>',
        '<p><img src="http://bszs.conac.cn/red.png"><img src="http://[">',
        "<!-- <p><img src=a.png></p> --><script>'<p><img src=a.png></p>'</script>",
        "",
    ],
)
def test_an_image_of_the_frame(body: str) -> None:
    assert found(body) == []


def test_each_image_once_and_not_too_many() -> None:
    assert found('<p><img src="a.png"><img src="a.png"><img src="/zwgk/nb/b.png"></p>') == ["a.png", "b.png"]
    assert len(found("".join(f"<p><img src={n}.png></p>" for n in range(500)))) == MAX_IMAGES


def test_the_base_of_a_page() -> None:
    assert found('<p><img src="a.png"></p>', '<base href="/zwgk/nb/2020/">') == ["2020/a.png"]


@pytest.mark.parametrize("case", SEEDS)
def test_a_page_with_tables_needs_no_images(case: str) -> None:
    for rendering in RENDERINGS:
        page = document.identify(rendering(read_report(case)), URL)
        if page.media_type == "html":
            text = page.text + '<div id="zoom"><p><img src="a.jpg"></p></div>'
            assert images(Document(page.url, b"", "html", text)) == [], rendering.__name__


def test_a_report_leads_to_its_images() -> None:
    page = Document(URL, b"", "html", '<p>见下图</p><p><img src="1.jpg" alt="表一"><img src="2.jpg"></p>')
    assert [(link.url.rpartition("/")[2], link.kind) for link in links(page, "report")] == [
        ("1.jpg", "attachment"),
        ("2.jpg", "attachment"),
    ]
    assert links(page, "column") == []
