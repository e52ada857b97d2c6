"""/about: how the archive is made, by which manners, where its limits are, how a removal is asked for; /robots.txt."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import os
import re

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site.pages.common import Route, page, rows

# A question in SQL or a filter costs more than the page that it gives, and a robot asks every one there is.
_ROBOTS = """\
# 批量数据请从 /data 下载（CSV、数据包、SQLite），不必逐页抓取。
# For the data in bulk take the files at /data (CSV, data package, SQLite) instead of crawling pages.
User-agent: *
Disallow: /nianbao
Disallow: /-/
Disallow: /search
Disallow: /events?
Disallow: /status?
Disallow: /checks/*?
Disallow: /compare?
Disallow: /report/*/proof/
Disallow: /report/*/record/
Disallow: /*_lang=
Allow: /
"""


async def about(datasette: Datasette, request: Request) -> Response:
    contact = os.environ.get("NIANBAO_CONTACT", "").strip()
    known = contact if re.match(r"(?:mailto:[^\s@]+@|https?://)\S+$", contact) else ""
    withheld = (await rows(datasette, "select count(*) as n from withheld"))[0]["n"]
    return await page(datasette, request, "nianbao_about.html", {"contact": known, "withheld": withheld})


async def robots(datasette: Datasette, request: Request) -> Response:
    return Response.text(_ROBOTS, headers={"cache-control": "max-age=86400"})


ROUTES: list[Route] = [(r"/about$", about), (r"/robots\.txt$", robots)]
