"""Percentages in prose: shares (占比) and changes in a year (同比), each beside the count that it belongs to.

A share may be of what was processed, of what was new, of new and carried in together (历城, 济阳 and 临淄 each take
another), or of a count that stands before it in the paragraph. It is contradicted only where it is none of these.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping

from parsers.model import Claim, Fact, Finding

Sum = tuple[str, ...]

_NEW, _IN, _DONE = (f"requests.{row}.total" for row in ("new_requests", "carried_in", "total_processed"))
_WHOLES: tuple[Sum, ...] = ((_DONE,), (_NEW,), (_NEW, _IN))
_PERCENT = r"(?P<percent>\d{1,5}(?:\.\d{1,4})?)%"
_SHARE = re.compile(
    rf"(?P<number>\d{{1,9}})(?:件|起|宗),?(?:约)?占(?:比|[^\d,。;%]{{0,14}}?(?:的|比例为?|比重为?))(?:约|为)?{_PERCENT}"
)
_CHANGE = re.compile(
    r"(?P<number>\d{1,9})(?:件|起|宗)[,(]?(?:同比|较(?:上年|去年)|比(?:上年|去年))(?:度|同期)?"
    rf"(?P<way>增长|增加|上升|提高|减少|下降|降低)了?约?{_PERCENT}"
)
_DOWN = ("减少", "下降", "降低")
_COUNT = re.compile(r"(?<![\d.])(\d{1,9})(?:件|起|宗)")


def shares(text: str, shown: str, facts: Mapping[str, Fact]) -> Iterator[Claim | Finding]:
    """The shares in a paragraph, as claims, and what contradicts itself. `text` is squashed, `shown` is for readers."""
    for match in _SHARE.finditer(text):
        number, percent = int(match["number"]), float(match["percent"])
        wholes: dict[Sum, float] = {items: whole for items in _WHOLES if (whole := _sum(items, facts))}
        of: Sum = next((i for i, whole in wholes.items() if _fits(100 * number / whole, match["percent"])), ())
        yield Claim(shown, "+".join(of), percent, "share")
        said = {int(count) for count in _COUNT.findall(text[: match.start()])} - {0}
        if not of and len(wholes) == len(_WHOLES) and not any(_fits(100 * number / n, match["percent"]) for n in said):
            yield _not_a_share(shown, number, match["percent"], wholes)


def changes(text: str, shown: str, counted: Iterable[Claim]) -> Iterator[Claim | Finding]:
    """The changes against last year in a paragraph. `counted` are the paragraph's counts, which say what changed."""
    items = {claim.value: claim.item for claim in counted}
    for match in _CHANGE.finditer(text):
        number, down = int(match["number"]), match["way"] in _DOWN
        percent = -float(match["percent"]) if down else float(match["percent"])
        yield Claim(shown, items.get(number, ""), percent, "change")
        if not any(_fits(abs(change), match["percent"]) for change in _possible(number, percent)):
            zh = f"{number} 件同比{match['way']} {match['percent']}%：没有一个整数的上年数与之相符"
            en = f"{number} with a change of {percent:g}%: no whole number of last year gives that"
            yield Finding("change_impossible", "info", f"“{shown}” {zh} / {en}")


def against_last_year(
    claims: Iterable[Claim], now: Mapping[str, Fact], before: Mapping[str, Fact]
) -> Iterator[Finding]:
    """What the report of the year before says to the changes that this one states."""
    for claim in claims:
        items = tuple(claim.item.split("+"))
        old, new = _sum(items, before), _sum(items, now)
        if claim.kind != "change" or not old or new is None:
            continue
        printed = f"{abs(claim.value):g}"
        actual = 100 * (new - old) / old
        if not _fits(abs(actual), printed) or actual * claim.value < 0:
            zh = f"文字为 {claim.value:+g}%，两年表中数为 {old:g} → {new:g}，即 {actual:+.1f}%"
            en = f"prose {claim.value:+g}%, the two years' tables {old:g} → {new:g}, which is {actual:+.1f}%"
            yield Finding("change", "info", f"“{claim.text}” {zh} / {en}", items)


def _sum(items: Sum, facts: Mapping[str, Fact]) -> float | None:
    values = [facts[item].value if item in facts else None for item in items]
    return None if None in values else float(sum(value for value in values if value is not None))


def _fits(actual: float, printed: str) -> bool:
    """Whether a percentage may be printed so: rounded or cut off, in the last place that is printed."""
    places = len(printed.partition(".")[2])
    return abs(actual - float(printed)) <= 10.0**-places + 1e-9


def _possible(number: int, percent: float) -> Iterator[float]:
    """The changes in percent that the whole numbers nearest to last year's would give."""
    factor = 1 + percent / 100
    about = number / factor if factor > 0 else 0.0
    for old in (math.floor(about) - 1, math.floor(about), math.ceil(about), math.ceil(about) + 1):
        if old > 0:
            yield 100 * (number - old) / old


def _not_a_share(shown: str, number: int, percent: str, wholes: Mapping[Sum, float]) -> Finding:
    worked = "，".join(f"{number}/{whole:g} = {100 * number / whole:.1f}%" for whole in wholes.values())
    message = f"“{shown}” 占比 {percent}% 与各种算法都不符：{worked} / a share of {percent}% fits none of {worked}"
    return Finding("share", "info", message, tuple(dict.fromkeys(i for items in wholes for i in items)))
