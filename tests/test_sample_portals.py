"""The sample portals: whole, true to their texts, and closed to the outside."""

import http.client
import json
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from io import BytesIO
from urllib.parse import urldefrag, urljoin, urlsplit

import lxml.etree
import lxml.html
import pypdfium2
import pytest

from archive import registry
from parsers import document, report
from sample_portals import EXPECTED, FAMILIES, PORTALS, REGISTRY, Reply, Request, SamplePortals, sites
from sample_portals.families import Family
from sample_portals.report_text import REPORTS
from sample_portals.sites import SITES, Site

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TABLE = r"^\t.*?(?=\n\n\n)"
HTML_SITES = [site for site in SITES if not site.document]

Rows = list[list[str]]


@pytest.fixture(scope="module")
def world() -> Iterator[SamplePortals]:
    with SamplePortals() as portals:
        yield portals


@pytest.fixture
def portals(world: SamplePortals) -> Iterator[SamplePortals]:
    world.requests.clear()
    yield world
    world.overrides.clear()


def fetch(portals: SamplePortals, url: str, **headers: str) -> tuple[int, Message, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": portals.proxy_url}))
    request = urllib.request.Request(url, headers={key.replace("_", "-"): value for key, value in headers.items()})
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def home(site: Site) -> str:
    return f"http://{site.host}/"


def report_url(site: Site) -> str:
    return f"http://{site.host}{site.column(site.annual_key).articles[0].path}"


def document_url(site: Site) -> str:
    return f"http://{site.host}{site.column(site.annual_key).articles[0].attachment}"


def page_html(portals: SamplePortals, url: str) -> lxml.html.HtmlElement:
    _, headers, body = fetch(portals, url)
    charset = headers.get_content_charset()
    return lxml.html.document_fromstring(body.decode("gb18030" if charset == "gb2312" else str(charset)))


def report_text(site: Site) -> str:
    """The report's text without what its images and bookmarks left."""
    text = (REPORTS / f"{site.slug}_{site.report_year}.txt").read_text(encoding="utf-8")
    return re.sub(r"\[(?:image|bookmark): [^\]]*\]", "", text)


def expected_tables(site: Site) -> list[Rows]:
    """The rows of the text's tables, read by their tabs and blank lines alone."""
    return [
        [[flat(cell) for cell in row.removeprefix("\t").split("\n\t")] for row in re.split(r"\n\n(?=\t)", table)]
        for table in re.findall(TABLE, report_text(site), re.MULTILINE | re.DOTALL)
    ]


def paragraphs(site: Site) -> list[str]:
    """The lines of the text outside its tables."""
    return re.sub(TABLE, "", report_text(site), flags=re.MULTILINE | re.DOTALL).split("\n")


def flat(text: str) -> str:
    """A cell's lines as one; an ideographic space belongs to the cell."""
    return re.sub(r" *\n[ \n]*", "", text)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def expanded(cells: list[list[tuple[str, int, int]]]) -> Rows:
    """HTML's table model: every grid place, then each row with merged cells as the texts have them.

    A cell over columns stands once, a cell over rows stands blank below.
    """
    grid: dict[tuple[int, int], tuple[int, int]] = {}
    texts = {}
    for y, row in enumerate(cells):
        x = 0
        for text, colspan, rowspan in row:
            while (y, x) in grid:
                x += 1
            texts[y, x] = text
            for place in [(y + down, x + right) for down in range(rowspan) for right in range(colspan)]:
                assert place not in grid, f"two cells at {place}"
                grid[place] = (y, x)
            x += colspan
    width = max(x for _, x in grid) + 1
    assert len(grid) == len(cells) * width, "the table is not rectangular"
    return [
        [
            texts[grid[y, x]] if grid[y, x][0] == y else ""
            for x in range(width)
            if x == 0 or grid[y, x] != grid[y, x - 1]
        ]
        for y in range(len(cells))
    ]


def html_tables(root: lxml.html.HtmlElement) -> list[Rows]:
    """The innermost tables of the report."""
    tables = root.xpath('//*[@id="zoom"]//table[not(.//table)]')
    return [
        expanded(
            [
                [
                    (flat(td.text_content()), int(td.get("colspan", 1)), int(td.get("rowspan", 1)))
                    for td in tr.xpath("td")
                ]
                for tr in table.iter("tr")
            ]
        )
        for table in tables
    ]


def docx_tables(root: lxml.etree._Element) -> list[Rows]:
    """A vertically merged cell of a DOCX stands in each of its rows, blank below the first."""
    return [
        [
            ["".join(text.text or "" for text in cell.iter(f"{W}t")) for cell in row.iter(f"{W}tc")]
            for row in table.iter(f"{W}tr")
        ]
        for table in root.iter(f"{W}tbl")
    ]


def grid_width(row: lxml.etree._Element) -> int:
    spans = [cell.find(f"{W}tcPr/{W}gridSpan") for cell in row.iter(f"{W}tc")]
    return sum(1 if span is None else int(span.attrib[f"{W}val"]) for span in spans)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.slug)
