"""The crawler's way, gone again through the archive: which columns and which reports it leads to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from archive import warc
from archive.captures import Capture, Holdings
from archive.model import Portal
from archive.reader import Failed, Reader
from parsers import anchors
from parsers.links import Judged, Rejected, judge, score
from parsers.model import Link

BY_HAND = "saved by hand"


@dataclass(frozen=True, slots=True)
class Found:
    """An address that the walk leads to. `rejected` is what its pages show and was not taken, once it was walked."""

    link: Link
    found_on: str
    why: str = "registry"
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Its name in the archive (warc.address)."""
        return warc.address(self.link.url, self.link.body.encode())


class Judge:
    """What the links of a captured page are (parsers.links.judge). A payload is judged once, however often seen."""

    def __init__(self, holdings: Holdings, reader: Reader) -> None:
        self._holdings, self._reader = holdings, reader
        self._judged: dict[tuple[str, str, str], Judged | Failed] = {}

    def __call__(self, capture: Capture, kind: str) -> Judged:
        """`kind` is that of the link which led there. A page that cannot be read, or is missing, has no links."""
        key = capture.record.digest, capture.record.url, kind
        if key not in self._judged:
            self._judged[key] = self._read(capture, kind)
        judged = self._judged[key]
        if isinstance(judged, Failed):
            raise judged
        return judged

    def _read(self, capture: Capture, kind: str) -> Judged | Failed:
        page = self._holdings.document(capture)
        if not page or (kind not in ("home", "hub") and self._holdings.is_missing(page)):
            return Judged([], [])
        try:
            return self._reader.call(judge, page, kind)
        except Failed as error:
            return error


def walk(portal: Portal, holdings: Holdings, judged: Judge) -> Iterator[Found]:
    """Everything that home and the registry's columns lead to, through every version that is kept of each page; then
    what people saved that no list leads to, pages before files, which may be their attachments."""
    todo = [Found(Link(anchors.address(portal.home, "") or "", "", "home"), "")]
    todo += [Found(Link(anchors.address(url, "") or "", "", "column"), "") for url in portal.columns]
    seen = set()
    while todo:
        found = todo.pop(0)
        if (found.address, found.link.kind) in seen:
            continue
        seen.add((found.address, found.link.kind))
        yield found
        if found.link.kind not in ("report", "attachment"):
            todo += _leads_to(found, holdings, judged)
    reached = {address for address, _ in seen}
    saved = {c.record.url: c.record.mime for c in holdings.captures if c.by_hand and c.record.url not in reached}
    for url in sorted(saved, key=lambda url: (saved[url] != "text/html", url)):
        yield Found(Link(url, "", "report"), "", BY_HAND)


def _leads_to(found: Found, holdings: Holdings, judged: Judge) -> Iterator[Found]:
    for capture in holdings.looks(found.address):
        url = warc.url_of(capture.record.url)
        try:
            links = judged(capture, found.link.kind)
        except Failed as error:
            found.rejected.append(Rejected(url, found.link.text, f"its links could not be read: {error}"))
            continue
        found.rejected.extend(links.rejected)
        yield from (_next(found, link, url, why) for link, why in links.taken)


def _next(found: Found, link: Link, page: str, why: str) -> Found:
    """A page behind a redirect or in a frame is known by what the link to that said."""
    if not link.sent or link.kind != found.link.kind or not found.link.text:
        return Found(link, page, why)
    return Found(replace(link, text=found.link.text), page, f"{found.why}, then {why}")


def column_rows(portal: Portal, holdings: Holdings, walked: Iterable[Found], reader: Reader) -> list[dict[str, Any]]:
    """Each column once: the same payload under two addresses is one column. A block page is none, nor is a page that
    only sends on, that is a report itself or names itself something else.

    Lists that are built by script differ only in what the script made of them.
    """
    rows, known = [], set()
    for found in walked:
        versions = list(holdings.versions(found.address)) if found.link.kind == "column" else []
        read = [c for c in versions if (page := holdings.document(c)) and not holdings.is_missing(page)]
        held = read[-1:] + (holdings.rendered(read[-1]) if read else [])
        digests = tuple(capture.record.digest for capture in held)
        if digests and digests not in known:
            known.add(digests)
            pages = [page for capture in held if (page := holdings.document(capture))]
            try:
                scored = reader.call(score, found.link, found.why, pages)
            except Failed as error:
                found.rejected.append(Rejected(found.link.url, found.link.text, f"it could not be read: {error}"))
                continue
            if not scored.none:
                title = found.link.text or "（登记的栏目 / from the registry）"
                row = {"portal": portal.code, "url": found.link.url, "title": title, "found_on": found.found_on}
                rows.append({**row, "score": scored.points, "platform": scored.platform, "why": scored.why})
    return rows


def rejected_rows(portal: Portal, walked: Iterable[Found]) -> list[dict[str, Any]]:
    """What looked like a column or a report and was taken nowhere, each once: pages of a site repeat their menus."""
    walked = list(walked)
    every = [(found, rejected) for found in walked for rejected in found.rejected]
    proved_none = {found.link.url for found, rejected in every if rejected.url == found.link.url}
    taken = {found.link.url for found in walked} - proved_none
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for found, (url, said, why) in every:
        text, found_on = said, found.link.url
        if url == found.link.url:  # the page itself, which the link to it called something else
            text, found_on = found.link.text or said, found.found_on
        row = {"portal": portal.code, "url": url, "text": text, "found_on": found_on, "why": why}
        if url not in taken:
            rows.setdefault((url, text), row)
    return list(rows.values())
