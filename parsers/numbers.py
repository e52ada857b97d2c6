"""Printed text → number, or the reason why there is none. Never a guess: blank is not 0."""

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

from parsers.model import Kind

# "增5", "-140", "1,468", "156764.6451万元", "1(裁定撤诉)": a sign (in words too), digits, a unit, a note in brackets.
_NUMBER = re.compile(
    r"(?P<sign>[+\-\u2212增减]?)(?:加|少)?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+|\d+)(?P<decimals>\.\d+)?"
    r"(?P<unit>百万元|千元|万元|亿元|亿|元|件|项|个|条|宗)?"
    r"(?:\((?P<note>[^()]*[^()\d][^()]*)\))?",
    re.ASCII,
)
_NOT_APPLICABLE = re.compile(r"[/\\\-\u2010-\u2015\u2212\u2500_]+|无|不适用|N/?A", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")  # zero width; direction marks reorder, so they stay
_WIDE = tuple(zip("，：；（）", ",:;()", strict=True))  # what NFKC finds to change in most lines
MONEY = {"百万元": "百万元", "千元": "千元", "万元": "万元", "亿元": "亿元", "亿": "亿元", "元": "元"}
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")  # how readers of documents write a raised digit
MAX_DIGITS = 12  # a longer run is several numbers run together: no district counts, or spends in 元, so much


class Reading(NamedTuple):
    """What a cell's text says. `unit` is "" where the text names none; `signed` tells whether a sign was printed."""

    value: int | float | None
    kind: Kind
    unit: str = ""
    signed: bool = False


def squash(text: str) -> str:
    """NFKC (full-width digits, Kangxi radicals), without white space and what has no width."""
    if text.isascii():
        return "".join(text.split())
    text = _INVISIBLE.sub("", text)
    for wide, narrow in _WIDE:  # it tells a line that needs nothing six times as fast as it makes one
        text = text.replace(wide, narrow)
    return "".join(unicodedata.normalize("NFKC", text).split())


def read(text: str) -> Reading:
    """The number that `text` prints, with its kind and the unit printed beside it."""
    if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS:  # most cells
        return Reading(int(text), "number")
    bare = squash(text)
    if not bare:
        return Reading(None, "blank")
    if _NOT_APPLICABLE.fullmatch(bare):
        return Reading(None, "not_applicable")
    match = _NUMBER.fullmatch(bare)
    if not match or _run_together(text, match["digits"]):
        return Reading(None, "text")
    value = Decimal(match["digits"].replace(",", "") + (match["decimals"] or ""))
    if match["sign"] in ("-", "\u2212", "减"):
        value = -value
    number = float(value) if match["decimals"] else int(value)
    return Reading(number, "number", match["unit"] or "", bool(match["sign"]))


def _run_together(text: str, digits: str) -> bool:
    """Whether they may be several numbers ("23 0 00") or a number and its footnote's mark ("5①"): not to be joined."""
    marked = any(not c.isdecimal() and re.search(r"\d", unicodedata.normalize("NFKC", c)) for c in text)
    return marked or len(digits.replace(",", "")) > MAX_DIGITS or bool(re.search(r"\d\s+\d", _INVISIBLE.sub("", text)))
