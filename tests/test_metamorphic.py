"""Rewrites of a report's tables that change nothing of what they say, composed at random: no value may change, and no
blank may become a number.
"""

import functools
import html
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_reports import SEEDS, cells

from parsers import html as pages
from parsers import lay
from parsers.model import Document
from sample_portals.report_text import Table, read_report

Value = tuple[str, str, bool]  # value, unit, whether it is a number


@dataclass
class Box:
    """A cell as the page writes it: `inner` is HTML; `value` tells a number or a blank of the form from a label."""

    col: int
    inner: str
    value: bool
    width: int = 1
    height: int = 1


@dataclass
class Sheet:
    """A table; `header` counts its header rows, `hidden` are rows that the page does not show."""

    rows: list[list[Box]]
    width: int
    header: int
    captions: int = 0
    hidden: set[int] = field(default_factory=set)
    noted: bool = False
    wrapped: bool = False


@functools.cache
def values_of(case: str) -> dict[tuple[str, int, int], str]:
    """Where the cells stand that hold an item."""
    places = {f.place: f.item for f in lay.facts(pages.grids(Document("", b"", "html", written(sheets(case, {})))))[0]}
    assert set(places.values()) == set(cells(case))
    return {(p.grid, p.row - 1, p.col - 1): item for p, item in places.items()}


def sheets(case: str, values: dict[tuple[str, int, int], str]) -> list[Sheet]:
    tables = [b for b in read_report(case) if isinstance(b, Table)]
    return [_sheet(table, f"table {n}", values) for n, table in enumerate(tables, 1)]


def _sheet(table: Table, place: str, values: dict[tuple[str, int, int], str]) -> Sheet:
    rows = [
        [
            Box(c.column, html.escape(c.text), (place, i, c.column) in values, c.colspan, c.rowspan)
            for c in sorted(row, key=lambda c: c.column)
        ]
        for i, row in enumerate(table.rows)
    ]
    return Sheet(rows, table.columns, 0 if table.columns == 4 else 3)


def written(made: list[Sheet]) -> str:
    return "<!DOCTYPE html><body>" + "".join(_table(sheet) for sheet in made)


def _table(sheet: Sheet) -> str:
    rows = []
    for i, row in enumerate(sheet.rows):
        off = ("", ' style="color:red; DISPLAY : none"', " hidden")[(i in sheet.hidden) * (1 + i % 2)]
        rows.append(f"<tr{off}>{''.join(map(_td, row))}</tr>")
    made = f"<table>{''.join(rows)}</table>"
    return f"<table><tr><td>{made}</td></tr></table>" if sheet.wrapped else made


def _td(box: Box) -> str:
    return f"<td rowspan={box.height} colspan={box.width}>{box.inner}</td>"


# Rewrites of single cells: text first, then markup around it


def some(sheet: Sheet, draw: random.Random, of: Callable[[Box], bool], rewrite: Callable[[str], str]) -> None:
    share = draw.random()
    for box in (box for i, row in enumerate(sheet.rows) if i not in sheet.hidden for box in row):
        if of(box) and draw.random() < share:
            box.inner = rewrite(box.inner)


def is_number(box: Box) -> bool:
    return box.value and bool(re.search(r"\d", box.inner)) and "<" not in box.inner


def is_blank(box: Box) -> bool:
    return box.value and not box.inner.strip()


def is_label(box: Box) -> bool:
    return not box.value and len(box.inner) > 1 and not re.search("[<&]", box.inner)


def slash_for_blank(sheet: Sheet, draw: random.Random) -> None:
    some(sheet, draw, is_blank, lambda _: draw.choice(("/", "／", "-", "—", "－", "\\", "无", "──")))


def space_for_blank(sheet: Sheet, draw: random.Random) -> None:
    some(sheet, draw, is_blank, lambda _: draw.choice(("&nbsp;", "　", "<p>&nbsp;</p>", "<br>", "\u200b", "<span/>")))


def thousands(sheet: Sheet, draw: random.Random) -> None:
    comma = draw.choice(",，")
    some(
        sheet,
        draw,
        is_number,
        lambda t: re.sub(r"(?<=\d)(?=(?:\d{3})+(?!\d))(?<!\.\d)(?<!\.\d\d)(?<!\.\d{3})", comma, t),
    )


def full_width(sheet: Sheet, draw: random.Random) -> None:
    wide = str.maketrans("0123456789+-.,", "０１２３４５６７８９＋－．，")
    some(sheet, draw, is_number, lambda t: t.translate(wide))


