"""WARC → parsers → SQLite. A portal is the unit: its rows are made anew from all that is kept of it, or left alone.

So an incremental build, which reads only the portals whose files have changed, gives the same rows as a full one.
"""

import dataclasses
import functools
import hashlib
import itertools
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import sqlite_utils

from archive import (
    captures,
    clock,
    coverage,
    deadlines,
    decisions,
    durable,
    events,
    readings,
    registry,
    search,
    sheets,
    tables,
    versions,
    walk,
    warc,
)
from archive.captures import Capture, Holdings
from archive.model import Run
from archive.pictures import Pictures
from archive.reader import Reader
from archive.readings import Reading
from archive.versions import Issue, Version
from parsers import ocr

# Deleted and made anew with each portal, children first.
_OF_REPORTS = ("changes", "prose", "findings", "claims", "indicator_values", "local_facts", "sheets", "documents")
_OF_PORTAL = ("events", "coverage", "reports", "columns", "rejected", "failures", "captures", "runs", "archives")
_NOT_SHOWN = ("sha256", "id", "refers_to", "content")  # of an index line, in the table of captures


def build(data: Path, full: bool = False, said: Callable[[str], None] = lambda line: None) -> list[str]:
    """Brings DATA/nianbao.db up to date with DATA/warc; returns what is damaged, a line each.

    No report is lost to a damaged file: its portal keeps the rows that it has, and a build from nothing reads what is
    left. `full` makes the database from nothing and puts it in place whole; so does any change of the program.
    """
    target, aside = data / "nianbao.db", data / "nianbao.db.damaged"
    said_first: list[str] = []
    try:
        if _is_current(target, _fingerprint(data)) and not full:
            return _built(data, target, False, said)
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:  # the others are no damage: a full disk, a mistake of ours
            raise
        os.replace(target, aside)
        said_first.append(f"{target} is damaged ({error}): it was set aside as {aside.name} and is made anew")
    return said_first + _built(data, target, True, said)


def _built(data: Path, target: Path, fresh: bool, said: Callable[[str], None]) -> list[str]:
    settled = decisions.load(data)
    path = data / "nianbao.db.new" if fresh else target
    if fresh:
        _remove(path)
    try:
        with closing(sqlite_utils.Database(path)) as db:
            if fresh:
                with db.atomic():
                    tables.create(db)
                db.execute(f"pragma user_version = {_fingerprint(data)}")
            with Reader() as reader, Pictures(reader, settled) as pictures:
                damaged = _build(db, data, said, reader, pictures)
    except BaseException:
        if fresh:
            _remove(path)  # it may be what has filled the disk
        raise
    if fresh:
        _remove_journals(target)  # SQLite would roll a killed build's journal back into the new file
        os.replace(path, target)
        durable.sync(data)
    return damaged


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_journals(path)


def _remove_journals(path: Path) -> None:
    for name in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)


def _is_current(path: Path, fingerprint: int) -> bool:
    """Whether the database is there and was made by this very program, engine and decisions. Asked that, SQLite undoes
    what a killed build had half done, and so leaves no journal without which the file would be in shreds."""
    if not path.exists() or not path.stat().st_size:
        return False
    db = sqlite_utils.Database(path)
    try:
        return bool(db.execute("pragma user_version").fetchone()[0] == fingerprint)
    finally:
        db.close()


def _fingerprint(data: Path) -> int:
    """A number that changes with what rows are made by: the program, the engine for pictures, people's decisions."""
    digest = hashlib.sha256(_program() + ocr.version().encode())
    for path in decisions.sources(data):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:4]) >> 1  # SQLite keeps 32 bits with a sign


@functools.cache
def _program() -> bytes:
    digest = hashlib.sha256()
    for package in ("parsers", "archive"):
        folder = Path(str(files(package)))
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".toml") and "portals" not in p.parts):
            digest.update(path.read_bytes())
    return digest.digest()


