"""What a page is by its own words: a column of annual reports, a report, something else; how well a column is founded.

The standard's meta tags (国办发〔2017〕47号) and the breadcrumb are claims. They can reject a page that an anchor calls
年报, and are weighed together with the anchor's words, the address and what the column holds.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from parsers import heading, html, numbers
from parsers.anchors import anchors
from parsers.heading import title_of
from parsers.model import Document, Link
from parsers.platforms import hanweb

TYPE = "信息公开年报"  # what the standard has the meta tag ColumnType say
OTHER_REPORTS = re.compile(r"法治|统计(?!局)|预算|决算|绩效|解读|指南|制度|要点|企业|公司|学校|高校|医院|企事业")
# What a column calls itself that lists other reports than those on open government information.
OTHER_LIST = re.compile(
    r"(?:法治|统计(?!局)|预算|决算|绩效|审计(?!局)|企业|公司|学校|高校|医院|企事业).{0,20}(?:报告|年报|公报)"
)
COLUMN = re.compile(
    r"(?:[^\d年]{0,14}?)(?:政府|政务)?信息公开(?:工作)?(?:年度报告|年报)(?:专栏)?"
    r"|(?:本级|政府|部门|镇街|街道|乡镇)?(?:年度报告|年报)"
)
YEAR = re.compile(r"20\d\d年?度?(?:(?:政府|政务)?信息公开(?:工作)?)?(?:年度报告|年报)?")
SLUG = re.compile(r"(?:[a-z]{1,3}?)?(?:zf|zw)?(?:xx)?gk(?:gz)?(?:nb|ndbg)[_\d]*\w{0,8}|(?:xx)?ndbg", re.IGNORECASE)
FILE = re.compile(r"\.(?:pdf|docx?|wps|xlsx?|et|rtf|odt|ofd|zip|rar)$", re.IGNORECASE)
LABEL = 200  # characters of a name at most

# Parts that reports have, in the words of all their forms.
_PARTS = re.compile(
    r"统计期限|总体情况|概述|主动公开(?:政府信息)?的?情况|依申请公开(?:政府信息)?(?:办理)?的?情况|处理政府信息公开申请"
    r"|收费[及和]减免|行政复议、(?:行政)?诉讼|存在的?(?:主要)?问题|其他需要报告|需要报告的其他"
)
_READ = 1_000_000  # characters of a page that are searched for a report
_LINES = 2000  # lines of it that are tried for a title
_HEAD = 300_000  # characters of a page in which its labels stand

_STANDARD = re.compile(r"政府信息公开(?:工作)?(?:年报|年度报告)")
_POINTS_MOST = 100


@dataclass(frozen=True, slots=True)
class Score:
    """How well a column is founded. `why` says what speaks for it, with points.

    `platform` is the module of `parsers.platforms` that reads its list, "" where plain links do. `none` is the reason
    why it counts as no column, "" where it is one.
    """

    points: int
    why: str
    platform: str
    none: str = ""


def score(link: Link, reason: str, pages: Iterable[Document], held: Iterable[Link]) -> Score:
    """The score of a column that `link` led to for `reason` ("registry": a person named it).

    `pages` are what its address answered, with what a browser made of it; `held` the links of them all.
    """
    pages, held = list(pages), list(held)
    said = [_by_words(link, reason), *_by_labels(pages), *_by_address(link), *_by_content(held)]
    why = "; ".join(f"{text} (+{points})" for points, text in said if text)
    platform = next((found.platform for found in (link, *held) if found.platform), "")
    return Score(min(sum(points for points, _ in said), _POINTS_MOST), why, platform, no_column(pages, held, link.sent))


def _by_words(link: Link, reason: str) -> tuple[int, str]:
    if reason == "registry":
        return 40, reason
    if _STANDARD.search(link.text):
        return 30, f"{reason}: {link.text}, the standard's name"
    return 25 if "信息公开" in link.text else 10 if COLUMN.fullmatch(link.text) else 5, f"{reason}: {link.text}"


def _by_labels(pages: list[Document]) -> Iterator[tuple[int, str]]:
    labels: dict[str, str] = {}
    for page in pages:
        labels = labels_of(page) | labels
    if labels.get("ColumnType") == TYPE:
        yield 30, f"ColumnType is {TYPE}"
    for label, points in (("ColumnName", 20), ("the breadcrumb's end", 15)):
        if names_column(labels.get(label, "")):
            yield points, f"{label} is {labels[label]}"


def _by_address(link: Link) -> Iterator[tuple[int, str]]:
    parts = urlsplit(link.url)
    words = [*re.split(r"[/.]", parts.path), *(value for _, value in parse_qsl(parts.query))]
    slug = next((word for word in words if SLUG.fullmatch(word[:LABEL])), "")
    if slug:
        yield 10, f"its address says {slug}"


def _by_content(held: list[Link]) -> Iterator[tuple[int, str]]:
    reports = {link.url for link in held if link.kind == "report"}
    columns = {link.url for link in held if link.kind == "column" and not link.sent}
    if reports:
        yield min(5 * len(reports), 20), f"reports that it lists: {len(reports)}"
    if columns:
        yield 5, f"columns that it leads to: {len(columns)}"


def no_column(pages: Iterable[Document], held: Iterable[Link], sent: str = "") -> str:
    """Why what was reached as a column counts as none; "" where it is one. `sent` is that of the link to it."""
    pages, held = list(pages), list(held)
    refusals = [refused(page) for page in pages]
    if refusals and all(refusals):
        return refusals[-1]
    if any(found.url == page.url and found.kind == "report" for found in held for page in pages):
        return "it is a report itself"
    if held and all(found.sent for found in held):
        return "it only sends its reader on"
    return "a frame without a list" if sent == "frame" and not held else ""


# --- a page's own words -----------------------------------------------------------------------------------------------


def names_column(text: str) -> bool:
    """Whether a label names an annual-report column, or one year of it."""
    name = numbers.squash(text)[:LABEL]
    if OTHER_REPORTS.search(name):
        return False
    return bool(COLUMN.fullmatch(name)) or bool(YEAR.fullmatch(name) and name.endswith(("年报", "年度报告")))


def labels_of(page: Document) -> dict[str, str]:
    """What a page says to be as a column: the standard's meta tags, its breadcrumb, its title."""
    head = page.text[:_HEAD] if page.media_type == "html" else ""
    said, crumbs = html.labels(head), heading.breadcrumb(head)
    title = [part for part in re.split(r"\s*[-_|–—]\s*", said.get("title", "")) if part]
    labels = {"ColumnType": said.get("columntype", ""), "ColumnName": said.get("columnname", "")}
    labels |= {"the breadcrumb's end": (crumbs or [""])[-1], "the title": (title or [""])[0]}
    return {label: name[:LABEL] for label, value in labels.items() if (name := numbers.squash(value))}


