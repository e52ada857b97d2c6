"""What is worked out from the figures, as data (`indicators.toml`) and in `indicator_values`. Never a fact."""

import functools
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from parsers import form

RANKED_FROM = 30  # cases


def query(value: str) -> str:
    """The rows of `indicator_values` of the portal :portal; `value` reads an entry of `sheets.cells`.

    Where one of the terms is blank or not printed, or the lower sum is 0, the value is null: not 0, and not 100 %.
    """
    return f"""
with cell as (
  select s.report, t.indicator, t.side, t.terms, s.cells, '$[' || i.cell || ']' as at,
    json_type(s.cells, '$[' || i.cell || ']') as type
  from sheets s cross join indicator_terms t on t.form = s.form
    cross join items i on i.form = t.form and i.item = t.item and i.table_name = s.table_name
  where s.report in (select id from reports where portal = :portal and current)
),
term as (select report, indicator, side, terms, {value} as value from cell where type <> 'null'),
sums as (
  select report, indicator, count(*) as printed, sum(value is null) as blank,
    sum(case side when 'over' then value end) as over,
    sum(case side when 'under' then value end) as under,
    max(terms) as terms
  from term group by report, indicator
)
select s.report, r.portal, r.issuer, r.scope, r.year, s.indicator,
  case when printed = terms and not blank and under > 0 then i.per * over / under end as value,
  case when printed = terms and not blank then over end as over,
  case when printed = terms and not blank then under end as under,
  printed = terms and not blank and under >= {RANKED_FROM} as ranked
from sums s join reports r on r.id = s.report join indicators i on i.indicator = s.indicator
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Indicator:
    indicator: str
    zh: str
    en: str
    over: tuple[str, ...]
    under: tuple[str, ...]
    per: float = 1.0


@functools.cache
def indicators() -> tuple[Indicator, ...]:
    """All indicators in the order of the file."""
    entries = tomllib.loads((files("archive") / "indicators.toml").read_text("utf-8"))
    return tuple(_indicator(name, entry) for name, entry in entries.items())


def _indicator(name: str, entry: dict[str, Any]) -> Indicator:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Indicator(name, **fields)


def terms() -> Iterator[dict[str, Any]]:
    """The rows of `indicator_terms`: the items that an indicator sums up in each form that has them all."""
    for one in indicators():
        for known in form.forms():
            items = [item.item for item in form.items(known.name)]
            sides = {side: [_items(term, items) for term in getattr(one, side)] for side in ("over", "under")}
            if all(found for side in sides.values() for found in side):
                rows = [(side, item) for side, found in sides.items() for some in found for item in some]
                for side, item in rows:
                    yield {
                        "indicator": one.indicator,
                        "form": known.name,
                        "side": side,
                        "item": item,
                        "terms": len(rows),
                    }


def _items(term: str, items: list[str]) -> list[str]:
    start, many, end = term.partition("_.")
    return [
        item for item in items if item == term or (many and item.startswith(start + "_") and item.endswith("." + end))
    ]
