"""What an operator sets by -s or by the environment, and a mistake would show only hours later: read at the start."""

import math
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class WrongValue(ValueError):
    """A setting is not what it must be. The text names it."""


def hours(text: str) -> tuple[int, int] | None:
    """The hours of Beijing in which visits go out: "22-6" from 22:00 to 06:00, "" at any time. Raises ValueError."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text, re.ASCII)
    start, end = map(int, found.groups()) if found else (0, 0)
    if start == end or max(start, end) > 24:
        raise ValueError(text)
    return start, end


def size(text: str) -> int:
    """Bytes: "500M", "2G", "0". Raises ValueError."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([KMGT]?)", text.upper(), re.ASCII)
    if not found:
        raise ValueError(text)
    return int(float(found[1]) * _UNITS[found[2]])


def _seconds(text: str) -> None:
    if not 0 <= float(text) < math.inf:
        raise ValueError(text)


def lease(text: str) -> float:
    """Seconds for which a worker may be out of touch with PostgreSQL before its visits end. Raises ValueError."""
    if not 1 <= (seconds := float(text)) <= 3600:
        raise ValueError(text)
    return seconds


def _switch(text: str) -> None:
    if text.lower() not in ("0", "1", "true", "false"):
        raise ValueError(text)


_KNOWN: dict[str, tuple[Callable[[str], Any], str]] = {
    "NIANBAO_NIGHT": (hours, "hours of Beijing such as 22-6"),
    "NIANBAO_MIN_FREE": (size, "a size such as 500M or 2G"),
    "NIANBAO_LEASE": (lease, "seconds, from 1 to 3600"),
    "DOWNLOAD_DELAY": (_seconds, "seconds, from 0 up"),
    "AUTOTHROTTLE_ENABLED": (_switch, "True or False"),
    "ROBOTSTXT_OBEY": (_switch, "True or False"),
}


def check(settings: Mapping[str, Any]) -> None:
    """Raises WrongValue for the first setting, or variable of the environment, that cannot be understood."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("NIANBAO_") and value}
    for name, value in {**environment, **settings}.items():
        read, what = _KNOWN.get(name, (str, ""))
        try:
            read(str(value))
        except ValueError:
            raise WrongValue(f"{name}={value} is not understood; it must be {what}") from None
