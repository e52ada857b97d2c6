"""OFD (GB/T 33190): packages written here, with the seeds' tables laid out as text objects and lines."""

import html
import time
from itertools import pairwise

import pytest
from files import rows, zipped
from test_reports import SEEDS, agreeing, cells, expected, loud, read_cells

from parsers import document, ofd, package, report
from parsers.model import Content, Document
from sample_portals.report_text import Paragraph, Table, read_report

XMLNS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
SIZE = 3.5  # millimetres, of a character
LEADING = 5.0
LEFT, TOP, COL = 20.0, 20.0, 26.0


def packed(*pages: str, template: str = "", height: float = 297) -> bytes:
    """A document of these pages, all of them over one template."""
    area = f"<ofd:PageArea><ofd:PhysicalBox>0 0 400 {height}</ofd:PhysicalBox></ofd:PageArea>"
    template_page = '<ofd:TemplatePage ID="1" BaseLoc="Tpls/T.xml"/>' if template else ""
    listed = "".join(f'<ofd:Page ID="{n + 10}" BaseLoc="Pages/P{n}.xml"/>' for n in range(len(pages)))
    used = '<ofd:Template TemplateID="1"/>' if template else ""
    parts = {
        "OFD.xml": f"<ofd:OFD {XMLNS}><ofd:DocBody><ofd:DocRoot>/Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody>"
        "</ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {XMLNS}><ofd:CommonData>{area}{template_page}</ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
        "Doc_0/Tpls/T.xml": content(template),
    }
    parts |= {f"Doc_0/Pages/P{n}.xml": content(page, used) for n, page in enumerate(pages)}
    return zipped(parts)


def content(objects: str, template: str = "") -> str:
    return f"<ofd:Page {XMLNS}>{template}<ofd:Content><ofd:Layer>{objects}</ofd:Layer></ofd:Content></ofd:Page>"


def text(x: float, y: float, printed: str, more: str = "") -> str:
    """Text whose first baseline stands at (x, y); the way on is written as runs of like steps."""
    deltas = f'DeltaX="g {len(printed) - 1} {SIZE}"' if len(printed) > 1 else ""
    code = f'<ofd:TextCode X="0" Y="{SIZE}" {deltas}>{html.escape(printed)}</ofd:TextCode>'
    return f'<ofd:TextObject Boundary="{x} {y - SIZE} 300 10" Font="1" Size="{SIZE}" {more}>{code}</ofd:TextObject>'


def path(data: str, more: str = "", boundary: str = "0 0 400 400") -> str:
    drawn = f"<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData>"
    return f'<ofd:PathObject Boundary="{boundary}" {more}>{drawn}</ofd:PathObject>'


def line(x0: float, y0: float, x1: float, y1: float) -> str:
    return path(f"M {x0} {y0} L {x1} {y1}")


