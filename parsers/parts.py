"""Cuts tables into parts: a header and the rows below it, each with the words of its label."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from parsers import form, numbers
from parsers.form import Path
from parsers.model import Cell, Grid

_MONEY_NOTE = re.compile(r"\([^()]*?(百万元|千元|万元|亿元|元)\)")
_ASIDE = frozenset(("单位", "序号"))  # cols beside a row's label that are no part of it
MAX_HEADER = 8  # rows; the form's deepest header has three


@dataclass(slots=True)
class Part:
    """A header and the rows below it, up to the next header. `stacks[col]` holds the header cells over a col."""

    place: str
    stacks: list[list[Cell]]
    rows: list[tuple[Path, Sequence[Cell | None]]] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)  # the words of each stack
    money: list[str] = field(default_factory=list)  # the unit of money that each stack names in brackets
    units: list[int] = field(default_factory=list)  # the cols that hold the unit of their line

    def add_header(self, row: Sequence[Cell | None]) -> None:
        for stack, cell in zip(self.stacks, row, strict=True):
            if cell and cell not in stack:
                stack.append(cell)
        self.paths = [_path([form.canonical(c.text) for c in stack]) for stack in self.stacks]
        texts = ("".join(c.text for c in stack) for stack in self.stacks)
        notes = (_MONEY_NOTE.search(numbers.squash(text)) if "元" in text else None for text in texts)
        self.money = [note[1] if note else "" for note in notes]
        self.units = [j for j, path in enumerate(self.paths) if path[-1:] == ("单位",)]

    def below(self, place: str) -> "Part":
        """A further part under the same header."""
        return Part(place, self.stacks, paths=self.paths, money=self.money, units=self.units)

    def labels(self, row: Sequence[Cell | None], start: int) -> list[Cell | None]:
        """The cells of a row that hold its label: those before `start`, without number and unit of the line."""
        return [None if path and path[-1] in _ASIDE else row[j] for j, path in enumerate(self.paths[:start])]

    def unit(self, row: Sequence[Cell | None]) -> str:
        """The unit that a line of the table names in a col of its own."""
        cells = (row[j] for j in self.units)
        return next((numbers.squash(cell.text) for cell in cells if cell), "")


def parts_of(grids: Iterable[Grid]) -> Iterator[list[Part]]:
    last: Part | None = None
    for grid in grids:
        wide = last and grid.rows and len(last.stacks) == len(grid.rows[0])
        parts = list(_parts(grid, last if wide else None))
        last = parts[-1] if parts else None
        yield parts


def _parts(grid: Grid, before: Part | None) -> Iterator[Part]:
    """Cuts a grid where a header begins. Data rows are told by their label first: 总计 is a row's and a col's.

    Under the header of `before` stands a grid that begins with a row of the form: a table cut in two.
    """
    part: Part | None = None
    last = before  # its header holds on below a title across the table
    carried: dict[int, str] = {}
    for i, row in enumerate(grid.rows):
        over = part or last
        start = _body_start(over) if over else None
        path = _row_path(over.labels(row, start), carried) if over and start else ()
        if over and path and path[-1] in form.row_leaves():
            part = last = part or over.below(grid.place)
            part.rows.append((path, row))
        elif _is_header(cells := distinct(row)):
            if part and (part.rows or max(map(len, part.stacks)) == MAX_HEADER):
                yield part
                part = None
            part = last = part or Part(grid.place, [[] for _ in row])
            part.add_header(_spread(row, grid.rows[i + 1 : i + MAX_HEADER]))
        elif part and len(cells) > 1 and start is not None:
            part.rows.append((path, row))
        elif part and cells:  # one cell across: the title of the next section
            yield part
            part = None
        last = last if i else part
    if part:
        yield part


def _is_header(cells: Sequence[Cell]) -> bool:
    return any(form.canonical(c.text) in form.header_words() for c in cells) and not has_numbers(cells)


def _spread(row: Sequence[Cell | None], below: Sequence[Sequence[Cell | None]]) -> Sequence[Cell | None]:
    """A header row whose spans were not written: a cell goes on over the blanks right of it that stand over headers."""
    if len(distinct(row)) < len(row):
        return row
    under = list(itertools.takewhile(lambda other: _is_header(distinct(other)), below))
    spread = list(row)
    for j in range(1, len(row)):
        if not _filled(row[j]) and any(_filled(other[j]) for other in under):
            spread[j] = spread[j - 1]
    return spread


def _filled(cell: Cell | None) -> bool:
    return cell is not None and bool(cell.text.strip())


def distinct(row: Sequence[Cell | None]) -> list[Cell]:
    return list({id(c): c for c in row if c}.values())  # a spanning cell is one object


def has_numbers(cells: Iterable[Cell]) -> bool:
    return any(numbers.read(c.text).kind == "number" for c in cells)


def _body_start(part: Part) -> int | None:
    """The first col whose header ends in a label of some form's col; the cols before it hold row labels."""
    leaves = form.col_leaves()
    return next((j for j, path in enumerate(part.paths) if path and path[-1] in leaves), None)


def _row_path(cells: Sequence[Cell | None], carried: dict[int, str]) -> Path:
    """The labels before a row's values, outermost first.

    A blank label cell before the row's own label continues the one above (a vertical span that was not written);
    the row's own label is never carried.
    """
    own = [form.canonical(c.text) if c else "" for c in cells]
    last = max((j for j, word in enumerate(own) if word), default=-1)
    words = [word or carried.get(j, "") for j, word in enumerate(own[: last + 1])]
    for j in range(len(own)):
        carried[j] = words[min(j, last)] if last >= 0 else ""
    return _path(words)


def _path(words: Sequence[str]) -> Path:
    """Without blanks and without what stands twice in a row."""
    return tuple(w for i, w in enumerate(words) if w and words[i - 1 : i] != [w])
