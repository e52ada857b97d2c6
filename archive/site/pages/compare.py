"""/compare: one item or indicator of several districts over the years, as table, picture and CSV."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import csv
import functools
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive import csvs, indicators
from archive.site import charts, figures, language, places, words
from archive.site.pages.common import Route, Row, missing, page, rows
from parsers import form

USUAL = "requests.new_requests.total"
_YEARS = "select min(year) as first, max(year) as last from coverage"
_COLUMNS = (
    *("portal", "name", "year", "item", "value", "text", "unit", "kind"),
    *("over", "under", "ranked", "form", "state", "report"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for, as far as there is such: of the `wanted` districts the first ones are compared."""

    of: figures.Subject
    portals: list[Row]
    wanted: int
    first: int
    last: int
    known: range

    @property
    def codes(self) -> list[str]:
        return [portal["code"] for portal in self.portals]

    @property
    def years(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def query(self) -> str:
        """The same in an address of its own, always written so."""
        return query(self.of.name, self.codes, self.first, self.last)


def query(item: str, codes: Sequence[str], first: int, last: int) -> str:
    return urlencode({"item": item, "portals": ",".join(codes), "from": first, "to": last}, safe=",")


async def compare(datasette: Datasette, request: Request) -> Response:
    asked = await _asked(datasette, request)
    if not asked:
        return await missing(datasette, request)
    if len(request.args.getlist("portals")) > 1:  # as a form sends it
        return Response.redirect(f"/compare?{asked.query}")
    found = await _cells(datasette, asked)
    known = await rows(datasette, "select code, name from portals order by code")
    offered = choices(language.is_english())
    context = {
        "asked": asked,
        "choices": offered,
        "offered": {name for _, members in offered for name, _ in members},
        "prefectures": places.prefectures(known),
        "most": figures.MOST,
        "marked": [
            (mark, portal) for (mark, _), portal in zip(figures.marked(asked.codes), asked.portals, strict=True)
        ],
        "cells": found,
        "drawn": figures.is_drawn(asked.of, found),
        "size": (charts.WIDTH, charts.HEIGHT),
        "units": figures.units(found),
        "kinds": {cell["kind"] for cell in found.values()},
        "few": any(cell["few"] for cell in found.values()),
        "breaks": figures.breaks(asked.of, asked.first, asked.last),
    }
    return await page(datasette, request, "nianbao_compare.html", context)


async def picture(datasette: Datasette, request: Request) -> Response:
    asked = await _asked(datasette, request)
    found = await _cells(datasette, asked) if asked else {}
    if not asked or not figures.is_drawn(asked.of, found):
        return await missing(datasette, request)
    lines = figures.lines(asked.of, asked.codes, found)
    return Response(charts.svg(lines, asked.years, asked.of.is_share), content_type="image/svg+xml; charset=utf-8")


async def table(datasette: Datasette, request: Request) -> Response:
    """For spreadsheets: a mark tells Excel that it is UTF-8, and nothing in it is taken for a formula."""
    asked = await _asked(datasette, request)
    if not asked:
        return await missing(datasette, request)
    found = await _cells(datasette, asked)
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for portal in asked.portals:
        for year in asked.years:
            cell = {**found.get((portal["code"], year), {}), "portal": portal["code"], "name": portal["name"]}
            cell |= {"year": year, "item": asked.of.name}
            writer.writerow({k: csvs.safe(v) if isinstance(v, str) else v for k, v in cell.items()})
    headers = {"content-disposition": f'attachment; filename="{asked.of.name}.csv"'}
    return Response("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


async def _cells(datasette: Datasette, asked: Asked) -> dict[tuple[str, int], Row]:
    return await figures.cells(datasette, asked.of, asked.codes, asked.first, asked.last)


async def _asked(datasette: Datasette, request: Request) -> Asked | None:
    """None for an item that no form has; districts and years that there are not are left out."""
    of = figures.subject(request.args.get("item") or USUAL)
    if not of:
        return None
    codes = [code for text in request.args.getlist("portals") for code in text.split(",") if code]
    wanted = list(dict.fromkeys(codes))[:1000]
    sql = "select code, name from portals where code in (select value from json_each(?)) order by code"
    portals = await rows(datasette, sql, [json.dumps(wanted)])
    (years,) = await rows(datasette, _YEARS)
    known = range(years["first"] or 0, (years["last"] or 0) + 1)
    first, last = (_year(request.args.get(name), known) for name in ("from", "to"))
    first, last = sorted((first or known[0], last or known[-1]))
    return Asked(of, portals[: figures.MOST], len(portals), first, last, known)


def _year(text: str | None, known: range) -> int | None:
    if not text or not text.isdecimal() or len(text) != 4:
        return None
    return min(max(int(text), known[0]), known[-1])


@functools.cache
def choices(in_english: bool) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the form offers, in groups of (name, label): indicators, then the items that people look for."""
    groups = {
        "Worked out" if in_english else "推算指标": {
            i.indicator: i.en if in_english else i.zh.partition("：")[0] for i in indicators.indicators()
        }
    }
    for one in reversed(form.forms()):
        for item in form.items(one.name):
            if item.table != "requests" or item.item.endswith(".total"):
                zh, en = figures.label(item)
                group = words.english()[item.table_label] if in_english else item.table_label
                groups.setdefault(group, {}).setdefault(item.item, en if in_english else zh)
    return [(group, list(members.items())) for group, members in groups.items()]


ROUTES: list[Route] = [(r"/compare$", compare), (r"/compare\.svg$", picture), (r"/compare\.csv$", table)]