class Layout:
    """Lays a report out, one page as high as it must be for each table and the prose before it."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self._objects: list[str] = []
        self._y = TOP

    def end_page(self) -> None:
        self.pages.append("".join(self._objects))
        self._objects, self._y = [], TOP

    def paragraph(self, printed: str) -> None:
        first, rest = printed[:88], printed[88:]
        for n, part in enumerate([first, *(rest[at : at + 90] for at in range(0, len(rest), 90))]):
            self._objects.append(text(LEFT + (0 if n else 2 * SIZE), self._y + SIZE, part))
            self._y += LEADING

    def table(self, table: Table) -> None:
        tops = self._tops(table)
        for i, row in enumerate(table.rows):
            for cell in row:
                right, bottom = LEFT + COL * (cell.column + cell.colspan), tops[i + cell.rowspan]
                self._box(LEFT + COL * cell.column, tops[i], right, bottom)
                for n, printed in enumerate(_wrapped(cell.text, cell.colspan)):
                    if printed:
                        y = tops[i] + 1 + SIZE + n * LEADING
                        self._objects.append(text(LEFT + COL * cell.column + 1, y, printed))
        self._y = tops[-1] + LEADING

    def _tops(self, table: Table) -> list[float]:
        heights = [1] * len(table.rows)
        for i, row in enumerate(table.rows):
            for cell in row:
                needed = -(-len(_wrapped(cell.text, cell.colspan)) // cell.rowspan)
                heights[i : i + cell.rowspan] = [max(needed, h) for h in heights[i : i + cell.rowspan]]
        tops = [self._y]
        for height in heights:
            tops.append(tops[-1] + 2 + height * LEADING)
        return tops

    def _box(self, left: float, top: float, right: float, bottom: float) -> None:
        for (x0, y0), (x1, y1) in pairwise([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]):
            self._objects.append(line(x0, y0, x1, y1))


def _wrapped(printed: str, cols: int) -> list[str]:
    most = int((COL * cols - 2) // SIZE)
    return [part[n : n + most] for part in printed.split("\n") for n in range(0, len(part), most)]


def seed(case: str) -> bytes:
    layout = Layout()
    for block in read_report(case):
        if isinstance(block, Paragraph):
            layout.paragraph(block.text)
        else:
            layout.table(block)
            layout.end_page()
    layout.end_page()
    return packed(*layout.pages, height=2000)


def read(*pages: str, template: str = "") -> Content:
    return ofd.read(Document("", packed(*pages, template=template), "ofd"))


@pytest.mark.parametrize("case", SEEDS)
def test_seed(case: str) -> None:
    found = report.read([document.identify(seed(case), f"{case}.ofd")])
    assert read_cells(found) == cells(case)
    assert loud(found) == expected(case)["findings"]
    assert agreeing(found) == expected(case)["claims"]
    assert found.heading.year == expected(case)["year"]


def lattice(xs: list[float], ys: list[float]) -> str:
    return "".join(line(xs[0], y, xs[-1], y) for y in ys) + "".join(line(x, ys[0], x, ys[-1]) for x in xs)


SQUARE = lattice([20, 60, 100], [50, 60, 70])
CELLS = text(22, 57, "甲") + text(62, 57, "乙") + text(22, 67, "丙") + text(62, 67, "12")
EXPECTED = [["甲", "乙"], ["丙", "12"]]


def test_table_and_prose() -> None:
    content = read(text(20, 30, "前文") + SQUARE + CELLS)
    assert rows(content) == EXPECTED
    assert content.lines == ("前文",)
    assert content.grids[0].place == "page 1, table 1"


@pytest.mark.parametrize(
    "rules",
    [
        "".join(path(f"M 0 0 L {w} 0 L {w} 0.3 L 0 0.3 C", 'Stroke="false" Fill="true"', f"{x} {y} {w} 0.3")
                for x, y, w in ((20, 50, 80), (20, 60, 80), (20, 70, 80)))
        + "".join(line(x, 50, x, 70) for x in (20, 60, 100)),
        "".join(path("M 0 0 L 40 0 L 40 10 L 0 10 C", "", f"{x} {y} 40 10") for x in (20, 60) for y in (50, 60)),
        path("M 20 50 L 100 50 L 100 70 L 20 70 L 20 50 M 20 60 L 100 60 M 60 50 L 60 70"),
        path("M 0 0 L 80 0 M 0 10 L 80 10 M 0 20 L 80 20 M 0 0 L 0 20 M 40 0 L 40 20 M 80 0 L 80 20",
             'CTM="1 0 0 1 15 45"', "5 5 300 300"),
    ],
)  # fmt: skip
def test_rules_however_they_are_drawn(rules: str) -> None:
    assert rows(read(rules + CELLS)) == EXPECTED


def test_rules_of_a_template() -> None:
    assert rows(read(CELLS, template=SQUARE)) == EXPECTED


def test_backgrounds_and_what_is_not_visible_are_no_rules() -> None:
    filled = path("M 0 0 L 80 0 L 80 20 L 0 20 C", 'Stroke="false" Fill="true"', "20 50 80 20")
    unseen = lattice([20, 60, 100], [50, 60, 70]).replace("<ofd:PathObject", '<ofd:PathObject Visible="false"')
    assert read(filled + unseen + CELLS).grids == ()


def test_where_characters_stand() -> None:
    """One object may run over several cells: each character has a place of its own."""
    across = '<ofd:TextCode X="2" Y="7" DeltaX="g 1 3.5 36.5 g 1 3.5">甲乙12</ofd:TextCode>'
    moved = f'<ofd:TextObject Boundary="0 0 80 20" Size="{SIZE}" CTM="1 0 0 1 20 50">{across}</ofd:TextObject>'
    column = '<ofd:TextCode X="2" Y="4" DeltaY="3.5">丙丁</ofd:TextCode>'
    down = f'<ofd:TextObject Boundary="20 60 80 20" Size="{SIZE}">{column}</ofd:TextObject>'
    assert rows(read(lattice([20, 60, 100], [50, 60, 70]) + moved + down)) == [["甲乙", "12"], ["丙\n丁", ""]]


def test_table_over_two_pages() -> None:
    head = lattice([20, 60, 100], [250, 260, 270]) + text(22, 257, "甲") + text(62, 257, "乙") + text(62, 267, "1")
    tail = lattice([20, 60, 100], [20, 30]) + text(22, 27, "（二）丙") + text(62, 27, "2")
    content = read(head + text(22, 267, "一、甲") + text(200, 290, "— 1 —"), tail)
    assert rows(content) == [["甲", "乙"], ["一、甲", "1"], ["（二）丙", "2"]]
    assert content.lines == ()


@pytest.mark.parametrize(
    "pages",
    [
        [text(20, 20, "字" * (ofd.MAX_CHARS + 1))],
        [text(20, 20, "字" * 20_000)] * 16,
        [""] * (ofd.MAX_PAGES + 1),
        ["<ofd:Layer/>" * (package.MAX_MARKS + 1)],
        ["<ofd:PageBlock>" * 1000 + "</ofd:PageBlock>" * 1000],
    ],
)
def test_hostile_pages_are_refused(pages: list[str]) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"more than|well-formed"):
        read(*pages)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "page",
    [
        path("M 0 0 " + "L 9 9 " * 1_000_000),
        path("M 0 0 L 9 0 " * 800) * 300,
        '<ofd:TextObject Size="1e9"><ofd:TextCode X="9e99" DeltaX="g 1000000000 5 g x g">年报</ofd:TextCode>'
        "</ofd:TextObject>",
        '<ofd:TextObject><ofd:TextCode DeltaX="g">年</ofd:TextCode></ofd:TextObject><ofd:PathObject/>'
        + path("C C L 1 A 1"),
        "".join(line(20, y / 10, 300, y / 10) + line(y / 10, 20, y / 10, 300) for y in range(200, 1100)),
    ],
)
def test_junk_ends(page: str) -> None:
    started = time.process_time()
    assert read(page).grids == ()
    assert time.process_time() - started < 5


def test_stairs_end() -> None:
    """Rules each of which touches only the next."""
    steps = [(10 + n * 2.0, 10 + n * 2.0) for n in range(150)]
    stairs = "".join(line(x, y, x + 2, y) + line(x + 2, y, x + 2, y + 2) for x, y in steps)
    started = time.process_time()
    assert read(*[stairs] * 20).grids == ()
    assert time.process_time() - started < 5


def test_a_page_that_is_not_there_is_refused() -> None:
    broken = packed("", "").replace(b"Doc_0/Pages/P1.xml", b"Doc_0/Pages/P9.xml")
    with pytest.raises(ValueError, match="the package has no"):
        ofd.read(Document("", broken, "ofd"))
