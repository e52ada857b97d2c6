"""What the lists of each visit showed: by this something may be called withdrawn, moved, overdue or back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from archive import clock
from archive.captures import Capture, Holdings
from archive.model import Run
from archive.reader import Failed
from archive.walk import Found, Judge
from parsers.model import Link


@dataclass(frozen=True, slots=True)
class Reading:
    """The lists of one visit. `lists`: column → the reports in its list (name in the archive → the link's words).

    `complete` are the columns whose lists were read to their end; only they can show that something is not there.
    """

    run: Run
    lists: dict[str, dict[str, str]]
    complete: frozenset[str]

    @property
    def time(self) -> datetime:
        """When the visit ended, or began where it was cut off."""
        return clock.parse(self.run.finished or self.run.started)

    @property
    def listed(self) -> dict[str, str]:
        """The reports in any list."""
        return {address: text for reports in self.lists.values() for address, text in reports.items()}

    @property
    def whole(self) -> bool:
        """Whether the lists of all columns that were found were read to their end."""
        return bool(self.lists) and self.complete == self.lists.keys()


def readings(holdings: Holdings, judged: Judge) -> list[Reading]:
    """One for each visit that found a column, oldest first."""
    found = []
    for visit, run in enumerate(holdings.runs):
        lists = {column: dict(_reports(column, visit, holdings, judged)) for column in run.columns}
        if lists:
            found.append(Reading(run, lists, frozenset(run.walked) & lists.keys()))
    return found


def _reports(column: str, visit: int, holdings: Holdings, judged: Judge) -> Iterator[tuple[str, str]]:
    """The reports in a column's list, through all of its pages as the archive held them after a visit."""
    todo, seen = [Found(Link(column, "", "column"), "")], set()
    while todo:
        found = todo.pop()
        if found.address in seen:
            continue
        seen.add(found.address)
        for capture in _as_of(holdings, found.address, visit):
            try:
                links = [link for link, _ in judged(capture, found.link.kind).taken]
            except Failed:
                continue
            nexts = [Found(link, "") for link in links]
            todo += [one for one in nexts if one.link.kind == "page"]
            yield from ((one.address, one.link.text) for one in nexts if one.link.kind == "report")


def _as_of(holdings: Holdings, address: str, visit: int) -> list[Capture]:
    """What an address showed in a visit, and the last that a browser had made of it by then."""
    page = holdings.at(address, visit)
    if not page:
        return []
    rendered = [capture for capture in holdings.rendered(page) if capture.visit <= visit]
    return [page, *(c for c in rendered if c.visit == rendered[-1].visit)]
