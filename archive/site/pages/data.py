"""/data: what there is to download and to ask for; /data/dictionary: every table, column and item; /downloads/NAME;
/data/croissant.json: all of it for programs."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import json
import os
import re
from datetime import UTC, datetime

from datasette.app import Datasette
from datasette.utils.asgi import AsgiFileDownload, Request, Response

from archive import clock, csvs, dictionary, downloads, tables
from archive.about import About, about, citation
from archive.site import catalogue
from archive.site.pages import feeds
from archive.site.pages.common import Route, Row, address, data_folder, is_public, missing, page, rows
from parsers import form

_SPAN = (
    "select min(year) as first, max(year) as last, min(id) as report, min(portal) as portal from reports where current"
)


async def data(datasette: Datasette, request: Request) -> Response:
    found: About = await datasette.get_database("nianbao").execute_fn(about)
    span = (await rows(datasette, _SPAN))[0]
    site, folder = _site(request), data_folder(datasette)
    files = [(one, clock.iso(datetime.fromtimestamp(one.made, UTC))) for one in downloads.there(folder)]
    context = {
        "site": site,
        "files": files,
        "sums": (downloads.folder_of(folder) / downloads.SUMS).is_file(),
        "tables": [(name, dictionary.described(name)) for name in csvs.NAMES],
        "public": is_public(datasette),
        "examples": [
            one
            for one in _examples(span, bool(feeds.there(datasette, "all")))
            if not (is_public(datasette) and "?sql=" in one[2])
        ],
        "cite": citation(found),
        "dataset": catalogue.dataset(found, span, site, [one for one, _ in files]),
    }
    return await page(datasette, request, "nianbao_data.html", context)


def _site(request: Request) -> str:
    """The site's own address, as its operator or the reader's browser names it."""
    host = request.host if re.fullmatch(r"[\w.:\[\]-]{1,255}", request.host) else "localhost"
    return os.environ.get("NIANBAO_SITE", "").rstrip("/") or f"{request.scheme}://{host}"


def _examples(span: Row, fed: bool) -> list[tuple[str, str, str]]:
    """(what it gives, in Chinese and in English; address) of what a program may ask; a test asks all of it."""
    sql = (
        "select r.issuer, r.year, f.text, f.value from facts f join reports r on r.id = f.report "
        "where f.item = 'requests.new_requests.total' and r.current order by r.year, r.portal"
    )
    one, found = {"_shape": "array"}, "/nianbao/{}.json".format
    examples = [
        ("现行报告", "current reports", address(found("reports"), current=1, **one)),
        (
            "一份报告的全部数字",
            "every figure of one report",
            address(found("facts"), report=span["report"] or "", **one),
        ),
        ("一个指标，各区各年", "one item, all districts and years", address("/nianbao.json", sql=sql, **one)),
        ("推算指标", "an indicator", address(found("indicator_values"), indicator="disclosure_rate", **one)),
        (
            "一个区各年度报告有无",
            "which years of a district",
            address(found("coverage"), portal=span["portal"] or "", **one),
        ),
        ("核对发现", "findings of one check", address(found("findings"), check_name="prose", **one)),
        ("某日以来的变化", "what changed since a day", address(found("events"), date__gte="2026-01-01", **one)),
    ]
    return examples + ([("订阅", "a feed", "/feeds/all.json")] if fed else [])


async def croissant(datasette: Datasette, request: Request) -> Response:
    found: About = await datasette.get_database("nianbao").execute_fn(about)
    files = list(downloads.there(data_folder(datasette)))
    described = catalogue.croissant(found, _site(request), files, citation(found)[1])
    text = json.dumps(described, ensure_ascii=False, indent=1)
    return Response(text, content_type="application/ld+json; charset=utf-8")


async def meanings(datasette: Datasette, request: Request) -> Response:
    context = {
        "tables": [
            {"name": name, "what": dictionary.described(name), "columns": dictionary.columns_of(name)}
            for name in tables.TABLES | tables.VIEWS
        ],
        "indicators": await rows(datasette, "select * from indicators"),
        "forms": [(one, len(form.items(one.name)), list(dictionary.lines_of(one))) for one in form.forms()],
    }
    return await page(datasette, request, "nianbao_dictionary.html", context)


async def download(datasette: Datasette, request: Request) -> Response:
    name = request.url_vars["name"]
    path = downloads.folder_of(data_folder(datasette)) / name
    if name not in (*downloads.FILES, downloads.SUMS) or not path.is_file():
        return await missing(datasette, request)
    kind = "application/zip" if name in downloads.FILES else "text/plain; charset=utf-8"
    return AsgiFileDownload(str(path), filename=name, content_type=kind)


ROUTES: list[Route] = [
    (r"/data$", data),
    (r"/data/dictionary$", meanings),
    (r"/data/croissant\.json$", croissant),
    (r"/downloads/(?P<name>[\w.-]+)$", download),
]
