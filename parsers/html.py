"""HTML → tables (selectolax, a browser's parsing rules) and prose (trafilatura)."""

import re
from collections.abc import Iterator

import trafilatura
from selectolax.lexbor import LexborHTMLParser, LexborNode

from parsers import numbers, spans
from parsers.model import Content, Document, Grid

MAX_TEXT = 8 << 20  # characters; a report exported by a word processor has a quarter of one MiB
_BLOCK = frozenset(("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"))
_UNSEEN = frozenset(("script", "style", "table", "template", "noscript", "del", "s", "strike"))  # a table: its own grid
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SOURCE_BREAK = re.compile(r"[\r\n]+")  # a line end of the source is a space; only blocks make lines
_SPACE = re.compile(r"[ \t\f\xa0]+")
_BREAK = re.compile(r" *\n[ \n]*")


def read(document: Document) -> Content:
    """All tables of the page, layout tables too (they fit no form), and the body text without them."""
    tables = tuple(grids(document))
    prose = trafilatura.extract(document.text, fast=True, include_tables=False, include_comments=False) or ""
    return Content(tables, tuple(line for line in prose.splitlines() if line.strip()))


def grids(document: Document) -> Iterator[Grid]:
    """The tables of a page in document order. Raises ValueError for more places in all than one table may have."""
    if len(document.text) > MAX_TEXT:
        raise ValueError(f"a page of {len(document.text)} characters, more than {MAX_TEXT}")
    places = 0
    for number, table in enumerate(LexborHTMLParser(document.text).css("table"), 1):
        grid = spans.grid(_rows(table), f"table {number}")
        places += len(grid.rows) * len(grid.rows[0]) if grid.rows else 0
        if places > spans.MAX_PLACES:
            raise ValueError(f"tables of more than {spans.MAX_PLACES} places")
        yield grid


def _rows(table: LexborNode) -> Iterator[list[spans.Span]]:
    for child in table.iter():
        if child.tag == "tr" and not _hidden(child):
            yield [_span(cell) for cell in child.iter() if cell.tag in ("td", "th") and not _hidden(cell)]
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)


def _span(cell: LexborNode) -> spans.Span:
    return spans.Span(text(cell), _number(cell, "rowspan"), _number(cell, "colspan"))


def _number(cell: LexborNode, name: str) -> int:
    """As browsers read it: leading digits, 1 where there are none."""
    match = re.match(r"\s*(\d{1,5})", cell.attributes.get(name) or "")
    return int(match[1]) if match else 1


def text(node: LexborNode) -> str:
    """Text as a reader sees it: a line a block, white space folded; an ideographic space is printed and stays."""
    return _BREAK.sub("\n", _SPACE.sub(" ", _raw(node))).strip(" \n")


def _hidden(node: LexborNode) -> bool:
    """Whether the element's own attributes keep it off the page."""
    return "hidden" in node.attributes or bool(_HIDDEN.search(node.attributes.get("style") or ""))


def _raw(node: LexborNode) -> str:
    parts: list[str] = []
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            parts.append(_SOURCE_BREAK.sub(" ", child.text_content or ""))
        elif child.tag not in _UNSEEN and not _hidden(child):
            inner = _raw(child)
            if child.tag == "sup":  # a footnote's mark: "5" and its note "1" are not 51
                inner = inner.translate(numbers.SUPERSCRIPT)
            parts.append(f"\n{inner}\n" if child.tag in _BLOCK else inner)
    return "".join(parts)
