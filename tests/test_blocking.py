"""Pages that stand in the way, and pages that only speak of such things.

A file in `pages/blocked/` or `pages/genuine/` is a test. Its name says what it is; a comment in its first line may give
the `status`, the `url`, words of the `reason` (several, with "|" between: one of them) and `shell: yes`.
"""

import re
import time
from pathlib import Path

import pytest

from parsers import blocking, document
from parsers.model import Document

PAGES = Path(__file__).parent / "pages"
HERE = "http://www.example.gov.cn/gongkai/nb/2021.html"
NOWHERE = "http://www.example.gov.cn/gongkai/nb/nianbao-9f3a1c77.html"


def reason(source: str, status: int = 200, media_type: str = "html") -> str | None:
    return blocking.reason(status, Document("", b"", media_type, source))


def page(path: Path) -> tuple[Document, dict[str, str]]:
    """The page without that line, and what the line states."""
    content = path.read_bytes()
    first, _, rest = content.partition(b"\n")
    comment = re.match(r"<!-- (\w+: .*) -->", first.decode("utf-8", "ignore"))
    stated = dict(part.split(": ", 1) for part in comment[1].split("; ")) if comment else {}
    return document.identify(rest if comment else content, stated.get("url", HERE)), stated


def cases(folder: str) -> list[object]:
    return [pytest.param(path, id=path.stem) for path in sorted((PAGES / folder).iterdir())]


@pytest.mark.parametrize("path", cases("blocked"))
def test_blocked(path: Path) -> None:
    found, stated = page(path)
    why = blocking.reason(int(stated.get("status", 200)), found)
    assert why
    assert any(words in why for words in stated["reason"].split("|")), why
    assert not blocking.shell(found)


@pytest.mark.parametrize("path", cases("genuine"))
def test_genuine(path: Path) -> None:
    found, stated = page(path)
    assert blocking.reason(int(stated.get("status", 200)), found) is None
    assert blocking.shell(found) == ("shell" in stated)


@pytest.mark.parametrize("status", [401, 403, 405, 412, 418, 429, 493, 521, 566, 567])
def test_statuses(status: int) -> None:
    assert str(status) in str(reason("", status))


@pytest.mark.parametrize("status", [304, 404, 500, 503])
def test_an_error_is_what_its_status_says(status: int) -> None:
    assert reason("<title>404</title><p>页面不存在</p><p>系统维护中</p><input type=password>", status) is None


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_wall_stands_with_any_status(status: int) -> None:
    assert reason("<p>您的请求可能存在威胁，已被拦截", status) == "block page: “您的请求可能存在威胁，已被拦截”"


@pytest.mark.parametrize(
    "source",
    [
        "<title>访问被拒绝</title>",
        "<h1>Request Rejected</h1>",
        "<p>请完成安全验证",
        "<script>$_ts=window['$_ts'];</script>",
        "<script>document.cookie='__jsl_clearance=1';location.href='/'</script>",
    ],
)
def test_walls(source: str) -> None:
    assert reason(source)


@pytest.mark.parametrize("words", ["网站防火墙", "您访问的页面不存在", "安全验证", "系统维护中"])
def test_what_says_more_is_genuine(words: str) -> None:
    assert reason(f"<p>{words}</p>")
    assert reason(f"<p>{words}</p>" + "<p>正文很长。</p>" * 500) is None
    assert reason(f"<h1>某某区2021年政府信息公开工作年度报告</h1><p>{words}</p>") is None
    assert reason(f"<h3>（一）总体情况</h3><p>{words}</p><h3>（二）存在的主要问题</h3>") is None
    assert reason(f"<h1>年报</h1><p>针对反映{words}的情况，逐一办理。</p>") is None


def test_a_sentence_is_a_block_of_the_page() -> None:
    assert reason("<p>您访问的<b>页面</b>不存在") == "page not found: “您访问的页面不存在”"
    assert reason("<p>本区</p><p>页面</p><p>不存在") is None


def test_a_saved_column_is_genuine() -> None:
    found = document.identify((PAGES / "egb_xxgknb.html").read_bytes(), HERE)
    assert blocking.reason(200, found) is None
    assert not blocking.shell(found)


def test_files_are_no_walls() -> None:
    assert reason("访问被拒绝", media_type="text") is None
    assert not blocking.shell(Document("", b"", "text", "<script src=a.js></script>"))


