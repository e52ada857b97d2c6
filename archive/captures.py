"""What the WARC files of one portal hold: its visits, and for each address what it answered when."""

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from archive import durable, message, registry, warc
from archive.model import Record, Run, fitting
from parsers import blocking, document
from parsers.anchors import address
from parsers.model import Document

REDIRECTS = frozenset((301, 302, 303, 307, 308))
APART = timedelta(days=7)  # of the two readings that show that a report was withdrawn
_MAX_REDIRECTS = 10
_KEPT = 32 << 20  # bytes of a portal's documents in memory


@dataclass(frozen=True, slots=True)
class Capture:
    """An answer's record (warc.ANSWERS), or that of the page which a browser made; its file, the visit it belongs to.

    `visit` counts a portal's visits from 0. `original` is the response that holds the payload of a revisit.
    """

    record: Record
    run: str
    visit: int
    warc: Path
    original: "Capture | None" = None

    @property
    def held(self) -> "Capture":
        """The capture whose record holds the payload."""
        return self.original or self

    @property
    def by_hand(self) -> bool:
        """Whether a person saved it, and no server gave it to us."""
        return self.record.type == "resource"


@dataclass
class Holdings:
    """All that is kept of one portal, oldest visit first. Documents are read when asked for; the last ones stay."""

    code: str
    runs: list[Run] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    conversions: list[Capture] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    _documents: dict[tuple[str, str], Document | None] = field(default_factory=dict)

    def at(self, url: str, visit: int) -> Capture | None:
        """The latest successful answer for an address (warc.address) as of a visit, redirects followed."""
        for _ in range(_MAX_REDIRECTS):
            known = self._by_url.get(url, [])
            at = bisect_right(known, visit, key=lambda c: c.visit)
            if not at:
                return None
            capture = known[at - 1]
            if capture.record.status not in REDIRECTS:
                return capture
            url = self._location(capture)
        return None

    def after(self, url: str, visit: int) -> Capture | None:
        """The first successful answer for an address from a visit on, redirects followed."""
        return next(filter(None, (self.at(url, later) for later in range(visit, len(self.runs)))), None)

    def latest(self, url: str) -> tuple[Capture, str] | None:
        """The last answer of a server, whatever it was, and when it last said so: Not Modified counts."""
        known = [c for c in self._answers.get(url, []) if not c.by_hand]
        said = next((c for c in reversed(known) if c.record.status != 304), None)
        return (said, known[-1].record.timestamp) if said else None

    def seen(self, capture: Capture, visit: int) -> str:
        """When, as of a visit, its address was last asked for: a server that says Not Modified gives it again."""
        known = self._answers[capture.record.url]
        return known[bisect_right(known, visit, key=lambda c: c.visit) - 1].record.timestamp

    def home(self, visit: int) -> Capture | None:
        """The portal's home page as of a visit."""
        return self.at(address(self.runs[visit].portal["home"], "") or "", visit)

    def versions(self, url: str) -> Iterator[Capture]:
        """Each different successful answer for an address, oldest first."""
        seen = set()
        for visit in range(len(self.runs)):
            capture = self.at(url, visit)
            if capture and capture.record.digest not in seen:
                seen.add(capture.record.digest)
                yield capture

    def looks(self, url: str) -> list[Capture]:
        """Each different page that an address has answered with, then those that a browser made of them."""
        versions = list(self.versions(url))
        rendered = {c.record.digest: c for version in versions for c in self.rendered(version)}
        return [*versions, *rendered.values()]

    def is_missing(self, page: Document) -> bool:
        """Whether a page says what the portal says to an address that does not exist, with status 200 to both."""
        return any(blocking.same(page, nowhere) for nowhere in self._nowhere)

    def rendered(self, capture: Capture) -> list[Capture]:
        """What a browser made of the address of `capture`, oldest first."""
        return self._conversions_by_url.get(capture.record.url, [])

    def document(self, capture: Capture) -> Document | None:
        """What the payload is; None for a block page, and for a record that is damaged, which `damage` then names."""
        key = capture.record.digest, capture.record.url
        if key not in self._documents:
            found = self.read(capture)
            while self._documents and sum(map(_size, self._documents.values())) + _size(found) > _KEPT:
                del self._documents[next(iter(self._documents))]
            self._documents[key] = found
        return self._documents[key]

    def read(self, capture: Capture) -> Document | None:
        """As `document`, without keeping it."""
        url = warc.url_of(capture.record.url)
        if capture.record.type == "revisit" and not capture.original:
            self._note_damage(f"{capture.warc}: the record that holds the payload of {capture.record.url} is gone")
            return None
        try:
            content, content_type = warc.read_payload(capture.held.warc, capture.held.record)
        except message.Undecodable as error:
            return Document(url, b"", "unknown", str(error))  # a report of which nothing can be read says so
        except warc.Damaged as error:
            self._note_damage(str(error))
            return None
        found = document.identify(content, url, content_type)
        return None if blocking.reason(capture.record.status, found) else found

    def _location(self, capture: Capture) -> str:
        """Where a redirect leads, as the crawler writes addresses; "" where it leads nowhere."""
        try:
            target = warc.read_answer(capture.warc, capture.record).header("Location")
            return address(warc.url_of(capture.record.url), target) or ""
        except warc.Damaged as error:
            self._note_damage(str(error))
            return ""

    def _note_damage(self, what: str) -> None:
        if what not in self.damage:
            self.damage.append(what)

    @cached_property
    def _nowhere(self) -> list[Document]:
        homes = dict.fromkeys(run.portal["home"] for run in self.runs)
        looks = (capture for home in homes for capture in self.looks(registry.nowhere(home)))
        return list(filter(None, map(self.document, looks)))

    @cached_property
    def _answers(self) -> dict[str, list[Capture]]:
        return _grouped(c for c in self.captures if not c.record.truncated)

    @cached_property
    def _by_url(self) -> dict[str, list[Capture]]:
        """The successful answers of each address; the same answer again is none."""
        good = {
            url: [c for c in known if c.record.status == 200 or c.record.status in REDIRECTS]
            for url, known in self._answers.items()
        }
        return {url: [next(same) for _, same in itertools.groupby(known, key=_held)] for url, known in good.items()}

    @cached_property
    def _conversions_by_url(self) -> dict[str, list[Capture]]:
        return _grouped(self.conversions)


