"""Provinces, prefectures and districts, as a reader chooses among them: by the beginning of a portal's code."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import re
from collections.abc import Iterator

from datasette.app import Datasette

from archive.feeds import PROVINCES
from archive.site.pages.common import rows

_PREFECTURE = re.compile(r".+?(?:市|自治州|地区|盟)")


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
