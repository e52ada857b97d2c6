"""TRS in Fujian: a column's first page is static, a form asks /fjdzapp/search for the rest, JSON comes back."""

import re
from math import ceil
from urllib.parse import urlencode

from parsers.anchors import MAX_PAGES, address
from parsers.model import Document, Link
from parsers.platforms import script

_SEARCH = re.compile(r"""["']([^"'\s]*/fjdzapp/search)["'?]""")
_FIELDS = ("channelid", "sortfield", "classsql", "classcol", "classnum", "classsort", "cache", "templet", "prepage")


def links(document: Document, kind: str) -> list[Link]:
    search = _SEARCH.search(document.text)
    url = address(document.url, search[1]) if search else None
    form = {name: found for name in _FIELDS if (found := script.value(document.text, name)) is not None}
    if not url or "channelid" not in form or "classsql" not in form:
        return []
    records = script.number(document.text, "recordCount") or 0
    size = script.number(document.text, "prepage") or 10
    # From page 1: the search need not sort as the static page does.
    pages = min(max(ceil(records / max(size, 1)), 1), MAX_PAGES)
    return [Link(url, f"第{page}页", "page", urlencode(form | {"page": page})) for page in range(1, pages + 1)]