def _held(capture: Capture) -> Capture:
    return capture.held


def _size(document: Document | None) -> int:
    return len(document.content) if document else 0


def _grouped(captures: Iterable[Capture]) -> dict[str, list[Capture]]:
    found: dict[str, list[Capture]] = {}
    for capture in captures:
        found.setdefault(capture.record.url, []).append(capture)
    return found


def load(code: str, warcs: Iterable[Path]) -> Holdings:
    """Reads the indexes and notes of a portal's files; a file that cannot be read is named in `damage`."""
    holdings = Holdings(code)
    by_run = itertools.groupby(sorted(warcs, key=lambda path: (warc.run_of(path), path.name)), key=warc.run_of)
    visits = list(filter(None, (_visit(list(files), holdings.damage) for _, files in by_run)))
    visits.sort(key=lambda v: (v.run.started, v.run.id))
    holdings.runs = [v.run for v in visits]
    responses: dict[str, Capture] = {}
    for number, visit in enumerate(visits):
        notes = enumerate(visit.failures, 1)
        holdings.failures += [{**note, "run": visit.run.id, "number": n, "portal": code} for n, note in notes]
        for path, record in visit.records:
            capture = Capture(record, visit.run.id, number, path, responses.get(record.refers_to))
            if record.type in warc.ANSWERS:
                holdings.captures.append(capture)
            elif record.type == "conversion":
                holdings.conversions.append(capture)
            if record.type == "response" and record.id:
                responses[record.id] = capture
    return holdings


@dataclass(frozen=True, slots=True)
class _Visit:
    """The WARC files of one visit."""

    records: list[tuple[Path, Record]]
    run: Run
    failures: list[dict[str, Any]]


def _visit(paths: list[Path], damage: list[str]) -> _Visit | None:
    """None for files without a note of a start: a run killed at once, or the note is in `damage`."""
    records: list[tuple[Path, Record]] = []
    notes: list[tuple[str, dict[str, Any]]] = []
    for path in paths:
        try:
            records += [(path, record) for record in warc.index(path)]
        except (warc.Damaged, OSError) as error:
            if durable.is_of_the_machine(error):
                raise
            damage.append(str(error))
    for path, record in records:
        if record.url in (warc.START, warc.END, warc.FAILURE):
            try:
                notes.append((record.url, warc.read_note(path, record)))
            except warc.Damaged as error:
                damage.append(str(error))
    by_uri = dict(notes)
    start, end = by_uri.get(warc.START), by_uri.get(warc.END)
    if not start:
        return None
    if not end:
        end = {"message": "cut off before its end", "captures": sum(r.type in warc.ANSWERS for _, r in records)}
    run = Run(**fitting(Run, {**start, **end, "id": start["run"]}))
    return _Visit(records, run, [n for uri, n in notes if uri == warc.FAILURE])
