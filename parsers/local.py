"""Statistics of local forms, of which each province had its own before 2019: line by line, under their own names.

A line of 指标名称, 计量单位, 2015年度, 历年累计 gives two: local.statistics.<its name>.2015年度 and ….历年累计.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from parsers import form, numbers
from parsers.model import Cell, Fact, Grid, Place

_NAMES = frozenset(("指标名称", "统计指标", "指标", "统计项目", "项目名称", "指标内容"))
_ASIDE = frozenset(("单位", "序号", "备注", "说明"))

Row = Sequence[Cell | None]


def facts(grid: Grid) -> list[Fact]:
    """The numbers below a header that says which col names them; none where there is no such header."""
    found: list[Fact] = []
    header: Row = ()
    seen: Counter[str] = Counter()
    for row in grid.rows:
        if any(cell and form.label(cell.text) in _NAMES for cell in row):
            header = row
        elif header:
            found += _line(grid.place, header, row, seen)
    return found


def _line(place: str, header: Row, row: Row, seen: Counter[str]) -> Iterator[Fact]:
    heads = [form.label(cell.text) if cell else "" for cell in header]
    at = next(j for j, head in enumerate(heads) if head in _NAMES)
    name = form.label(label.text) if (label := row[at]) else ""
    values = [j for j, head in enumerate(heads) if j > at and head and form.canonical(head) not in _ASIDE]
    cells = {j: cell for j in values if (cell := row[j]) and cell is not label}
    if not name or not any(numbers.read(cell.text).kind == "number" for cell in cells.values()):
        return
    seen[name] += 1
    name += f"~{seen[name]}" if seen[name] > 1 else ""  # 其中:网上 stands below several lines
    unit = next((numbers.squash(c.text) for j, c in enumerate(row) if c and form.canonical(heads[j]) == "单位"), "")
    for j, cell in cells.items():
        reading = numbers.read(cell.text)
        where = Place(place, cell.row + 1, cell.col + 1)
        item = f"local.statistics.{name}.{numbers.squash(header[j].text)}"  # type: ignore[union-attr]
        yield Fact("local", item, cell.text, reading.value, reading.unit or unit, reading.kind, where)
