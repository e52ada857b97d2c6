"""What a report says of itself: title, issuer, year, scope, date of publication."""

import itertools
import re
from collections.abc import Iterable, Sequence
from datetime import date
from html import unescape

from bs4 import BeautifulSoup, Tag
from bs4.filter import SoupStrainer

from parsers import numbers
from parsers.model import Document, Heading

_OGI = r"(?:政府|政务)?信息公开"
_TITLES = (  # "…2020年政府信息公开工作年度报告", and with the year in the middle: "…政府信息公开工作2023年度报告"
    re.compile(rf"(?:关于)?(?P<issuer>.*?)(?P<year>20\d\d)年?度?{_OGI}(?:工作)?的?(?:年度)?(?:报告|年报)"),
    re.compile(rf"(?:关于)?(?P<issuer>.*?){_OGI}(?:工作)?(?P<year>20\d\d)年?度?(?:年度)?(?:工作)?(?:报告|年报)"),
)
# What lists and file names put around a title: 附件1:…, …(图片版), …[附件], ….pdf
_BEFORE = re.compile(r"^(?:[\[【(]?附(?:[件表]\d{0,2}[\]】)]?[:.、]?|\d{0,2}[\]】)]?:))?(?:\d{1,2}[.、](?!\d))?")
_AFTER = re.compile(
    r"(?:[(\[【](?:(?:图片|扫描|全文|文字|网页|文本|正式|盖章|pdf|word|wps|docx?)(?:版|件|格式)?|附件\d{0,2}|下载)[)\]】]"
    r"|\.(?:pdf|docx?|wps|ofd|rtf|xlsx?|html?))+$",
    re.IGNORECASE,
)
_DECOY = re.compile(r"解读|图解|读懂|要点|法治政府|统计公报|指南|问答|电子书|语音|落实情况|转发|通知|编制说明")
_PERIOD = re.compile(r"(20\d\d)年1月1日起?[至到](?:\1年)?12月31日")
_SELF = re.compile(r"(?:与|向)([^，,。；;（(《“]{2,24}?人民政府)(?:办公室|办公厅)?[^，,。；;]{0,6}联系")
_DATE = re.compile(r"(20\d\d)[年\-/.](\d{1,2})[月\-/.](\d{1,2})日?")
_PUBLISHED = re.compile(r"(?:发布|公开|发文|成文)(?:日期|时间):?(20\d\d[年\-/.]\d{1,2}[月\-/.]\d{1,2})")
_PLACE = re.compile(
    r"""(?<!地理)位置|\b(?:class|id)\s*=\s*["'][^"'<>]{0,60}?(?:bread|crumb|curmb|position|location|weizhi)[^"'<>]{0,60}["']"""
    r"""[^<>]{0,200}>""",
    re.IGNORECASE,
)
_PLACE_END = re.compile(r"</(?:div|p|td|table|ul|ol|nav|section)\s*>|<(?:h\d|main|table|script)\b", re.IGNORECASE)
_PLACE_SIZE = 3000  # characters of a page at most that a breadcrumb takes with its tags
_TITLE_SIZE = 200  # characters that a title has at most
_TITLE_LINES = 6  # a title runs over at most this many of the first lines


def title_of(text: str) -> tuple[str, str, int] | None:
    """(title, issuer as printed, year) where the whole text is the title of an annual report, else None.

    The title is given without what a list puts around it: 附件1:, (图片版), .pdf.
    """
    bare = numbers.squash(text)
    if len(bare) > _TITLE_SIZE or decoy(bare):
        return None
    bare = _AFTER.sub("", _BEFORE.sub("", bare, count=1))
    for pattern in _TITLES:
        if match := pattern.fullmatch(bare):
            return bare, match["issuer"], int(match["year"])
    return None


def decoy(text: str) -> str:
    """The word by which a text that names an annual report is about one, or of another kind: 解读; "" without one."""
    match = _DECOY.search(text)
    return match[0] if match else ""


