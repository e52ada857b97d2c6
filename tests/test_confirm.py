"""What the arithmetic lets through: never a wrong number, whatever one or two cells are misread as."""

import dataclasses
import functools
import itertools
import random
from collections.abc import Iterable, Iterator

import pytest
from test_reports import SOUND, source

from parsers import numbers, ocr, report
from parsers.confirm import confirm, pictures
from parsers.model import Content, Fact, Finding, Grid
from parsers.text import read as read_text

Readings = dict[str, str]  # item → what the engine reads instead of what is printed


@functools.cache
def printed(case: str) -> tuple[Fact, ...]:
    return report.read([source(case)]).facts


def read(case: str, wrong: Readings) -> tuple[list[Fact], list[Finding]]:
    return confirm([misread(f, wrong[f.item]) if f.item in wrong else f for f in printed(case)])


def misread(fact: Fact, text: str) -> Fact:
    reading = numbers.read(text)
    return dataclasses.replace(fact, text=text, value=reading.value, kind=reading.kind)


def published(case: str, wrong: Readings | None = None) -> dict[str, Fact]:
    return {f.item: f for f in read(case, wrong or {})[0]}


def wrongly_published(case: str, wrong: Readings) -> list[str]:
    truth = {f.item: f for f in printed(case)}
    return [item for item, f in published(case, wrong).items() if f.value != truth[item].value]


def numbers_of(case: str, table: str = "") -> dict[str, int]:
    """Whole numbers of the tables that have equations."""
    tables = (f"{table}.",) if table else ("requests.", "reviews.")
    return {f.item: f.value for f in printed(case) if f.item.startswith(tables) and isinstance(f.value, int)}


# 山亭 prints "1(裁定撤诉)" in one equation of five cells: a sum does not confirm a note.
SHARES = {"licheng_2020": (161, 15), "linzi_2020": (161, 15), "shanting_2020": (161, 10), "laiwu_2021": (175, 15)}


@pytest.mark.parametrize("case", SOUND)
def test_what_adds_up_is_published(case: str) -> None:
    facts = published(case)
    assert {f.kind for f in facts.values()} == {"number"}
    counts = tuple(sum(item.startswith(table) for item in facts) for table in ("requests.", "reviews."))
    assert counts == SHARES[case]
    assert len(facts) == sum(counts)


def test_blank_totals_confirm_nothing() -> None:
    assert published("jiyang_2019") == {}


def test_the_rest_waits_for_a_person() -> None:
    _, findings = read("laiwu_2021", {"requests.carried_in.natural_person": "7"})
    assert [f.check for f in findings] == ["ocr_unconfirmed"] * 3
    assert "本年新收政府信息公开申请数量·自然人“230”" in findings[1].message
    items = [item for finding in findings for item in finding.items]
    assert "requests.carried_in.natural_person" in items
    kept = published("laiwu_2021", {"requests.carried_in.natural_person": "7"})
    assert sorted([*items, *kept]) == sorted(f.item for f in printed("laiwu_2021"))


def others(number: int) -> Iterator[str]:
    """What a number may be misread as: another digit, one lost, one too many, nothing, what is no number."""
    text = str(number)
    yield from (text[:at] + digit + text[at + 1 :] for at in range(len(text)) for digit in "0178" if digit != text[at])
    yield from (text[1:], text[:-1], "1" + text, text + "0", text + text, "-" + text, "o", "/", "")


@pytest.mark.parametrize("case", SOUND)
def test_one_misreading(case: str) -> None:
    chance = random.Random(case)  # some cells, each as one of what it may be misread as
    for item, number in chance.sample(list(numbers_of(case).items()), 30):
        wrong = {item: chance.choice([text for text in others(number) if text != str(number)])}
        assert item not in published(case, wrong), wrong
        assert not wrongly_published(case, wrong), wrong


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", SOUND)
def test_every_misreading(case: str) -> None:
    for item, number in numbers_of(case).items():
        for text in set(others(number)) - {str(number)}:
            assert item not in published(case, {item: text}), (item, text)


def test_needless_zeros_and_signs_are_no_numbers() -> None:
    zero = "requests.denied_state_secret.natural_person"
    for text in ("00", "-0", "0.0", "+0", "0件", "０" * 2):
        assert zero not in published("licheng_2020", {zero: text})
    assert zero in published("licheng_2020", {zero: "０"})