def test_pretend_reports_are_whole(portals: SamplePortals, family: Family) -> None:
    """Each can be read, says what it is, and adds up; no two have the same figures."""
    assert len(EXPECTED[family.code]) == 7
    found = set()
    for url in EXPECTED[family.code]:
        status, headers, body = fetch(portals, url)
        assert status == 200
        read = report.read([document.identify(body, url, str(headers["Content-Type"]))], [family.name])
        assert [f for f in read.findings if f.level != "info"] == []
        values = {fact.item: fact.value for fact in read.facts}
        assert {fact.form for fact in read.facts} == {"form_2021"} and len(values) == 200
        found.add((read.heading.scope, read.heading.year, values["requests.new_requests.total"]))
    assert len({new for *_, new in found}) == 7
    assert sorted((scope, year) for scope, year, _ in found) == [
        ("department", 2022),
        ("department", 2023),
        *(("government", year) for year in range(2021, 2025)),
        ("town", 2023),
    ]


def test_pretend_districts_are_registered() -> None:
    registered = registry.load([REGISTRY], bundled=False)
    assert [(p.code, p.name, p.home) for p in registered.values()] == [(f.code, f.name, f.home) for f in FAMILIES]
    assert all("never tried on a real site" in p.note and not p.columns for p in registered.values())


def test_forms_are_answered(portals: SamplePortals) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": portals.proxy_url}))
    form = b"channelid=200210&classsql=chnlid%3D1813&page=2&prepage=4"
    with opener.open("http://trssearch.sample.test/fjdzapp/search", form, timeout=10) as response:
        assert len(json.load(response)["data"]) == 4
    assert (portals.requests[0].method, portals.requests[0].body) == ("POST", form)


def test_portals_in_order() -> None:
    assert PORTALS == ("370112", "370115", "370305", "370406", "370116")


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.slug)
def test_no_dead_links(portals: SamplePortals, site: Site) -> None:
    waiting, seen = [home(site)], set()
    while waiting:
        url = waiting.pop()
        seen.add(url)
        status, headers, _ = fetch(portals, url)
        assert status == 200, url
        if headers.get_content_type() != "text/html":
            continue
        for target in page_html(portals, url).xpath("//@href | //@src"):
            link = urldefrag(urljoin(url, target)).url
            if link.startswith("http") and link not in seen:
                waiting.append(link)
    assert report_url(site) in seen
    assert not site.document or document_url(site) in seen
    assert {urlsplit(url).netloc for url in seen} == {site.host}


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.slug)
def test_one_report_beside_others(portals: SamplePortals, site: Site) -> None:
    column = page_html(portals, f"http://{site.host}{site.columns[site.annual_key]}")
    titles = [link.text for link in column.xpath('//*[contains(@class, "list")]//a')]
    assert len(titles) == 3
    assert [title for title in titles if title.endswith("年度报告")] == [site.report_title]
    report = page_html(portals, report_url(site))
    labels = {meta.get("name"): meta.get("content") for meta in report.xpath("//meta[@name]")}
    assert labels["ArticleTitle"] == site.report_title
    assert labels["ColumnType"] == "信息公开年报"
    assert labels["PubDate"] == f"{site.report_published:%Y-%m-%d %H:%M}"
    assert labels["Url"] == report_url(site)
    assert "sample page" in report.xpath("string(//footer)")


@pytest.mark.parametrize("site", HTML_SITES, ids=lambda site: site.slug)
def test_html_report_is_the_text(portals: SamplePortals, site: Site) -> None:
    root = page_html(portals, report_url(site))
    tables = html_tables(root)
    assert tables == expected_tables(site)
    assert [len(row) for table in tables for row in table[-1:]] == [3 if site.report_year < 2021 else 2, 8, 15]
    content = squeezed(root.xpath('string(//*[@id="zoom"])'))
    for paragraph in paragraphs(site):
        assert squeezed(paragraph) in content


def test_docx_report_is_the_text(portals: SamplePortals) -> None:
    site = sites.HOSTS["www.jiyang.gov.cn"]
    _, headers, body = fetch(portals, document_url(site))
    assert headers["Content-Disposition"].encode("latin-1").decode("gbk").endswith("年度报告.docx")
    root = lxml.etree.fromstring(zipfile.ZipFile(BytesIO(body)).read("word/document.xml"))
    assert docx_tables(root) == expected_tables(site)
    for table in root.iter(f"{W}tbl"):
        assert {grid_width(row) for row in table.iter(f"{W}tr")} == {len(list(table.iter(f"{W}gridCol")))}
    content = squeezed("".join(root.itertext()))
    for paragraph in paragraphs(site):
        assert squeezed(paragraph) in content


