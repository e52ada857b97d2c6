"""Huilan eportal: the pager's anchors are javascript:next(2), which is the list's own address with ?currentPage=2."""

import re

from parsers.anchors import MAX_PAGES, with_query
from parsers.model import Document, Link

_NEXT = re.compile(r"\b(?:next|gotoPage|toPage)\((\d{1,4})\)")


def links(document: Document, kind: str) -> list[Link]:
    if "currentPage" not in document.text:
        return []
    pages = dict.fromkeys(int(number) for number in _NEXT.findall(document.text))
    return [Link(with_query(document.url, currentPage=str(n)), f"第{n}页", "page") for n in pages if 1 < n <= MAX_PAGES]