def heading(document: Document, lines: Sequence[str], names: Iterable[str] = ()) -> Heading:
    """Heading of one document. `names`: full names of districts (济南市历城区), which complete a shortened issuer.

    Page labels (国办发〔2017〕47号) go before what is printed, the title before the text.
    """
    said = labels(document.text) if document.media_type == "html" else {}
    found = next(filter(None, map(title_of, (*label_titles(said), *_printed_titles(lines)))), None)
    text = numbers.squash("".join(lines))
    title, issuer, year = found or (None, _first(_SELF, text), int(y) if (y := _first(_PERIOD, text)) else None)
    name = _full_name(issuer, names) if issuer else None
    published = _published(said, document.text, lines)
    return Heading(title, name, year, _scope(name), published)


def listed_heading(text: str, names: Iterable[str] = ()) -> Heading:
    """Heading of a report of which only its title in a list is known."""
    found = title_of(text)
    if not found:
        return Heading(title=text)
    title, issuer, year = found
    name = _full_name(issuer, names) if issuer else None
    return Heading(title, name, year, _scope(name))


def labels(html: str) -> dict[str, str]:
    """The page's <meta name=… content=…>, its <title> under "title", its <h1> under "h1"."""
    soup = BeautifulSoup(html, "lxml", parse_only=SoupStrainer(["meta", "title", "h1"]))
    found: dict[str, str] = {}
    for tag in soup.find_all(["meta", "title", "h1"]):
        assert isinstance(tag, Tag)
        key = str(tag.get("name", "")).lower() if tag.name == "meta" else tag.name
        value = str(tag.get("content", "")) if tag.name == "meta" else tag.get_text(" ", strip=True)
        if key and value:
            found.setdefault(key, value)
    return found


def breadcrumb(html: str) -> list[str]:
    """Where a page says that it stands, from the front page down: 首页, 政府信息公开, 年报; [] where it does not."""
    for place in itertools.islice(_PLACE.finditer(html), 5):
        piece = html[place.end() : place.end() + _PLACE_SIZE]
        piece = unescape(re.sub(r"<[^<>]*>", "\n", _PLACE_END.split(piece, maxsplit=1)[0]))
        parts = (numbers.squash(part).strip(":") for part in re.split(r"[\n>»›→/|\\]+", piece))
        crumbs = [part for part in parts if re.search(r"\w", part) and part not in ("正文", "列表", "内容", "详情")]
        if len(crumbs) > 1 and (place[0] == "位置" or "首页" in crumbs[0]):
            return crumbs
    return []


def label_titles(said: dict[str, str]) -> list[str]:
    """What the labels give as the page's title, each also without the site's name behind it."""
    titles = [said[key] for key in ("articletitle", "h1", "title") if key in said]
    return [part for title in titles for part in (title, *re.split(r"\s*[-_|–—]\s*", title)[:1])]


def _printed_titles(lines: Sequence[str]) -> list[str]:
    """The first lines, alone and joined: a title is often broken over two or three."""
    first = [line for line in lines[:_TITLE_LINES] if len(line) < 60]
    return ["".join(first[i:j]) for i in range(len(first)) for j in range(i + 1, min(i + 3, len(first)) + 1)]


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _full_name(issuer: str, names: Iterable[str]) -> str:
    """The body's full name: a bare district is its government; a shortened district is completed from `names`."""
    for name in names:
        short = next((name[i:] for i in range(len(name) - 1) if issuer.startswith(name[i:])), None)
        if short:
            issuer = name + issuer.removeprefix(short)
            break
    if issuer.endswith("街道"):
        return issuer + "办事处"
    return issuer + "人民政府" if re.search(r"[区县市旗镇乡]$", issuer) else issuer


def _scope(issuer: str | None) -> str | None:
    """government, department (its name goes on after 人民政府) or town (a 镇, 乡 or 街道)."""
    if not issuer:
        return None
    if re.search(r"(?:镇|乡|民族乡|苏木)(?:人民政府)?$|街道(?:办事处|办)?$", issuer):
        return "town"
    return "government" if issuer.endswith("人民政府") else "department"


def _published(said: dict[str, str], html: str, lines: Sequence[str]) -> str | None:
    """The date stated on the page; in a document without page the date under the signature, in its last lines."""
    stated = said.get("pubdate", "") or (_first(_PUBLISHED, numbers.squash(html[:200_000])) if said else None) or ""
    candidates = [stated] if said else [numbers.squash(line) for line in reversed(lines[-4:])]
    return next((found for text in candidates if (found := _iso(text))), None)


def _iso(text: str) -> str | None:
    match = _DATE.match(text)
    if not match:
        return None
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError:
        return None
