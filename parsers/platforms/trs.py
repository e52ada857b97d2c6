"""TRS WCM: a list's pages are files, index.html and index_1.html …; their number stands only in a script.

createPageHTML(3, 0, "index", "html")      pages, page of this file, name, ending
createPageHTML(40, 3, 0, "index", "html")  records, pages, …
var countPage = 3
"""

import re
from itertools import dropwhile, takewhile
from urllib.parse import urljoin, urlsplit

from parsers.anchors import MAX_PAGES
from parsers.html import lowered
from parsers.model import Document, Link
from parsers.platforms import script

_CALL = re.compile(r"createPageHTML\s*\(([^()]{1,200})\)", re.IGNORECASE)
_FILE = re.compile(r"/(\w+?)(?:_\d+)?\.(s?html?)$")
_ENDING = re.compile(r"""["'.](s?html?)["'>]""")


def links(document: Document, kind: str) -> list[Link]:
    pager = _from_call(document.text) or _from_variables(document)
    if not pager:
        return []
    pages, current, name, ending = pager
    own = urlsplit(document.url).path
    if re.search(rf"/{re.escape(name)}_\d+\.\w+$", own):
        return []  # the first page names all
    # Most sites count from 0, page 2 being index_1. A first page that calls itself 1 has index_2 for the second.
    numbers = range(2, pages + 1) if current == 1 else range(1, pages)
    return [
        Link(urljoin(document.url, f"{name}_{number}.{ending}"), f"第{place}页", "page")
        for place, number in enumerate(numbers[: MAX_PAGES - 1], 2)
    ]


def _from_call(text: str) -> tuple[int, int, str, str] | None:
    if b"createpagehtml" not in lowered(text):
        return None
    for call in _CALL.finditer(text):
        words = re.findall(r"""[\w.]+""", call[1])
        rest = list(dropwhile(lambda word: not word.isdecimal(), words))
        numbers = [int(word[:9]) for word in takewhile(str.isdecimal, rest)]
        names = rest[len(numbers) : len(numbers) + 2]
        if len(numbers) >= 2 and len(names) == 2:
            return numbers[-2], numbers[-1], names[0], names[1].lstrip(".")
    return None


def _from_variables(document: Document) -> tuple[int, int, str, str] | None:
    pages = script.number(document.text, "countPage")
    if pages is None:
        return None
    file = _FILE.search(urlsplit(document.url).path)
    ending = _ENDING.search(document.text, document.text.find("countPage"))
    name, own_ending = file.groups() if file else ("index", ending[1] if ending else "html")
    return pages, script.number(document.text, "currentPage") or 0, name, own_ending
