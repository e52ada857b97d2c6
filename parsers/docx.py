"""DOCX (ISO/IEC 29500) → tables and paragraphs, straight from word/document.xml."""

from collections.abc import Iterator

from lxml import etree

from parsers import numbers, spans
from parsers.model import Content, Document, Grid
from parsers.package import Package

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_COPIES = (
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # the same text once more, for old readers
)
_RUN = f"{_W}rPr/{_W}"
_DELETED = (f"{_W}moveFrom", f"{_W}del")
_TEXT = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}


def read(document: Document) -> Content:
    """All tables in document order and the paragraphs outside of them."""
    body = _body(document.content)
    tables = list(body.iter(f"{_W}tbl"))
    grids = tuple(_grid(table, f"table {n}") for n, table in enumerate(tables, 1))
    lines = (_text(p) for p in body.iter(f"{_W}p") if _owner(p, "tbl", "p") is None)
    return Content(grids, tuple(line.strip() for line in lines if line.strip()))


def _body(content: bytes) -> etree._Element:
    root = Package(content).xml("word/document.xml")
    body = root.find(f"{_W}body")
    if body is None:
        raise ValueError("word/document.xml has no body")
    return body


def _owner(node: etree._Element, *tags: str) -> etree._Element | None:
    """The nearest element around `node` that has one of `tags`."""
    return next(node.iterancestors(*(_W + tag for tag in tags)), None)


def _grid(table: etree._Element, place: str) -> Grid:
    own = (row for row in table.iter(f"{_W}tr") if _owner(row, "tbl") is table)
    rows = [list(_cells(row)) for row in own if row.find(f"{_W}trPr/{_W}del") is None]
    return spans.grid(
        ([_span(cell, rows, i) for cell in row if not cell.continues] for i, row in enumerate(rows)), place
    )


class _Placed:
    """A cell with its first col; `continues` where it only carries on the cell above it (vMerge)."""

    __slots__ = ("col", "continues", "text", "width")

    def __init__(self, col: int, width: int, continues: bool, text: str) -> None:
        self.col, self.width, self.continues, self.text = col, width, continues, text


def _cells(row: etree._Element) -> Iterator[_Placed]:
    before = _value(row.find(f"{_W}trPr/{_W}gridBefore"), 0)
    if before:
        yield _Placed(0, before, False, "")
    col = before
    for cell in row.iter(f"{_W}tc"):  # not only children: content controls stand around cells
        if _owner(cell, "tr") is not row:
            continue
        merge = cell.find(f"{_W}tcPr/{_W}vMerge")
        width = _value(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1)
        continues = merge is not None and merge.get(f"{_W}val", "continue") == "continue"
        yield _Placed(col, width, continues, _cell_text(cell))
        col += width


def _value(element: etree._Element | None, default: int) -> int:
    value = element.get(f"{_W}val", "") if element is not None else ""
    return min(int(value), spans.MAX_COLSPAN) if value.isdecimal() else default


def _span(cell: _Placed, rows: list[list[_Placed]], at: int) -> spans.Span:
    below = at + 1
    while below < len(rows) and any(other.col == cell.col and other.continues for other in rows[below]):
        below += 1
    return spans.Span(cell.text, below - at, cell.width)


def _cell_text(cell: etree._Element) -> str:
    return "\n".join(_text(p) for p in cell.iter(f"{_W}p") if _owner(p, "tc", "p") is cell)


def _text(paragraph: etree._Element) -> str:
    """Text as it stands after all tracked changes. Struck and hidden text is not printed."""
    parts = []
    for node in paragraph.iter(f"{_W}t", *_TEXT):
        if next(node.iterancestors(_COPIES, *_DELETED), None) is not None:
            continue
        text = _TEXT.get(str(node.tag), node.text or "")
        run = _owner(node, "r")
        if run is not None:
            if any(_on(run.find(_RUN + name)) for name in ("strike", "dstrike", "vanish")):
                continue
            raised = run.find(_RUN + "vertAlign")
            if raised is not None and raised.get(f"{_W}val") == "superscript":  # a footnote's mark
                text = text.translate(numbers.SUPERSCRIPT)
        parts.append(text)
    return "".join(parts)


def _on(switch: etree._Element | None) -> bool:
    return switch is not None and switch.get(f"{_W}val", "true") not in ("0", "false", "off")
