"""Where Datasette meets the site: our addresses, what our templates may call, headers on every answer."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped, untyped-decorator"

from collections.abc import Callable

import datasette.handle_exception
from datasette import hookimpl
from datasette.app import Datasette
from jinja2 import Environment

from archive.site import headers, language, published, words
from archive.site.admission import Admission
from archive.site.pages import about, checks, compare, data, events, feeds, home, portal, record, report, search, status
from archive.site.pages.common import Route, is_public
from archive.site.shelf import Shelf

# Without this Datasette prints every local variable of its stack for each address that does not exist.
datasette.handle_exception.rich = None


@hookimpl
def register_routes() -> list[Route]:
    pages = (home, portal, compare, report, record, events, feeds, search, checks, status, data, about)
    return [route for module in pages for route in module.ROUTES]


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    words.add_to(env, datasette)


@hookimpl
def startup(datasette: Datasette) -> None:
    if is_public(datasette):
        published.follow(datasette)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[headers.App], headers.App]:
    if not is_public(datasette):
        return lambda app: headers.add_to(language.add_to(app))
    admission = Admission(Shelf(lambda: datasette.get_database("nianbao").edition()))
    return lambda app: headers.add_to(language.add_to(admission.guard(app)))
