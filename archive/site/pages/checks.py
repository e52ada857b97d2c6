"""/checks: the catalogue of checks, and what each found."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site.pages.common import Route, page, rows

_CHECKS = """
select c.*, sum(f.level = 'error') as errors, sum(f.level = 'warning') as warnings, sum(f.level = 'info') as infos
from checks c left join (select * from findings where report in (select id from reports where current)) f
  on f.check_name = c.name
group by c.name order by c.rowid
"""


async def check_list(datasette: Datasette, request: Request) -> Response:
    return await page(datasette, request, "nianbao_checks.html", {"checks": await rows(datasette, _CHECKS)})


ROUTES: list[Route] = [(r"/checks$", check_list)]
