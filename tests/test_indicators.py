"""Indicators against sums done by hand from the reports; and what they refuse to say."""

from pathlib import Path

import pytest
import sqlite_utils

from archive import indicators, sheets, tables
from parsers.model import Fact, Place


def value(db: sqlite_utils.Database, portal: str, indicator: str) -> float | None:
    sql = "select value from indicator_values where portal = ? and indicator = ?"
    (row,) = db.query(sql, [portal, indicator])
    return None if row["value"] is None else round(float(row["value"]), 4)


@pytest.mark.parametrize(
    ("portal", "indicator", "expected"),
    [
        ("370112", "disclosure_rate", round(146 / 293, 4)),  # 历城: 126 + 20 of 293
        ("370112", "unable_rate", round(88 / 293, 4)),
        ("370112", "other_rate", round(38 / 293, 4)),
        ("370112", "reconsideration_correction_rate", round(4 / 9, 4)),  # 10 less 1 pending
        ("370305", "disclosure_rate", round(66 / 111, 4)),  # 临淄
        ("370305", "clearance_rate", round(111 / 116, 4)),
        ("370116", "disclosure_rate", round(137 / 235, 4)),  # 莱芜, whose 其他处理 has three rows
        ("370116", "not_held_rate", round(77 / 235, 4)),
        ("370406", "disclosure_rate", 0.625),  # 山亭: 5 of 8
        ("370115", "disclosure_rate", None),  # 济阳: the total is blank
    ],
)
def test_by_hand(demo: Path, portal: str, indicator: str, expected: float | None) -> None:
    assert value(sqlite_utils.Database(demo / "nianbao.db"), portal, indicator) == expected


def test_few_cases_are_not_ranked(demo: Path) -> None:
    sql = "select portal from indicator_values where indicator = 'disclosure_rate' and ranked order by portal"
    assert [r["portal"] for r in sqlite_utils.Database(demo / "nianbao.db").query(sql)] == [
        "370112",
        "370116",
        "370305",
    ]


@pytest.fixture
def db() -> sqlite_utils.Database:
    db = sqlite_utils.Database(memory=True)
    tables.create(db)
    return db


def put(db: sqlite_utils.Database, cells: dict[str, int | None]) -> None:
    place = Place("table 1", 1, 1)
    facts = [
        Fact("form_2021", item, "" if n is None else str(n), n, "件", "blank" if n is None else "number", place)
        for item, n in cells.items()
    ]
    db.table("reports").insert(
        {"id": "r", "portal": "p", "issuer": "i", "scope": "government", "year": 2021, "current": 1}
    )
    db.table("sheets").insert_all(sheets.sheets("r", facts))
    tables.work_out(db, "p")


@pytest.mark.parametrize(
    ("granted", "partial", "processed", "expected"),
    [(3, 1, 8, 0.5), (0, 0, 0, None), (3, None, 8, None), (3, 1, None, None)],
)
def test_blank_and_nought(
    db: sqlite_utils.Database, granted: int, partial: int | None, processed: int | None, expected: float | None
) -> None:
    rows = {"granted_full": granted, "granted_partial": partial, "total_processed": processed}
    put(db, {f"requests.{row}.total": n for row, n in rows.items()})
    (row,) = db.query("select value from indicator_values where indicator = 'disclosure_rate'")
    assert row["value"] == expected


def test_a_row_that_is_not_printed_leaves_no_sum(db: sqlite_utils.Database) -> None:
    put(db, {"requests.denied_state_secret.total": 1, "requests.total_processed.total": 8})
    (row,) = db.query("select value, over from indicator_values where indicator = 'denial_rate'")
    assert row == {"value": None, "over": None}


def test_every_indicator_is_of_items_that_a_form_has() -> None:
    assert {term["indicator"] for term in indicators.terms()} == {one.indicator for one in indicators.indicators()}
    others = [t["item"] for t in indicators.terms() if (t["indicator"], t["side"]) == ("other_rate", "over")]
    assert others == [
        "requests.other_total.total",
        "requests.other_correction_overdue.total",
        "requests.other_fee_overdue.total",
        "requests.other_other.total",
    ]


def test_the_values_are_had_by_report_and_by_indicator_without_reading_the_others(db: sqlite_utils.Database) -> None:
    for condition in ("report in ('r', 's')", "indicator = 'disclosure_rate'"):
        plan = db.execute(f"explain query plan select * from indicator_values where {condition}").fetchall()
        assert [str(row[3]).startswith("SEARCH indicator_values USING INDEX") for row in plan] == [True]
