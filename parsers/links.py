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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from bs4 import Tag

from parsers import evidence, images, numbers, platforms
from parsers.anchors import address, anchors, base, list_of, tags, too_far
from parsers.evidence import COLUMN, FILE, LABEL, OTHER_LIST, OTHER_REPORTS, SLUG, YEAR
from parsers.heading import decoy, title_of
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

_LOOKS = re.compile(r"年报|年度报告|信息公开.*报告")  # like a column or a report
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
_SAYS_NOTHING = re.compile(r"(?:点击|查看|进入|更多|详情|详细|专栏|more|>|»|\.|…|\+|\[|\])*", re.IGNORECASE)
_NEXT = re.compile(r"下一?页|后一页|>|»")
_NUMBERED = re.compile(r"\[?第?\d{1,3}页?\]?|末页|尾页|最后一?页|末")
_ID = re.compile(r"\d{4,}|[0-9a-f]{16,}")
_LIST_FILE = re.compile(r"list|col|channel|class|more", re.IGNORECASE)
_ARTICLE_PARAMETER = re.compile(r"(?:info|article|news|doc|content|a)?_?id", re.IGNORECASE)
_SCRIPTED = re.compile(r"""\blocation(?:\.href)?\s*(?:=|\.replace\s*\(|\.assign\s*\()\s*["']([^"'<>]+)["'](?!\s*\+)""")
_REFRESH = re.compile(r"\d*\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_REJECTED = 20  # links of a page that are kept with the reason why they were not taken
_SHELL = 200  # characters that a page shows at most whose script may send the reader on
_SHELL_SIZE = 20_000

MAX_MARKS = 300_000  # tags and attributes of a page; a tree takes a kilobyte for each


class Anchor(NamedTuple):
    """A link as it stands on the page of kind `on` whose address is `page`."""

    url: str
    text: str
    page: str
    on: str


class Rejected(NamedTuple):
    """A link that looks like a column or a report and was not taken, or a page that proved to be no column."""

    url: str
    text: str
    why: str


class Judged(NamedTuple):
    """What became of a page's links: those taken, each with the reason, and those rejected, the first few."""

    taken: list[tuple[Link, str]]
    rejected: list[Rejected]


def too_long(document: Document) -> str:
    """Why a page is too long to be searched for links; "" where it is not."""
    if document.media_type == "unknown":
        return document.text
    marks = document.text.count("<") + document.text.count("=")
    return f"a page of {marks:,} tags and attributes, more than {MAX_MARKS:,}" if marks > MAX_MARKS else ""


def links(document: Document, kind: str) -> list[Link]:
    """The links of a page that is itself of `kind`; each address, with each form, once."""
    return [link for link, _ in judge(document, kind).taken]


def score(link: Link, reason: str, pages: Iterable[Document]) -> evidence.Score:
    """The score of a column that `link` led to for `reason`; `pages` are what its address shows."""
    pages = list(pages)
    return evidence.score(link, reason, pages, [held for page in pages for held in links(page, "column")])


def judge(document: Document, kind: str) -> Judged:
    """What becomes of the links of a page that is itself of `kind`.

    It may prove to be something else than what its link said: then it leads, as that, to its own address.
    """
    if why := too_long(document):
        return Judged([], [Rejected(document.url, "", why)])
    if kind == "column" and (why := evidence.refused(document)):
        return Judged([], [Rejected(document.url, evidence.name_of(document), why)])
    if kind in ("home", "hub") and (why := evidence.itself_column(document)):
        judged = judge(document, "column")
        own = Link(document.url, evidence.name_of(document), "column")
        return Judged([(own, why), *((link, f"{why}; {reason}") for link, reason in judged.taken)], judged.rejected)
    found: dict[tuple[str, str], tuple[Link, str]] = {}
    passed: list[Anchor] = []
    for link, reason in _all(document, kind, passed):
        found.setdefault((link.url, link.body), (link, reason))
    found.pop((document.url, ""), None)
    taken = list(found.values())
    if kind == "column" and (title := evidence.itself_report(document)):
        taken.insert(0, (Link(document.url, title, "report"), "the page is the report itself"))
    addresses = {link.url for link, _ in taken} | {document.url}
    left = {a.url: Rejected(a.url, a.text[:LABEL], _why_not(a)) for a in passed if a.url not in addresses}
    return Judged(taken, list(left.values()))


def _all(document: Document, kind: str, passed: list[Anchor]) -> Iterator[tuple[Link, str]]:
    """All links, some twice. Anchors that only look as if they led on are put into `passed`."""
    for family in platforms.FAMILIES:
        name = family.__name__.rpartition(".")[2]
        for link in family.links(document, kind):
            if link.kind in FOLLOWED[kind]:
                yield replace(link, platform=name), f"list of the platform {name}"
    for url, text in anchors(document.text, document.url):
        anchor = Anchor(url, text, document.url, kind)
        if rule := _rule(anchor):
            yield Link(url, text, rule[0]), rule[1]
        elif "column" in FOLLOWED[kind] and len(passed) < _REJECTED and _LOOKS.search(text[:LABEL]):
            passed.append(anchor)
    if kind == "report":
        for url, caption in images.images(document):
            yield Link(url, caption, "attachment"), "an image in the text of a report without tables"
    if FOLLOWED[kind]:
        yield from _sent_on(document, "attachment" if kind == "report" else kind)


def _rule(anchor: Anchor) -> tuple[str, str] | None:
    rules = ((kind, reason) for kind, reason, holds in _RULES if kind in FOLLOWED[anchor.on] and holds(anchor))
    return next(rules, None)


def _why_not(a: Anchor) -> str:
    if other := OTHER_LIST.search(a.text):
        return f"names reports of another kind, or of other bodies: {other[0]}"
    if word := decoy(a.text) or next(iter(OTHER_REPORTS.findall(a.text)), ""):
        return f"is about a report, or about something else: {word}"
    if title := title_of(a.text):
        if a.on != "column":
            return "the title of a report: reports are taken from columns only"
        return f"the title of a report of {title[2]} without its body, and its address is no article's"
    if YEAR.fullmatch(a.text) or _ALL_YEARS.fullmatch(a.text) or _BODIES.fullmatch(a.text):
        return "the name of a part of a column, but its address does not lie in this column"
    if not re.search(r"20\d\d", a.text):
        return "no year, so no report's title, and longer than a column's name"
    return "a year, but not the words of a report's title"


# --- anchors ----------------------------------------------------------------------------------------------------------


def _is_report(a: Anchor) -> bool:
    """A title that names its issuer; without one, "2020年政府信息公开年报" may be a column of that year."""
    title = title_of(a.text)
    return bool(title and (title[1] or _is_article(a.url)))


def _is_column(a: Anchor) -> bool:
    return not OTHER_REPORTS.search(a.text) and bool(COLUMN.fullmatch(a.text))


def _is_year(a: Anchor) -> bool:
    year = YEAR.fullmatch(a.text) or _ALL_YEARS.fullmatch(a.text)
    return bool(year) and _is_of_column(a)


def _is_body_type(a: Anchor) -> bool:
    return a.on == "column" and bool(_BODIES.fullmatch(a.text)) and _is_of_column(a)


def _is_of_column(a: Anchor) -> bool:
    return (_is_below(a) or a.text.endswith(("年报", "年度报告"))) and not _is_article(a.url)


def _has_slug(a: Anchor) -> bool:
    folder = urlsplit(a.url).path.rpartition("/")[0].rpartition("/")[2]
    return bool(_SAYS_NOTHING.fullmatch(a.text) and SLUG.fullmatch(folder)) and not _is_article(a.url)


def _is_report_of_year(a: Anchor) -> bool:
    return bool(YEAR.fullmatch(a.text)) and _is_below(a) and _is_article(a.url)


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
    """An article's address ends in an id: t20210129_1234.html, doc_6242….html, 4716.htm, /91234/, ShowInfo.php?id=7."""
    *_, folder, file = ("/" + urlsplit(url).path).split("/")
    stem = file.partition(".")[0]
    if stem in ("", "index"):
        return bool(re.fullmatch(r"\d{5,}", folder))
    if _ID.search(stem) and not re.fullmatch(r"[a-z_]*20\d\d[a-z]*", stem):
        return True
    named = any(
        _ARTICLE_PARAMETER.fullmatch(name) and value.isdigit() for name, value in parse_qsl(urlsplit(url).query)
    )
    return named and not _LIST_FILE.search(stem)


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
    ("attachment", "a file", lambda a: bool(FILE.search(urlsplit(a.url).path) or FILE.search(a.text))),
    ("attachment", "the report's address with a page's number", _continues),
)


# --- what a page does -------------------------------------------------------------------------------------------------


def _sent_on(document: Document, kind: str) -> Iterator[tuple[Link, str]]:
    """Where a page sends its reader without a click, which leads to what the page itself is."""
    soup = tags(document.text, "meta", "frame", "iframe", "base")
    root = base(soup, document.url)
    for tag in soup.find_all(["meta", "frame", "iframe"]):
        assert isinstance(tag, Tag)
        url = _target(tag, root)
        if url and not _is_way_back(url, document.url, kind):
            text, sent = ("跳转", "redirect") if tag.name == "meta" else ("框架", "frame")
            yield Link(url, text, kind, sent=sent), f"<{tag.name}>"
    if _is_shell(document.text):
        for target in _SCRIPTED.findall(document.text):
            url = address(root, target)
            if url and not _is_way_back(url, document.url, kind):
                yield Link(url, "跳转", kind, sent="redirect"), "script of a page that shows nothing"


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
