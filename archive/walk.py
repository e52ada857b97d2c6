"""The crawler's way, gone again through the archive: which columns and which reports it leads to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from archive import warc
from archive.captures import Holdings
from archive.model import Portal
from archive.reader import Failed, Reader
from parsers import anchors
from parsers.links import explained
from parsers.model import Link


@dataclass(frozen=True, slots=True)
class Found:
    """An address that the walk leads to."""

    link: Link
    found_on: str
    why: str = "registry"

    @property
    def address(self) -> str:
        """Its name in the archive (warc.address)."""
        return warc.address(self.link.url, self.link.body.encode())


def walk(portal: Portal, holdings: Holdings, reader: Reader) -> Iterator[Found]:
    """Everything that home and the registry's columns lead to, through every version that is kept of each page."""
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
            todo += _leads_to(found, holdings, reader)


def _leads_to(found: Found, holdings: Holdings, reader: Reader) -> Iterator[Found]:
    for page in holdings.pages(found.address):
        try:
            taken = reader.call(explained, page, found.link.kind)
        except Failed as error:
            holdings.damage.append(f"{page.url} could not be read for links: {error}")
            continue
        yield from (Found(link, page.url, why) for link, why in taken)


def column_rows(portal: Portal, holdings: Holdings, walked: Iterable[Found]) -> list[dict[str, Any]]:
    """Each column once: the same payload under two addresses is one column. A block page is none.

    Lists that are built by script differ only in what the script made of them.
    """
    rows, known = [], set()
    for found in walked:
        versions = list(holdings.versions(found.address)) if found.link.kind == "column" else []
        read = [capture for capture in versions if holdings.document(capture)]
        held = read[-1:] + (holdings.rendered(read[-1]) if read else [])
        digests = tuple(capture.record.digest for capture in held)
        if digests and digests not in known:
            known.add(digests)
            title = found.link.text or "（登记的栏目 / from the registry）"
            row = {"portal": portal.code, "url": found.link.url, "title": title}
            rows.append({**row, "found_on": found.found_on, "why": found.why})
    return rows
