"""Lists that come as JSON, whoever made them: an article is an object with a title and an address.

{"total": 12, "articles": [{"title": …, "url": …}]}          gkmlpt
{"pageCount": 2, "data": [{"doctitle": …, "docpuburl": …}]}  TRS search
"""

import json
import re
from collections import deque
from math import ceil
from typing import Any

from parsers.anchors import MAX_PAGES, address, page_parameter, with_query
from parsers.heading import title_of
from parsers.model import Document, Link
from parsers.numbers import squash

_TITLES = ("title", "doctitle")
_ADDRESSES = ("url", "post_url", "docpuburl", "chnldocurl", "link", "linkurl")
_TOTALS = ("total", "totalcount")


def links(document: Document, kind: str) -> list[Link]:
    if document.text.lstrip()[:1] not in ("{", "["):
        return []
    try:
        data = json.loads(document.text)
    except (ValueError, RecursionError):
        return []
    articles: list[tuple[str, str]] = []
    total = 0
    todo: deque[Any] = deque([data])
    while todo:
        node = todo.popleft()
        if isinstance(node, dict):
            values = {str(key).lower(): value for key, value in node.items()}
            title, url = _first(values, _TITLES), _first(values, _ADDRESSES)
            if title and url:
                articles.append((url, squash(re.sub(r"<[^<>]*>", "", title))))
            total = max(total, *(v for k in _TOTALS if isinstance(v := values.get(k), int)), 0)
            todo += node.values()
        elif isinstance(node, list):
            todo += node
    reports = [(address(document.url, url), text) for url, text in articles if title_of(text)]
    return [Link(url, text, "report") for url, text in reports if url] + _pages(document.url, total, len(articles))


def _first(values: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := values.get(name), str) and value), "")


def _pages(url: str, total: int, size: int) -> list[Link]:
    """The pages that follow; the first names all."""
    parameter = page_parameter(url)
    if not parameter or parameter[1] != 1 or not size:
        return []
    last = min(ceil(total / size), MAX_PAGES)
    return [Link(with_query(url, **{parameter[0]: str(n)}), f"第{n}页", "page") for n in range(2, last + 1)]
