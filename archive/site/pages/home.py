"""/ : what the archive is, what is new, of which districts and years there are reports."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections import Counter

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site import places
from archive.site.pages.common import NOTED, SERIOUS, Route, page, rows

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


async def home(datasette: Datasette, request: Request) -> Response:
    cells = await rows(datasette, "select portal, year, state, report from coverage")
    years = [cell["year"] for cell in cells]
    context = {
        "prefectures": places.prefectures(await rows(datasette, "select code, name from portals")),
        "years": range(min(years), max(years) + 1) if years else range(0),
        "coverage": {(cell["portal"], cell["year"]): cell for cell in cells},
        "tally": Counter(cell["state"] for cell in cells),
        "reports": await rows(datasette, _RECENT),
        "events": await rows(datasette, _NEWS),
        "counts": (await rows(datasette, _COUNTS))[0],
    }
    return await page(datasette, request, "index.html", context)


ROUTES: list[Route] = [(r"/$", home)]
