"""The public copy of the database: without personal data and without what people have withheld.

It is a file that nobody writes to any more. What was taken out is in none of its pages, nor in its index of words.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlite_utils

from archive import csvs, personal, search, tables, withheld

# table → its columns that portals have written: addresses, and texts. A test asks for each new column where it belongs.
ADDRESSES = {
    "portals": ("home",),
    "captures": ("url",),
    "failures": ("url",),
    "columns": ("url", "found_on"),
    "rejected": ("url", "found_on"),
    "reports": ("url",),
    "documents": ("url",),
    "runs": ("columns", "walked"),
}
TEXTS = {
    "portals": ("note",),
    "runs": ("message", "vantage"),
    "failures": ("reason",),
    "columns": ("title", "why"),
    "rejected": ("text", "why"),
    "reports": ("title",),
    "local_facts": ("item", "text"),
    "claims": ("text",),
    "findings": ("message", "items"),
    "prose": ("text",),
    "events": ("message",),
    "changes": ("item", "before", "after"),
}
_LABELLED = {"local_facts": ("text",), "changes": ("before", "after")}  # whose item says 填报人


def copy(database: Path, target: Path, entries: list[withheld.Entry]) -> list[str]:
    """Writes the public copy of a database; returns a line for each entry that it could not follow."""
    with csvs.snapshot(database, target.parent) as db:
        db.executescript("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -200000")
        with db:
            unused = withheld.take_out(db, entries)
            mask(db)
            _index(db)
        db.execute("vacuum into ?", [str(target)])
    with closing(sqlite3.connect(target)) as db:
        db.execute("analyze")
        db.commit()
    return unused


def mask(db: sqlite3.Connection) -> None:
    """Puts marks in the place of personal data."""
    db.create_function("is_about_people", 1, personal.is_about_people, deterministic=True)
    for name, columns in _LABELLED.items():
        for column in columns:
            sql = f"update {name} set {column} = ? where {column} <> '' and is_about_people(item)"  # noqa: S608
            db.execute(sql, [personal.MARK])
    for names, function in ((ADDRESSES, personal.masked_address), (TEXTS, personal.masked)):
        for table, columns in names.items():
            for column in columns:
                _replace(db, table, column, function)
    _mask_cells(db)


def _replace(db: sqlite3.Connection, table: str, column: str, function: Callable[[str], str]) -> None:
    """Two rows of one name become one: a name is all that told them apart."""
    db.create_function("mask", 1, lambda text: function(text) if isinstance(text, str) else text, deterministic=True)
    db.execute(f"update or replace {table} set {column} = mask({column}) where {column} <> mask({column})")  # noqa: S608


def _mask_cells(db: sqlite3.Connection) -> None:
    """Cells of the prescribed tables hold numbers. Where one holds words, they are masked as any other text."""
    sql = "select sheets.rowid, key, value ->> 'text' from sheets, json_each(cells) where type = 'object'"
    for row, cell, text in db.execute(f"{sql} and value ->> 'kind' = 'text'").fetchall():
        if personal.masked(text) != text:
            path = f"$[{cell}].text"
            db.execute(
                "update sheets set cells = json_set(cells, ?, ?) where rowid = ?", [path, personal.masked(text), row]
            )


def _index(db: sqlite3.Connection) -> None:
    """The index of words made anew: taking texts out of it would leave their words in it."""
    copied = sqlite_utils.Database(db)
    db.execute(f"drop table {search.TABLE}")
    search.create(copied)
    for (code,) in db.execute("select code from portals").fetchall():
        search.add(copied, code)


def untold() -> set[str]:
    """The columns of text that are said neither to be masked nor to need none."""
    told = {(t, c) for names in (ADDRESSES, TEXTS) for t, columns in names.items() for c in columns}
    columns = {(t, c) for t, (_, kinds, _, _) in tables.TABLES.items() for c, kind in kinds.items() if kind is str}
    return {f"{table}.{column}" for table, column in columns - told}
