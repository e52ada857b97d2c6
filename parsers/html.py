"""HTML → tables (selectolax, a browser's parsing rules), labels and prose (trafilatura)."""

import functools
import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import ParserError
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from selectolax.lexbor import LexborHTMLParser, LexborNode

from parsers import numbers, spans
from parsers.model import Content, Document, Grid

MAX_TEXT = 8 << 20  # characters; a report exported by a word processor has a quarter of one MiB
MAX_REOPENED = 500_000  # elements of 400 bytes each
_BLOCK = "p, div, br, li, h1, h2, h3, h4, h5, h6"
_UNSEEN = "script, style, template, noscript, del, s, strike"
_MAYBE_HIDDEN = '[hidden], [style*="none" i], [style*="hidden" i]'
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
# Elements that HTML opens again: a quick test that takes a few others for them (img), and the names themselves.
_FORMAT_HINT = re.compile(r"<[bcefinstuBCEFINSTU](?:[imotIMOT][a-zA-Z]{0,4})?[\s/>]")
_FORMAT = re.compile(r"<(/?)(?:b|big|code|em|font|i|nobr|small|strong|tt|u)(?=[\s/>])", re.IGNORECASE)
_STRUCK = re.compile(r"<(?:s|strike)(?=[\s/>])", re.IGNORECASE)
_CONTROL = bytes(
    {*range(0x20)} - {*b"\t\n\r"}
)  # of which libxml2 makes the end of the page; so it does of noncharacters
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_DIGITS = re.compile(r"\s*(\d{1,5})")
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")  # line ends of the source too: only blocks make lines
_telling_spans = etree.XPath("//span[@class or @id or contains(@style, 'none')]")
_texts = etree.XPath(".//text()[not(parent::script or parent::style)]")
_BREAK = re.compile(r" *\v[ \v]*")


def read(document: Document) -> Content:
    """All tables of the page, layout tables too (they fit no form), and the body text without them."""
    tables = tuple(grids(document))
    page = parsed(document.text)
    if page is None:
        return Content(tables, ())
    import trafilatura  # takes 0.2 s: a visit looks at pages without reading any

    said = _labels(page)
    _strip_runs(page)
    prose = trafilatura.extract(page, fast=True, include_tables=False, include_comments=False) or ""
    return Content(tables, tuple(line for line in prose.splitlines() if line.strip()), said)


def labels(text: str) -> dict[str, str]:
    """What a page says of itself in tags (`Content`)."""
    page = parsed(text)
    return {} if page is None else _labels(page)


@functools.lru_cache(1)  # several ask of one page
def lowered(text: str) -> bytes:
    """A page in small letters, in which a word is found fast; only those of ASCII are small."""
    return text.encode("utf-8", "replace").lower()


def parsed(text: str) -> HtmlElement | None:
    """The page as libxml2 reads it, for which formatting that is left open is no bomb; None where there is nothing."""
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    content = text.encode("utf-8", "replace")
    for noncharacter in _NONCHARACTERS:
        content = content.replace(noncharacter, b"")
    try:
        return document_fromstring(content.translate(None, _CONTROL), parser=parser)
    except ParserError:
        return None


def _labels(page: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag in page.iter("meta", "title", "h1"):
        key = tag.get("name", "").lower() if tag.tag == "meta" else str(tag.tag)
        value = tag.get("content", "") if tag.tag == "meta" else " ".join(filter(None, map(str.strip, _texts(tag))))
        if key and value:
            found.setdefault(key, value)
    return found


def _strip_runs(page: HtmlElement) -> None:
    """Takes out the spans that hold nothing but a font: Word makes one for each run of characters, and the time that
    trafilatura takes is that of its elements."""
    telling = _telling_spans(page)
    for span in telling:
        span.tag = "kept"
    etree.strip_tags(page, "span", "font", "o:p")
    for span in telling:
        span.tag = "span"


def grids(document: Document) -> Iterator[Grid]:
    """The tables of a page in document order. Raises ValueError for more places in all than one table may have."""
    if len(document.text) > MAX_TEXT:
        raise ValueError(f"a page of {len(document.text)} characters, more than {MAX_TEXT}")
    tables = LexborHTMLParser(_bounded(document.text)).css("table")
    for table in tables:
        table.decompose(recursive=False)  # out of the cell that holds it: each is a grid of its own
    places = 0
    for number, table in enumerate(tables, 1):
        _leave_what_is_printed(table)
        grid = spans.grid(_rows(table), f"table {number}")
        places += len(grid.rows) * len(grid.rows[0]) if grid.rows else 0
        if places > spans.MAX_PLACES:
            raise ValueError(f"tables of more than {spans.MAX_PLACES} places")
        yield grid


def _bounded(text: str) -> str:
    """The page, with plain spans for its formatting where that could take a browser's parser gigabytes.

    <p><b><p><b>…: HTML opens each <b> that was left open again in each <p>. Raises ValueError where s or strike does.
    """
    marks = text.count("<")
    if len(_FORMAT_HINT.findall(text)) * marks <= MAX_REOPENED:
        return text
    if len(_STRUCK.findall(text)) * marks > MAX_REOPENED:  # no plain span: struck digits are no digits
        raise ValueError("more formatting than any report has")
    return _FORMAT.sub(r"<\1span", text)


def _leave_what_is_printed(table: LexborNode) -> None:
    """Takes out what nobody sees, and marks the edges of blocks."""
    for node in table.css(_UNSEEN):
        node.decompose(recursive=False)
    for node in table.css(_MAYBE_HIDDEN):
        if _hidden(node.attributes):
            node.decompose(recursive=False)
    for mark in reversed(table.css("sup")):  # a footnote's mark: "5" and its note "1" are not 51
        mark.replace_with(mark.text().translate(numbers.SUPERSCRIPT))
    for block in table.css(_BLOCK):
        block.insert_before("\v")
        block.insert_after("\v")


def _hidden(attributes: dict[str, str | None]) -> bool:
    """Whether an element's own attributes keep it off the page."""
    return "hidden" in attributes or bool(_HIDDEN.search((attributes.get("style") or "").lower()))


def _rows(table: LexborNode) -> Iterator[list[spans.Span]]:
    for child in table.iter():
        tag = child.tag
        if tag == "tr":
            yield [_span(cell) for cell in child.iter() if cell.tag in ("td", "th")]
        elif tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)


def _span(cell: LexborNode) -> spans.Span:
    attributes = cell.attributes
    return spans.Span(text(cell), _number(attributes.get("rowspan")), _number(attributes.get("colspan")))


@functools.lru_cache
def _number(value: str | None) -> int:
    """As browsers read it: leading digits, 1 where there are none."""
    match = _DIGITS.match(value) if value else None
    return int(match[1]) if match else 1


def text(node: LexborNode) -> str:
    """Text as a reader sees it: a line a block, white space folded; an ideographic space is printed and stays."""
    found = node.text().strip(" \t\r\n\f\v\xa0")
    return found if found.isalnum() else _BREAK.sub("\n", _SPACE.sub(" ", found))
