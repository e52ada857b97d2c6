"""Facts → findings. The equations are data (`checks.toml`); a blank is never taken for 0 to accuse anybody."""

import functools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from parsers import form
from parsers.model import Fact, Finding, Level

LEVELS: tuple[Level, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Check:
    """One entry of the catalogue; `table` is "" for what is not an equation."""

    name: str
    zh: str
    en: str
    example: str
    table: str = ""
    each: str = ""
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()


@functools.cache
def catalogue() -> dict[str, Check]:
    """Every check by name, in the order of the file."""
    entries = tomllib.loads((files("parsers") / "checks.toml").read_text("utf-8"))
    return {name: _check(name, entry) for name, entry in entries.items()}


def _check(name: str, entry: dict[str, Any]) -> Check:
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    return Check(name, **fields)


def run(facts: Iterable[Fact]) -> list[Finding]:
    """What the tables say of themselves: equations, changes without a sign, cells that are no numbers."""
    by_item = {f.item: f for f in facts if f.form != "local"}
    return [*_equations(by_item), *_signs(by_item.values()), *_not_numbers(by_item.values())]


def over_years(facts: Iterable[Fact], before: Iterable[Fact]) -> list[Finding]:
    """What the tables say against those of the year before, in numbers that are all printed."""
    both = {f.item: f for f in facts if f.form != "local"}
    both |= {f"before {f.item}": f for f in before if f.form != "local"}
    found = []
    for check, left, right in instances(both):
        if _is_over_years(check):
            values = [_value(term, both) for term in left + right]
            if len(values) == len(check.left + check.right) and None not in values:
                a, b = _sums(left, right, both)
                found += [] if a == b else [_finding(check, "info", left, right, both, check.name)]
    return found


def _is_over_years(check: Check) -> bool:
    return any(term.startswith("before ") for term in check.right)


def _equations(facts: Mapping[str, Fact]) -> Iterator[Finding]:
    blank_totals: list[tuple[str, float]] = []
    inferred: dict[str, set[float]] = {}
    for check, left, right in instances(facts):
        if not _is_over_years(check):
            yield from _equation(check, left, right, facts, blank_totals, inferred)
    if blank_totals:
        yield _total_blank(blank_totals)
    yield from (_inferred(item, values.pop()) for item, values in inferred.items() if len(values) == 1)


def instances(facts: Mapping[str, Fact]) -> Iterator[tuple[Check, list[str], list[str]]]:
    """Every equation of the tables that a report fills in, for each of their cols (or rows), its terms as items."""
    forms = _forms(facts)
    for check in catalogue().values():
        for left, right in _instances(check, forms.get(check.table, frozenset())):
            yield check, left, right


def _forms(facts: Mapping[str, Fact]) -> dict[str, frozenset[str]]:
    """Table → the forms of which the report fills it in."""
    pairs = {(item.partition(".")[0], fact.form) for item, fact in facts.items()}
    return {table: frozenset(name for other, name in pairs if other == table) for table, _ in pairs}


@functools.cache
def _instances(check: Check, names: frozenset[str]) -> list[tuple[list[str], list[str]]]:
    """The equation for every col (or row) of the table, its terms as items of the forms `names`."""
    rows = {i.item: i for f in form.forms() if f.name in names for i in form.items(f.name) if i.table == check.table}
    found = []
    for line in dict.fromkeys(_line(item, check.each) for item in rows):
        left, right = ([_term(check, term, line) for term in side] for side in (check.left, check.right))
        found.append(([t for t in left if _item(t) in rows], [t for t in right if _item(t) in rows]))
    return found


def _line(item: str, each: str) -> str:
    """The col or the row that an equation is worked out for; "" where it is worked out once."""
    return item.split(".")[2 if each == "col" else 1] if each else ""


def _term(check: Check, term: str, line: str) -> str:
    """An item, with "before" or "minus" in front where the equation says so."""
    *signs, own = term.split(" ")
    parts = (own, line) if check.each == "col" else (line, own)
    return " ".join([*signs, ".".join(filter(None, (check.table, *parts)))])


def _item(term: str) -> str:
    return term.split(" ")[-1]


def _value(term: str, facts: Mapping[str, Fact]) -> float | None:
    fact = facts.get(term.removeprefix("minus "))
    if not fact or fact.value is None:
        return None
    return -fact.value if term.startswith("minus ") else fact.value


def _sums(left: Iterable[str], right: Iterable[str], facts: Mapping[str, Fact]) -> tuple[float, float]:
    """Both sides, what is blank or not printed left out."""
    a, b = (round(sum(_value(term, facts) or 0 for term in side), 6) for side in (left, right))
    return a, b


def _equation(
    check: Check,
    left: list[str],
    right: list[str],
    facts: Mapping[str, Fact],
    blank_totals: list[tuple[str, float]],
    inferred: dict[str, set[float]],
) -> Iterator[Finding]:
    a, b = _sums(left, right, facts)
    if len(left) == 1 and left[0] in facts and facts[left[0]].kind == "blank" and b:
        blank_totals.append((left[0], b))
        return
    if a == b:
        return
    missing = [term for term in left + right if _value(term, facts) is None]
    if len(missing) == 1 and (value := b - a if missing[0] in left else a - b) > 0:
        inferred.setdefault(missing[0], set()).add(value)
    elif missing:
        yield _finding(check, "info", left, right, facts, "not_checkable")
    else:
        yield _finding(check, "error", left, right, facts, check.name)


def _inferred(item: str, value: float) -> Finding:
    """Marked as worked out: a finding, never a fact (law 6)."""
    message = (
        f"{describe(item)}没有印出数，由勾稽关系推算为 {value:g} / no number is printed; the equations give {value:g}"
    )
    return Finding("inferred", "info", message, (item,))


def _finding(
    check: Check, level: Level, left: list[str], right: list[str], facts: Mapping[str, Fact], name: str
) -> Finding:
    sides = (" + ".join(_printed(term, facts) for term in side).replace("+ -", "- ") for side in (left, right))
    sign = "?" if name == "not_checkable" else "≠"
    shown = f" {sign} ".join(sides)
    english = shown.replace("空白", "blank").replace("未印", "not printed")
    where = describe(left[0])
    message = f"{where}：{check.zh}，此处为 {shown} / {check.en}; here {english}"
    if name != check.name:
        message = f"{where}：{catalogue()[name].zh}（{check.zh}）：{shown} / {catalogue()[name].en}: {english}"
    return Finding(name, level, message, tuple(_item(t) for t in (*left, *right) if not t.startswith("before ")))


def _printed(term: str, facts: Mapping[str, Fact]) -> str:
    fact = facts.get(term.removeprefix("minus "))
    shown = (fact.text.strip() or "空白") if fact else "未印"
    return f"-{shown}" if term.startswith("minus ") else shown


def _total_blank(totals: list[tuple[str, float]]) -> Finding:
    parts = "，".join(f"{describe(item)}：{number:g}" for item, number in totals)
    english = ", ".join(f"{item}: {number:g}" for item, number in totals)
    message = f"总计空白，而其组成部分之和为：{parts} / totals are blank though their parts sum to: {english}"
    return Finding("total_blank", "warning", message, tuple(item for item, _ in totals))


@functools.cache
def _labels() -> dict[str, tuple[str, str]]:
    """item → its row label (a path) and its col label."""
    return {i.item: (i.row_label, i.col_label) for f in form.forms() for i in form.items(f.name)}


def describe(item: str) -> str:
    """An item, or the sum of items joined by "+", in the words of the form."""
    rows, cols = zip(*(_labels().get(one, (one, "")) for one in item.split("+")), strict=True)
    parents = {row.rpartition("/")[0] for row in rows}
    if len(rows) > 2 and len(parents) == 1:  # a subtotal that the form does not print: 不予公开
        rows, cols = (parents.pop(),), cols[:1]
    return " + ".join("·".join(filter(None, (r.split("/")[-1], c))) for r, c in zip(rows, cols, strict=True))


def _signs(facts: Iterable[Fact]) -> Iterator[Finding]:
    """本年增/减 without a sign (山亭 2020 prints 861) may be either; the number goes out as printed, and marked."""
    for fact in facts:
        if fact.item.endswith(".items_change") and fact.value and fact.text.strip()[0].isdecimal():
            text = fact.text.strip()
            message = f"{describe(fact.item)}印作“{text}”，未写明增减 / printed “{text}” without a sign"
            yield Finding("sign_ambiguous", "info", message, (fact.item,))


def _not_numbers(facts: Iterable[Fact]) -> Iterator[Finding]:
    for fact in facts:
        if fact.kind == "text":
            message = (
                f"{describe(fact.item)}印作“{fact.text.strip()}”，不是数字 / “{fact.text.strip()}” is not a number"
            )
            yield Finding("not_a_number", "warning", message, (fact.item,))
