"""/checks and /checks/NAME: the catalogue of checks, and what each found."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import json

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site.pages.common import Route, address, asked, missing, page, page_number, rows
from parsers.checks import LEVELS, catalogue

_SHOWN = 50  # findings on a page
_PAGES = 200

# Counted by the index alone, less what stands in the few earlier revisions: half a second for a million reports.
_CHECKS = """
with counted as (
  select check_name, level, count(*) as times from findings group by check_name, level
  union all
  select check_name, level, -count(*) from reports r cross join findings f on f.report = r.id
  where r.current = 0 group by check_name, level
)
select c.*, sum(times) filter (where level = 'error') as errors,
  sum(times) filter (where level = 'warning') as warnings, sum(times) filter (where level = 'info') as infos
from checks c left join counted on check_name = c.name group by c.name order by c.rowid
"""
_FINDINGS = f"""
select f.*, r.issuer, r.year from findings f join reports r on r.id = f.report
where f.check_name = ? and r.current and ? in ('', f.level)
order by instr('{",".join(LEVELS)}', f.level), r.year desc, r.issuer, f.number limit {_SHOWN + 1} offset ?
"""  # noqa: S608


async def check_list(datasette: Datasette, request: Request) -> Response:
    return await page(datasette, request, "nianbao_checks.html", {"checks": await rows(datasette, _CHECKS)})


async def check(datasette: Datasette, request: Request) -> Response:
    name = request.url_vars["check"]
    found = [row for row in await rows(datasette, _CHECKS) if row["name"] == name]
    if not found:
        return await missing(datasette, request)
    number, level = page_number(request, _PAGES), asked(request, "level")["level"]
    findings = await rows(datasette, _FINDINGS, [name, level, (number - 1) * _SHOWN])
    here = f"/checks/{name}"
    context = {
        "check": found[0],
        "equation": catalogue().get(name),
        "level": level,
        "levels": LEVELS,
        "findings": [{**f, "items": json.loads(f["items"])} for f in findings[:_SHOWN]],
        "further": address(here, level=level, page=number + 1) if len(findings) > _SHOWN else "",
        "back": address(here, level=level, page=number - 1) if number > 1 else "",
    }
    return await page(datasette, request, "nianbao_check.html", context)


ROUTES: list[Route] = [(r"/checks$", check_list), (r"/checks/(?P<check>\w+)$", check)]
