"""/events and /event/ID: what changed between two visits; of a revision, every cell and paragraph that did."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import difflib
import itertools
import json
from typing import Any
from urllib.parse import unquote

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive import clock, news
from archive.events import KINDS
from archive.site import places
from archive.site.pages import feeds
from archive.site.pages.common import Route, Row, address, asked, missing, page, rows
from archive.site.words import said

_SHOWN = 50  # events on a page
_PARAGRAPHS = 2000  # of a text that is compared with its earlier revision

_EVENTS = """
select e.*, p.name, (select count(*) from changes c where c.report = e.report and e.kind = 'revised') as cells
from events e join portals p on p.code = e.portal
"""
CHANGES = """
select c.*, i.position from changes c left join items i on i.item = c.item
where c.report = ? group by c.item order by i.position is null, i.position, c.item
"""


async def events(datasette: Datasette, request: Request) -> Response:
    given = asked(request, "kind", "place", "year", "since", "before")
    where, values, wrong = _conditions(given)
    sql = f"{_EVENTS} where {' and '.join(where)} order by e.date desc, e.id desc limit {_SHOWN + 1}"
    found = await rows(datasette, sql, values)
    shown, last = found[:_SHOWN], found[_SHOWN - 1 : _SHOWN]
    chosen = {name: value for name, value in given.items() if name != "before"}
    older = last[0]["date"] + "~" + last[0]["id"] if len(found) > _SHOWN else ""
    place = places.known(given["place"])
    years = await rows(datasette, "select distinct year from reports order by year desc")
    context = {
        "given": given,
        "wrong": wrong,
        "days": [(day, list(of_day)) for day, of_day in itertools.groupby(shown, key=_day)],
        "older": older and address("/events", **chosen, before=older),
        "newest": address("/events", **chosen) if given["before"] else "",
        "kinds": [(kind, said(words)) for kind, words in KINDS.items()],
        "places": await places.choices(datasette, place),
        "years": [(row["year"], row["year"]) for row in years],
        "feed": feeds.there(datasette, place, place[:2], given["kind"], "all"),
    }
    return await page(datasette, request, "nianbao_events.html", context)


def _conditions(given: dict[str, str]) -> tuple[list[str], list[Any], bool]:
    """SQL, its values, and whether something asked for makes no sense and is left aside."""
    where: list[str] = ["1"]
    values: list[Any] = []
    wrong = bool(given["place"]) and not places.known(given["place"])
    if given["kind"] in KINDS:
        where, values = [*where, "e.kind = ?"], [*values, given["kind"]]
    if place := places.known(given["place"]):
        where, values = [*where, "e.portal >= ? and e.portal < ?"], [*values, *places.within(place)]
    if given["year"].isascii() and given["year"].isdecimal():
        where, values = [*where, "e.year = ?"], [*values, given["year"]]
    try:
        if given["since"]:
            where, values = [*where, "e.date >= ?"], [*values, clock.iso(news.since(given["since"]))]
    except (ValueError, OverflowError):
        wrong = True
    date, tilde, key = given["before"].partition("~")
    if tilde:
        where, values = [*where, "(e.date, e.id) < (?, ?)"], [*values, date, key]
    return where, values, wrong


def _day(event: Row) -> str:
    return clock.beijing(event["date"])[:10]


async def event(datasette: Datasette, request: Request) -> Response:
    found = await rows(datasette, f"{_EVENTS} where e.id = ?", [unquote(request.url_vars["event"])])
    if not found:
        return await missing(datasette, request)
    one = {**found[0], "what": json.loads(found[0]["what"])}
    revisions = await rows(datasette, "select * from reports where id = ?", [one["report"]])
    context: Row = {
        "event": one,
        "report": revisions[0] if revisions else None,
        "changes": [],
        "prose": [],
        "before": None,
    }
    if one["kind"] == "revised" and revisions:
        context |= await difference(datasette, revisions[0])
    return await page(datasette, request, "nianbao_event.html", context)


async def difference(datasette: Datasette, report: Row) -> dict[str, Any]:
    """What a revision prints differently from the one before it: `changes` cell by cell, `prose` by paragraphs."""
    sql = "select * from reports where portal = ? and issuer = ? and year = ? and revision = ?"
    key = [report["portal"], report["issuer"], report["year"], report["revision"] - 1]
    before = await rows(datasette, sql, key)
    texts = [await _paragraphs(datasette, r["id"]) for r in (*before[:1], report)]
    return {
        "before": before[0] if before else None,
        "changes": await rows(datasette, CHANGES, [report["id"]]),
        "prose": _changed(*texts) if len(texts) == 2 else [],
    }


async def _paragraphs(datasette: Datasette, report: str) -> list[str]:
    found = await rows(datasette, "select text from prose where report = ?", [report])
    lines = [line.strip() for row in found for line in row["text"].splitlines()]
    return [line for line in lines if line][:_PARAGRAPHS]


def _changed(before: list[str], after: list[str]) -> list[tuple[list[str], list[str]]]:
    """(paragraphs that are gone, paragraphs that stand there now), place by place."""
    matcher = difflib.SequenceMatcher(None, before, after)
    return [(before[a:b], after[c:d]) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]


ROUTES: list[Route] = [(r"/events$", events), (r"/event/(?P<event>[^/]+)$", event)]
