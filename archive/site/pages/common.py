"""What the pages share: rows of the database, a template filled in, what there is not."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

Row = dict[str, Any]
Route = tuple[str, Callable[..., Awaitable[Response]]]

SERIOUS = "(select count(*) from findings f where f.report = r.id and f.level in ('error', 'warning')) as serious"
NOTED = "(select count(*) from findings f where f.report = r.id and f.level = 'info') as noted"


async def rows(datasette: Datasette, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
    found = await datasette.get_database("nianbao").execute(sql, list(parameters))
    return [dict(row) for row in found.rows]


async def page(datasette: Datasette, request: Request, template: str, context: Row, status: int = 200) -> Response:
    return Response.html(await datasette.render_template(template, context, request=request), status=status)


async def missing(datasette: Datasette, request: Request) -> Response:
    return await page(datasette, request, "404.html", {}, 404)
