"""Lonsun: a body's column is /public/column/<body>?type=3; its list, a piece of HTML, comes from /site/label/8888."""

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

from parsers.anchors import MAX_PAGES, address, anchors, page_parameter, with_query
from parsers.model import Document, Link
from parsers.platforms import script

_ADDRESS = re.compile(r"""["']([^"'\s]*/site/label/\d+\?[^"'\s]*labelName=publicInfoList[^"'\s]*)["']""")
_LABEL = re.compile(r"""["']([^"'\s?]*/site/label/\d+)\??["']""")
_CALL = re.compile(r"\{[^{}]*publicInfoList[^{}]*\}")
_PAIR = re.compile(r"""["']?(\w+)["']?\s*:\s*(?:"([^"]*)"|'([^']*)'|(\d+))""")


def links(document: Document, kind: str) -> list[Link]:
    if "/site/label/" in document.url:
        return _pages(document)
    return _columns(document) + _list(document)


def _columns(document: Document) -> list[Link]:
    if "/public/column/" not in document.text:
        return []
    return [Link(url, text, "column") for url, text in anchors(document.text, document.url) if _is_annual(url)]


def _is_annual(url: str) -> bool:
    parts = urlsplit(url)
    return bool(re.search(r"/public/column/\d+$", parts.path)) and parse_qs(parts.query).get("type") == ["3"]


def _list(document: Document) -> list[Link]:
    if "publicInfoList" not in document.text:
        return []
    if literal := _ADDRESS.search(document.text):
        url = address(document.url, unescape(literal[1]))
    elif call := _CALL.search(document.text):
        label = _LABEL.search(document.text)
        values = {name: a or b or c for name, a, b, c in _PAIR.findall(call[0])}
        url = address(document.url, (label[1] if label else "/site/label/8888") + "?" + urlencode(values))
    else:
        return []
    return [Link(with_query(url, pageIndex="1"), "第1页", "page")] if url else []


def _pages(document: Document) -> list[Link]:
    """The list's other pages, which its first page tells the number of."""
    parameter = page_parameter(document.url)
    last = script.number(document.text, "pageCount")
    if not parameter or parameter[1] != 1 or not last:
        return []
    return [
        Link(with_query(document.url, **{parameter[0]: str(n)}), f"第{n}页", "page")
        for n in range(2, min(last, MAX_PAGES) + 1)
    ]
