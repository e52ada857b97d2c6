"""Which facts of pictures may be published: those that the arithmetic of their row and column confirms, or a person.

A reading is confirmed when it is a plain number, every equation that it stands in holds, and so does every equation of
the totals in those. A wrong number breaks its row and its column. So it takes three wrong ones, of which one makes up
for two, to let one of them pass, and four to let all pass. What the arithmetic cannot see goes to a person:

- 0 and blank add the same: a blank is never confirmed. A 0 is, where it was read for certain: its ink is no blank.
- A digit that is misread in every place alike may leave every sum right (1 = 1 read as 7 = 7). It is then read nowhere
  in the report; so where some digit is, cells whose digits could all be that one are not confirmed.
- Values may be right and stand under a wrong label: rows and cols must come in the order of the form.
- Cells that no equation has (主动公开), notes and signs beside a number, rows that no form has.

Cells that stand in one equation only (行政复议、行政诉讼) could be wrong in twos. So every reading there must be
certain, which `picture` says only of what it read twice, and the tables of rows and cols must add up to the last cell,
as they do not where the engine misreads a digit of this print.
"""

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from parsers import checks, form, lay, numbers, ocr
from parsers.model import Content, Fact, Finding

PLAIN = re.compile(r"0|[1-9]\d{0,8}|[1-9]\d{0,2}(?:,\d{3}){1,2}", re.ASCII)  # no sign, no note, no needless 0
SHOWN = 200  # readings that a finding quotes; a form has as many cells
OF_DOUBT = ("printed_twice", "cell_ambiguous")  # findings that name items of which no single reading is to be had
OF_PICTURES = ("cell_ambiguous", "table_unknown")  # findings that hold of a picture too; others speak of misread labels

Settled = Mapping[int, Mapping[str, str]]  # number of the document → item → what a person read in it


