"""The identities of the tables: true, false, blank, absent."""

import pytest

from parsers import checks, numbers
from parsers.model import Fact, Finding, Place

REQUESTS = [f"requests.{{}}.{col}" for col in checks.catalogue()["requests_applicants"].right]
REVIEWS = ("upheld", "corrected", "other_result", "pending", "total")


def fact(item: str, text: str, form: str = "form_2021") -> Fact:
    reading = numbers.read(text)
    return Fact(form, item, text, reading.value, "", reading.kind, Place("table 1", 1, 1))


def reconsideration(*texts: str) -> list[Fact]:
    return [fact(f"reviews.reconsideration.{n}", t) for n, t in zip(REVIEWS, texts, strict=True)]


def loud(facts: list[Fact]) -> list[tuple[str, str]]:
    return [(f.level, f.check) for f in checks.run(facts)]


@pytest.mark.parametrize(
    ("texts", "findings"),
    [
        ("4 4 1 1 10", []),
        ("4 4 1 1 11", [("error", "reviews_total")]),
        ("0 0 0 0 0", []),
        ("_ _ _ _ _", []),
        ("4 4 1 1 _", [("warning", "total_blank")]),
        ("0 0 0 0 _", []),
        ("4 4 1 _ 9", []),  # the blank may be a nought, and nobody says otherwise
        ("4 4 1 _ 10", [("info", "not_checkable")]),
        ("4 4 1 / 10", [("info", "not_checkable")]),
        ("4 4 1 见附件 10", [("info", "not_checkable"), ("warning", "not_a_number")]),
    ],
)
def test_reviews(texts: str, findings: list[tuple[str, str]]) -> None:
    assert loud(reconsideration(*texts.replace("_", "\u3000").split(" "))) == findings


def test_a_term_that_is_not_printed_accuses_nobody() -> None:
    assert loud(reconsideration("4", "4", "1", "1", "11")[1:]) == [("info", "not_checkable")]


def balance(new: str, carried_in: str, done: str, out: str) -> list[Fact]:
    rows = {"new_requests": new, "carried_in": carried_in, "total_processed": done, "carried_out": out}
    return [fact(f"requests.{row}.total", text) for row, text in rows.items()]


def equations(findings: list[Finding], name: str) -> list[Finding]:
    return [f for f in findings if f.check == name]


def test_balance() -> None:
    assert not equations(checks.run(balance("274", "22", "293", "3")), "requests_balance")
    (finding,) = equations(checks.run(balance("275", "22", "293", "3")), "requests_balance")
    assert finding.level == "error"
    assert "275 + 22 ≠ 293 + 3" in finding.message
    assert finding.items == tuple(
        f"requests.{r}.total" for r in ("new_requests", "carried_in", "total_processed", "carried_out")
    )


def test_balance_with_decimals_is_exact() -> None:
    assert not equations(checks.run(balance("0.1", "0.2", "0.3", "0")), "requests_balance")


def test_local_rows_are_not_checked() -> None:
    assert loud([fact("local.disclosure.x.y", "见附件", "local")]) == []


@pytest.mark.parametrize(
    ("text", "marked"), [("861", True), ("+861", False), ("增5", False), ("0", False), ("", False)]
)
def test_sign(text: str, marked: bool) -> None:
    found = checks.run([fact("disclosure.penalty.items_change", text, "form_2019")])
    assert [f.check for f in found] == ["sign_ambiguous"] * marked


def test_catalogue_describes_every_check() -> None:
    for check in checks.catalogue().values():
        assert check.zh and check.en and check.example
        assert bool(check.left) == bool(check.right) == bool(check.table)
        assert check.each in ("col", "row", "")


def test_describe() -> None:
    assert checks.describe("requests.new_requests.total") == "本年新收政府信息公开申请数量·总计"
    assert checks.describe("no.such.item") == "no.such.item"
