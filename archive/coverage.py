"""Of which years a portal's government report is there, and what is known where it is not.

have          it is there, in its column
withdrawn     it was, and two complete readings of its columns did not show it
overdue       an event says so
missing       a complete reading after its deadline did not show it, and nobody was watching when it came due
unreachable   the last visit was turned away or not connected, and nothing above is known
unknown       no list was read to its end since it came due
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from archive import clock, deadlines
from archive.captures import Holdings
from archive.events import report_id
from archive.model import Portal
from archive.readings import Reading
from archive.versions import Issue

FIRST_YEAR = 2019  # of the law in force; earlier years are shown from the earliest report that is there


def rows(
    portal: Portal,
    holdings: Holdings,
    issues: Iterable[Issue],
    readings: Sequence[Reading],
    events: Iterable[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    """A row for each report year that was due by the last visit, and for each that is there."""
    own = {issue.year: issue for issue in issues if issue.issuer == f"{portal.name}人民政府" and issue.year}
    happened = [event for event in events if event["portal"] == portal.code]
    last = next((run for run in reversed(holdings.runs) if not run.by_hand), holdings.runs[-1])
    due = deadlines.latest_due("government", clock.parse(last.started))
    for year in sorted({*range(min([FIRST_YEAR, *own]), due + 1), *own}):
        issue = own.get(year)
        key = report_id(portal.code, issue, len(issue.revisions)) if issue else None
        state = _there(happened, issue) if issue else _not_there(year, happened, readings, last.verdict)
        yield {"portal": portal.code, "year": year, "state": state, "report": key}


def _there(events: Iterable[dict[str, Any]], issue: Issue) -> str:
    of_it = [e["kind"] for e in events if (e.get("issuer"), e.get("year")) == (issue.issuer, issue.year)]
    gone = [kind for kind in of_it if kind in ("withdrawn", "back")]
    return "withdrawn" if gone[-1:] == ["withdrawn"] else "have"


def _not_there(year: int, events: Iterable[dict[str, Any]], readings: Iterable[Reading], verdict: str) -> str:
    if any(e["kind"] == "overdue" and e["year"] == year and str(e["issuer"]).endswith("人民政府") for e in events):
        return "overdue"
    due = deadlines.deadline("government", year)
    if due and any(reading.whole and deadlines.is_past(due, reading.time) for reading in readings):
        return "missing"
    return "unreachable" if verdict in ("unreachable", "blocked") else "unknown"
