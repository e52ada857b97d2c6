"""What is new, for readers: the events since a day, and each only once to those who asked to be told."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlite_utils

from archive import clock

DAYS = 7  # of which `nianbao news` tells


def since(day: str = "") -> datetime:
    """The beginning of a day in Beijing (2026-03-01), or a moment with its time zone. Raises ValueError."""
    if not day:
        return clock.now() - timedelta(days=DAYS)
    moment = datetime.fromisoformat(day)
    return moment if moment.tzinfo else moment.replace(tzinfo=clock.BEIJING)


def events(data: Path, start: datetime) -> Iterator[dict[str, Any]]:
    """The rows of `events` from a moment on, oldest first, with the report's title and address."""
    db = sqlite_utils.Database(data / "nianbao.db")
    sql = "select e.*, r.title, r.url from events e left join reports r on r.id = e.report where e.date >= ?"
    return db.query(f"{sql} order by e.date, e.id", [clock.iso(start)])


def untold(data: Path) -> list[dict[str, Any]]:
    """Events of which nobody was told yet. Where nobody ever was, those of the last days: not of years of history."""
    told = _told(data)
    if not told.exists():
        return list(events(data, since()))
    known = set(told.read_text("utf-8").split())
    return [event for event in events(data, clock.parse("1970-01-01T00:00:00Z")) if event["id"] not in known]


def tell(data: Path) -> None:
    """Keeps that all events there are were told."""
    ids = sorted(event["id"] for event in events(data, clock.parse("1970-01-01T00:00:00Z")))
    new = _told(data).with_suffix(".new")
    new.write_text("\n".join(ids), "utf-8")
    os.replace(new, _told(data))


def _told(data: Path) -> Path:
    return data / "told.txt"