def name_of(page: Document) -> str:
    """The name by which a page calls itself as a column."""
    labels = labels_of(page)
    return next((labels[label] for label in ("ColumnName", "the breadcrumb's end", "the title") if label in labels), "")


def refused(page: Document) -> str:
    """Why a page that was reached as a column is none; "" where nothing speaks against it."""
    year = hanweb.year_asked(page.url)
    if year and not itself_report(page):
        return f"it shows no report of the year that its address asks for: {year}"
    labels = labels_of(page)
    if any(value == TYPE or names_column(value) for value in labels.values()):
        return ""
    other = ((label, value) for label, value in labels.items() if OTHER_LIST.search(value))
    return next((f"{label} names reports of another kind: {value}" for label, value in other), "")


def itself_column(page: Document) -> str:
    """By which label a page reached as something else is the column itself; "" where it is not."""
    labels = labels_of(page)
    labels.pop("the title", None)
    return next((f"{label} is {value}" for label, value in labels.items() if value == TYPE or names_column(value)), "")


def itself_report(page: Document) -> str:
    """The title of the report that a page reached as a column is; "" where it lacks a report's title or parts."""
    bare = re.sub(r"<option\b[^<>]*>[^<>]*", "", page.text[:_READ], flags=re.IGNORECASE)
    texts = re.split(r"<[^<>]*>", bare)
    year = hanweb.year_asked(page.url)
    parts = set(_PARTS.findall(numbers.squash("".join(texts))))
    if len(parts) < 3 and not (year and _carries_file(page)):
        return ""
    lines = itertools.islice((text for text in texts if "信息公开" in text and len(text) < LABEL), _LINES)
    titles = filter(None, map(title_of, (*heading.label_titles(html.labels(bare[:_HEAD])), *lines)))
    return next((title for title, _, of in titles if not year or str(of) == year), "")


def _carries_file(page: Document) -> bool:
    files = (text for url, text in anchors(page.text, page.url) if FILE.search(urlsplit(url).path))
    return any("报告" in text or "年报" in text for text in files)
