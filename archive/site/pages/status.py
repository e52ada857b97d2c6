"""/status: how every portal stands: last success, last failure and why, which years' reports are there."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import functools
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlite_utils
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive import coverage, registry, status
from archive.model import Portal
from archive.site import places
from archive.site.language import t
from archive.site.pages.common import Route, address, asked, data_folder, page
from archive.site.words import WORDS

_SHOWN = 300  # portals on a page; whoever wants more chooses a place
_kept: dict[str, list[dict[str, Any]]] = {}
_WORST_FIRST = ("blocked", "unreachable", "empty", "partial", "ok", "unvisited", "no address")


async def state(datasette: Datasette, request: Request) -> Response:
    given = asked(request, "place", "verdict")
    place = places.known(given["place"])
    every = await _every(datasette)
    here = [row for row in every if row["code"].startswith(place)]
    counts = Counter(row["verdict"] for row in here)
    asked_for = [row for row in here if given["verdict"] in ("", row["verdict"])]
    shown = [row for row in asked_for if row["verdict"] != "no address"]
    years = sorted({year for row in shown for year in row["years"] if year >= coverage.FIRST_YEAR})
    context = {
        "given": given,
        "verdicts": [
            {"name": name, "count": counts[name], "url": address("/status", place=place, verdict=name)}
            for name in sorted(counts, key=_rank)
        ],
        "options": [
            (name, t(*WORDS.get(name, (name, name)))) for name in sorted({r["verdict"] for r in here}, key=_rank)
        ],
        "all": address("/status", place=place),
        "places": await places.choices(datasette, place),
        "portals": sorted(shown, key=lambda row: (_rank(row["verdict"]), row["code"]))[:_SHOWN],
        "gaps": [row for row in asked_for if row["verdict"] == "no address"],
        "more": max(0, len(shown) - _SHOWN),
        "years": years,
    }
    return await page(datasette, request, "nianbao_status.html", context)


async def _every(datasette: Datasette) -> list[dict[str, Any]]:
    """Of all portals at once, kept until the database changes: to count them takes longer than to show them."""
    path = data_folder(datasette) / "nianbao.db"
    version = f"{path} {path.stat().st_mtime_ns}"
    if version not in _kept:
        rows = await datasette.get_database("nianbao").execute_fn(_rows)
        _kept.clear()
        _kept[version] = rows
    return _kept[version]


def _rows(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    return status.of(sqlite_utils.Database(connection), _registry())


@functools.cache
def _registry() -> Mapping[str, Portal]:
    return registry.load()


def _rank(verdict: str) -> int:
    return _WORST_FIRST.index(verdict) if verdict in _WORST_FIRST else 0


ROUTES: list[Route] = [(r"/status$", state)]
