"""DOCX (ISO/IEC 29500) → tables and paragraphs, straight from word/document.xml."""

from collections.abc import Iterator

from lxml import etree

from parsers import merges, numbers, spans
from parsers.merges import Placed
from parsers.model import Content, Document, Grid
from parsers.package import Package

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_P, _R, _T, _TBL, _TR, _TC, _TRPR, _DEL = (_W + name for name in ("p", "r", "t", "tbl", "tr", "tc", "trPr", "del"))
_UNPRINTED = (
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # the same once more, for old readers
    _DEL,
    f"{_W}moveFrom",
    f"{_W}tabs",  # where a paragraph's tabs stop: they bear the name of a printed tab
)
_HIDES = [_W + name for name in ("strike", "dstrike", "vanish")]
_MARKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_paragraphs_in_paragraphs, _tables_in_tables, _paragraphs_outside_tables = (
    etree.XPath(path, namespaces={"w": _W[1:-1]})
    for path in (".//w:p//w:p", ".//w:tbl//w:tbl", ".//w:p[not(ancestor::w:tbl)]")
)


def read(document: Document) -> Content:
    """All tables in document order and the paragraphs outside of them."""
    body = _body(document.content)
    _leave_what_is_printed(body)
    tables = list(body.iter(_TBL))
    for table in _tables_in_tables(body):
        _take_out(table)  # each is a grid of its own
    grids = tuple(_grid(table, f"table {n}") for n, table in enumerate(tables, 1))
    lines = (_text(p).strip() for p in _paragraphs_outside_tables(body))
    return Content(grids, tuple(line for line in lines if line))


def _body(content: bytes) -> etree._Element:
    root = Package(content).xml("word/document.xml")
    body = root.find(f"{_W}body")
    if body is None:
        raise ValueError("word/document.xml has no body")
    return body


def _leave_what_is_printed(body: etree._Element) -> None:
    """The text as it stands after all tracked changes, without what is struck or hidden, and marks as the characters
    that they stand for."""
    for mark in list(body.iter(_DEL)):
        properties = mark.getparent()
        if properties is not None and properties.tag == _TRPR:
            _take_out(properties.getparent())
    etree.strip_elements(body, *_UNPRINTED, with_tail=False)
    for switch in list(body.iter(*_HIDES)):
        if _is_on(switch):
            _take_out(_run(switch))
    for raised in body.iter(f"{_W}vertAlign"):
        run = _run(raised) if raised.get(f"{_W}val") == "superscript" else None
        for text in run.iter(_T) if run is not None else ():  # a footnote's mark
            text.text = (text.text or "").translate(numbers.SUPERSCRIPT)
    for mark in list(body.iter(*_MARKS)):
        mark.text, mark.tag = _MARKS[str(mark.tag)], _T
    for paragraph in _paragraphs_in_paragraphs(body):
        paragraph.tag = _R  # of a text box: its text belongs to the paragraph around it


def _take_out(element: etree._Element | None) -> None:
    parent = element.getparent() if element is not None else None
    if element is not None and parent is not None:
        parent.remove(element)


def _run(switch: etree._Element) -> etree._Element | None:
    """The run that has it among its properties: a paragraph's mark has such too, and what a tracked change replaced."""
    properties = switch.getparent()
    run = properties.getparent() if properties is not None else None
    return run if run is not None and run.tag == _R else None


def _is_on(switch: etree._Element) -> bool:
    return switch.get(f"{_W}val", "true") not in ("0", "false", "off")


def _grid(table: etree._Element, place: str) -> Grid:
    continuing = {cell for mark, cell in _properties(table, "vMerge") if mark.get(f"{_W}val", "continue") == "continue"}
    widths = {cell: _number(span) for span, cell in _properties(table, "gridSpan")}
    before = {row: _number(cols) for cols, row in _properties(table, "gridBefore")}
    rows = []
    for row in table.iter(_TR):
        col = before.get(row, 0)
        cells = [Placed(0, "", col)] if col else []
        for cell in row.iter(_TC):  # not only children: content controls stand around cells
            width = widths.get(cell, 1)
            cells.append(Placed(col, "\n".join(map(_text, cell.iter(_P))), width, continues=cell in continuing))
            col += width
        rows.append(cells)
    return merges.grid(rows, place)


def _properties(table: etree._Element, name: str) -> Iterator[tuple[etree._Element, etree._Element | None]]:
    """Each property of that name, and the cell or row that has it."""
    return ((found, next(found.iterancestors(_TC, _TR), None)) for found in table.iter(_W + name))


def _number(element: etree._Element) -> int:
    value = element.get(f"{_W}val", "")
    return min(int(value), spans.MAX_COLSPAN) if value.isdecimal() else 1


def _text(paragraph: etree._Element) -> str:
    return "".join(node.text or "" for node in paragraph.iter(_T))