def pairs(case: str, table: str, count: int) -> Iterator[Readings]:
    """Two cells misread by the same amount, up or down: in a row, in a col, anywhere."""
    chance = random.Random(case)
    cells = numbers_of(case, table)
    for _ in range(count):
        first = chance.choice(list(cells))
        line = [i for i in cells if i != first and set(i.split(".")[1:]) & set(first.split(".")[1:])]
        second = chance.choice(line if chance.random() < 0.9 else [i for i in cells if i != first])
        amount = chance.choice((1, 2, 3, 6, 10, 20, 70))
        for sign in (1, -1):
            yield {first: str(cells[first] + amount), second: str(max(0, cells[second] + sign * amount))}


@pytest.mark.parametrize("case", SOUND)
def test_two_misreadings_that_make_up_for_each_other(case: str) -> None:
    for wrong in pairs(case, "requests", 15):
        assert not wrongly_published(case, wrong), wrong


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", SOUND)
def test_many_pairs(case: str) -> None:
    for wrong in pairs(case, "requests", 3000):
        assert not wrongly_published(case, wrong), wrong


@pytest.mark.parametrize("case", SOUND)
def test_a_cell_misread_as_its_totals_are(case: str) -> None:
    """A number, its row's total, its col's total: one glyph, misread alike in all three."""
    rows = {i.split(".")[1] for i in numbers_of(case, "requests")} - {"new_requests", "carried_in", "carried_out"}
    for row in rows - {"total_processed"}:
        cells = [f"requests.{r}.{c}" for r, c in ((row, "natural_person"), (row, "total"))]
        cells.append("requests.total_processed.natural_person")
        wrong = {item: str(numbers_of(case)[item] + 2) for item in cells}
        assert not wrongly_published(case, wrong), wrong


@pytest.mark.parametrize("case", SOUND)
def test_a_digit_misread_everywhere(case: str) -> None:
    texts = {f.item: numbers.squash(f.text) for f in printed(case) if f.kind == "number"}
    for digit, other in itertools.product("0123456789", "0178"):
        wrong = {item: text.replace(digit, other) for item, text in texts.items() if digit in text}
        assert not wrongly_published(case, wrong), (digit, other)


def small(answers: Iterable[tuple[str, str]]) -> list[Fact]:
    """A report of few requests, all from natural persons and all answered: nearly every number is the same."""
    given = dict(answers)
    facts = []
    for fact in printed("laiwu_2021"):
        row, _, col = fact.item.removeprefix("requests.").partition(".")
        if fact.item.startswith("requests."):
            facts.append(misread(fact, given.get(row, "0") if col in ("natural_person", "total") else "0"))
    return facts


def test_numbers_all_alike_are_not_confirmed_by_their_sums() -> None:
    alike = small([("new_requests", "6"), ("granted_full", "6"), ("total_processed", "6")])
    assert {f.text for f in confirm(alike)[0]} == {"0"}
    several = small([("new_requests", "9"), ("granted_full", "6"), ("granted_partial", "3"), ("total_processed", "9")])
    assert {f.text for f in confirm(several)[0]} == {"0", "3", "6", "9"}
    carried = [("new_requests", "18"), ("carried_in", "7"), ("granted_full", "19"), ("granted_partial", "2")]
    mixed = small([*carried, ("total_processed", "21"), ("carried_out", "4")])
    assert {f.text for f in confirm(mixed)[0]} == {"0", "18", "7", "19", "2", "21", "4"}


def test_unsure_readings() -> None:
    """Confirmed by a table that adds up to the last cell, but not where they stand in one equation, and no 0."""
    item, zero = "requests.granted_full.natural_person", "requests.denied_state_secret.natural_person"
    text = {f.item: f.text for f in printed("licheng_2020")}
    facts = published("licheng_2020", {item: text[item] + ocr.UNSURE, zero: "0" + ocr.UNSURE})
    assert (facts[item].text, facts[item].value, facts[item].kind) == (text[item], 124, "number")
    assert zero not in facts
    elsewhere = {item: text[item] + ocr.UNSURE, "requests.carried_in.total": "99"}
    assert item not in published("licheng_2020", elsewhere)
    review = "reviews.reconsideration.upheld"
    assert "reviews.reconsideration.total" not in published("licheng_2020", {review: text[review] + ocr.UNSURE})


