"""The time, which tests and drills can set: NIANBAO_NOW=2026-03-01T00:00:00Z starts the clock there, and it runs."""

import os
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))


class ClockError(ValueError):
    """NIANBAO_NOW is not a time."""


_STARTED = datetime.now(UTC)


def now() -> datetime:
    """The present moment in UTC. Raises ClockError."""
    actual = datetime.now(UTC)
    start = os.environ.get("NIANBAO_NOW")
    if not start:
        return actual
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        raise ClockError(f"NIANBAO_NOW={start} is no time; write it as 2026-03-01T00:00:00Z") from None
    if moment.tzinfo is None:
        raise ClockError(f"NIANBAO_NOW={start} names no time zone; write it as 2026-03-01T00:00:00Z")
    return moment.astimezone(UTC) + (actual - _STARTED)


def iso(moment: datetime) -> str:
    """As the database and the WARC write a time: 2026-03-01T00:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def beijing(time: str) -> str:
    """What the clock in Beijing shows at a moment that `iso` wrote: 2026-03-01 08:00:00."""
    return parse(time).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def parse(time: str) -> datetime:
    """The moment that `iso` wrote."""
    return datetime.fromisoformat(time).astimezone(UTC)
