"""What the WARC files of one portal hold: its visits, and for each address what it answered when."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from archive import warc
from archive.model import Record, Run
from parsers import blocking, document
from parsers.model import Document

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MAX_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Capture:
    """A response record, its file, and the visit it belongs to; `visit` counts a portal's visits from 0."""

    record: Record
    run: str
    visit: int
    warc: Path


@dataclass
class Holdings:
    """All that is kept of one portal, oldest visit first. Documents are read when asked for, each payload once."""

    code: str
    runs: list[Run] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    _documents: dict[tuple[str, str], Document | None] = field(default_factory=dict)

    def at(self, url: str, visit: int) -> Capture | None:
        """The latest successful answer for an address as of a visit, redirects followed."""
        for _ in range(_MAX_REDIRECTS):
            known = self._by_url.get(url, [])
            at = bisect_right(known, visit, key=lambda c: c.visit)
            if not at:
                return None
            capture = known[at - 1]
            if capture.record.status not in _REDIRECTS:
                return capture
            url = urljoin(url, warc.read_header(capture.warc, capture.record, "Location")).partition("#")[0]
        return None

    def versions(self, url: str) -> Iterator[Capture]:
        """Each different successful answer for an address, oldest first."""
        seen = set()
        for visit in range(len(self.runs)):
            capture = self.at(url, visit)
            if capture and capture.record.digest not in seen:
                seen.add(capture.record.digest)
                yield capture

    def document(self, capture: Capture) -> Document | None:
        """What the payload is; None for a block page. Raises warc.Damaged."""
        key = capture.record.digest, capture.record.url
        if key not in self._documents:
            content, content_type = warc.read_payload(capture.warc, capture.record)
            found = document.identify(content, capture.record.url, content_type)
            self._documents[key] = None if blocking.reason(capture.record.status, found) else found
        return self._documents[key]

    @cached_property
    def _by_url(self) -> dict[str, list[Capture]]:
        found: dict[str, list[Capture]] = {}
        for capture in self.captures:
            if capture.record.status == 200 or capture.record.status in _REDIRECTS:
                found.setdefault(capture.record.url, []).append(capture)
        return found


def load(code: str, warcs: Iterable[Path]) -> Holdings:
    """Reads the indexes and notes of a portal's files. Raises warc.Damaged."""
    visits = sorted(filter(None, map(_visit, warcs)), key=lambda v: (v.run.started, v.run.id))
    holdings = Holdings(code, [v.run for v in visits])
    for number, visit in enumerate(visits):
        notes = enumerate(visit.failures, 1)
        holdings.failures += [{"run": visit.run.id, "number": n, "portal": code, **note} for n, note in notes]
        responses = (r for r in visit.records if r.type == "response")
        holdings.captures += [Capture(r, visit.run.id, number, visit.warc) for r in responses]
    return holdings


@dataclass(frozen=True, slots=True)
class _Visit:
    """One WARC file."""

    warc: Path
    records: list[Record]
    run: Run
    failures: list[dict[str, Any]]


def _visit(path: Path) -> _Visit | None:
    """None for a file whose run was killed before it had written what it is: nothing else can be in it."""
    records = warc.index(path)
    notes = [(r.url, warc.read_note(path, r)) for r in records if r.type == "metadata"]
    by_uri = dict(notes)
    start, end = by_uri.get(warc.START), by_uri.get(warc.END)
    if not start:
        return None
    if not end:
        end = {"message": "cut off before its end", "captures": sum(r.type == "response" for r in records)}
    known = {k: start[k] for k in ("portal", "started", "vantage", "sample")} | end
    return _Visit(path, records, Run(id=start["run"], **known), [n for uri, n in notes if uri == warc.FAILURE])
