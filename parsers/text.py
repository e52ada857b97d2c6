"""The plain-text layout in which word processors' reports are often passed on.

A cell is a line led by a tab, a further paragraph of the cell a line without one, a row ends with a blank line, a table
with two. A cell that spans cols stands once, a place covered from above stands as a blank cell. So the width of a
spanning cell is not written; it follows from the rows around it (`_widths`).
"""

import itertools
import re
import statistics
from collections.abc import Iterator

from parsers import numbers, spans
from parsers.model import Content, Document, Grid

_RESIDUE = re.compile(
    r"\[(?:bookmark|image): ?[^\]]{0,500}\]"
)  # what the word processor leaves behind; nothing printed

Rows = list[list[str]]


def read(document: Document) -> Content:
    """Tables and prose of a text in this layout; without any tab it is prose alone."""
    lines: list[str] = []
    tables: list[Rows] = []
    for block in _blocks(_RESIDUE.sub("", document.text).splitlines()):
        if isinstance(block, str):
            lines.append(block)
        else:
            tables.append(block)
    grids = tuple(_grid(rows, f"table {n}") for n, rows in enumerate(tables, 1))
    return Content(grids, tuple(lines))


def _blocks(lines: list[str]) -> Iterator[str | Rows]:
    rows: list[list[list[str]]] = []  # a cell as its lines
    blank = 2  # blank lines just before; two of them stand outside any table
    for line in lines:
        if line.startswith("\t"):
            if blank or not rows:
                rows.append([])
            rows[-1].append([line[1:]])
            blank = 0
        elif not line.strip():
            blank += 1
        elif rows and blank < 2:  # a paragraph of the cell above; its first may be parted from it by one blank line
            rows[-1][-1].append(line)
            blank = 0
        else:
            if rows:
                yield _joined(rows)
                rows = []
            yield line.strip()
    if rows:
        yield _joined(rows)


def _joined(rows: list[list[list[str]]]) -> Rows:
    return [["\n".join(cell) for cell in row] for row in rows]


def _grid(rows: Rows, place: str) -> Grid:
    rows, forced = _too_few(rows)
    pairs = (zip(row, widths, strict=True) for row, widths in zip(rows, _widths(rows, forced), strict=True))
    return spans.grid(([spans.Span(text, 1, width) for text, width in row] for row in pairs), place)


def _too_few(rows: Rows) -> tuple[Rows, dict[int, list[int]]]:
    """A row with fewer values than its part of the table: which it lacks is not to be told, nor which spans two cols.

    Its values become one cell across all their cols, so that none of them goes out under a wrong label.
    Returns the rows, and the widths of those that were changed.
    """
    total = max(len(row) for row in rows)
    runs = [_value_run(row) for row in rows]
    changed, forced = list(rows), {}
    start = 0
    for end in [i for i, run in enumerate(runs) if not run] + [len(rows)]:  # a part ends where a header row stands
        header = len(rows[start - 1]) if start else 0
        whole = [runs[i] for i in range(start, end) if len(rows[i]) >= header]
        expected = statistics.mode(whole) if whole else header - 1
        for i in range(start, end):
            labels = len(rows[i]) - runs[i]
            if _is_value_row(rows[i]) and 0 < labels <= total - expected and runs[i] < expected:
                changed[i] = [*rows[i][:labels], "\n".join(rows[i][labels:])]
                forced[i] = [*[1] * (labels - 1), total - expected - labels + 1, expected]
        start = end + 1
    return changed, forced


def _is_value_row(row: list[str]) -> bool:
    return any(map(_is_number, row))


def _widths(rows: Rows, forced: dict[int, list[int]]) -> list[list[int]]:
    """The cols that each cell covers, bottom up: a row of values first, the header rows from the row below them."""
    total = max(len(row) for row in rows)
    values = min((run for row in rows if _is_value_row(row) and (run := _value_run(row))), default=total)
    widths: list[list[int]] = []
    below: tuple[list[str], list[int]] | None = None
    for i, row in reversed(list(enumerate(rows))):
        missing = total - len(row)
        if i in forced:
            width = forced[i]
        elif not missing:
            width = [1] * total
        elif _value_run(row) >= values or below is None or len(row) == 1:
            at = max(len(row) - max(_value_run(row), 1) - 1, 0)  # the label before the values is the one that spans
            width = [1 + missing * (j == at) for j in range(len(row))]
        else:
            width = _header_widths(row, *below, total)
        widths.append(width)
        below = (row, width)
    return widths[::-1]


def _is_number(text: str) -> bool:
    return numbers.read(text).kind == "number"


def _value_run(row: list[str]) -> int:
    """How many cells at the end of a row are values (numbers, blanks, dashes)."""
    return sum(1 for _ in itertools.takewhile(lambda t: numbers.read(t).kind != "text", reversed(row)))


def _header_widths(row: list[str], lower: list[str], widths: list[int], total: int) -> list[int]:
    """Widths of a header row from the row below: a blank there continues the cell above it, at either end.

    The cells between share what is left: one to one, by runs of equal width, or evenly.
    """
    left = sum(1 for _ in itertools.takewhile(lambda t: not t.strip(), lower[: len(row)]))
    right = sum(1 for _ in itertools.takewhile(lambda t: not t.strip(), reversed(lower[left:])))
    left, right = min(left, len(row)), min(right, max(len(row) - left, 0))
    inner = widths[left : len(widths) - right]
    count = len(row) - left - right
    runs = [sum(group) for _, group in itertools.groupby(inner)]
    if count == len(inner):
        middle = inner
    elif count == len(runs):
        middle = runs
    elif count and sum(inner) % count == 0:
        middle = [sum(inner) // count] * count
    else:  # not to be told: the last cell takes the rest, and the form's labels must decide
        middle = [1] * (count - 1) + [sum(inner) - count + 1] if count else []
    return widths[:left] + middle + widths[len(widths) - right :]
