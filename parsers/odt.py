"""ODT (ISO/IEC 26300) → tables and paragraphs, straight from content.xml."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lxml import etree

from parsers import merges, numbers, spans
from parsers.merges import Placed
from parsers.model import Content, Document, Grid
from parsers.package import Package

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _STYLE, _TABLE, _TEXT = (f"{{{_NS}{name}:1.0}}" for name in ("office", "style", "table", "text"))
_STRIKE = f"{_STYLE}text-line-through-style"
_PARAGRAPH = (f"{_TEXT}p", f"{_TEXT}h")
_CELL, _COVERED = f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"
_HIDDEN = (f"{_TEXT}hidden-text", f"{_TEXT}hidden-paragraph")
_UNPRINTED = frozenset(  # what stands among the text and is not the text: deletions, comments, notes below the page
    (
        f"{_TEXT}tracked-changes",
        f"{_TEXT}note-body",
        f"{_OFFICE}annotation",
        f"{_OFFICE}annotation-end",
        f"{_TEXT}ruby-text",
    )
)
_TABLES = f"{_TABLE}table"
_MARKS = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_SPACE = re.compile(r"[ \t\r\n]+")
MAX_SPACES = 100  # in one run


Paragraphs = dict[etree._Element | None, list[etree._Element]]


class Look(NamedTuple):
    """What a style does to text."""

    hidden: bool = False
    raised: bool = False


def read(document: Document) -> Content:
    """All tables in document order and the paragraphs outside of them."""
    package = Package(document.content)
    root = package.xml("content.xml")
    body = root.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise ValueError("content.xml has no text body")
    looks = _looks([root, *([package.xml("styles.xml")] if "styles.xml" in package.names else [])])
    rows = _by_owner(body.iter(f"{_TABLE}table-row"), _TABLES)
    paragraphs = _by_owner(body.iter(*_PARAGRAPH), _CELL, *_PARAGRAPH)
    grids = []
    for n, table in enumerate((t for t in body.iter(_TABLES) if not _unprinted(t)), 1):
        grids.append(_grid(rows.get(table, []), paragraphs, looks, f"table {n}"))
    lines = (text(p, looks) for p in paragraphs.get(None, []))
    return Content(tuple(grids), tuple(line.strip() for line in lines if line.strip()))


def _by_owner(nodes: Iterable[etree._Element], *tags: str) -> Paragraphs:
    """The printed ones of `nodes` by the nearest element around each that has one of `tags`."""
    found: Paragraphs = {}
    for node in nodes:
        if not _unprinted(node):
            found.setdefault(next(node.iterancestors(*tags), None), []).append(node)
    return found


def _unprinted(node: etree._Element) -> bool:
    return next(node.iterancestors(*_UNPRINTED), None) is not None


def _looks(roots: Iterable[etree._Element]) -> dict[str, Look]:
    """What each text style does that has an effect; a style does what its parent does."""
    families = ("text", "paragraph")
    styles = [s for root in roots for s in root.iter(f"{_STYLE}style") if s.get(f"{_STYLE}family") in families]
    named = {style.get(f"{_STYLE}name", ""): style for style in reversed(styles)}
    return {name: look for name, style in named.items() if (look := _look(style, named)) != Look()}


def _look(style: etree._Element, named: dict[str, etree._Element]) -> Look:
    found: dict[str, str] = {}
    for _ in range(20):  # a style may be its own ancestor
        for properties in style.iter(f"{_STYLE}text-properties"):
            found = {**dict(properties.items()), **found}
        parent = named.get(style.get(f"{_STYLE}parent-style-name", ""))
        if parent is None:
            break
        style = parent
    struck = found.get(_STRIKE, "none") != "none"
    position = found.get(f"{_STYLE}text-position", "")
    raised = position.startswith("super") or (position.split("%")[0].isdecimal() and not position.startswith("0"))
    return Look(struck or found.get(f"{_TEXT}display") == "none", raised)


def _grid(rows: list[etree._Element], paragraphs: Paragraphs, looks: dict[str, Look], place: str) -> Grid:
    laid: list[list[Placed]] = []
    places = 0
    for row in rows:
        if row.get(f"{_TABLE}visibility", "visible") == "visible":
            cells = list(_cells(row, paragraphs, looks, place))
            times = _number(row, "number-rows-repeated")
            places += times * max(len(cells), 1)
            _check(place, places)
            laid += [cells] * times
    return merges.grid(laid, place)


def _check(place: str, places: int) -> None:
    if places > spans.MAX_PLACES:
        raise ValueError(f"{place} has more than {spans.MAX_PLACES} places")


def _cells(row: etree._Element, paragraphs: Paragraphs, looks: dict[str, Look], place: str) -> Iterator[Placed]:
    """A covered cell is a blank one where, against the standard, nothing covers it."""
    col = 0
    for cell in row.iterchildren(_CELL, _COVERED):
        times = _number(cell, "number-columns-repeated")
        _check(place, col + times)
        own = paragraphs.get(cell, []) if cell.tag == _CELL else []
        printed = "\n".join(text(p, looks) for p in own)
        for _ in range(times):
            yield Placed(col, printed, _number(cell, "number-columns-spanned"), _number(cell, "number-rows-spanned"))
            col += 1


def _number(element: etree._Element, name: str) -> int:
    value = element.get(_TABLE + name, "1")
    if not value.isdecimal():
        return 1
    return max(int(value), 1) if len(value) < 8 else spans.MAX_PLACES + 1


def text(paragraph: etree._Element, looks: dict[str, Look]) -> str:
    """Text as it stands after all tracked changes. Struck and hidden text is not printed."""
    return "".join(_pieces(paragraph, looks, False))


def _pieces(node: etree._Element, looks: dict[str, Look], raised: bool) -> Iterator[str]:
    look = looks.get(node.get(f"{_TEXT}style-name", ""), Look())
    raised = raised or look.raised or node.tag == f"{_TEXT}note-citation"  # a footnote's mark
    if look.hidden or (node.tag in _HIDDEN and node.get(f"{_TEXT}is-hidden", "true") == "true"):
        return
    yield _printed(node.text, raised)
    for child in node.iterchildren(etree.Element):
        tag = str(child.tag)
        if tag == f"{_TEXT}s":
            yield " " * min(int(child.get(f"{_TEXT}c", "1")), MAX_SPACES)
        elif tag in _MARKS:
            yield _MARKS[tag]
        elif tag not in _UNPRINTED and tag not in _PARAGRAPH:
            yield from _pieces(child, looks, raised)
        yield _printed(child.tail, raised)


def _printed(text: str | None, raised: bool) -> str:
    folded = _SPACE.sub(" ", text or "")
    return folded.translate(numbers.SUPERSCRIPT) if raised else folded
