"""The anchors of a page with the words that a reader sees on them, and the addresses of its numbered pages.

What a reader clicks need not be an <a href>: an <option> of a chooser may have an address for its value, and any
element a handler that opens one. An address is read only where it stands there whole; no script is run.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement
from bs4.filter import SoupStrainer
from lxml import etree
from w3lib.url import safe_url_string

from parsers import numbers
from parsers.html import lowered, parsed

MAX_PAGES = 200  # of one list. A pager that counts further never ends: no body has so many annual reports

_LABEL_NODES = 100  # unclosed anchors stand in each other, thousands deep: a label is not the rest of the page
_LABEL_SIZE = 10_000  # characters, with the white space that pages indent by
_LEADING = ("a", "area", "option", "base", "meta", "frame", "iframe")
_PLAIN = (  # tags that lead nowhere, and of which pages have most
    *("p", "span", "font", "b", "strong", "i", "em", "u", "o:p", "br", "div", "section", "h1", "h2", "h3", "img"),
    *("table", "thead", "tbody", "tr", "td", "th", "ul", "ol", "li", "dl", "dt", "dd"),
)
_CUT_SHORT = re.compile(r"(?:…|\.\.\.)$")
_DATE = r"[\[(]?20\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}日?[\])]?"
_BESIDE = re.compile(rf"^(?:{_DATE}|[·•◆■▪►])+|{_DATE}$")  # what many lists put into the anchor, beside the title
_OPENS = re.compile(
    r"""(?:\bwindow\.open\s*\(|\blocation(?:\.href)?\s*=|\blocation\.(?:replace|assign)\s*\()\s*"""
    r"""(?:"([^"'<>]{1,500})"|'([^"'<>]{1,500})')(?!\s*\+)"""
)
_OPTION = re.compile(r"https?://\S+|(?:\.{0,2}/|\?)\S+|[\w.%-]+(?:/\S*|\.(?:s?html?|jsp|aspx?|php)(?:\?\S*)?)")
_TEMPLATE = re.compile(r"\{\{|\$\{|<%")  # an address that a script has yet to fill in
_PAGE_PARAMETER = re.compile(r"(?:cur(?:rent)?|to|go)?page(?:no|num|index|number)?|pn|p", re.IGNORECASE)
_PAGE_OF_LIST = re.compile(r"/?(?:(?:index|list|page)?[_-]?\d{0,4})?$")


def anchors(html: str, page: str) -> Iterator[tuple[str, str]]:
    """(address, words) of each anchor that leads to a web page. `page` is the address that `html` came from."""
    soup = tags(html, "a", "area", "option", "base")
    root = base(soup, page)
    for anchor in soup.find_all(["a", "area", "option"]):
        assert isinstance(anchor, Tag)
        target = _target(anchor)
        if target and not _TEMPLATE.search(target) and (url := address(root, target)):
            yield url, _text(anchor)
    if b"onclick" in lowered(html) and re.search(r"window\.open|location", html):
        yield from _handled(html, root)


def _target(anchor: Tag) -> str:
    """The address as it stands in the anchor; "" without one."""
    if anchor.name == "option":
        value = str(anchor.get("value") or "").strip()
        return value if _OPTION.fullmatch(value) else ""
    href = str(anchor.get("href") or "").strip()
    if href and not href.startswith("#") and not href.lower().startswith("javascript:"):
        return href
    return opened(href) or opened(str(anchor.get("onclick") or ""))


def opened(script: str) -> str:
    """The address that a handler opens, where it stands there whole; "" without one."""
    match = _OPENS.search(script)
    return (match[1] or match[2]).strip() if match else ""


def _handled(html: str, root: str) -> Iterator[tuple[str, str]]:
    """What leads on by its handler alone: <li onclick="location.href='1.html'">."""
    strainer = SoupStrainer(onclick=_OPENS)
    soup = BeautifulSoup(html, "lxml", parse_only=strainer)
    for tag in soup.find_all(onclick=_OPENS):
        url = address(root, opened(str(tag["onclick"]))) if tag.name not in ("a", "area", "body", "html") else None
        if url:
            yield url, _text(tag)


def tags(html: str, *names: str) -> BeautifulSoup:
    """Only these tags of a page, of `_LEADING`."""
    return BeautifulSoup(_bare(html), "lxml", parse_only=SoupStrainer(list(names)))


@lru_cache(2)  # a page's anchors are asked for, and where it sends its reader
def _bare(html: str) -> str:
    """What of a page may lead on. One that Word made has thousands of tags, and each costs Beautiful Soup 10 µs."""
    page = parsed(html)
    if page is None:
        return ""
    etree.strip_elements(page, "script", "style", with_tail=False)
    outermost = [tag for tag in page.iter(*_LEADING) if next(tag.iterancestors(*_LEADING), None) is None]
    for tag in outermost:
        etree.strip_tags(tag, *_PLAIN)
    return "".join(etree.tostring(t, encoding="unicode", method="html", with_tail=False) for t in outermost)


def base(soup: BeautifulSoup, page: str) -> str:
    """The address that a page's relative addresses start from."""
    tag = soup.find("base", href=True)
    return (address(page, str(tag["href"])) or page) if isinstance(tag, Tag) else page


def address(page: str, href: str) -> str | None:
    """`href` as it stands on `page`, whole and without fragment; None where it leads to no web page.

    Written as the crawler writes addresses (年报.html becomes %E5%B9%B4…), so that the archive knows it by this name.
    """
    try:
        url = safe_url_string(urljoin(page, safe_url_string(href.strip()))).partition("#")[0]
        parts = urlsplit(url)
        if parts.port == {"http": 80, "https": 443}.get(parts.scheme):
            url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))
    except ValueError:
        return None  # such as http://[
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def _text(anchor: Tag) -> str:
    """The anchor's words without white space; its title, or its picture's, where words are cut short or missing."""
    words = _BESIDE.sub("", numbers.squash("".join(_strings(anchor))[:_LABEL_SIZE]))
    title = numbers.squash(str(anchor.get("title") or anchor.get("alt") or "")[:_LABEL_SIZE])
    return title if title and (not words or _CUT_SHORT.search(words)) else words


def _strings(anchor: Tag) -> Iterator[str]:
    todo: list[PageElement] = [anchor]
    for _ in range(_LABEL_NODES):
        node = todo.pop() if todo else None
        if isinstance(node, Tag):
            todo += reversed(node.contents)
        elif type(node) is NavigableString:
            yield node


def with_query(url: str, **values: str) -> str:
    """`url` with some of its query's values set."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | values
    return urlunsplit(parts._replace(query=urlencode(query)))


def page_parameter(url: str) -> tuple[str, int] | None:
    """The query's page number: its name and value."""
    for name, value in parse_qsl(urlsplit(url).query):
        if _PAGE_PARAMETER.fullmatch(name) and re.fullmatch(r"\d{1,9}", value):
            return name, int(value)
    return None


def list_of(url: str) -> tuple[str, str, frozenset[tuple[str, str]]]:
    """What all pages of one list have in common: their address without the page's number.

    /nb/, /nb/index_1.html, /nb/2.html, /nb.htm, /nb/3.htm and /nb/?page=2 are pages of one list.
    """
    parts = urlsplit(url)
    path = re.sub(r"\.\w{1,5}$", "", parts.path)
    rest = frozenset(pair for pair in parse_qsl(parts.query) if not _PAGE_PARAMETER.fullmatch(pair[0]))
    return parts.netloc, _PAGE_OF_LIST.sub("", path, count=1), rest


def too_far(url: str) -> bool:
    """Whether the address has a page number beyond `MAX_PAGES`."""
    parameter = page_parameter(url)
    number = re.search(r"(?:[/_-]|index|page)(\d{1,9})(?:\.\w{1,5})?$", urlsplit(url).path)
    return (parameter[1] if parameter else int(number[1]) if number else 0) > MAX_PAGES
