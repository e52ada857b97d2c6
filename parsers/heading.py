"""What a report says of itself: title, issuer, year, scope, date of publication."""

import re
from collections.abc import Iterable, Sequence
from datetime import date

from bs4 import BeautifulSoup, Tag
from bs4.filter import SoupStrainer

from parsers import numbers
from parsers.model import Document, Heading

_OGI = r"(?:政府|政务)?信息公开"
_TITLES = (  # "…2020年政府信息公开工作年度报告", and with the year in the middle: "…政府信息公开工作2023年度报告"
    re.compile(rf"(?:关于)?(?P<issuer>.*?)(?P<year>20\d\d)年?度?{_OGI}(?:工作)?的?(?:年度)?(?:报告|年报)"),
    re.compile(rf"(?:关于)?(?P<issuer>.*?){_OGI}(?:工作)?(?P<year>20\d\d)年?度?(?:年度)?(?:工作)?(?:报告|年报)"),
)
_DECOY = re.compile(r"解读|图解|读懂|要点|法治政府|统计公报|指南|问答|电子书|语音|落实情况|转发|通知|编制说明")
_PERIOD = re.compile(r"(20\d\d)年1月1日起?[至到](?:\1年)?12月31日")
_SELF = re.compile(r"(?:与|向)([^，,。；;（(《“]{2,24}?人民政府)(?:办公室|办公厅)?[^，,。；;]{0,6}联系")
_DATE = re.compile(r"(20\d\d)[年\-/.](\d{1,2})[月\-/.](\d{1,2})日?")
_PUBLISHED = re.compile(r"(?:发布|公开|发文|成文)(?:日期|时间):?(20\d\d[年\-/.]\d{1,2}[月\-/.]\d{1,2})")
_TITLE_LINES = 6  # a title runs over at most this many of the first lines


def title_of(text: str) -> tuple[str, str, int] | None:
    """(title, issuer as printed, year) where the whole text is the title of an annual report, else None."""
    bare = numbers.squash(text)
    if _DECOY.search(bare):
        return None
    for pattern in _TITLES:
        if match := pattern.fullmatch(bare):
            return bare, match["issuer"], int(match["year"])
    return None


def heading(document: Document, lines: Sequence[str], names: Iterable[str] = ()) -> Heading:
    """Heading of one document. `names`: full names of districts (济南市历城区), which complete a shortened issuer.

    Page labels (国办发〔2017〕47号) go before what is printed, the title before the text.
    """
    labels = _labels(document.text) if document.media_type == "html" else {}
    found = next(filter(None, map(title_of, (*_label_titles(labels), *_printed_titles(lines)))), None)
    text = numbers.squash("".join(lines))
    title, issuer, year = found or (None, _first(_SELF, text), int(y) if (y := _first(_PERIOD, text)) else None)
    name = _full_name(issuer, names) if issuer else None
    published = _published(labels, document.text, lines)
    return Heading(title, name, year, _scope(name), published)


def listed_heading(text: str, names: Iterable[str] = ()) -> Heading:
    """Heading of a report of which only its title in a list is known."""
    found = title_of(text)
    if not found:
        return Heading(title=text)
    title, issuer, year = found
    name = _full_name(issuer, names) if issuer else None
    return Heading(title, name, year, _scope(name))


def _labels(html: str) -> dict[str, str]:
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


def _label_titles(labels: dict[str, str]) -> list[str]:
    titles = [labels[key] for key in ("articletitle", "h1", "title") if key in labels]
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


def _published(labels: dict[str, str], html: str, lines: Sequence[str]) -> str | None:
    """The date stated on the page; in a document without page the date under the signature, in its last lines."""
    stated = labels.get("pubdate", "") or (_first(_PUBLISHED, numbers.squash(html[:200_000])) if labels else None) or ""
    candidates = [stated] if labels else [numbers.squash(line) for line in reversed(lines[-4:])]
    return next((found for text in candidates if (found := _iso(text))), None)


def _iso(text: str) -> str | None:
    match = _DATE.match(text)
    if not match:
        return None
    try:
        return date(*map(int, match.groups())).isoformat()
    except ValueError:
        return None
