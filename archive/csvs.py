"""The tables as CSV: for people, safe to open in a spreadsheet; and raw, for programs."""

import csv
import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from archive import tables
from archive.about import CSV, About, readme

Step = Callable[[str, int], None]  # is told the table, and how many of its rows are written

# What people ask for, most asked for first. `facts` has what `sheets` and `local_facts` hold.
NAMES = (
    *("reports", "facts", "items", "findings", "events", "changes", "coverage", "portals", "runs", "captures"),
    *("documents", "claims", "failures", "columns", "rejected", "prose", "withheld"),
    *("indicator_values", "indicators", "indicator_terms", "checks"),
)
# Rows of `facts` are made for one report at a time: the whole view would have to be sorted.
_FACTS = """
select f.* from facts f left join items i on i.form = f.form and i.item = f.item
where f.report = ? order by f.document, i.position is null, i.position, f.item
"""
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*")
_NEGATIVE = re.compile(r"-(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?%?", re.ASCII)


def write(folder: Path, db: sqlite3.Connection, code: str, found: About, step: Step) -> None:
    """Fills a new folder: FOLDER/*.csv for spreadsheets, FOLDER/raw/*.csv as the database has it, README.txt."""
    (folder / "raw").mkdir(parents=True)
    for name in NAMES:
        with ExitStack() as files:
            # A mark at its start tells Excel that the file is UTF-8; in China it is read as GBK without.
            opened = ((folder, "utf-8-sig"), (folder / "raw", "utf-8"))
            safe_rows, raw_rows = (
                csv.writer(files.enter_context((to / f"{name}.csv").open("x", encoding=encoding, newline="")))
                for to, encoding in opened
            )
            for row in rows(db, name, code, step):
                raw_rows.writerow(row)
                safe_rows.writerow([safe(cell) if isinstance(cell, str) else cell for cell in row])
    (folder / "README.txt").write_text(readme(found, CSV, NAMES), "utf-8-sig", newline="\r\n")


@contextmanager
def snapshot(database: Path, folder: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the database: an export takes long, and a build must not have to wait for it."""
    path = folder / "snapshot.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as copy:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as source:
            source.backup(copy, pages=10_000)
        yield copy
    path.unlink()


def rows(db: sqlite3.Connection, name: str, code: str, step: Step) -> Iterator[list[Any]]:
    """The rows of a table or view, those of one portal where a code is given, after a row of its columns' names."""
    yield list(columns(name))
    number = 0
    for number, row in enumerate(_rows(db, name, code), 1):
        yield [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in row]
        if number % 1000 == 0:
            step(name, number)
    step(name, number)


def columns(name: str) -> dict[str, type]:
    """Column → its type."""
    return (tables.TABLES | tables.VIEWS)[name][1]


def key(name: str) -> tuple[str, ...]:
    return (tables.TABLES | tables.VIEWS)[name][2]


def _rows(db: sqlite3.Connection, name: str, code: str) -> Iterator[tuple[Any, ...]]:
    if name == "facts":
        for (report,) in db.execute(f"select id from reports where {_of('reports')} order by id", [code]):  # noqa: S608
            yield from db.execute(_FACTS, [report])
    else:
        listed, order = (", ".join(f"[{column}]" for column in names) for names in (columns(name), key(name)))
        yield from db.execute(f"select {listed} from {name} where {_of(name)} order by {order}", [code])  # noqa: S608


def _of(name: str) -> str:
    """The condition for the rows of the portal ?1, or of all where that is empty."""
    if name == "portals":
        return "?1 in ('', code)"
    if "portal" in columns(name):
        return "?1 in ('', portal)"
    if "report" in columns(name):
        return "(?1 = '' or report in (select id from reports where portal = ?1))"
    return "?1 is not null"


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: with ' before it where it might. A negative number stays one."""
    unseen = _UNSEEN.match(cell)
    first = cell[unseen.end() if unseen else 0 :][:1]
    is_formula = unicodedata.normalize("NFKC", first) in ("=", "+", "-", "@") or cell[:1] in ("\t", "\r", "\n")
    return f"'{cell}" if is_formula and not _NEGATIVE.fullmatch(cell) else cell