def thin_spaces(sheet: Sheet, draw: random.Random) -> None:
    spaces = ("\u2009", "\u202f", "\u3000", "\u00a0", " ", "\n\t ")
    some(sheet, draw, is_number, lambda t: draw.choice(spaces) + t + draw.choice(spaces))


def zero_width(sheet: Sheet, draw: random.Random) -> None:
    some(sheet, draw, is_number, lambda t: draw.choice(("\u200b", "\ufeff", "\u2060")).join(t))


def br_around(sheet: Sheet, draw: random.Random) -> None:
    frames = ("<br>{}", "{}<br/>", "<p>{}</p><p></p>", "<div><br></div><div>{}</div>", "\r\n<p\n>{}<o:p></o:p></p>")
    some(sheet, draw, is_number, lambda t: draw.choice(frames).format(t))


def tags_inside(sheet: Sheet, draw: random.Random) -> None:
    some(sheet, draw, is_number, lambda t: "".join(f"<span>{c}</span>" for c in t))


def spaced_labels(sheet: Sheet, draw: random.Random) -> None:
    some(sheet, draw, is_label, lambda t: draw.choice((" ", "　", "&nbsp;", "\u2009", "<br>", "\u200b")).join(t))


def other_brackets(sheet: Sheet, draw: random.Random) -> None:
    narrow = str.maketrans("（）“”、", '()"",')
    some(sheet, draw, is_label, lambda t: t.translate(narrow).replace('"', "&quot;"))


# Rewrites of a whole table


def whole_rows(sheet: Sheet) -> list[int]:
    """Before which rows of values a row can be put: no cell spans across."""
    crossed = {k for i, row in enumerate(sheet.rows) for b in row for k in range(i + 1, i + b.height)}
    valued = (i for i, row in enumerate(sheet.rows) if any(b.value for b in row))
    return [i for i in valued if i not in crossed]


def insert(sheet: Sheet, at: int, rows: list[list[Box]], hidden: bool = False) -> None:
    sheet.rows[at:at] = rows
    sheet.hidden = {i + len(rows) * (i >= at) for i in sheet.hidden} | (
        set(range(at, at + len(rows))) if hidden else set()
    )


def cut(sheet: Sheet, at: int) -> None:
    """No cell spans across the line above row `at`: one that did is printed once more below it."""
    again = []
    for i, row in enumerate(sheet.rows[:at]):
        for box in (b for b in row if i + b.height > at):
            again.append(replace(box, height=i + box.height - at))
            box.height = at - i
    sheet.rows[at] = sorted([*again, *sheet.rows[at]], key=lambda b: b.col)


def rows_repeated(sheet: Sheet, draw: random.Random) -> None:
    """The label of several rows printed in each of them."""
    for at in range(1, len(sheet.rows)):
        if draw.random() < 0.5:
            cut(sheet, at)


def rows_blank(sheet: Sheet, draw: random.Random) -> None:
    """The label of several rows printed in the first, blank cells in the others."""
    for i, row in enumerate(sheet.rows):
        for box in [b for b in row if b.height > 1]:
            for k in range(i + 1, i + box.height):
                sheet.rows[k] = sorted([*sheet.rows[k], Box(box.col, "", False, box.width)], key=lambda b: b.col)
            box.height = 1


def cols_blank(sheet: Sheet, _: random.Random) -> None:
    """The cell of several cols printed in the first, blank cells in the others."""
    for i, row in enumerate(sheet.rows):
        sheet.rows[i] = [
            piece
            for box in row
            for piece in (
                replace(box, width=1),
                *(Box(box.col + n, "", False, 1, box.height) for n in range(1, box.width)),
            )
        ]


def cols_repeated(sheet: Sheet, _: random.Random) -> None:
    """The label of several cols printed in each of them."""
    for i, row in enumerate(sheet.rows):
        sheet.rows[i] = [
            piece
            for box in row
            for piece in ([box] if box.value else [replace(box, col=box.col + n, width=1) for n in range(box.width)])
        ]


def hidden_rows(sheet: Sheet, draw: random.Random) -> None:
    places = whole_rows(sheet)
    if not places:
        return
    at = draw.choice(places)
    decoy = [replace(b, inner="999" if b.value else b.inner, height=1) for b in sheet.rows[at]]
    insert(sheet, at, [decoy], hidden=True)


