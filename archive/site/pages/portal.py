"""/portal/CODE: a district: its reports, and how its portal was visited."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from urllib.parse import unquote

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site.pages.common import NOTED, SERIOUS, Route, missing, page, rows

_OF_PORTAL = f"""
select r.*, {SERIOUS}, {NOTED} from reports r where r.portal = ? order by r.year desc, r.issuer, r.revision desc
"""  # noqa: S608


async def portal(datasette: Datasette, request: Request) -> Response:
    code = [unquote(request.url_vars["code"])]
    found = await rows(datasette, "select * from portals where code = ?", code)
    if not found:
        return await missing(datasette, request)
    context = {
        "portal": found[0],
        "columns": await rows(datasette, "select * from columns where portal = ?", code),
        "reports": await rows(datasette, _OF_PORTAL, code),
        "runs": await rows(datasette, "select * from runs where portal = ? order by started desc limit 50", code),
        "failures": await rows(
            datasette, "select * from failures where portal = ? order by time desc, number limit 100", code
        ),
    }
    return await page(datasette, request, "nianbao_portal.html", context)


ROUTES: list[Route] = [(r"/portal/(?P<code>[^/]+)$", portal)]
