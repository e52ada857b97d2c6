"""Page → the links worth following, each with its kind, told by anchor text (or its title) and address.

hub         政府信息公开: the platform of 国办公开办函〔2019〕61号, where the annual-report column hangs
column      政府信息公开年报: a list of reports; below it a column of one year
page        the next page of a list
report      an annual report's own page
attachment  a file that a report's page carries
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PageElement
from bs4.filter import SoupStrainer

from parsers import numbers
from parsers.heading import title_of
from parsers.model import Document, Link

# From a page of the first kind, links of the second kinds are followed. The crawler goes this way, and the build goes
# the same way again through the archive.
FOLLOWED = {
    "home": ("hub", "column"),
    "hub": ("hub", "column"),
    "column": ("column", "page", "report"),
    "page": ("page", "report"),
    "report": ("attachment",),
    "attachment": (),
}

_OTHER_REPORTS = re.compile(r"法治|统计|预算|决算|绩效|解读|指南|制度|要点")
_COLUMN = re.compile(r"(?:政府|政务)?信息公开(?:工作)?(?:年度报告|年报)(?:专栏)?|年度报告|年报")
_YEAR = re.compile(r"20\d\d年?度?(?:(?:政府|政务)?信息公开(?:工作)?)?(?:年度报告|年报)?")
_HUB = re.compile(r"(?:法定主动|政府|政务)?信息公开(?:专栏|平台|目录)?|政务公开")
_NEXT = re.compile(r"下一?页|后一页|>|»")
_FILE = re.compile(r"\.(?:pdf|docx?|wps|xlsx?|et|rtf|odt|ofd|zip|rar)$", re.IGNORECASE)
_LABEL_NODES = 100  # unclosed anchors stand in each other, thousands deep: a label is not the rest of the page
_CUT_SHORT = re.compile(r"(?:…|\.\.\.)$")


def links(document: Document, kind: str) -> list[Link]:
    """The links of a page that is itself of `kind`, in page order, each address once."""
    found: dict[str, Link] = {}
    for url, text in _anchors(document):
        link_kind = next((k for k in FOLLOWED[kind] if _IS[k](url, text, document.url)), None)
        if link_kind:
            found.setdefault(url, Link(url, text, link_kind))
    found.pop(document.url, None)
    return list(found.values())


def _anchors(document: Document) -> Iterator[tuple[str, str]]:
    soup = BeautifulSoup(document.text, "lxml", parse_only=SoupStrainer(["a", "base"]))
    base = soup.find("base", href=True)
    root = urljoin(document.url, str(base["href"])) if isinstance(base, Tag) else document.url
    for anchor in soup.find_all("a", href=True):
        assert isinstance(anchor, Tag)
        try:
            url = urljoin(root, str(anchor["href"]).strip()).partition("#")[0]
        except ValueError:
            continue  # an address such as http://[: no link
        if urlsplit(url).scheme in ("http", "https"):
            yield url, _text(anchor)


def _text(anchor: Tag) -> str:
    """The anchor's words without white space; its title where the words are cut short or missing."""
    words = numbers.squash("".join(_strings(anchor)))
    title = numbers.squash(str(anchor.get("title", "")))
    return title if title and (not words or _CUT_SHORT.search(words)) else words


def _strings(anchor: Tag) -> Iterator[str]:
    todo: list[PageElement] = [anchor]
    for _ in range(_LABEL_NODES):
        node = todo.pop() if todo else None
        if isinstance(node, Tag):
            todo += reversed(node.contents)
        elif type(node) is NavigableString:
            yield node


def _is_column(url: str, text: str, page: str) -> bool:
    below = urlsplit(url).path.startswith(urlsplit(page).path.rpartition("/")[0] + "/")
    return not _OTHER_REPORTS.search(text) and bool(_COLUMN.fullmatch(text) or (below and _YEAR.fullmatch(text)))


_IS: dict[str, Callable[[str, str, str], bool]] = {
    "hub": lambda url, text, page: bool(_HUB.fullmatch(text)),
    "column": _is_column,
    "page": lambda url, text, page: bool(_NEXT.fullmatch(text)),
    "report": lambda url, text, page: title_of(text) is not None,
    "attachment": lambda url, text, page: bool(_FILE.search(urlsplit(url).path) or _FILE.search(text)),
}
