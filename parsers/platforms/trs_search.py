"""TRS in Fujian: a column's first page is static, a form asks /fjdzapp/search for the rest, JSON comes back.

A report's files stand in its scripts: var apps = [{"url": "./P0123.pdf"}], apps1 = […].
"""

import itertools
import re
from math import ceil
from urllib.parse import urlencode

from parsers.anchors import MAX_PAGES, address
from parsers.model import Document, Link
from parsers.platforms import script

_SEARCH = re.compile(r"""["']([^"'\s]*/fjdzapp/search)["'?]""")
_FILES = re.compile(r"\bapps\d*\s*=\s*\[")
_FILE = re.compile(
    r"""["'=]\s*([^"'<>\s\\=]{1,300}\.(?:pdf|docx?|wps|xlsx?|et|rtf|odt|ofd|zip|rar))(?=["'\\])""", re.IGNORECASE
)
_ARRAY = 20_000  # characters of such an array at most
_FIELDS = ("channelid", "sortfield", "classsql", "classcol", "classnum", "classsort", "cache", "templet", "prepage")


def links(document: Document, kind: str) -> list[Link]:
    return _files(document) if kind == "report" else _pages(document)


def _files(document: Document) -> list[Link]:
    if "apps" not in document.text:
        return []
    text = document.text.replace("\\/", "/")
    arrays = [text[m.end() : m.end() + _ARRAY].partition("]")[0] for m in itertools.islice(_FILES.finditer(text), 9)]
    names = dict.fromkeys(name for array in arrays for name in _FILE.findall(array))
    files = [(address(document.url, name), name.rpartition("/")[2]) for name in names]
    return [Link(url, name, "attachment") for url, name in files if url]


def _pages(document: Document) -> list[Link]:
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
