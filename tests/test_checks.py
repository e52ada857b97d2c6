"""The identities of the tables: true, false, blank, absent."""

import pytest

from parsers import checks, numbers
from parsers.model import Fact, Finding, Place

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
        ("4 4 1 _ 10", [("info", "inferred")]),
        ("4 4 1 / 10", [("info", "inferred")]),
        ("4 4 1 见附件 10", [("info", "inferred"), ("warning", "not_a_number")]),
        ("4 4 3 _ 10", [("info", "not_checkable")]),  # a number below 0 is none
        ("4 4 _ _ 10", [("info", "not_checkable")]),
    ],
)
def test_reviews(texts: str, findings: list[tuple[str, str]]) -> None:
    assert loud(reconsideration(*texts.replace("_", "\u3000").split(" "))) == findings


def test_a_term_that_is_not_printed_accuses_nobody() -> None:
    assert loud(reconsideration("4", "4", "1", "1", "11")[1:]) == [("info", "inferred")]


def test_what_is_worked_out_is_said_to_be_and_no_fact() -> None:
    (finding,) = checks.run(reconsideration("4", "4", "1", "", "10"))
    assert "推算为 1" in finding.message
    assert finding.items == ("reviews.reconsideration.pending",)


def test_what_two_equations_work_out_differently_is_not_said() -> None:
    """The row says 5, the col says 7."""
    row = {"natural_person": "", "commercial_enterprise": "0", "research_institution": "0", "other_organization": "0"}
    row |= {"public_interest_organization": "0", "legal_services_organization": "0", "total": "5"}
    cells = [fact(f"requests.carried_out.{col}", text) for col, text in row.items()]
    balance = {"new_requests": "10", "carried_in": "0", "total_processed": "3"}
    cells += [fact(f"requests.{name}.natural_person", text) for name, text in balance.items()]
    assert "inferred" not in {f.check for f in checks.run(cells)}


# --- over two years ---------------------------------------------------------------------------------------------------


def test_carried_over() -> None:
    before, now = balance("10", "0", "7", "3"), balance("20", "4", "24", "0")
    (finding,) = checks.over_years(now, before)
    assert (finding.check, finding.level, finding.items) == ("carried_over", "info", ("requests.carried_in.total",))
    assert "4 ≠ 3" in finding.message
    assert checks.over_years(balance("20", "3", "23", "0"), before) == []
    assert checks.over_years(now, before[:-1]) == []  # not printed last year


def test_in_force() -> None:
    """宿迁: 11 + 2 - 1 = 12."""
    now = {"in_force": "12", "issued": "2", "repealed": "1"}
    cells = [fact(f"disclosure.normative_documents.{col}", text) for col, text in now.items()]
    assert checks.over_years(cells, [fact("disclosure.normative_documents.in_force", "11")]) == []
    (finding,) = checks.over_years(cells, [fact("disclosure.normative_documents.in_force", "13")])
    assert finding.check == "in_force"
    assert "12 ≠ 13 + 2 - 1" in finding.message


def test_items_of_the_previous_year() -> None:
    before = {"items_previous_year": "369", "items_change": "增5"}
    cells = [fact(f"disclosure.licensing.{col}", text, "form_2019") for col, text in before.items()]
    assert checks.over_years([fact("disclosure.licensing.items_previous_year", "374", "form_2019")], cells) == []
    (finding,) = checks.over_years([fact("disclosure.licensing.items_previous_year", "369", "form_2019")], cells)
    assert finding.check == "previous_items"


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