def header_again(sheet: Sheet, draw: random.Random) -> None:
    """A page ended: the header once more, and the heading beside the rows."""
    at = draw.randrange(sheet.header + 1, len(sheet.rows)) if sheet.header and len(sheet.rows) > sheet.header + 1 else 0
    if at and at not in sheet.hidden:
        cut(sheet, at)
        insert(sheet, at, [[replace(b) for b in row] for row in sheet.rows[sheet.captions : sheet.header]])


def note_col(sheet: Sheet, draw: random.Random) -> None:
    if sheet.noted:
        return
    for i, row in enumerate(sheet.rows):
        words = draw.choice(("", "见附件", "无")) if any(b.value for b in row) else ""
        row.append(Box(sheet.width, "备注" if i < max(sheet.header, 1) else words, False))
    sheet.width += 1
    sheet.noted = True


def caption(sheet: Sheet, draw: random.Random) -> None:
    words = draw.choice(("（单位：件）", "统计表", "表2　政府信息公开情况", "填报单位：区政府办公室"))
    insert(sheet, 0, [[Box(0, words, False, sheet.width)]])
    sheet.header += bool(sheet.header)
    sheet.captions += 1


def blank_rows(sheet: Sheet, draw: random.Random) -> None:
    if places := whole_rows(sheet):
        insert(sheet, draw.choice(places), [[Box(j, "&nbsp;", False) for j in range(sheet.width)]])


def merged_total(sheet: Sheet, _: random.Random) -> None:
    """（七）总计 as wide as all labels: 三、本年度办理结果 ends a row above it."""
    at = next((i for i, row in enumerate(sheet.rows) for b in row if re.search("[)）]总计", b.inner) and b.col), 0)
    over = [
        b
        for i, row in enumerate(sheet.rows[:at])
        for b in row
        if b.col == 0 and i + b.height == at + 1 and b.height > 1
    ]
    if over:
        over[0].height -= 1
        label, *others = sheet.rows[at]
        values = [b for b in others if b.value or b.col >= 3]
        label.width, label.col = min(b.col for b in values), 0
        sheet.rows[at] = [label, *values]


def wrapper(sheet: Sheet, _: random.Random) -> None:
    sheet.wrapped = True


SHAPE = [rows_repeated, rows_blank, cols_blank, cols_repeated, hidden_rows, header_again, note_col, caption, blank_rows]
SHAPE += [merged_total, wrapper]
WORDS = [slash_for_blank, space_for_blank, thousands, full_width, thin_spaces, zero_width, br_around, tags_inside]
WORDS += [spaced_labels, other_brackets]  # in this order; those of shape in any


def rewritten(case: str, names: list[str], draw: random.Random) -> str:
    made = sheets(case, values_of(case))
    for sheet in made:
        for rewrite in [r for name in names for r in SHAPE if r.__name__ == name]:
            rewrite(sheet, draw)
        for rewrite in [r for r in WORDS if r.__name__ in names]:
            rewrite(sheet, draw)
    if "swapped" in names:
        draw.shuffle(made)
    return written(made)


def read(text: str) -> dict[str, Value]:
    found = lay.facts(pages.grids(Document("", b"", "html", text)))[0]
    return {
        f.item: ("" if f.value is None else str(f.value), f.unit, f.kind == "number")
        for f in found
        if f.form != "local"
    }


def check(case: str, names: list[str], draw: random.Random) -> None:
    wanted = {item: (value, unit, kind == "number") for item, (_, value, unit, kind) in cells(case).items()}
    found = read(rewritten(case, names, draw))
    assert {i: (v, found.get(i)) for i, v in wanted.items() if found.get(i) != v} == {}
    assert found.keys() == wanted.keys()


NAMES = [r.__name__ for r in (*SHAPE, *WORDS)] + ["swapped"]


@pytest.mark.parametrize("name", NAMES)
def test_one_rewrite(name: str) -> None:
    for case in SEEDS:
        check(case, [name], random.Random(1))


COMPOSED = given(
    st.sampled_from(SEEDS),
    st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True),
    st.integers(0, 2**32),
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@COMPOSED
def test_rewrites(case: str, names: list[str], seed: int) -> None:
    check(case, names, random.Random(seed))


@pytest.mark.exhaustive
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@COMPOSED
def test_many_rewrites(case: str, names: list[str], seed: int) -> None:
    check(case, names, random.Random(seed))