def test_reviews_need_a_table_that_proves_the_engine() -> None:
    reviews = [f for f in printed("licheng_2020") if f.item.startswith("reviews.")]
    assert confirm(reviews)[0] == []
    assert not any(i.startswith("reviews.") for i in published("licheng_2020", {"requests.carried_in.total": "99"}))


def test_rows_out_of_order_confirm_nothing() -> None:
    """Sums do not tell whether two rows have each other's label."""
    places = {f.item: f.place for f in printed("licheng_2020")}
    rows = {"unable_not_held": "not_processed_repeat", "not_processed_repeat": "unable_not_held"}
    facts = []
    for fact in printed("licheng_2020"):
        table, _, rest = fact.item.partition(".")
        row, _, col = rest.partition(".")
        swapped = f"{table}.{rows.get(row, row)}.{col}"
        facts.append(dataclasses.replace(fact, place=places[swapped]) if row in rows else fact)
    assert not any(f.item.startswith("requests.") for f in confirm(facts)[0])


def test_a_person_settles() -> None:
    rules, wrong = "disclosure.rules.newly_made", "requests.carried_in.total"
    settled = {0: {rules: "0", wrong: "22", "requests.nothing.total": "5"}}
    facts, findings = confirm([misread(f, "99") if f.item == wrong else f for f in printed("licheng_2020")], settled)
    found = {f.item: f for f in facts}
    assert (found[rules].text, found[wrong].value) == ("0", 22)
    assert sum(item.startswith("requests.") for item in found) == 161
    assert [f.items for f in findings if f.check == "decision_unused"] == [("requests.nothing.total",)]


def test_a_person_may_say_blank() -> None:
    item = "requests.denied_state_secret.natural_person"
    facts, _ = confirm(printed("licheng_2020"), {0: {item: ""}})
    assert next((f.text, f.value, f.kind) for f in facts if f.item == item) == ("", None, "blank")


def test_what_is_read_twice_and_differently_is_doubted() -> None:
    item = "requests.new_requests.natural_person"
    facts, _ = confirm(printed("licheng_2020"), doubted={item})
    assert item not in {f.item for f in facts}


def grids(case: str) -> list[Grid]:
    return list(read_text(source(case)).grids)


def published_from(contents: dict[int, list[Grid]]) -> dict[str, Fact]:
    return {f.item: f for f in pictures({n: Content(tuple(own), ()) for n, own in contents.items()}).facts}


def below(grid: Grid, at: int) -> Grid:
    """The rows of a table from `at` on, as a picture of their own shows them."""
    moved = {id(c): c._replace(row=c.row - at) for row in grid.rows[at:] for c in row if c}
    rows = tuple(tuple(moved[id(c)] if c else None for c in row) for row in grid.rows[at:])
    return Grid(rows, "page 1, table 1")


def test_tables_in_several_pictures() -> None:
    """Each in one of its own, or one in two; each fact names its own picture."""
    whole = grids("licheng_2020")
    numbers_ = {f.item: f.value for f in printed("licheng_2020")}
    for cut in (whole[1:], [Grid(whole[1].rows[:12], "page 1, table 1"), below(whole[1], 12), *whole[2:]]):
        found = published_from({n: [grid] for n, grid in enumerate(cut, 3)})
        assert {item: f.value for item, f in found.items()} == {item: numbers_[item] for item in found}
        assert sum(item.startswith("requests.") for item in found) == 161
        assert (found["reviews.litigation_direct.total"].document, {f.ocr for f in found.values()}) == (
            2 + len(cut),
            {True},
        )
    assert str(found["requests.carried_out.total"].place) == "page 1, table 1, row 14, col 10"


def test_one_item_in_two_pictures() -> None:
    """Which of two readings is right is not to be told."""
    whole = grids("licheng_2020")
    row = tuple(c._replace(text="999") if c and numbers.read(c.text).kind == "number" else c for c in whole[1].rows[3])
    again = Grid((*whole[1].rows[:3], row), "page 1, table 1")
    found = published_from({0: whole, 1: [again]})
    assert not [item for item in found if item.startswith("requests.new_requests")]
    assert found["requests.carried_in.total"].value == 22
