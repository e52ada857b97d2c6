"""What people withhold from the public copy, on request or of their own accord: TOML kept in git, by digest.

["sha1:3I42H3S6…"]          # documents.digest, of the page or of an attachment
by = "李明"                  # not published
date = 2026-11-21
why = "涉及个人信息，应当事人请求 / personal data, on request"
what = ["report"]           # all of it; or "prose", "address", or items: "reviews.litigation_direct.total"

The archive stays as it is. Of the report the public copy says that something is withheld, why and since when.
"""

# ruff: noqa: S608 (only names of ours stand in the statements)

import datetime
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive import decisions
from archive.decisions import DecisionError
from parsers import checks, form

WHOLE = ("report", "prose", "address")
_TYPES: dict[str, type] = {"by": str, "date": datetime.date, "why": str, "what": list}
_FOUND = """
select r.id, r.portal, r.issuer, r.year from reports r
where r.digest = ?1 or r.id in (select report from documents where digest = ?1)
"""
_OTHERS = "select id from reports where portal = :portal and issuer = :issuer and year"
_PARTS = ("documents", "sheets", "local_facts", "claims", "findings", "prose", "indicator_values")
_REPORT = (
    "update reports set title = '应请求隐去 / withheld', url = '', index_number = null where id = :id",
    *(f"delete from {name} where report = :id" for name in _PARTS),
    # A revision's changes tell what the one before printed; findings of the next year, what was carried over.
    f"delete from changes where report in ({_OTHERS} = :year)",
    f"delete from findings where report in ({_OTHERS} = :year + 1) and check_name in ({{over_years}})",
)
_PROSE = (
    "delete from prose where report = :id",
    "delete from claims where report = :id",
    "delete from findings where report = :id and check_name in ('prose', 'share', 'change', 'change_impossible')",
)
_ADDRESS = ("update reports set url = '' where id = :id", "update documents set url = '' where report = :id")
_ITEM = (
    "update sheets set cells = json_replace(cells, '$[' || i.cell || ']', null) from items i"
    " where report = :id and i.item = :what and i.form = sheets.form and i.table_name = sheets.table_name",
    "delete from local_facts where report = :id and item = :what",
    "delete from claims where report = :id and instr('+' || item || '+', '+' || :what || '+')",
    "delete from findings where report = :id and exists (select 1 from json_each(items) where value = :what)",
    "delete from indicator_values where report = :id and indicator in"
    " (select indicator from indicator_terms where item = :what)",
    f"delete from changes where item = :what and report in ({_OTHERS} = :year)",
    f"delete from findings where report in ({_OTHERS} = :year + 1) and check_name in ({{over_years}})"
    " and exists (select 1 from json_each(items) i where substr(i.value, 1, instr(i.value, '.')) ="
    " substr(:what, 1, instr(:what, '.')))",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision of a person about what hangs on a digest."""

    digest: str
    date: str
    why: str
    what: tuple[str, ...]


def load(data: Path) -> list[Entry]:
    """The bundled entries and those of the data folder; a later one replaces an earlier. Raises DecisionError."""
    said = decisions.entries(decisions.sources(data, "withheld.toml"), _TYPES)
    return list({name: _entry(where, name, entry) for where, name, entry in said}.values())


def _entry(where: str, name: str, entry: dict[str, Any]) -> Entry:
    for key, value in entry.items():
        if not value:
            raise DecisionError(f"{where}: {key} is missing: nothing stands there")
    known = {*WHOLE, *(item.item for one in form.forms() for item in form.items(one.name))}
    for what in entry["what"]:
        if not isinstance(what, str) or (what not in known and not what.startswith("local.")):
            raise DecisionError(f"{where}: {what!r} is no item of any form, and none of {', '.join(WHOLE)}")
    return Entry(name, entry["date"].isoformat()[:10], entry["why"], tuple(entry["what"]))


def take_out(db: sqlite3.Connection, entries: list[Entry]) -> list[str]:
    """Takes what is withheld out of a copy of the database; returns a line for each digest that it does not have."""
    unused = []
    for entry in entries:
        found = db.execute(_FOUND, [entry.digest]).fetchall()
        captured = db.execute("update captures set url = '' where digest = ?", [entry.digest]).rowcount
        for key, portal, issuer, year in found:
            names = {"id": key, "portal": portal, "issuer": issuer, "year": year}
            for what in entry.what:
                _take(db, entry, what, names)
        if not found and not captured:
            unused.append(f"{entry.digest} is to be withheld, and the database has no such document")
    return unused


def _take(db: sqlite3.Connection, entry: Entry, what: str, names: Mapping[str, Any]) -> None:
    if what in ("report", "address"):
        urls = "select digest from documents where report = :id"
        db.execute(f"update captures set url = '' where digest in ({urls})", names)
    for sql in {"report": _REPORT, "prose": _PROSE, "address": _ADDRESS}.get(what, _ITEM):
        db.execute(sql.format(over_years=_over_years()), {**names, "what": what})
    row = [names["id"], what, entry.why, entry.date, entry.digest]
    db.execute("insert or replace into withheld (report, what, why, date, digest) values (?, ?, ?, ?, ?)", row)


def _over_years() -> str:
    equations = [c.name for c in checks.catalogue().values() if any(t.startswith("before ") for t in c.right)]
    return ", ".join(f"'{name}'" for name in (*equations, "change", "change_impossible"))
