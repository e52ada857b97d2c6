"""An item or indicator of districts over years: what each report says, why there is nothing where nothing is."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datasette.app import Datasette

from archive import indicators
from archive.site import words
from archive.site.charts import Line
from archive.site.pages.common import Row, rows
from parsers import form

FORM_CHANGE = 2021  # report year
REVIEWS_CHANGE = 2024  # from this year on reconsideration comes first in many cases: 行政复议法, revised in 2023
_MARKS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫"
MOST = len(_MARKS)  # districts in one comparison

_REPORTS = """
select c.portal, c.year, c.state, r.id as report from coverage c left join reports r on r.id = c.report
where c.portal in ({}) and c.year between ? and ?
"""
_FACTS = "select report, form, text, value, unit, kind from facts where item = ? and report in ({})"
_VALUES = "select report, value, over, under, ranked from indicator_values where indicator = ? and report in ({})"
_WAITING = """
select f.report, 'unconfirmed' as kind from findings f, json_each(f.items) i
where f.report in ({}) and f.check_name = 'ocr_unconfirmed' and i.value = ?
"""
_FORMS = "select distinct report, form from sheets where report in ({})"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked at. `eras` is form → what it means there: runs of years with one meaning may be drawn as one."""

    name: str
    zh: str
    en: str
    indicator: indicators.Indicator | None
    eras: dict[str, Any]
    has_reviews: bool

    @property
    def is_share(self) -> bool:
        return bool(self.indicator and self.indicator.per == 1)


@functools.cache
def subject(name: str) -> Subject | None:
    """An indicator or an item of a form by its name; None for what is neither."""
    one = next((i for i in indicators.indicators() if i.indicator == name), None)
    if one:
        terms = [t for t in indicators.terms() if t["indicator"] == name]
        eras: dict[str, Any] = {
            t["form"]: frozenset((o["side"], o["item"]) for o in terms if o["form"] == t["form"]) for t in terms
        }
        return Subject(name, one.zh, one.en, one, eras, any(str(t["item"]).startswith("reviews.") for t in terms))
    found = [i for f in form.forms() for i in form.items(f.name) if i.item == name]
    eras = {i.form: (i.row_label, i.col_label) for i in found}
    return Subject(name, *label(found[-1]), None, eras, name.startswith("reviews.")) if found else None


def label(item: form.Item) -> tuple[str, str]:
    """An item's row and col in Chinese and in English; the cols 总计 and 统计数 go without saying."""
    parts = [item.row_label.rpartition("/")[2], *([item.col_label] if item.col_label not in ("总计", "统计数") else [])]
    return "·".join(parts), ", ".join(filter(None, (words.english().get(part) for part in parts)))


async def cells(
    datasette: Datasette, of: Subject, portals: Sequence[str], first: int, last: int
) -> dict[tuple[str, int], Row]:
    """(portal, year) → a cell. Its `kind`:

    number, not_applicable, text, blank   as the report prints it
    share                                 an indicator's value; `few` where it is of too few cases to be ranked or drawn
    incomplete                            an indicator of which a term is blank or not printed, or the lower sum is 0
    unconfirmed                           read from a picture, and not confirmed yet
    unprinted                             the report's table has no such cell
    no_item                               the report's form has no such item
    unread                                no prescribed table was found in the report
    none                                  there is no report; `state` says what is known
    """
    found = await rows(datasette, _REPORTS.format(_places(portals)), [*portals, first, last])
    keys = [row["report"] for row in found if row["report"]]
    marks = _places(keys)
    forms: dict[str, set[str]] = {}
    for row in await rows(datasette, _FORMS.format(marks), keys):
        forms.setdefault(row["report"], set()).add(row["form"])
    waiting = {row["report"]: row for row in await rows(datasette, _WAITING.format(marks), [*keys, of.name])}
    sql = (_VALUES if of.indicator else _FACTS).format(marks)
    said = waiting | {row["report"]: row for row in await rows(datasette, sql, [of.name, *keys])}
    return {(r["portal"], r["year"]): _cell(of, r, forms.get(r["report"], set()), said.get(r["report"])) for r in found}


def _places(values: Iterable[Any]) -> str:
    return ", ".join("?" for _ in values)


def _cell(of: Subject, row: Row, forms: set[str], said: Row | None) -> Row:
    known = sorted(forms & of.eras.keys())
    cell: Row = {**row, "form": (known or sorted(forms) or [""])[-1], "value": None, "few": False}
    if not row["report"]:
        return {**cell, "kind": "none"}
    if not said:
        return {**cell, "kind": "unprinted" if known else "no_item" if forms else "unread"}
    if not of.indicator:
        return {**cell, **said}
    if said["value"] is None:
        return {**cell, "kind": "incomplete"}
    sums = {side: _as_counted(said[side]) for side in ("over", "under")}
    return {**cell, **said, **sums, "kind": "share", "few": not said["ranked"]}


def _as_counted(number: float) -> float | int:
    """A count without decimals, out of a column that holds numbers of any kind."""
    return int(number) if number == int(number) else number


def lines(of: Subject, portals: Sequence[str], found: dict[tuple[str, int], Row]) -> list[Line]:
    """What a chart shows: no value of too few cases, and no stroke from one meaning to another."""
    return [Line(mark, _runs(of, [c for c in found.values() if c["portal"] == p])) for mark, p in marked(portals)]


def marked(portals: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(_MARKS, portals, strict=False))


def _runs(of: Subject, own: Iterable[Row]) -> list[dict[int, float]]:
    runs: dict[Any, dict[int, float]] = {}
    for cell in sorted(own, key=lambda c: c["year"]):
        if cell["value"] is not None and not cell["few"]:
            era = (of.eras.get(cell["form"]), of.has_reviews and cell["year"] >= REVIEWS_CHANGE)
            runs.setdefault(era, {})[cell["year"]] = cell["value"] * (100 if of.is_share else 1)
    return list(runs.values())


def units(found: dict[tuple[str, int], Row]) -> list[str]:
    """The units that are printed: figures in several of them have no common axis."""
    return sorted({cell["unit"] for cell in found.values() if cell["value"] is not None and cell.get("unit")})


def breaks(of: Subject, first: int, last: int) -> set[str]:
    """What changed within the years: `form`, this with it; `alike`, the form but not this; `reviews`, the law."""
    old, new = of.eras.get("form_2019"), of.eras.get("form_2021")
    crossed = first < FORM_CHANGE <= last
    changed = {
        "form": crossed and old != new,
        "alike": crossed and old == new,
        "reviews": of.has_reviews and first < REVIEWS_CHANGE <= last,
    }
    return {name for name, is_so in changed.items() if is_so}


def is_drawn(of: Subject, found: dict[tuple[str, int], Row]) -> bool:
    """Whether a picture would show more than a dot."""
    drawn = [c for c in found.values() if c["value"] is not None and not c["few"]]
    return len(drawn) > 1 and len(units(found)) < 2