class Equation(NamedTuple):
    left: tuple[str, ...]
    right: tuple[str, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        return self.left + self.right

    def holds(self, values: Mapping[str, int]) -> bool:
        if not all(item in values for item in self.terms):
            return False
        return sum(values[i] for i in self.left) == sum(values[i] for i in self.right)


class Confirmed(NamedTuple):
    """What may be published; the items that wait for a person, of which no check can speak."""

    facts: list[Fact]
    waiting: set[str]
    findings: list[Finding]


def pictures(contents: Mapping[int, Content], settled: Settled | None = None) -> Confirmed:
    """What the pictures of a report say, by the numbers of their documents.

    They are laid over the forms together: a table may go on from one picture to the next.
    """
    named = "document {}, {}" if len(contents) > 1 else "{1}"
    grids = {named.format(n, grid.place): (n, grid) for n, content in contents.items() for grid in content.grids}
    laid, odd = lay.facts(dataclasses.replace(grid, place=place) for place, (_, grid) in grids.items())
    read = [dataclasses.replace(fact, document=grids[fact.place.grid][0], ocr=True) for fact in laid]
    doubted = {item for finding in odd if finding.check in OF_DOUBT for item in finding.items}
    kept, findings = confirm(read, settled, doubted)
    waiting = doubted.union(f.item for f in read).difference(f.item for f in kept)
    facts = [dataclasses.replace(f, place=f.place._replace(grid=grids[f.place.grid][1].place)) for f in kept]
    return Confirmed(facts, waiting, [*findings, *(f for f in odd if f.check in OF_PICTURES)])


def confirm(
    facts: Iterable[Fact], settled: Settled | None = None, doubted: Collection[str] = ()
) -> tuple[list[Fact], list[Finding]]:
    """Of the facts that were read from pictures those that may be published, and a finding for each grid with others.

    `settled` is what people have read; it goes before every reading, and confirms others. `doubted` are items of which
    another reading says something else.
    """
    given = settled or {}
    read = [_by_person(fact, given.get(fact.document, {})) for fact in facts]
    people = {f.item for f in read if f.item in given.get(f.document, {})}
    sums = Sums({f.item: f for f in read if f.form != "local"}, people)
    kept = people | (sums.confirmed() - set(doubted))
    published = [f if f.item in people else _certain(f) for f in read if f.item in kept]
    return published, [*_unconfirmed([f for f in read if f.item not in kept]), *_unused(read, given)]


def _by_person(fact: Fact, settled: Mapping[str, str]) -> Fact:
    return _reread(fact, settled[fact.item]) if fact.item in settled else fact


def _certain(fact: Fact) -> Fact:
    return _reread(fact, fact.text.removesuffix(ocr.UNSURE)) if ocr.UNSURE in fact.text else fact


def _reread(fact: Fact, text: str) -> Fact:
    reading = numbers.read(text)
    unit = numbers.MONEY.get(reading.unit) or fact.unit
    return dataclasses.replace(fact, text=text, value=reading.value, kind=reading.kind, unit=unit)


class Sums:
    """The equations of a report's tables, and what each item adds to them."""

    def __init__(self, facts: Mapping[str, Fact], people: Collection[str]) -> None:
        self.facts = facts
        self.people = people
        self.values = {item: value for item, fact in facts.items() if (value := _value(fact)) is not None}
        self.unsure = {item for item, fact in facts.items() if ocr.UNSURE in fact.text}
        self.equations = _equations(facts)
        self.holding = {e for e in self.equations if e.holds(self.values)}
        self.totals = {total for e in self.equations for total in e.left}
        self.covering: dict[str, list[Equation]] = {}
        for equation in self.equations:
            for item in equation.terms:
                self.covering.setdefault(item, []).append(equation)

    def confirmed(self) -> set[str]:
        found = set()
        disordered = _disordered(self.facts.values())
        groups = _groups(self.equations)
        crossed = [group for group in groups if any(len(self.covering[i]) > 1 for e in group for i in e.terms)]
        proven = bool(crossed) and all(e in self.holding for group in crossed for e in group)
        for group in groups:
            items = {i for e in group for i in e.terms if i in self.values and self.facts[i].kind != "blank"}
            if group in crossed:
                items = {i for i in items if self._is_crossed(i, group)}
            elif not proven or not all(self._is_certain(e) for e in group):
                continue
            found |= items - self._alike(items, group)
        return {i for i in found if self.facts[i].place.grid not in disordered}

    def _is_crossed(self, item: str, group: Sequence[Equation]) -> bool:
        """Whether an item's equations hold, and those of every total in them: a doubtful total confirms nothing.

        For a reading that is unsure all of the group must hold; and an unsure 0 may be a speck on a blank.
        """
        own = self.covering[item]
        totals = {total for e in own for total in e.terms if total in self.totals}
        if item in self.unsure:
            return len(own) > 1 and bool(self.values[item]) and self.holding.issuperset(group)
        return len(own) > 1 and self.holding.issuperset([*own, *(e for total in totals for e in self.covering[total])])

    def _is_certain(self, equation: Equation) -> bool:
        return equation in self.holding and not self.unsure.intersection(equation.terms)

    def _alike(self, items: Iterable[str], group: Sequence[Equation]) -> set[str]:
        """The items of which a digit may be another one that the engine never reads as what it is.

        That one is then read nowhere in the report; and its places must make up for each other in every equation.
        """
        certain = self.values.keys() - self.unsure
        if set("0123456789") <= set("".join(str(self.values[i]) for i in certain if self.facts[i].kind == "number")):
            return set()
        texts = {item: str(self.values[item]) for item in items if item not in self.people}
        places: dict[tuple[str, int], set[str]] = {}
        for item, text in texts.items():
            for place, digit in enumerate(reversed(text)):
                places.setdefault((digit, place), set()).add(item)
        holding = [e for e in group if e in self.holding]
        return {item for cells in places.values() for item in _balanced(cells, holding)}


def _balanced(items: set[str], equations: Iterable[Equation]) -> set[str]:
    """Those of `items` that have others of them on the other side of every equation that they stand in."""
    while True:
        alone: set[str] = set()
        for equation in equations:
            left, right = items.intersection(equation.left), items.intersection(equation.right)
            alone |= left | right if not (left and right) else set()
        if not alone:
            return items
        items = items - alone


def _value(fact: Fact) -> int | None:
    """What a reading adds: a blank, whatever it may have lost, nothing; what is not plain is not to be added."""
    if fact.kind == "blank":
        return 0
    text = numbers.squash(fact.text).removesuffix(ocr.UNSURE)
    return int(text.replace(",", "")) if PLAIN.fullmatch(text) else None


def _equations(facts: Mapping[str, Fact]) -> list[Equation]:
    """Those of a report's own tables; two reports may differ without a misreading."""
    found = [Equation(tuple(left), tuple(right)) for _, left, right in checks.instances(facts)]
    return [e for e in found if e.left and e.right and not any(" " in term for term in e.terms)]


def _groups(equations: Iterable[Equation]) -> list[list[Equation]]:
    """Equations that share items, directly or through others."""
    groups: list[tuple[set[str], list[Equation]]] = []
    for equation in equations:
        items, members = set(equation.terms), [equation]
        apart = []
        for other, others in groups:
            if items & other:
                items |= other
                members += others
            else:
                apart.append((other, others))
        groups = [*apart, (items, members)]
    return [members for _, members in groups]


def _disordered(facts: Iterable[Fact]) -> set[str]:
    """The grids in which rows or cols of a form do not stand in the form's order, or two in one place."""
    places: dict[tuple[str, str, int, str], dict[int, set[int]]] = {}
    known = {(f.name, i.item): i for f in form.forms() for i in form.items(f.name)}
    for fact in facts:
        if item := known.get((fact.form, fact.item)):
            rows = places.setdefault((fact.place.grid, item.table, -1, "row"), {})
            rows.setdefault(item.row, set()).add(fact.place.row)
            cols = places.setdefault((fact.place.grid, item.table, item.block, "col"), {})
            cols.setdefault(item.col, set()).add(fact.place.col)
    return {key[0] for key, lines in places.items() if not _in_order([lines[n] for n in sorted(lines)])}


def _in_order(lines: Sequence[set[int]]) -> bool:
    """Whether each line of the form is one line of the grid, below (or right of) the one before."""
    at = [line.copy().pop() for line in lines]
    return all(len(line) == 1 for line in lines) and all(a < b for a, b in pairwise(at))


def _unconfirmed(facts: Sequence[Fact]) -> list[Finding]:
    counts = Counter((f.document, f.place.grid) for f in facts)
    return [_finding([f for f in facts if (f.document, f.place.grid) == key], key[1]) for key in counts]


def _finding(facts: Sequence[Fact], grid: str) -> Finding:
    readings = [(checks.describe(f.item), f.item, f.text.strip()) for f in facts[:SHOWN]]
    zh = "，".join(f"{name}“{text}”" for name, _, text in readings) + ("……" if len(facts) > SHOWN else "")
    en = ", ".join(f"{item} “{text}”" for _, item, text in readings) + (", …" if len(facts) > SHOWN else "")
    message = (
        f"{grid} 是图片，识别出的 {len(facts)} 格未能由行列之和证实，待人核定，暂不发布：{zh}"
        f" / {grid} is a picture; {len(facts)} cells that no sums confirm wait for a person: {en}"
    )
    return Finding("ocr_unconfirmed", "warning", message, tuple(f.item for f in facts))


def _unused(facts: Iterable[Fact], settled: Settled) -> list[Finding]:
    """Decisions on what was not read at all: a person must hear that they do nothing (law 8)."""
    there = {(f.document, f.item) for f in facts}
    items = tuple(i for number, own in settled.items() for i in own if (number, i) not in there)
    if not items:
        return []
    message = (
        f"核定的格在图片中没有读到：{'，'.join(items)} / cells that a person settled were not found in the picture"
    )
    return [Finding("decision_unused", "warning", message, items)]
