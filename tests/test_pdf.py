"""Ruled tables of PDF pages drawn by hand, and the two real joins over a page break."""

import time
from pathlib import Path

import pytest
from files import rows

from parsers import pdf
from parsers.model import Content, Document
from sample_portals.sites import DOCUMENTS

HUAIAN = Path(__file__).parent / "reports" / "huaian_2024" / "huaian_2024.pdf"


def made(*pages: str) -> bytes:
    """A PDF of 400 × 400 points a page; pdfium finds the objects without a cross-reference table."""
    parts = ["%PDF-1.4", "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj"]
    kids = " ".join(f"{10 + 2 * n} 0 R" for n in range(len(pages)))
    parts.append(f"2 0 obj<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>endobj")
    parts.append("3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj")
    for n, content in enumerate(pages):
        at = 10 + 2 * n
        resources = "/Resources<</Font<</F 3 0 R>>>>/MediaBox[0 0 400 400]"
        parts.append(f"{at} 0 obj<</Type/Page/Parent 2 0 R{resources}/Contents {at + 1} 0 R>>endobj")
        parts.append(f"{at + 1} 0 obj<</Length {len(content)}>>stream\n{content}\nendstream endobj")
    return "\n".join([*parts, "trailer<</Root 1 0 R>>"]).encode()


def text(x: float, y: float, printed: str) -> str:
    return f"BT /F 10 Tf {x} {y} Td ({printed}) Tj ET\n"


def rule(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"{x0} {y0} m {x1} {y1} l S\n"


def lattice(xs: list[float], ys: list[float]) -> str:
    across = [rule(xs[0], y, xs[-1], y) for y in ys]
    return "".join(across + [rule(x, ys[0], x, ys[-1]) for x in xs])


def read(*pages: str) -> Content:
    return pdf.read(Document("", made(*pages), "pdf"))


SQUARE = lattice([50, 150, 250], [300, 280, 260])
CELLS = text(60, 286, "a") + text(160, 286, "b") + text(60, 266, "c") + text(160, 266, "12")


def test_stroked_table() -> None:
    content = read(text(50, 350, "before") + SQUARE + CELLS)
    assert rows(content) == [["a", "b"], ["c", "12"]]
    assert content.lines == ("before",)
    assert content.grids[0].place == "page 1, table 1"


def test_rules_drawn_as_thin_filled_boxes() -> None:
    across = "".join(f"50 {y} 200 0.5 re f\n" for y in (260, 280, 300))
    down = "".join(f"{x} 260 0.5 40 re f\n" for x in (50, 150, 250))
    assert rows(read(across + down + CELLS)) == [["a", "b"], ["c", "12"]]


def test_missing_rule_is_a_span() -> None:
    ys = [300, 280, 260]
    drawn = "".join(rule(50, y, 250, y) for y in ys) + rule(50, 260, 50, 300) + rule(250, 260, 250, 300)
    drawn += rule(150, 260, 150, 280)
    assert rows(read(drawn + text(60, 286, "a") + CELLS[len(text(60, 286, "a") + text(160, 286, "b")) :])) == [
        ["a", "a"],
        ["c", "12"],
    ]


def test_background_is_no_table() -> None:
    assert read("0.9 g 50 260 200 40 re f 0 g\n" + CELLS).grids == ()


HEAD = (
    lattice([50, 150, 250], [90, 70, 50])
    + text(60, 76, "a")
    + text(160, 76, "1")
    + text(60, 56, "b")
    + text(160, 56, "2")
)
TAIL = lattice([51, 151, 251], [350, 330]) + text(60, 336, "1.c") + text(160, 336, "3")


def test_table_goes_on_after_a_page_number() -> None:
    content = read(HEAD + text(190, 20, "-3-"), TAIL)
    assert rows(content) == [["a", "1"], ["b", "2"], ["1.c", "3"]]
    assert content.lines == ()


def test_prose_between_ends_the_table() -> None:
    assert len(read(HEAD + text(60, 30, "prose"), TAIL).grids) == 2


def test_another_width_is_another_table() -> None:
    other = lattice([50, 150, 350], [350, 330]) + text(60, 336, "1.c")
    assert len(read(HEAD, other).grids) == 2


def test_rows_of_values_are_never_joined() -> None:
    tail = lattice([50, 150, 250], [350, 330]) + text(60, 336, "c") + text(160, 336, "3")
    joined = rows(read(HEAD, tail))
    assert [row[1] for row in joined] in (["1", "2", "3"], ["1", "2\n3"])  # two numbers in one cell are no number


def test_real_tables_over_page_breaks() -> None:
    huaian = pdf.read(Document("", HUAIAN.read_bytes(), "pdf"))
    assert [(len(g.rows), len(g.rows[0])) for g in huaian.grids if len(g.rows[0]) > 4] == [(28, 10), (4, 15)]
    shanting = pdf.read(Document("", (DOCUMENTS / "shanting_2020.pdf").read_bytes(), "pdf"))
    assert len(shanting.grids) == 3


def test_encrypted_or_torn_is_an_error() -> None:
    with pytest.raises(Exception, match=r"PDF|page"):
        pdf.read(Document("", b"%PDF-1.7 torn", "pdf"))


def test_too_many_pages() -> None:
    with pytest.raises(ValueError, match="more than 300"):
        read(*[""] * 301)


@pytest.mark.parametrize(
    "page",
    [
        "".join(rule(10, n / 100, 390, n / 100) + rule(n / 100, 10, n / 100, 390) for n in range(1500)),
        "".join(rule(10, n * 3.5, 390, n * 3.5) + rule(n * 3.5, 10, n * 3.5, 390) for n in range(110)),
        "".join(rule(0, n / 80, 20000, n / 80) for n in range(1, 30_000)),
    ],
)
def test_drawings_end(page: str) -> None:
    started = time.process_time()
    assert read(page).grids == ()
    assert time.process_time() - started < 8


IMAGE = "q 300 0 0 300 50 50 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q\n"
HIDDEN = "BT 3 Tr /F 10 Tf 60 286 Td (what a scanner read) Tj ET\n"


def test_pages_with_an_image_and_no_text_are_pictures() -> None:
    assert read(text(50, 350, "prose"), "", IMAGE + text(50, 350, "caption")).pictures == 0
    assert read(text(50, 350, "prose"), IMAGE, IMAGE).pictures == 2


def test_what_a_scanner_wrote_behind_its_picture_is_not_read() -> None:
    """Nobody sees it, and it may be wrong."""
    content = read(SQUARE + IMAGE + HIDDEN)
    assert (content.pictures, content.grids, content.lines) == (1, (), ())
