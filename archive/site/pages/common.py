"""What the pages share: rows of the database, a template filled in, what there is not."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Request, Response

Row = dict[str, Any]
Route = tuple[str, Callable[..., Awaitable[Any]]]

_PATIENCE = 8000  # milliseconds
SERIOUS = "(select count(*) from findings f where f.report = r.id and f.level in ('error', 'warning')) as serious"
NOTED = "(select count(*) from findings f where f.report = r.id and f.level = 'info') as noted"


async def rows(datasette: Datasette, sql: str, parameters: Iterable[Any] = (), patience: int = _PATIENCE) -> list[Row]:
    """`patience` in milliseconds: more than others' questions are given, as a busy machine is no fault of ours.

    Raises QueryInterrupted.
    """
    given = list(parameters)

    def ask(connection: sqlite3.Connection) -> list[Row]:
        with sqlite_timelimit(connection, patience):
            try:
                return [dict(row) for row in connection.execute(sql, given)]
            except sqlite3.OperationalError as error:
                if error.args == ("interrupted",):
                    raise QueryInterrupted(error, sql, given) from error
                raise

    found: list[Row] = await datasette.get_database("nianbao").execute_fn(ask)
    return found


async def page(datasette: Datasette, request: Request, template: str, context: Row, status: int = 200) -> Response:
    return Response.html(await datasette.render_template(template, context, request=request), status=status)


def asked(request: Request, *names: str) -> dict[str, str]:
    """What a form of ours was filled in with, "" where it was not."""
    return {name: (request.args.get(name) or "").strip()[:100] for name in names}


def address(path: str, **given: str | int) -> str:
    """A page with what is asked of it."""
    given = {name: value for name, value in given.items() if value not in ("", None)}
    return f"{path}?{urlencode(given)}" if given else path


def page_number(request: Request, most: int) -> int:
    text = (request.args.get("page") or "1")[:6]
    return max(1, min(int(text), most)) if text.isascii() and text.isdecimal() else 1


def data_folder(datasette: Datasette) -> Path:
    return Path(datasette.get_database("nianbao").path).parent


def is_public(datasette: Datasette) -> bool:
    """Whether anybody may be asking: where SQL is closed, so that the other questions that cost are kept in bounds."""
    return not datasette.setting("default_allow_sql") and not datasette.get_database("nianbao").is_mutable


async def missing(datasette: Datasette, request: Request) -> Response:
    return await page(datasette, request, "404.html", {}, 404)
