"""The reference pages of docs/, written from the code and its data: the catalogue of checks, the data dictionary.

`make docs` writes them; a test fails when they are not what the code says.
"""

import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlite_utils

from archive import tables
from parsers import checks, form

_MADE = "<!-- Written by `make docs`; change the code or its data, not this page. -->"

_CHECKS = """\
# The checks 核对规则

What a finding's `check_name` means. A finding says what does not add up; nothing is ever corrected. Levels: `error`,
figures of the tables contradict each other; `warning`, a reader should look; `info`, worth knowing.

"""
_EQUATIONS = """\
## The equations 勾稽关系

Each holds within one table of a form: in every col, in every row, or once. A term that the form does not have is
left out; `before` is the report of the year before. A blank is never taken for 0: the check says `not_checkable`.

"""
_DATA = """\
# The data 数据字典

Every table and view of `nianbao.db`, every indicator, every item of every form. Dates are ISO 8601, times UTC. A
blank is not 0: a blank cell has kind `blank` and no value, a cell that a report does not print has no row.

"""
_INDICATORS = """\
## Indicators 推算指标

Worked out from the figures, never printed by a report. A row that ends in `_` stands for all rows that begin so.

"""
_FORMS = """\
## Forms and their items 格式与指标

An item's name is `table.row.col`. Each line here is a row of the form; `…` stands for each of its cols, and 〃 for the
cols of the line above. Where a unit is not given, a fact has the unit that its report prints.

"""


def pages() -> dict[str, str]:
    """File name in docs/ → what must stand in it."""
    return {"checks.md": _page(_checks()), "data.md": _page(_data())}


def write(folder: Path) -> None:
    for name, text in pages().items():
        (folder / name).write_text(text, "utf-8")


def _page(lines: Iterable[str]) -> str:
    return "\n".join((_MADE, "", *lines)).rstrip("\n") + "\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    heads = list(heads)
    for cells in (heads, ["---"] * len(heads), *rows):
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"
    yield ""


def _cell(value: object) -> str:
    text = re.sub(r"\s*\n\s*", " ", str(value))
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;") or " "


def _checks() -> Iterator[str]:
    catalogue = checks.catalogue().values()
    yield from _CHECKS.splitlines()
    yield from _table(
        ("check", "中文", "English", "example"), ((f"`{c.name}`", c.zh, c.en, c.example) for c in catalogue)
    )
    yield from _EQUATIONS.splitlines()
    for check in filter(lambda c: c.table, catalogue):
        where = f"`{check.table}`" + (f", each {check.each}" if check.each else "")
        sides = (" + ".join(side).replace("+ minus", "-") for side in (check.left, check.right))
        yield f"- `{check.name}` ({where}): {_cell(' = '.join(sides))}"


def _data() -> Iterator[str]:
    db = sqlite_utils.Database(memory=True)
    tables.create(db)
    yield from _DATA.splitlines()
    yield from _tables()
    yield from _indicators(db)
    yield from _forms()


def _tables() -> Iterator[str]:
    yield "## Tables and views 表"
    yield ""
    for name in tables.TABLES | tables.VIEWS:
        yield f"### {name}"
        yield ""
        yield _cell(described(name)) + (" (view)" if name in tables.VIEWS else "")
        yield ""
        rows = ((f"`{c.name}`" + (" (key)" if c.is_key else ""), c.type, c.meaning) for c in columns_of(name))
        yield from _table(("column", "type", "meaning"), rows)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    meaning: str
    is_key: bool


def described(name: str) -> str:
    """What a table or view is."""
    return str(told().get(name, {}).get("description") or (tables.TABLES | tables.VIEWS)[name][0])


def columns_of(name: str) -> list[Column]:
    """The columns of a table or view, with their meanings."""
    _, columns, key, foreign = (tables.TABLES | tables.VIEWS)[name]
    meanings = meanings_of(told().get(name, {}).get("columns", {}), foreign, columns)
    return [Column(c, _type(kind), meanings[c], c in key) for c, kind in columns.items()]


@functools.cache
def told() -> dict[str, Any]:
    """Table or view → what the site's metadata says of it and of its columns."""
    metadata = json.loads((files("archive") / "site" / "metadata.json").read_text("utf-8"))
    return dict(metadata["databases"]["nianbao"]["tables"])


def _type(kind: type) -> str:
    return {str: "text", int: "integer", float: "number"}[kind]


def meanings_of(
    said: Mapping[str, str], foreign: Iterable[tuple[str, str, str]], columns: Iterable[str]
) -> dict[str, str]:
    """Column → its meaning: what the site's metadata says, and where a foreign key leads; "" where neither does."""
    leads = {column: f"→ `{table}.{other}`" for column, table, other in foreign}
    return {column: " ".join(filter(None, (said.get(column, ""), leads.get(column, "")))) for column in columns}


def _indicators(db: sqlite_utils.Database) -> Iterator[str]:
    yield from _INDICATORS.splitlines()
    rows = ((f"`{r['indicator']}`", r["zh"], r["en"], r["formula"]) for r in db.table("indicators").rows)
    yield from _table(("indicator", "中文", "English", "formula"), rows)


def _forms() -> Iterator[str]:
    yield from _FORMS.splitlines()
    for one in form.forms():
        yield f"### {one.name}"
        yield ""
        yield f"{_cell(one.notice)} · {len(form.items(one.name))} items"
        yield ""
        lines = ((f"`{item}`", *rest) for item, *rest in lines_of(one))
        yield from _table(("items", "行", "栏", "unit"), lines)


def lines_of(one: form.Form) -> Iterator[tuple[str, str, str, str]]:
    """The rows of a form: their items, what each is in print, its cols, its unit."""
    cols = ""
    for block in one.blocks:
        own = " · ".join(f"{key} {_path(label)}".strip() for key, label in block.cols.items())
        for row, label in (block.rows or {"": ""}).items():
            where = _path(label) or block.label
            keys = [block.item(row, key) for key in block.cols]
            name = keys[0] if len(keys) == 1 else block.item(row, "…")
            yield name, where, "〃" if own == cols else own, _units(block, row)
            cols = own


def _path(label: str) -> str:
    return label.replace(">", " › ")


def _units(block: form.Block, row: str) -> str:
    """The unit of a row; where its cols differ, each run of cols with its own."""
    runs = [
        (unit, [col for col, _ in run])
        for unit, run in itertools.groupby(((c, block.unit_of(row, c)) for c in block.cols), key=lambda pair: pair[1])
    ]
    return (
        runs[0][0] if len(runs) == 1 else "; ".join(f"{', '.join(cols)}: {unit or 'not given'}" for unit, cols in runs)
    )


if __name__ == "__main__":
    write(Path(__file__).parent.parent / "docs")