def _build(
    db: sqlite_utils.Database, data: Path, said: Callable[[str], None], reader: Reader, pictures: Pictures
) -> list[str]:
    damaged: list[str] = []
    for code, paths in _by_portal(db, data).items():
        known = {row["filename"]: row["bytes"] for row in db.table("archives").rows_where("portal = ?", [code])}
        there = [path for path in paths if path.exists()]
        if known == {path.name: path.stat().st_size for path in there}:
            continue
        said(code)
        try:
            holdings = captures.load(code, there)
            holdings.damage += [f"{path} is gone" for path in paths if path not in there]
            rows = _rows(holdings, there, reader, pictures)
        except Exception as error:  # one portal's pages must not keep the others from being built
            if durable.is_of_the_machine(error):
                raise  # the others would be found wanting, too, and a whole database replaced by an empty one
            damaged.append(f"{code} could not be built: {type(error).__name__}: {error}")
            continue
        damaged += holdings.damage
        if holdings.damage and not _spare(db, code, rows):
            continue
        with db.atomic():
            _replace(db, code, rows)
    return damaged


def _by_portal(db: sqlite_utils.Database, data: Path) -> dict[str, list[Path]]:
    """code → its WARC files: those that are there, and those that an index or the database says must be."""
    indexes = (path for path in (data / "warc").glob("*/*.jsonl") if path.stat().st_size)
    found = {*warc.files(data), *map(warc.warc_path, indexes)}
    found |= {data / "warc" / row["portal"] / row["filename"] for row in db.table("archives").rows}
    return {code: list(paths) for code, paths in itertools.groupby(sorted(found), key=lambda path: path.parent.name)}


def _spare(db: sqlite_utils.Database, code: str, rows: dict[str, list[dict[str, Any]]]) -> bool:
    """Keeps what the database knows and the damaged archive no longer does; False where a report's table is lost.

    The size of no file is kept, so that every build looks again and says again what is wrong.
    """
    sql = "select report, form, table_name from sheets s join reports r on r.id = s.report where r.portal = ?"
    had = {tuple(row.values()) for row in db.query(sql, [code])}
    if not had <= {(row["report"], row["form"], row["table_name"]) for row in rows.get("sheets", [])}:
        return False
    ended = {row["id"]: row for row in db.query("select * from runs where portal = ? and finished <> ''", [code])}
    rows["runs"] = [ended.get(row["id"], row) for row in rows.get("runs", [])]
    for name, key in (("events", ("id",)), ("coverage", ("portal", "year"))):  # what a lost reading had shown
        known = {tuple(row[k] for k in key): row for row in db.query(f"select * from {name} where portal = ?", [code])}  # noqa: S608
        rows[name] = [*known.values(), *(r for r in rows.get(name, []) if tuple(r[k] for k in key) not in known)]
    rows["archives"] = [{**row, "bytes": -1} for row in rows.get("archives", [])]
    return True


