"""When a report is due by law, and whether it came in time.

条例 (国务院令第711号) 第四十九条: departments publish by 31 January, governments by 31 March. Until report year 2018
the earlier 条例 (国务院令第492号) 第三十一条 gave everybody until 31 March. Towns are not named: none is due of them.
A day ends in Beijing, and the day of the deadline is in time.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime

from archive.clock import BEIJING

SCOPES = ("government", "department")  # of which the law asks a report
_FIRST_OF_NEW_LAW = 2019  # report year
# An article's own date in its address: /art/2024/2/13/art_1.html, t20240213_1.html, /20240213/1.html
_DATED = re.compile(
    r"(?<!\d)(?P<y>20\d\d)/(?P<m>[01]?\d)/(?P<d>[0-3]?\d)(?=/)|(?:/|t)(?P<Y>20\d\d)(?P<M>[01]\d)(?P<D>[0-3]\d)(?=[_/])"
)


def deadline(scope: str | None, year: int) -> date | None:
    """The last day on which the report of a year may be published; None where the law names none."""
    if scope == "government" or (scope == "department" and year < _FIRST_OF_NEW_LAW):
        return date(year + 1, 3, 31)
    return date(year + 1, 1, 31) if scope == "department" else None


def latest_due(scope: str, moment: datetime) -> int:
    """The last report year whose deadline is past at a moment."""
    day = moment.astimezone(BEIJING).date()
    year = day.year - 1
    due = deadline(scope, year)
    return year if due and day > due else year - 1


def is_past(due: date, moment: datetime) -> bool:
    return moment.astimezone(BEIJING).date() > due


def platform_date(url: str) -> str | None:
    """The date that a platform put into an article's address, ISO 8601; None without one."""
    for match in _DATED.finditer(url):
        try:
            return date(*(int(match[name] or match[name.upper()]) for name in ("y", "m", "d"))).isoformat()
        except ValueError:
            continue
    return None


def timeliness(
    due: date | None, stated: str | None, platform: str | None, first_seen: datetime, watched: Iterable[datetime]
) -> str | None:
    """`on_time`, `late` or `unproven`; None where nothing was due.

    `stated` and `platform` are the dates on the page and in its address; `watched` the times at which every column was
    read to its end without finding the report. Late is only what we can prove: we watched before the deadline, and
    after it the report was not there yet, or the platform's own date is later.
    """
    if not due:
        return None
    if not is_past(due, first_seen):
        return "on_time"
    missed = {is_past(due, moment) for moment in watched if moment < first_seen}
    dates = [text for text in (stated, platform) if text]
    if True not in missed and dates and min(dates) <= due.isoformat():
        return "on_time"
    proved = True in missed or (platform or "") > due.isoformat()
    return "late" if proved and False in missed else "unproven"
