"""Tables as Word keeps them: a stream of paragraphs, some of which end a cell or a row (DOC, RTF)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from parsers import merges
from parsers.merges import Edged
from parsers.model import Content
from parsers.spans import MAX_PLACES

MAX_DEPTH = 20  # of tables within tables
_CM = 567  # twips: the width of cols of which the file says none


class Shape(NamedTuple):
    """A cell as its row defines it. Of a run of cells with `merge`, those with another than its first carry it on."""

    left: int
    right: int
    merge: int = 0
    continues: bool = False


@dataclass
class Open:
    """A table that is being read: its finished rows, the cells of the next, the lines of the next cell."""

    rows: list[list[Edged]] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class Stream:
    """Takes paragraphs in their order. `depth` is how many tables are around one; 0 is outside of any."""

    def __init__(self) -> None:
        self._tables: list[Open] = []
        self._around: list[Open] = []
        self._lines: list[str] = []
        self._places = 0

    def _at(self, depth: int) -> Open:
        if depth > MAX_DEPTH:
            raise ValueError(f"tables within tables, more than {MAX_DEPTH} deep")
        del self._around[depth:]
        while len(self._around) < depth:
            self._around.append(Open())
            self._tables.append(self._around[-1])
        return self._around[-1]

    def line(self, text: str, depth: int) -> None:
        if depth:
            self._at(depth).lines.append(text)
        else:
            self._around.clear()
            self._lines.append(text)

    def cell(self, text: str, depth: int) -> None:
        table = self._at(depth)
        table.cells.append("\n".join([*table.lines, text]))
        table.lines = []

    def row(self, shapes: Sequence[Shape], depth: int, deleted: bool = False) -> None:
        table = self._at(depth)
        self._places += max(len(table.cells), 1)
        if self._places > MAX_PLACES:
            raise ValueError(f"tables of more than {MAX_PLACES} places")
        if not deleted:
            table.rows.append(_row(table.cells, shapes))
        table.cells, table.lines = [], []

    def content(self) -> Content:
        """All tables in document order and the paragraphs outside of them."""
        grids = (merges.edged_grid(table.rows, f"table {n}") for n, table in enumerate(self._tables, 1))
        return Content(tuple(grids), tuple(line.strip() for line in self._lines if line.strip()))


def _row(cells: Sequence[str], shapes: Sequence[Shape]) -> list[Edged]:
    """The cells with their sides. Cells merged over cols become one, with the text of the first.

    A writer may end more cells than its row defines: those without a text are none.
    """
    known, left = len(shapes), shapes[-1].right if shapes else 0
    if known and not any(cell.strip() for cell in cells[known:]):
        cells = cells[:known]
    further = (Shape(left + n * _CM, left + (n + 1) * _CM) for n in range(len(cells) - known))
    row: list[Edged] = []
    begun = 0
    for n, shape in enumerate([*shapes, *further]):
        if begun and shape.merge and shape.merge != begun:
            row[-1] = row[-1]._replace(right=shape.right)
            continue
        begun = shape.merge
        row.append(Edged(shape.left, shape.right, cells[n] if n < len(cells) else "", shape.continues))
    return row
