"""Page → the links worth following, each with its kind.

hub         政府信息公开: the platform of 国办公开办函〔2019〕61号, where the annual-report column hangs
column      政府信息公开年报: a list of reports; below it a column of one year, or of one kind of bodies
page        another page of a list
report      an annual report's own page
attachment  a file that a report's page carries, or a page that it continues on

Anchors go by `_RULES`, from top to bottom. Redirects and frames lead on as what the page itself is. What a script would
do to a list is the business of `parsers.platforms`.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

from parsers import numbers, platforms
from parsers.anchors import address, anchors, base, list_of, tags, too_far
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

_OTHER_REPORTS = re.compile(r"法治|统计|预算|决算|绩效|解读|指南|制度|要点|企业|公司|学校|高校|医院|企事业")
_COLUMN = re.compile(
    r"(?:[^\d年]{0,14}?)(?:政府|政务)?信息公开(?:工作)?(?:年度报告|年报)(?:专栏)?"
    r"|(?:本级|政府|部门|镇街|街道|乡镇)?(?:年度报告|年报)"
)
_YEAR = re.compile(r"20\d\d年?度?(?:(?:政府|政务)?信息公开(?:工作)?)?(?:年度报告|年报)?")
_ALL_YEARS = re.compile(
    r"(?:20\d\d年?[-—至到]?)?(?:20\d\d年)?(?:度?及?以[前往]|历年|往年)(?:年度)?(?:政府信息公开)?(?:年度报告|年报)?"
)
# A column of one kind of bodies is named by nothing else: 区政府, 各部门, 镇(街道)年报.
_BODIES = re.compile(
    r"(?:20\d\d年?度?)?(?:[各区县市旗本乡镇街道办级直属及和、()]|政府|人民|部门|单位|机关|机构|园区|办事处|垂直|派驻)+"
    r"(?:(?:(?:政府)?信息公开)?(?:工作)?(?:年度报告|年报))?"
)
_HUB = re.compile(
    r"(?:[^\d年]{0,8}?[区县市旗])?(?:人民)?(?:政府|政务)信息公开(?:专栏|专网|专题|平台|目录|网|栏)?"
    r"|信息公开(?:专栏|平台|目录|网)?|政务公开(?:专栏|平台|网)?"
)
_NOT_HUB = re.compile(r"法定主动|依申请|部门|街道|乡镇|镇")
_SLUG = re.compile(r"(?:[a-z]{1,3}?)?(?:zf|zw)?(?:xx)?gk(?:gz)?(?:nb|ndbg)[_\d]*\w{0,8}|(?:xx)?ndbg", re.IGNORECASE)
_SAYS_NOTHING = re.compile(r"(?:点击|查看|进入|更多|详情|详细|专栏|more|>|»|\.|…|\+|\[|\])*", re.IGNORECASE)
_NEXT = re.compile(r"下一?页|后一页|>|»")
_NUMBERED = re.compile(r"\[?第?\d{1,3}页?\]?|末页|尾页|最后一?页|末")
_FILE = re.compile(r"\.(?:pdf|docx?|wps|xlsx?|et|rtf|odt|ofd|zip|rar)$", re.IGNORECASE)
_ID = re.compile(r"\d{4,}|[0-9a-f]{16,}")
_SCRIPTED = re.compile(r"""\blocation(?:\.href)?\s*(?:=|\.replace\s*\(|\.assign\s*\()\s*["']([^"'<>]+)["'](?!\s*\+)""")
_REFRESH = re.compile(r"\d*\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_SHELL = 200  # characters that a page shows at most whose script may send the reader on
_SHELL_SIZE = 20_000


class Anchor(NamedTuple):
    """A link as it stands on the page of kind `on` whose address is `page`."""

    url: str
    text: str
    page: str
    on: str


def links(document: Document, kind: str) -> list[Link]:
    """The links of a page that is itself of `kind`; each address, with each form, once."""
    return [link for link, _ in explained(document, kind)]


def explained(document: Document, kind: str) -> list[tuple[Link, str]]:
    """The links, each with the reason why it was taken."""
    if kind == "hub" and (why := _names_itself_column(document)):
        return [(link, f"{why}; {reason}") for link, reason in explained(document, "column")]
    found: dict[tuple[str, str], tuple[Link, str]] = {}
    for link, reason in _all(document, kind):
        found.setdefault((link.url, link.body), (link, reason))
    found.pop((document.url, ""), None)
    return list(found.values())


def _all(document: Document, kind: str) -> Iterator[tuple[Link, str]]:
    for family in platforms.FAMILIES:
        name = family.__name__.rpartition(".")[2]
        for link in family.links(document, kind):
            if link.kind in FOLLOWED[kind]:
                yield link, f"list of the platform {name}"
    for url, text in anchors(document.text, document.url):
        anchor = Anchor(url, text, document.url, kind)
        for link_kind, reason, holds in _RULES:
            if link_kind in FOLLOWED[kind] and holds(anchor):
                yield Link(url, text, link_kind), reason
                break
    if FOLLOWED[kind]:
        yield from _sent_on(document, "attachment" if kind == "report" else kind)


# --- anchors ----------------------------------------------------------------------------------------------------------


def _is_report(a: Anchor) -> bool:
    """A title that names its issuer; without one, "2020年政府信息公开年报" may be a column of that year."""
    title = title_of(a.text)
    return bool(title and (title[1] or _is_article(a.url)))


def _is_column(a: Anchor) -> bool:
    return not _OTHER_REPORTS.search(a.text) and bool(_COLUMN.fullmatch(a.text))


def _is_year(a: Anchor) -> bool:
    year = _YEAR.fullmatch(a.text) or _ALL_YEARS.fullmatch(a.text)
    return bool(year) and _is_of_column(a)


def _is_body_type(a: Anchor) -> bool:
    return a.on == "column" and bool(_BODIES.fullmatch(a.text)) and _is_of_column(a)


def _is_of_column(a: Anchor) -> bool:
    return (_is_below(a) or a.text.endswith(("年报", "年度报告"))) and not _is_article(a.url)


def _has_slug(a: Anchor) -> bool:
    folder = urlsplit(a.url).path.rpartition("/")[0].rpartition("/")[2]
    return bool(_SAYS_NOTHING.fullmatch(a.text) and _SLUG.fullmatch(folder)) and not _is_article(a.url)


def _is_report_of_year(a: Anchor) -> bool:
    return bool(_YEAR.fullmatch(a.text)) and _is_below(a) and _is_article(a.url)


def _is_numbered(a: Anchor) -> bool:
    return bool(_NUMBERED.fullmatch(a.text)) and list_of(a.url) == list_of(a.page) and not too_far(a.url)


def _continues(a: Anchor) -> bool:
    own, other = (re.sub(r"\.\w{1,5}$", "", urlsplit(url).path) for url in (a.page, a.url))
    return bool(re.fullmatch(re.escape(own) + r"_\d{1,2}", other))


def _is_below(a: Anchor) -> bool:
    """Whether the address lies in the folder of the page, or in one of the page's name (/nb.htm, /nb/2020.htm)."""
    page, path = urlsplit(a.page).path, urlsplit(a.url).path
    folder, stem = page.rpartition("/")[0] + "/", re.sub(r"\.\w{1,5}$", "", page) + "/"
    return path.startswith(stem) or (folder != "/" and path.startswith(folder))


def _is_article(url: str) -> bool:
    """An article's address ends in an id: t20210129_1234.html, doc_6242….html, 4716.htm, /91234/index.html."""
    *_, folder, file = ("/" + urlsplit(url).path).split("/")
    stem = file.partition(".")[0]
    if stem in ("", "index"):
        return bool(re.fullmatch(r"\d{5,}", folder))
    return bool(_ID.search(stem)) and not re.fullmatch(r"[a-z_]*20\d\d[a-z]*", stem)


# Which anchors are taken as what, and why. The first rule that holds counts.
_RULES: tuple[tuple[str, str, Callable[[Anchor], bool]], ...] = (
    ("report", "its text is the title of an annual report", _is_report),
    ("column", "its text is the name of the column", _is_column),
    ("column", "its text is a year, and it leads to a list", _is_year),
    ("column", "its text is a kind of bodies, and it leads to a list", _is_body_type),
    ("column", "its text says nothing, its address has the column's usual name", _has_slug),
    (
        "hub",
        "its text is the name of the platform",
        lambda a: bool(_HUB.fullmatch(a.text)) and not _NOT_HUB.search(a.text),
    ),
    ("report", "its text is a year, and it leads to an article of this column", _is_report_of_year),
    ("page", "its text says next page", lambda a: bool(_NEXT.fullmatch(a.text)) and not too_far(a.url)),
    ("page", "its text is a number, its address that of this list but for a number", _is_numbered),
    ("attachment", "a file", lambda a: bool(_FILE.search(urlsplit(a.url).path) or _FILE.search(a.text))),
    ("attachment", "the report's address with a page's number", _continues),
)


# --- what a page says and does ----------------------------------------------------------------------------------------


def _names_itself_column(document: Document) -> str:
    """By which label a page reached as a hub is the column itself: the standard's meta tags, or its breadcrumb."""
    soup = BeautifulSoup(document.text, "lxml")
    labels = {str(m.get("name", "")).lower(): numbers.squash(str(m.get("content", ""))) for m in soup.find_all("meta")}
    for name in ("ColumnType", "ColumnName"):
        value = labels.get(name.lower(), "")
        if value == "信息公开年报" or (_COLUMN.fullmatch(value) and not _OTHER_REPORTS.search(value)):
            return f"{name} is {value}"
    place = soup.find(string=re.compile("位置"))
    crumbs = re.split("[>»›]+", numbers.squash(place.parent.get_text())) if place and place.parent else []
    last = next((crumb for crumb in reversed(crumbs) if crumb), "")
    return f"the breadcrumb ends in {last}" if len(crumbs) > 1 and _COLUMN.fullmatch(last) else ""


def _sent_on(document: Document, kind: str) -> Iterator[tuple[Link, str]]:
    """Where a page sends its reader without a click, which leads to what the page itself is."""
    soup = tags(document.text, "meta", "frame", "iframe", "base")
    root = base(soup, document.url)
    for tag in soup.find_all(["meta", "frame", "iframe"]):
        assert isinstance(tag, Tag)
        url = _target(tag, root)
        if url and not _is_way_back(url, document.url, kind):
            yield Link(url, "跳转" if tag.name == "meta" else "框架", kind), f"<{tag.name}>"
    if _is_shell(document.text):
        for target in _SCRIPTED.findall(document.text):
            url = address(root, target)
            if url and not _is_way_back(url, document.url, kind):
                yield Link(url, "跳转", kind), "script of a page that shows nothing"


def _target(tag: Tag, root: str) -> str | None:
    if tag.name == "meta":
        refresh = (
            _REFRESH.match(str(tag.get("content", ""))) if str(tag.get("http-equiv", "")).lower() == "refresh" else None
        )
        return address(root, refresh[1]) if refresh else None
    url = address(root, str(tag.get("src") or "")) if tag.get("src") else None
    # Frames of other hosts are the weather and the like.
    return url if url and urlsplit(url).netloc == urlsplit(root).netloc else None


def _is_way_back(url: str, page: str, kind: str) -> bool:
    """What a deleted page says: a report's leads to a folder above it, a column's to the front page."""
    path = urlsplit(url).path or "/"
    above = (
        path.endswith("/") and urlsplit(page).path.startswith(path) and urlsplit(url).netloc == urlsplit(page).netloc
    )
    return above and (kind == "attachment" or path == "/")


def _is_shell(html: str) -> bool:
    """Whether a reader sees next to nothing: scripts of real pages have addresses for many other occasions."""
    if len(html) > _SHELL_SIZE:
        return False
    shown = re.sub(r"(?is)<(script|style|title)\b.*?</\1\s*>|<!--.*?-->|<[^<>]*>", "", html)
    return len(numbers.squash(shown)) < _SHELL
