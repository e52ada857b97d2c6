"""帝国CMS: /e/action/ListInfo/?classid=174&page=1, whose pages count from 0: the anchor named 2 asks for page 1.

The first page is a static file as a rule, whose address has nothing in common with that of the others.
"""

import re
from urllib.parse import parse_qsl, urlsplit

from parsers.anchors import anchors, too_far
from parsers.model import Document, Link

_LIST = re.compile(r"/e/action/listinfo(?:\.php|/)?", re.IGNORECASE)
_PAGER = re.compile(r"\[?第?\d{1,3}页?\]?|下一?页|尾页|末页")


def links(document: Document, kind: str) -> list[Link]:
    if not _LIST.search(document.text):
        return []
    own = _column(document.url)
    return [
        Link(url, text, "page")
        for url, text in anchors(document.text, document.url)
        if _PAGER.fullmatch(text) and (column := _column(url)) and own in ("", column) and not too_far(url)
    ]


def _column(url: str) -> str:
    """The id of the column of which an address is a further page; "" where it is no such page."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return query.get("classid", "") if _LIST.fullmatch(parts.path) and query.get("page") != "0" else ""
