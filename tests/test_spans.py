"""The HTML table algorithm: expected grids by the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.spans import MAX_PLACES, Span, grid


def texts(*rows: list[Span]) -> list[list[str | None]]:
    return [[cell.text if cell else None for cell in row] for row in grid(rows, "table 1").rows]


def test_spans_stand_in_every_place() -> None:
    assert texts([Span("a", 2), Span("b", 1, 2)], [Span("c"), Span("d")]) == [["a", "b", "b"], ["a", "c", "d"]]


def test_one_cell_is_one_object() -> None:
    rows = grid([[Span("a", 2, 2)], []], "table 1").rows
    assert rows[0][0] is rows[1][1]


def test_overlap_keeps_the_first() -> None:
    rows = texts([Span("a"), Span("b", 2)], [Span("c", 1, 2)])
    assert rows == [["a", "b"], ["c", "b"]]


def test_rowspan_zero_and_past_the_end() -> None:
    assert texts([Span("a", 0), Span("b", 9)], [], []) == [["a", "b"]] * 3


def test_missing_cells_are_none() -> None:
    assert texts([Span("a"), Span("b")], [Span("c")]) == [["a", "b"], ["c", None]]


def test_colspan_bounds() -> None:
    assert len(texts([Span("a", 1, 99999)])[0]) == 1000
    assert texts([Span("a", 1, 0)]) == [["a"]]


def test_empty() -> None:
    assert texts() == []
    assert texts([]) == [[]]


@pytest.mark.parametrize("rows", [[[Span("a", 0, 1000)]] * 300, [[Span("a", 1, 1000)], *[[]] * 10**5]])
def test_huge_is_refused(rows: list[list[Span]]) -> None:
    with pytest.raises(ValueError, match=str(MAX_PLACES)):
        grid(rows, "table 1")


@given(st.lists(st.lists(st.builds(Span, st.text(max_size=1), st.integers(0, 4), st.integers(0, 4)), max_size=4)))
def test_always_rectangular(rows: list[list[Span]]) -> None:
    made = grid(rows, "table 1")
    assert len(made.rows) == len(rows)
    assert len({len(row) for row in made.rows}) <= 1
