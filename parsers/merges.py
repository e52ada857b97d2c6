"""Cells that know their col → a rectangular grid: what word processors and spreadsheets write (HTML: `spans`)."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from parsers.model import Cell, Grid
from parsers.spans import MAX_COLSPAN, MAX_PLACES

MAX_EDGE = 115  # twips, 2 mm: sides of cells that stand nearer are one side


class Placed(NamedTuple):
    """A cell of a row with the cols and rows it covers; `continues` where it only carries on the cell above it."""

    col: int
    text: str
    width: int = 1
    height: int = 1
    continues: bool = False


class Edged(NamedTuple):
    """A cell of a row with its sides in twips."""

    left: int
    right: int
    text: str
    continues: bool = False


def grid(rows: Sequence[Sequence[Placed]], place: str) -> Grid:
    """Where cells overlap, the first one keeps the place."""
    taken: list[dict[int, Cell]] = [{} for _ in rows]  # for each row: col → cell
    placed = 0
    for i, row in enumerate(rows):
        for col, text, width, height, continues in row:
            above = taken[i - 1].get(col) if continues and i else None
            cell = above if above and above.col == col else Cell(text, i, col)
            if width == height == 1:  # most cells
                taken[i].setdefault(col, cell)
                continue
            width, height = min(max(width, 1), MAX_COLSPAN), min(max(height, 1), len(rows) - i)
            placed += width * height
            _check(place, placed)
            for below in taken[i : i + height]:
                for x in range(col, col + width):
                    below.setdefault(x, cell)
    cols = max((max(row, default=-1) for row in taken), default=-1) + 1
    _check(place, cols * len(rows))
    return Grid(tuple(tuple(map(row.get, range(cols))) for row in taken), place)


def _check(place: str, places: int) -> None:
    if places > MAX_PLACES:
        raise ValueError(f"{place} has more than {MAX_PLACES} places")


def edged_grid(rows: Sequence[Sequence[Edged]], place: str) -> Grid:
    """The sides of all rows make the cols. Rows whose sides differ a little, as hands draw them, have the same cols."""
    narrowest = min((c.right - c.left for row in rows for c in row if c.right > c.left), default=0)
    sides: list[int] = []
    for side in sorted({side for row in rows for c in row for side in (c.left, c.right)}):
        if not sides or side - sides[-1] > min(narrowest // 3, MAX_EDGE):
            sides.append(side)
    return grid([_placed(row, sides) for row in rows], place)


def _placed(row: Sequence[Edged], sides: list[int]) -> list[Placed]:
    cells: list[Placed] = []
    for cell in row:
        left = bisect_right(sides, cell.left) - 1
        right = bisect_right(sides, cell.right) - 1
        if right > left or cell.text:  # a cell of no width is what editing left behind
            cells.append(Placed(left, cell.text, max(right - left, 1), 1, cell.continues))
    return cells