def _replace(db: sqlite_utils.Database, code: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    search.remove(db, code)
    for name in _OF_REPORTS:
        db.execute(f"delete from {name} where report in (select id from reports where portal = ?)", [code])  # noqa: S608
    for name in _OF_PORTAL:
        db.execute(f"delete from {name} where portal = ?", [code])  # noqa: S608
    for name in tables.TABLES:  # parents come first there
        if name in rows:
            db.table(name).insert_all(rows[name], replace=name == "portals")
    tables.work_out(db, code)
    search.add(db, code)


def _rows(
    holdings: Holdings, paths: Iterable[Path], reader: Reader, pictures: Pictures
) -> dict[str, list[dict[str, Any]]]:
    """Every row of a portal, by table."""
    if not holdings.runs:
        return {}
    portal = registry.from_dict(holdings.runs[-1].portal)
    judged = walk.Judge(holdings, reader)
    walked = list(walk.walk(portal, holdings, judged))
    rows: dict[str, list[dict[str, Any]]] = {
        "portals": [{k: v for k, v in dataclasses.asdict(portal).items() if k not in ("columns", "hosts")}],
        "runs": [_run_row(run, portal.code) for run in holdings.runs],
        "captures": [_capture_row(c, portal.code) for c in holdings.captures],
        "failures": [_failure_row(failure) for failure in holdings.failures],
        "columns": walk.column_rows(portal, holdings, walked, reader),
        "rejected": walk.rejected_rows(portal, walked),
        "archives": [{"filename": p.name, "portal": portal.code, "bytes": p.stat().st_size} for p in paths],
    }
    reports = [found for found in walked if found.link.kind == "report"]
    issues = versions.by_issue(portal, holdings, reports, reader, judged, pictures)
    read = readings.readings(holdings, judged)
    rows["events"] = [*events.moved_portals(portal.code, holdings)]
    if not holdings.runs[-1].sample:  # no real district is called overdue from samples
        rows["events"] += events.overdue(portal, issues, read)
    for issue in issues:
        for name, row in _issue_rows(issue, portal.code, read):
            rows.setdefault(name, []).append(row)
    search.number(portal.code, rows.get("prose", []))
    rows["coverage"] = [*coverage.rows(portal, holdings, issues, read, rows["events"])]
    return rows


def _run_row(run: Run, code: str) -> dict[str, Any]:
    row = {k: v for k, v in dataclasses.asdict(run).items() if k != "listed"}
    return {**row, "columns": json.dumps(run.columns), "walked": json.dumps(run.walked), "portal": code}


def _failure_row(note: dict[str, Any]) -> dict[str, Any]:
    return {name: note.get(name, "") for name in tables.TABLES["failures"][1]}


def _capture_row(capture: Capture, code: str) -> dict[str, Any]:
    row = dataclasses.asdict(capture.record)
    kept = {name: value for name, value in row.items() if name not in _NOT_SHOWN}
    return {**kept, "record": capture.record.id, "portal": code, "run": capture.run}


def _issue_rows(issue: Issue, code: str, read: list[Reading]) -> Iterator[tuple[str, dict[str, Any]]]:
    happened = [*events.new_and_revised(code, issue), *events.comings_and_goings(code, issue, read)]
    yield from (("events", event) for event in happened)
    yield from (("changes", change) for change in events.changes(code, issue))
    due = deadlines.deadline(issue.scope, issue.year)
    first = issue.revisions[0].state
    stated, platform = issue.revisions[0].heading.published, deadlines.platform_date(first.link.url)
    seen, watched = clock.parse(first.first_seen), events.watched(issue, read)
    in_time = deadlines.timeliness(due, stated, platform, seen, watched)
    whereabouts = [event["kind"] for event in happened if event["kind"] in ("withdrawn", "back")]
    of_all = {
        "due": due and due.isoformat(),
        "timeliness": in_time,
        "withdrawn": int(whereabouts[-1:] == ["withdrawn"]),
    }
    for number, version in enumerate(issue.revisions, 1):
        key = events.report_id(code, issue, number)
        current = number == len(issue.revisions)
        yield "reports", {**_report_row(key, code, version, number, current), **of_all}
        yield from _parts_of(key, version)


def _report_row(key: str, code: str, version: Version, number: int, current: bool) -> dict[str, Any]:
    head, state = version.heading, version.state
    return {
        "id": key,
        "portal": code,
        "issuer": head.issuer,
        "scope": head.scope,
        "year": head.year,
        "title": head.title,
        "url": state.link.url,
        "digest": state.parts[0][1].record.digest,
        "published": head.published,
        "platform_date": deadlines.platform_date(state.link.url),
        "index_number": head.index_number,
        "first_seen": state.first_seen,
        "last_seen": state.last_seen,
        "revision": number,
        "current": int(current),
        "content_digest": version.content_digest,
    }


def _parts_of(key: str, version: Version) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, (media_type, capture) in enumerate(version.state.parts):
        where = {"filename": capture.held.record.filename, "offset": capture.held.record.offset}
        row = {"report": key, "number": number, "url": capture.record.url, "digest": capture.record.digest}
        yield "documents", {**row, "media_type": media_type, **where}
    for sheet in sheets.sheets(key, version.read.facts):
        yield "sheets", sheet
    for fact in version.read.facts:
        if fact.form == "local":
            row = dataclasses.asdict(fact) | {"report": key, "place": str(fact.place)}
            yield "local_facts", {k: v for k, v in row.items() if k != "form"}
    for number, claim in enumerate(version.read.claims, 1):
        yield "claims", {"report": key, "number": number, **dataclasses.asdict(claim)}
    for number, finding in enumerate(version.read.findings, 1):
        row = dataclasses.asdict(finding) | {"report": key, "number": number, "check_name": finding.check}
        row["items"] = json.dumps(finding.items, ensure_ascii=False)
        yield "findings", {k: v for k, v in row.items() if k != "check"}
    yield "prose", {"report": key, "text": version.read.prose}
