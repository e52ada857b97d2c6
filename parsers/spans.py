"""Cells with spans → a rectangular grid, by the HTML table algorithm (WHATWG HTML §4.9.12, "forming a table")."""

from collections.abc import Iterable
from typing import NamedTuple

from parsers.model import Cell, Grid

MAX_COLSPAN = 1000  # the standard's own bound
MAX_PLACES = 200_000  # a table of the form has 250; more is hostile


class Span(NamedTuple):
    """A cell before it has a place. `rowspan` 0 means: to the end of the table."""

    text: str
    rowspan: int = 1
    colspan: int = 1


def grid(rows: Iterable[Iterable[Span]], place: str) -> Grid:
    """Lays the cells of each row into the first free places. Where spans overlap, the first cell keeps the place."""
    table = [list(row) for row in rows]
    taken: list[dict[int, Cell]] = [{} for _ in table]  # for each row: col → cell
    places = 0
    for i, row in enumerate(table):
        j, here = 0, taken[i]
        for text, rowspan, colspan in row:
            while j in here:
                j += 1
            cell = here[j] = Cell(text, i, j)
            if rowspan == colspan == 1:  # most cells
                j += 1
                continue
            width = min(max(colspan, 1), MAX_COLSPAN)
            height = min(rowspan or len(table), len(table) - i)
            places += width * height
            _check(place, places)
            for below in taken[i : i + height]:
                for x in range(j, j + width):
                    below.setdefault(x, cell)
            j += width
    width = max((max(row, default=-1) for row in taken), default=-1) + 1
    _check(place, width * len(table))
    return Grid(tuple(tuple(map(row.get, range(width))) for row in taken), place)


def _check(place: str, places: int) -> None:
    if places > MAX_PLACES:
        raise ValueError(f"{place} has more than {MAX_PLACES} places")
