"""How a visit ended, in one of five words (contract: `runs.verdict`)."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """A page that could not be had. `kind`: blocked, unreachable, error (an HTTP status), refused (by our rules).

    `record` is the WARC record of what came, or of the robots.txt that forbids it.
    """

    url: str
    kind: str
    reason: str
    record: str = ""


def judge(pages: int, columns: int, reports: int, failures: Iterable[Failure], cut_short: str = "") -> tuple[str, str]:
    """(verdict, message) from how many pages, columns and reports were had, and what was not.

    A site that could not be reached is never called empty, nor one whose reports stand behind a block page.
    """
    failures = list(failures)
    said = "; ".join(filter(None, (cut_short, _said(failures))))
    blocked = [f for f in failures if f.kind == "blocked"]
    if blocked and not reports:
        return "blocked", _said(blocked)
    if cut_short and not failures:  # it was us who stopped, maybe before the first page
        return "partial", said
    if not pages:
        return "unreachable", said or "no page was received"
    if cut_short or failures:
        return "partial", said
    if not columns:
        return "empty", "no annual-report column was found"
    if not reports:
        return "empty", "the column holds no report"
    return "ok", ""


def _said(failures: list[Failure]) -> str:
    more = [f"and {len(failures) - 3} more"] if len(failures) > 3 else []
    return "; ".join([f"{f.url}: {f.reason}" for f in failures[:3]] + more)
