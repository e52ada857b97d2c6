"""Shares and changes as real reports print them; the sums in the comments are worked out by hand."""

import pytest

from parsers import report
from parsers.model import Claim, Fact, Heading, Place, Report
from parsers.narrative import compare, statements

NEW, IN, DONE = (f"requests.{row}.total" for row in ("new_requests", "carried_in", "total_processed"))


def facts(**rows: int) -> list[Fact]:
    cells = {f"requests.{row}.total": n for row, n in rows.items()}
    return [Fact("form_2019", i, str(n), n, "件", "number", Place("table 2", 1, 1)) for i, n in cells.items()]


def told(text: str, **rows: int) -> tuple[list[Claim], list[str]]:
    claims, findings = compare(statements([text], 2020), facts(**rows))
    return [c for c in claims if c.kind != "count"], [f.check for f in findings]


LICHENG = {"new_requests": 274, "carried_in": 22, "total_processed": 293}
LINZI = {"new_requests": 107, "carried_in": 9, "total_processed": 111}


@pytest.mark.parametrize(
    ("text", "rows", "of", "percent"),
    [
        ("予以公开126件，占比43%。", LICHENG, DONE, 43),  # 126/293 = 43.003 %
        ("不予公开18件，占比6.2%。", LICHENG, DONE, 6.2),  # 18/293 = 6.14 %, one place off
        ("予以公开63件，占比54.3%。", LINZI, f"{NEW}+{IN}", 54.3),  # 63/116 = 54.31 %
        ("予以公开41件，占申请总量的38.3%。", LINZI, NEW, 38.3),  # 41/107 = 38.32 %
    ],
)
def test_a_share_says_what_it_is_of(text: str, rows: dict[str, int], of: str, percent: float) -> None:
    claims, findings = told(text, **rows)
    assert [(c.item, c.value, c.kind) for c in claims] == [(of, percent, "share")]
    assert findings == []


def test_a_share_of_nothing_is_said() -> None:
    assert told("予以公开63件，占比57.3%。", **LINZI) == (
        [Claim("予以公开63件，占比57.3%。", "", 57.3, "share")],
        ["share"],
    )


def test_a_share_of_what_stands_before_it_is_none_of_the_whole() -> None:
    assert told("在不予公开的18件中，保护第三方合法权益的6件，占比33.3%。", **LICHENG)[1] == []


def test_a_share_is_not_judged_without_the_tables() -> None:
    assert told("予以公开63件，占比57.3%。")[1] == []


@pytest.mark.parametrize(
    ("text", "change", "findings"),
    [
        ("全区共收到政府信息公开申请274件，同比减少13%。", -13, []),  # 315 → 274
        ("全区共收到政府信息公开申请274件，较上年增长24%。", 24, []),  # 221 → 274 = +23.98 %
        ("全区共收到政府信息公开申请2件，同比增长50%。", 50, ["change_impossible"]),  # 1 → +100 %, 2 → 0
    ],
)
def test_changes(text: str, change: float, findings: list[str]) -> None:
    number = 2 if "申请2件" in text else 274
    claims, found = told(text, new_requests=number)
    assert [(c.item, c.value, c.kind) for c in claims] == [(NEW, change, "change")]
    assert found == findings


@pytest.mark.parametrize(("last_year", "findings"), [(315, []), (314, []), (331, ["change"]), (240, ["change"])])
def test_a_change_against_the_report_of_last_year(last_year: int, findings: list[str]) -> None:
    """274 after 314 is -12.7 %, which rounds to 13; after 331 it is -17.2 %; after 240 a rise."""
    text = "全区共收到政府信息公开申请274件，同比减少13%。"
    claims, _ = compare(statements([text], 2020), facts(new_requests=274))
    now = Report(Heading(), facts=tuple(facts(new_requests=274)), claims=tuple(claims))
    before = Report(Heading(), facts=tuple(facts(new_requests=last_year)))
    assert [f.check for f in report.over_years(now, before)] == findings
