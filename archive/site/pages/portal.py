"""/portal/CODE: a district: its reports by year, key figures, neighbours, who was late, how its portal was visited."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site import charts, figures, places
from archive.site.pages.common import NOTED, SERIOUS, Route, Row, missing, page, rows
from archive.site.pages.compare import query

KEY_FIGURES = ("requests.new_requests.total", "disclosure_rate", "unable_rate", "dispute_rate")

_OF_PORTAL = f"""
select r.*, {SERIOUS}, {NOTED} from reports r where r.portal = ? order by r.year desc, r.issuer, r.revision desc
"""  # noqa: S608
_STATUS = """
select (select count(*) from captures where portal = ?1) as captures,
  (select max(finished) from runs where portal = ?1 and verdict = 'ok' and not by_hand) as succeeded
"""
_OVERDUE = "select * from events where portal = ? and kind = 'overdue' order by date desc limit 100"
_FAILURES = "select * from failures where portal = ? order by time desc, number limit 100"


async def portal(datasette: Datasette, request: Request) -> Response:
    code = unquote(request.url_vars["code"])
    found = await rows(datasette, "select * from portals where code = ?", [code])
    if not found:
        return await missing(datasette, request)
    reports = await rows(datasette, _OF_PORTAL, [code])
    states = await rows(datasette, "select year, state from coverage where portal = ?", [code])
    near = await rows(
        datasette, "select code, name from portals where code >= ? and code < ?", [code[:4], code[:4] + ":"]
    )
    years = [row["year"] for row in states] or [0]
    compared = _nearest(code, [row["code"] for row in near])
    context = {
        "portal": found[0],
        "prefecture": places.prefectures(near)[0],
        "status": (await rows(datasette, _STATUS, [code]))[0],
        "columns": await rows(datasette, "select * from columns where portal = ?", [code]),
        "by_year": _by_year(states, [r for r in reports if r["scope"] == "government"]),
        "others": [r for r in reports if r["scope"] != "government"],
        "late": [r for r in reports if r["current"] and r["timeliness"] == "late"],
        "overdue": await rows(datasette, _OVERDUE, [code]),
        "figures": [await _figure(datasette, name, code, min(years), max(years), compared) for name in KEY_FIGURES],
        "size": (charts.WIDTH, charts.HEIGHT),
        "runs": await rows(datasette, "select * from runs where portal = ? order by started desc limit 50", [code]),
        "failures": await rows(datasette, _FAILURES, [code]),
    }
    return await page(datasette, request, "nianbao_portal.html", context)


def _by_year(states: Iterable[Row], reports: Iterable[Row]) -> list[tuple[int, str, list[Row]]]:
    """(year, state, the government's own reports), the latest year first."""
    known = {row["year"]: row["state"] for row in states}
    held: dict[int, list[Row]] = {}
    for one in reports:
        held.setdefault(one["year"], []).append(one)
    years = sorted(known.keys() | held.keys(), reverse=True)
    return [(year, known.get(year) or "have", held.get(year, [])) for year in years]


def _nearest(code: str, codes: Sequence[str]) -> list[str]:
    """As many of the prefecture's districts as are compared at once, those around this one."""
    at = codes.index(code)
    start = max(0, min(at - figures.MOST // 2, len(codes) - figures.MOST))
    return list(codes[start : start + figures.MOST])


async def _figure(
    datasette: Datasette, name: str, code: str, first: int, last: int, compared: Sequence[str]
) -> dict[str, Any]:
    of = figures.subject(name)
    assert of
    cells = await figures.cells(datasette, of, [code], first, last)
    return {
        "of": of,
        "cells": [cells[key] for key in sorted(cells)],
        "drawn": figures.is_drawn(of, cells),
        "picture": query(name, [code], first, last),
        "compared": query(name, compared, first, last),
    }


ROUTES: list[Route] = [(r"/portal/(?P<code>[^/]+)$", portal)]