def test_pdf_report_has_the_text(portals: SamplePortals) -> None:
    site = sites.HOSTS["www.shanting.gov.cn"]
    _, headers, body = fetch(portals, document_url(site))
    assert headers["Content-Type"] == "application/pdf"
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(body)]
    # Text that runs on overleaf is broken by the page's number.
    content = squeezed("".join(re.sub(rf"\s*{number}$", "", page) for number, page in enumerate(pages, 1)))
    tables = expected_tables(site)
    for cell in (cell for table in tables for row in table for cell in row):
        assert squeezed(cell) in content
    for row in tables[1][3:]:
        assert squeezed("".join(row[-7:])) in content
    assert squeezed("".join(tables[2][-1])) in content
    for paragraph in paragraphs(site):
        assert squeezed(paragraph) in content


def test_gbk_labelled_gb2312(portals: SamplePortals) -> None:
    _, headers, body = fetch(portals, report_url(sites.HOSTS["www.linzi.gov.cn"]))
    assert headers["Content-Type"] == "text/html; charset=gb2312"
    assert b'<meta charset="gb2312">' in body
    assert "李喆" in body.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        body.decode("gb2312")


def test_ids_tell_the_moment() -> None:
    behind = {}
    for site in SITES:
        path = site.column(site.annual_key).articles[0].path
        if match := re.search(r"/doc_([0-9a-f]{8})[0-9a-f]{16}\.html$", path):
            behind[site.slug] = (int(match[1], 16) - site.report_published.timestamp()) / 86400
    assert behind == {"licheng": 0, "jiyang": 0, "linzi": 0, "laiwu": 61}


def test_conditional_requests(portals: SamplePortals) -> None:
    url = report_url(SITES[0])
    _, headers, _ = fetch(portals, url)
    assert fetch(portals, url, If_None_Match=headers["ETag"])[::2] == (304, b"")
    assert fetch(portals, url, If_Modified_Since=headers["Last-Modified"])[0] == 304
    assert fetch(portals, url, If_None_Match='"another"', If_Modified_Since=headers["Last-Modified"])[0] == 200
    assert fetch(portals, url, If_Modified_Since="Thu, 01 Jan 2015 00:00:00 GMT")[0] == 200


def test_headers_of_a_real_server(portals: SamplePortals) -> None:
    _, headers, body = fetch(portals, home(SITES[0]), Accept_Encoding="gzip")
    assert headers["Content-Encoding"] == "gzip"
    assert int(headers["Content-Length"]) == len(body)
    assert len(headers.get_all("Set-Cookie") or []) == 2
    assert headers["Date"] and headers["Server"]
    assert fetch(portals, home(SITES[0]))[1]["Content-Encoding"] is None


def test_redirects_robots_and_404(portals: SamplePortals) -> None:
    shanting = "http://www.shanting.gov.cn"
    fetch(portals, f"{shanting}/")
    assert [request.url for request in portals.requests] == [f"{shanting}/", f"{shanting}/index.html"]
    for site in SITES:
        assert b"Disallow: /admin/" in fetch(portals, f"{home(site)}robots.txt")[2]
        assert fetch(portals, f"{home(site)}admin/")[0] == 404


def test_closed_to_the_outside(portals: SamplePortals) -> None:
    for url in ("http://example.org/", "http://www.licheng.gov.cn:8080/", "http://www.linzi.gov.cn.example.org/"):
        status, _, body = fetch(portals, url)
        assert status == 502
        assert body.count(b"\n") == 1 and url.encode() in body
    connection = http.client.HTTPConnection(urlsplit(portals.proxy_url).netloc, timeout=10)
    connection.request("CONNECT", "www.licheng.gov.cn:443")
    assert connection.getresponse().status == 403
    connection.close()


def test_keeps_connections_open(portals: SamplePortals) -> None:
    connection = http.client.HTTPConnection(urlsplit(portals.proxy_url).netloc, timeout=10)
    connection.request("HEAD", home(SITES[0]))
    response = connection.getresponse()
    assert int(response.headers["Content-Length"]) > 0 and response.read() == b""
    first = connection.sock
    connection.request("GET", home(SITES[0]))
    assert b"sample page" in connection.getresponse().read()
    assert connection.sock is first
    connection.close()


def test_overrides(portals: SamplePortals) -> None:
    url = report_url(SITES[0])
    _, before, body = fetch(portals, url)

    def revised(request: Request) -> Reply:
        page = sites.page("www.licheng.gov.cn", urlsplit(request.url).path)
        return replace(page, body=page.body.replace(b"274", b"275"))

    def broken(request: Request) -> Reply:
        raise ConnectionResetError

    portals.overrides[url] = revised
    status, after, changed = fetch(portals, url, If_None_Match=before["ETag"])
    assert status == 200 and after["ETag"] != before["ETag"] and changed != body
    portals.overrides[url] = Reply(503, [("Retry-After", "120")])
    assert fetch(portals, url)[0] == 503
    portals.overrides[url] = broken
    with pytest.raises(http.client.RemoteDisconnected):
        fetch(portals, url)
    portals.overrides[url] = Reply(200, [("Content-Length", "100")], b"torn")
    with pytest.raises(http.client.IncompleteRead):
        fetch(portals, url)
