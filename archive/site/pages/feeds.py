"""/feeds/NAME: the feeds that each build writes into DATA/feeds, as what they are."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import hashlib

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site.pages.common import Route, data_folder, missing

_TYPES = {"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json; charset=utf-8"}


def there(datasette: Datasette, *names: str) -> str:
    """The first of the feeds that is there, without its ending; "" where none is."""
    folder = data_folder(datasette) / "feeds"
    return next((name for name in names if name and (folder / f"{name}.atom").is_file()), "")


async def feed(datasette: Datasette, request: Request) -> Response:
    """What a reader of feeds has already is not sent again."""
    name, kind = request.url_vars["name"], request.url_vars["kind"]
    path = data_folder(datasette) / "feeds" / f"{name}.{kind}"
    if not path.is_file():
        return await missing(datasette, request)
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "max-age=600"}
    if request.headers.get("if-none-match") == tag:
        return Response("", status=304, headers=headers)
    return Response(content, headers=headers, content_type=_TYPES[kind])


ROUTES: list[Route] = [(r"/feeds/(?P<name>\w+)\.(?P<kind>atom|json)$", feed)]
