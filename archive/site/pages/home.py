"""/ : what the archive is, what is new, of which districts and years there are reports."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections import Counter

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.feeds import PROVINCES
from archive.site import places
from archive.site.pages.common import NOTED, SERIOUS, Route, Row, asked, page, rows

_RECENT = f"""
select r.*, p.name, {SERIOUS}, {NOTED} from reports r join portals p on p.code = r.portal
where r.id in (select id from reports where current order by first_seen desc, year desc, id limit 12)
order by r.first_seen desc, r.year desc, r.id
"""  # noqa: S608
# Events of one moment, as a first visit brings them, in the order of the districts.
_NEWS = "select * from events order by date desc, portal, report limit 10"
_COUNTS = """
select (select count(*) from portals) as portals, (select count(*) from reports where current) as reports,
  (select count(*) from captures) as captures, (select max(coalesce(nullif(finished, ''), started)) from runs) as latest
"""
_PROVINCES = "select substr(code, 1, 2) as code, count(*) as districts from portals group by 1 order by 1"
_HELD = "select substr(portal, 1, 2) as code, year, count(*) as held from coverage where state = 'have' group by 1, 2"
_CELLS = "select portal, year, state, report from coverage where portal >= ? and portal < ?"
_DISTRICTS = "select code, name from portals where code >= ? and code < ?"


async def home(datasette: Datasette, request: Request) -> Response:
    context = {
        "reports": await rows(datasette, _RECENT),
        "events": await rows(datasette, _NEWS),
        "counts": (await rows(datasette, _COUNTS))[0],
        **await _coverage(datasette, places.known(asked(request, "place")["place"])),
    }
    return await page(datasette, request, "index.html", context)


async def _coverage(datasette: Datasette, place: str) -> Row:
    """Every cell of one province, which is all of a page that a phone can take; of several, how many are held."""
    provinces = [{**row, "name": PROVINCES.get(row["code"], row["code"])} for row in await rows(datasette, _PROVINCES)]
    place = place or (provinces[0]["code"] if len(provinces) == 1 else "")
    span = (await rows(datasette, "select min(year) as first, max(year) as last from coverage"))[0]
    cells = await rows(datasette, _CELLS, places.within(place)) if place else []
    districts = await rows(datasette, _DISTRICTS, places.within(place)) if place else []
    return {
        "place": place,
        "provinces": provinces if len(provinces) > 1 else [],
        "held": {(row["code"], row["year"]): row["held"] for row in await rows(datasette, _HELD)},
        "years": range(span["first"], span["last"] + 1) if span["first"] else range(0),
        "prefectures": places.prefectures(districts),
        "coverage": {(cell["portal"], cell["year"]): cell for cell in cells},
        "tally": Counter(cell["state"] for cell in cells),
    }


ROUTES: list[Route] = [(r"/$", home)]
