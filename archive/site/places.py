"""Provinces, prefectures and districts, by the beginning of their codes: in groups, and as a reader chooses one."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from datasette.app import Datasette

from archive.feeds import PROVINCES
from archive.site.pages.common import Row, rows

_PREFECTURE = re.compile(r".+?(?:市|盟|自治州|地区)(?=.)")


@dataclass(frozen=True, slots=True)
class Prefecture:
    code: str
    name: str
    districts: tuple[Row, ...]


def prefectures(districts: Iterable[Row]) -> list[Prefecture]:
    """Rows of `portals`, in groups by code; `short` is added, a district's name without its prefecture's."""
    ordered = sorted(districts, key=lambda p: str(p["code"]))
    return [
        _prefecture(code, list(members)) for code, members in itertools.groupby(ordered, key=lambda p: p["code"][:4])
    ]


def _prefecture(code: str, districts: list[Row]) -> Prefecture:
    first = _PREFECTURE.match(districts[0]["name"])
    name = first[0] if first and all(d["name"].startswith(first[0]) for d in districts) else ""
    short = tuple({**d, "short": d["name"].removeprefix(name) or d["name"]} for d in districts)
    return Prefecture(code, name or code, short)


def known(text: str) -> str:
    """The code of a province (37), a prefecture (3701) or a district (370112); "" for anything else."""
    return text if re.fullmatch(r"\d{2}|\d{4}|\d{6}", text, re.ASCII) else ""


def within(place: str) -> tuple[str, str]:
    """The codes of a place's portals lie from the first to before the second."""
    return place, place + ":"


async def choices(datasette: Datasette, place: str) -> list[tuple[str, str]]:
    """(code, name): every province that has portals; of the one that is chosen also what lies in it."""
    portals = {row["code"]: row["name"] for row in await rows(datasette, "select code, name from portals")}
    return list(_choices(portals, place))


def _choices(portals: dict[str, str], place: str) -> Iterator[tuple[str, str]]:
    told: set[str] = set()
    for code, name in sorted(portals.items()):
        for part in (code[:2], code[:4], code):
            if part not in told and (len(part) == 2 or part[:2] == place[:2]):
                told.add(part)
                yield part, "\u3000" * (len(part) // 2 - 1) + _name(part, name)


def _name(part: str, name: str) -> str:
    """Of a place, given the name of a district in it."""
    if len(part) == 2:
        return PROVINCES.get(part, part)
    prefecture = _PREFECTURE.match(name)
    return name if len(part) == 6 or not prefecture else prefecture[0]