# --- what a site says to an address that does not exist ---------------------------------------------------------------

SORRY = (
    "<html><title>某某区</title><p>{date}</p><p>没有这样的地址：{path}</p><p>可以从首页重新找起，或致电网站管理员。</p>"
)


def said(url: str, date: str = "2024年3月5日 星期二 上午", source: str = SORRY) -> Document:
    text = source.format(date=date, path=url.removeprefix("http://www.example.gov.cn"))
    return Document(url, text.encode(), "html", text)


def test_same_but_for_dates_and_addresses() -> None:
    assert blocking.same(said(HERE), said(NOWHERE, "2025年11月30日 星期日 下午"))


def test_same_but_for_request_ids_and_scripts() -> None:
    here, nowhere = SORRY + "<i>id a81f-22c</i><script>1</script>", SORRY + "\n<i>id\n77d-0be1a</i><!-- 2 -->"
    assert blocking.same(said(HERE, source=here), said(NOWHERE, source=nowhere))


def test_same_with_an_address_in_chinese() -> None:
    here = "http://www.example.gov.cn/%E5%B9%B4%E6%8A%A5/%E6%9C%AC%E7%BA%A7.html"
    assert blocking.same(said(here, source=SORRY.replace("{path}", "/年报/本级.html")), said(NOWHERE))


def test_another_text_is_not_the_same() -> None:
    assert not blocking.same(said(HERE), said(NOWHERE, source=SORRY + "<p>又及</p>"))
    assert not blocking.same(said(HERE), said(NOWHERE, source=SORRY.replace("某某区", "某某县")))


def test_reports_of_two_years_differ_in_more_than_digits() -> None:
    source = "<h1>{date}政府信息公开工作年度报告</h1><p>全年主动公开信息12条，办理申请3件。</p>"
    other = source.replace("办理申请3件", "没有收到申请")
    assert not blocking.same(said(HERE, "2021", source), said(NOWHERE, "2022", other))


def test_what_shows_little_is_never_the_same() -> None:
    shell = "<html><title>平台</title><div id=app></div><script src=app.js></script>"
    assert not blocking.same(said(HERE, source=shell), said(NOWHERE, source=shell))


def test_a_long_page_is_compared_whole() -> None:
    source = SORRY + "<p>同样的话，再说一遍。</p>" * 1000
    assert blocking.same(said(HERE, source=source), said(NOWHERE, source=source))
    assert not blocking.same(said(HERE, source=source), said(NOWHERE, source=source + "<p>完</p>"))


def test_files_are_the_same_byte_for_byte() -> None:
    one, other = Document(HERE, b"%PDF-1", "pdf"), Document(NOWHERE, b"%PDF-2", "pdf")
    assert blocking.same(one, Document(NOWHERE, b"%PDF-1", "pdf"))
    assert not blocking.same(one, other)
    assert not blocking.same(said(HERE), one)
    assert not blocking.same(Document(HERE, b"", "unknown"), Document(NOWHERE, b"", "unknown"))


# --- hostile pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 200_000,
        "<script>" + "document.cookie=" * 300_000,
        "<script>document.cookie=1;" + "location " * 300_000,
        "<script>" + "!+[]" * 19 + "x" * 5_000_000,
        "您的请求" * 500_000,
        "<p>您的访问" + "被" * 110 + "</p>" * 100_000,
        "<!---->" * 1_000_000,
        "<script></script>" * 500_000,
        "<script " * 500_000,
        "<style>" * 500_000,
        "<noscript>请启用</noscript>" * 10_000,
        "<p><b x=1><p><b x=2>" * 100_000,
        "".join(f"<p><b x={i}>" for i in range(100_000)),
        "<p " + "".join(f" a{i}=1" for i in range(300_000)) + ">",
        "<meta http-equiv=refresh content='" + " " * 500_000 + "'>",
        "<title>" + " -" * 500_000,
        "<p>" + "\n" * 5_000_000,
        "<p><a>x" * 200_000,
        "<" * 2_000_000,
        "&" * 2_000_000,
        "<p>\udc80</p>",
        "\x00<p>页面",
    ],
    ids=lambda source: source[:24],
)
def test_large_pages_end(source: str) -> None:
    found = Document(HERE, b"", "html", source)
    started = time.process_time()
    blocking.reason(200, found)
    blocking.shell(found)
    blocking.same(found, found)
    assert time.process_time() - started < 8
