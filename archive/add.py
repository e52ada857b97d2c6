"""What a person saved by hand, as a WARC file of its own with one `resource` record, and what became of it."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import sqlite_utils

from archive import captures, clock, registry, show, warc
from archive.about import SOFTWARE
from archive.model import Portal
from archive.options import Ended, first_capture
from archive.pictures import Pictures
from archive.reader import Failed, Reader
from archive.writer import Writer
from parsers import blocking, report
from parsers.links import links
from parsers.model import Document

SAVED = "人工保存 / saved by hand"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_MIME = {
    "html": "text/html",
    "text": "text/plain",
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "rtf": "application/rtf",
    "odt": "application/vnd.oasis.opendocument.text",
    "ofd": "application/ofd",
}
_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def archived(data: Path) -> Iterator[Portal]:
    """The portals as the newest file of each tells of them: whoever has the archive needs no registry."""
    for folder in sorted((data / "warc").glob("*")):
        for path in sorted(folder.glob("*.warc.gz"), reverse=True)[:1]:
            for run in captures.load(folder.name, [path]).runs:
                yield registry.from_dict(run.portal)


def choose(known: Iterable[Portal], address: str, name: str) -> Portal:
    """The portal that an address belongs to. Raises Ended where it is none of ours: mirrors clone these reports."""
    host, portals = registry.host_of(address), list(known)
    if name:
        portals = [p for p in portals if name in (p.code, p.slug) or name in registry.allowed_hosts(p)]
        if not portals:
            raise Ended(2, f"no portal {name!r} in the registry; name it by code (370112), slug (licheng) or host")
    found = {p.code: p for p in reversed(portals) if host in registry.allowed_hosts(p)}
    if len(found) > 1:
        raise Ended(2, f"{host} is a host of {' and of '.join(sorted(found))}; say which with --portal")
    if not found:
        whose = f"{portals[0].name} ({portals[0].code})" if name else "any portal in the registry"
        raise Ended(
            2, f"{host} is no host of {whose}; if it is an official one, add it there (`hosts`) or by --registry"
        )
    return found.popitem()[1]


def held(data: Path, portal: Portal, given: Document, time: datetime) -> str:
    """Which file of the archive has these bytes from this address, from no later than `time`; "" where none has."""
    name, when = (given.url, warc.payload_digest(given.content)), clock.iso(time)
    holdings = captures.load(portal.code, sorted((data / "warc" / portal.code).glob("*.warc.gz")))
    found = (c.record for c in holdings.captures if (c.record.url, c.record.digest) == name)
    return next((f"{record.filename}, {record.timestamp}" for record in found if record.timestamp <= when), "")


def write(data: Path, portal: Portal, name: str, given: Document, time: datetime) -> Path:
    """Writes the WARC file; returns it. Where that fails, there is none."""
    now, folder = clock.now(), data / "warc" / portal.code
    stamp = f"{portal.code}-{now:%Y%m%d%H%M%S}"
    run = next(run for n in range(1, 100) if not (folder / f"{(run := f'{stamp}-{n:02}')}.warc.gz").exists())
    path = folder / f"{run}.warc.gz"
    sample = first_capture(data, sample=True) is not None
    info = {
        "software": SOFTWARE,
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "operator": os.environ.get("NIANBAO_CONTACT", ""),
        "isPartOf": portal.code,
        "description": f"{portal.name} {SAVED}{' 样例 (sample)' if sample else ''}",
    }
    start = {"run": run, "portal": dataclasses.asdict(portal), "started": clock.iso(time), "sample": sample}
    start |= {"vantage": os.environ.get("NIANBAO_VANTAGE", ""), "by_hand": True, "software": SOFTWARE}
    # "partial", as a file says nothing of the rest of its portal
    end = {"finished": clock.iso(now), "verdict": "partial", "message": f"{SAVED}: {name}", "columns": [], "walked": []}
    try:
        writer = Writer(path, {key: value for key, value in info.items() if value}, start)
        try:
            writer.resource(given.url, given.content, _mime(given), time)
            writer.note(warc.END, {**end, "captures": 1, "bytes": len(given.content)})
        finally:
            writer.close()
    except OSError:
        for left in (path, warc.index_path(path)):
            left.unlink(missing_ok=True)
        raise
    return path


def _mime(given: Document) -> str:
    picture = next((mime for magic, mime in _PICTURES.items() if given.content.startswith(magic)), "")
    return _MIME.get(given.media_type) or picture or "application/octet-stream"


def outcome(data: Path, portal: Portal, given: Document, path: Path) -> tuple[str, bool]:
    """What became of a file that `path` has, or why it is no part of any report; and whether it is."""
    db = sqlite_utils.Database(data / "nianbao.db")
    sql = "select r.*, d.number from documents d join reports r on r.id = d.report where d.filename = ?"
    for row in db.query(sql, [path.name]):
        part = f"attachment {row['number']} of report" if row["number"] else "report"
        title = show.printable(f"{row['issuer']} {row['year']}")
        return f"{part} {row['id']} ({title}, revision {row['revision']})", True
    if db.table("columns").count_where("portal = ? and url = ?", [portal.code, given.url]):
        return "a page of the annual-report column", True
    if why := _no_report(given, portal):
        return show.printable(why), False
    return "kept; it says what the archive knew already", True


def _no_report(given: Document, portal: Portal) -> str:
    """Why a file is not shown as a report; "" where it could be one."""
    if why := blocking.reason(200, given):
        return why
    with Reader(workers=1) as reader, Pictures(reader, {}) as pictures:
        try:
            read = reader.call(report.read, [given], [portal.name])
            pictures.read(read, [given], [warc.payload_digest(given.content)], [portal.name])
        except (report.NotAReport, Failed) as error:
            attached = [link.url for link in reader.call(links, given, "report")] if given.media_type == "html" else []
            return f"{error}; add what hangs on it as well: {attached[0]}" if attached else str(error)
    return ""
