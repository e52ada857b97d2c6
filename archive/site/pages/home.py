"""/ : what the archive is, what is new, which reports there are."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections.abc import Iterable
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site.pages.common import NOTED, SERIOUS, Route, Row, page, rows

_CURRENT = f"""
select r.*, p.name, {SERIOUS}, {NOTED},
  (select a.text from facts a where a.report = r.id and a.item = 'requests.new_requests.total') as requests
from reports r join portals p on p.code = r.portal
where r.current order by r.year desc, r.portal, r.issuer
"""  # noqa: S608

_COUNTS = """
select (select count(*) from portals) as portals, (select count(*) from reports where current) as reports,
  (select count(*) from captures) as captures, (select max(coalesce(nullif(finished, ''), started)) from runs) as latest
"""


async def home(datasette: Datasette, request: Request) -> Response:
    reports = await rows(datasette, _CURRENT)
    context = {
        "portals": await rows(datasette, "select code, name from portals order by code"),
        "years": sorted({r["year"] for r in reports}, reverse=True),
        "by_place": _grouped((r for r in reports if r["scope"] == "government"), "portal", "year"),
        "reports": reports,
        "events": await rows(datasette, "select * from events order by date desc, report limit 10"),
        "counts": (await rows(datasette, _COUNTS))[0],
    }
    return await page(datasette, request, "index.html", context)


def _grouped(rows: Iterable[Row], *keys: str) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[k] for k in keys), []).append(row)
    return groups


ROUTES: list[Route] = [(r"/$", home)]
