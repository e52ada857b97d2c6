"""What the WARC files of one portal hold: its visits, and for each address what it answered when."""

import contextlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from archive import warc
from archive.model import Record, Run
from parsers import blocking, document
from parsers.model import Document

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


@dataclass(frozen=True, slots=True)
class Capture:
    """A response record and the visit it belongs to."""

    record: Record
    run: str
    warc: Path


@dataclass
class Holdings:
    """All that is kept of one portal, oldest visit first. Documents are read when asked for, each payload once."""

    code: str
    runs: list[Run] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    _documents: dict[tuple[str, str], Document | None] = field(default_factory=dict)

    def at(self, url: str, time: str) -> Capture | None:
        """The latest successful answer for an address up to a moment, redirects followed within it."""
        for _ in range(10):
            known = self._by_url().get(url, [])
            at = bisect_right(known, time, key=lambda c: c.record.timestamp)
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
        for run in self.runs:
            capture = self.at(url, run.finished or "9999")
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

    def _by_url(self) -> dict[str, list[Capture]]:
        if not hasattr(self, "_urls"):
            self._urls: dict[str, list[Capture]] = {}
            for capture in self.captures:
                if capture.record.status == 200 or capture.record.status in _REDIRECTS:
                    self._urls.setdefault(capture.record.url, []).append(capture)
        return self._urls


def load(code: str, warcs: Iterable[Path]) -> Holdings:
    """Reads the indexes and notes of a portal's files. Raises warc.Damaged."""
    holdings = Holdings(code)
    for path in sorted(warcs):
        records = warc.index(path)
        notes = [(r.url, warc.read_note(path, r)) for r in records if r.type == "metadata"]
        start = next((note for uri, note in notes if uri == warc.START), None)
        if not start:
            continue  # killed before it had written what it is: nothing else can be in it
        end = next((note for uri, note in notes if uri == warc.END), {})
        run = _run(start, end, records)
        holdings.runs.append(run)
        failures = [note for uri, note in notes if uri == warc.FAILURE]
        holdings.failures += [
            {"run": run.id, "number": n, "portal": code, **note} for n, note in enumerate(failures, 1)
        ]
        holdings.captures += [Capture(r, run.id, path) for r in records if r.type == "response"]
    holdings.runs.sort(key=lambda run: run.started)
    holdings.captures.sort(
        key=lambda capture: (capture.record.timestamp, capture.record.filename, capture.record.offset)
    )
    return holdings


def _run(start: dict[str, object], end: dict[str, object], records: list[Record]) -> Run:
    known = {k: start[k] for k in ("portal", "started", "vantage", "sample")}
    with contextlib.suppress(KeyError):
        known |= {k: end[k] for k in ("finished", "verdict", "captures", "bytes", "message")}
    if not end:
        known |= {"message": "cut off before its end", "captures": sum(r.type == "response" for r in records)}
    return Run(id=str(start["run"]), **known)  # type: ignore[arg-type]
