"""Which anchors lead on, and which only look as if they did."""

import time

import pytest

from parsers.links import FOLLOWED, links
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
        ("历城区2020年政府信息公开工作年度报告", "column", "report"),
        ("文字解读：历城区2020年政府信息公开工作年度报告", "column", None),
        ("2020年政府信息公开工作要点落实情况", "column", None),
        ("年报.docx", "report", "attachment"),
    ],
)
def test_kind_by_text(text: str, on: str, kind: str | None) -> None:
    assert kinds(f'<a href="a/b.html">{text}</a>', on).get(text) == kind


def test_title_completes_what_is_cut_short() -> None:
    title = "历城区2020年政府信息公开工作年度报告"
    assert kinds(f'<a href="a.html" title="{title}">历城区2020年政府…</a>', "column") == {title: "report"}


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


def test_attachments_by_address_or_name() -> None:
    anchors = '<a href="/f/1.PDF">下载</a><a href="/down?id=2">附件：年报.doc</a><a href="/3.html">返回</a>'
    assert kinds(anchors, "report") == {"下载": "attachment", "附件:年报.doc": "attachment"}


def test_an_attachment_leads_nowhere() -> None:
    assert FOLLOWED["attachment"] == ()
    assert kinds('<a href="a.pdf">年报.pdf</a>', "attachment") == {}


@pytest.mark.parametrize("anchor", ['<a href="x{}.html">年报</a>', '<a href="x{}.html">年报', '<div><a href="x{}">'])
def test_large_pages_end(anchor: str) -> None:
    started = time.monotonic()
    kinds("".join(anchor.format(n) for n in range(20_000)), "column")
    assert time.monotonic() - started < 8
