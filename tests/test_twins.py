"""Twins: each seed report in many renderings, as portals and word processors make them; every cell must be the same.

A rendering is a function: the report's blocks → the bytes of a file. Those that LibreOffice makes run with `make
exhaustive`; `office` says what happens where it is not installed.
"""

import html
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import office
import pytest
from test_reports import ROOT, SEEDS, agreeing, cells, expected, loud, read_cells

from parsers import document, numbers, report
from parsers.model import Report
from sample_portals.report_text import Cell, Paragraph, Table, read_report

Blocks = list[Paragraph | Table]

SIDES = ("top", "left", "bottom", "right", "insideH", "insideV")
BORDERS = "<w:tblBorders>{}</w:tblBorders>".format("".join(f'<w:{side} w:val="single" w:sz="4"/>' for side in SIDES))


def is_number(text: str) -> bool:
    return numbers.read(text).kind == "number"


# How a page writes a table


def td(cell: Cell, inner: str | None = None, attributes: str = "", tag: str = "td") -> str:
    inner = html.escape(cell.text).replace("\n", "<br>") if inner is None else inner
    spans = f' rowspan="{cell.rowspan}"' * (cell.rowspan > 1) + f' colspan="{cell.colspan}"' * (cell.colspan > 1)
    return f"<{tag}{spans}{attributes}>{inner}</{tag}>"


def table_of(table: Table, cell: Callable[[Cell], str] = td, attributes: str = "", row: str = "") -> str:
    rows = (f"<tr{row}>{''.join(map(cell, cells_))}</tr>" for cells_ in table.rows)
    return f"<table{attributes}><tbody>{''.join(rows)}</tbody></table>"


def page(parts: Iterable[str], head: str = '<meta charset="utf-8">') -> str:
    return f"<!DOCTYPE html><html><head>{head}<title>年报</title></head><body>{''.join(parts)}</body></html>"


def blocks_of(
    blocks: Blocks, table: Callable[[Table], str] = table_of, p: Callable[[str], str] = "<p>{}</p>".format
) -> list[str]:
    return [p(html.escape(b.text)) if isinstance(b, Paragraph) else table(b) for b in blocks]


# The renderings


def plain(blocks: Blocks) -> bytes:
    return page(blocks_of(blocks)).encode()


def word_export(blocks: Blocks) -> bytes:
    """Word's "save as web page": o:p, conditional comments, runs of nbsp, styles of its own, VML that nobody sees."""
    head = (
        '<meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=ProgId content=Word.Document>'
        "<!--[if gte mso 9]><xml><w:WordDocument><w:View>Print</w:View><w:Zoom>0</w:Zoom></w:WordDocument></xml>"
        "<![endif]--><style><!-- table.MsoNormalTable {mso-tstyle-rowband-size:0; width:100%} --></style>"
    )
    face = "style='mso-ascii-font-family:仿宋;mso-bidi-font-size:10.5pt;mso-font-kerning:0pt'"

    def run(text: str) -> str:
        pad = "" if not text or is_number(text) else '<span style="mso-spacerun:yes">&nbsp;&nbsp; </span>'
        return f"<span lang=EN-US {face}>{html.escape(text) or '&nbsp;'}<o:p></o:p></span>{pad}"

    def cell(one: Cell) -> str:
        lines = one.text.split("\n")
        inner = "".join(f"\r\n  <p class=MsoNormal align=center\r\n  >{run(line)}</p>" for line in lines)
        inner = f"<!--[if !supportMisalignedColumns]-->{inner}<!--[endif]-->"
        return td(one, inner, " width=63 style='width:47.4pt;border:solid windowtext 1.0pt;mso-border-alt:solid .5pt'")

    def wrap(table: Table) -> str:
        shape = "<![if !vml]><![endif]><!--[if gte vml 1]><v:shape><v:textbox>9</v:textbox></v:shape><![endif]-->"
        return f"{shape}<div align=center>{table_of(table, cell, ' class=MsoNormalTable border=1')}</div>"

    parts = blocks_of(blocks, wrap, ("<p class=MsoNormal " + face + ">{}<o:p></o:p></p>").format)
    return page([f"<div class=Section1 style='layout-grid:15.6pt'>{''.join(parts)}</div>"], head).encode()


def editor_paste(blocks: Blocks) -> bytes:
    """WPS pasted into a portal's editor: spans in spans, fonts, inline styles on everything."""

    def cell(one: Cell) -> str:
        font = '<span style="font-family: 仿宋_GB2312;;font-size: 14px"><font face="宋体">{}</font></span>'
        inner = "".join(
            f'<p style="text-align:center;line-height:150%">{font.format(html.escape(line))}<br/></p>'
            for line in one.text.split("\n")
        )
        return td(one, inner, ' valign="top" style="word-break: break-all; border-color: rgb(0, 0, 0);"')

    def wrap(table: Table) -> str:
        return table_of(table, cell, ' class="ke-zeroborder" data-sort="sortDisabled"', ' class="firstRow"')

    text = '<p style="text-indent:43px"><span style="font-size: 21px"><font face="仿宋">{}</font></span></p>'
    return page(
        f'<section data-role="paragraph">{part}</section>' for part in blocks_of(blocks, wrap, text.format)
    ).encode()


def layout_tables(blocks: Blocks) -> bytes:
    """The whole page in tables for layout, and every table of the report in a cell of another one."""

    def wrap(table: Table) -> str:
        return f"<table width=100%><tr><td>&nbsp;</td><td align=center>{table_of(table)}</td></tr></table>"

    inner = "".join(blocks_of(blocks, wrap))
    menu = "<table><tr><td>首页</td><td>2021</td></tr></table>"
    body = f"<table width=1000><tr><td colspan=2>{menu}</td></tr><tr><td>导航</td><td><table><tr><td>{inner}</td></tr>"
    return page([body, "</table></td></tr><tr><td colspan=2>浏览次数：128</td></tr></table>"]).encode()


def glued(blocks: Blocks) -> bytes:
    """All tables in one, the headings between them rows across it."""
    tables = [b for b in blocks if isinstance(b, Table)]
    width = max(t.columns for t in tables)
    rows = []
    for table in tables:
        rows += [[Cell("", 0, width)], [Cell("统计表", 0, width)]]
        rows += [_widened(row, table.columns, width) for row in table.rows]
    first = next(i for i, b in enumerate(blocks) if isinstance(b, Table))
    prose = [b for b in blocks if isinstance(b, Paragraph)]
    return plain([*prose[:first], Table(rows, width), *prose[first:]])


def _widened(row: list[Cell], columns: int, width: int) -> list[Cell]:
    """The row as it stands, its last cell as wide as the widest table: how editors even out a glued table."""
    if columns == width:
        return row
    return [*row, Cell("", columns, width - columns)]


def split_at(table: Table, at: int) -> tuple[list[list[Cell]], list[list[Cell]]]:
    """The rows above and from `at`; a cell that spans the cut is printed in both."""
    above = [
        [Cell(c.text, c.column, c.colspan, min(c.rowspan, at - i)) for c in row]
        for i, row in enumerate(table.rows[:at])
    ]
    carried = [
        Cell(c.text, c.column, c.colspan, i + c.rowspan - at)
        for i, row in enumerate(table.rows[:at])
        for c in row
        if i + c.rowspan > at
    ]
    below = [list(row) for row in table.rows[at:]]
    below[0] = sorted([*carried, *below[0]], key=lambda c: c.column)
    return above, below


def cut(blocks: Blocks, at: int, how: Callable[[Table, int], list[Table]]) -> Blocks:
    return [part for b in blocks for part in (how(b, at) if isinstance(b, Table) and len(b.rows) > 20 else [b])]


def heading_cell_twice(blocks: Blocks) -> bytes:
    """The requests in one table, 三、本年度办理结果 printed again where a page ended."""

    def how(table: Table, at: int) -> list[Table]:
        above, below = split_at(table, at)
        return [Table(above + below, table.columns)]

    return plain(cut(blocks, 13, how))


def split_with_header(blocks: Blocks) -> bytes:
    """The requests in two tables, the second with the header and 三、本年度办理结果 printed again."""

    def how(table: Table, at: int) -> list[Table]:
        above, below = split_at(table, at)
        return [Table(above, table.columns), Table(table.rows[:3] + below, table.columns)]

    return plain(cut(blocks, 13, how))


def split_without_header(blocks: Blocks) -> bytes:
    """The requests in two tables, the second with no header of its own, 三、本年度办理结果 printed again."""

    def how(table: Table, at: int) -> list[Table]:
        above, below = split_at(table, at)
        return [Table(above, table.columns), Table(below, table.columns)]

    return plain(cut(blocks, 13, how))


def padded(blocks: Blocks) -> bytes:
    """No spans at all: the places that a cell would cover are blank cells."""

    def pad(table: Table) -> Table:
        rows = []
        for row in table.rows:
            texts = {c.column: c.text for c in row}
            rows.append([Cell(texts.get(j, ""), j, 1) for j in range(table.columns)])
        return Table(rows, table.columns)

    return plain([pad(b) if isinstance(b, Table) else b for b in blocks])


def gb18030_called_gb2312(blocks: Blocks) -> bytes:
    head = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">'
    return page(blocks_of([*blocks, Paragraph("㙍镕堃", "text")]), head).encode("gb18030")


def broken_labels(blocks: Blocks) -> bytes:
    """Labels over several paragraphs at any character, with runs of nbsp behind each."""
    draw = random.Random(7)

    def cell(one: Cell) -> str:
        if is_number(one.text) or len(one.text) < 3:
            return td(one)
        at = sorted(draw.sample(range(1, len(one.text)), min(3, len(one.text) - 1)))
        pieces = [one.text[a:b] for a, b in zip([0, *at], [*at, None], strict=True)]
        return td(one, "".join(f"<p>{html.escape(piece)}&nbsp; &nbsp;&nbsp;</p>" for piece in pieces))

    return page(blocks_of(blocks, lambda table: table_of(table, cell))).encode()


def one_character_a_line(blocks: Blocks) -> bytes:
    def cell(one: Cell) -> str:
        return td(one) if is_number(one.text) else td(one, "<br/>".join(map(html.escape, one.text)))

    return page(blocks_of(blocks, lambda table: table_of(table, cell))).encode()


def split_digits(blocks: Blocks) -> bytes:
    """Every character of a number in a span of its own, with tags and line ends of the source between them."""

    def cell(one: Cell) -> str:
        if not is_number(one.text):
            return td(one)
        spans = "".join(f"<span\n>{html.escape(c)}</span><!-- \n --><b></b>" for c in one.text)
        return td(one, f"\n   <span>{spans}</span>\n  ")

    return page(blocks_of(blocks, lambda table: table_of(table, cell))).encode()


def old_tags(blocks: Blocks) -> bytes:
    """Pages of the nineties: names in capitals, cells and rows never closed, th for labels, no quotes."""

    def cell(one: Cell) -> str:
        return td(one, tag="TD" if is_number(one.text) else "TH").partition("</T")[0] + "\n"

    def table(one: Table) -> str:
        return "<TABLE BORDER=1>" + "".join("<TR>" + "".join(map(cell, row)) for row in one.rows) + "</TABLE>"

    return page(blocks_of(blocks, table, "<P>{}".format)).encode()


def docx(blocks: Blocks, borders: str = "") -> bytes:
    body = "".join(office._p(b.text) if isinstance(b, Paragraph) else office._tbl(b) for b in blocks)
    return office.docx_of(body.replace("<w:tblLayout", f"{borders}<w:tblLayout"))


RENDERINGS = [
    plain,
    word_export,
    editor_paste,
    layout_tables,
    glued,
    heading_cell_twice,
    split_with_header,
    split_without_header,
    padded,
    gb18030_called_gb2312,
    broken_labels,
    one_character_a_line,
    split_digits,
    old_tags,
    docx,
]


def same(case: str, found: Report) -> None:
    """Every cell, what is wrong with it, and what the prose says again."""
    assert read_cells(found) == cells(case)
    assert loud(found) == expected(case)["findings"]
    assert agreeing(found) == expected(case)["claims"]
    assert found.heading.year == expected(case)["year"]


@pytest.mark.parametrize("case", SEEDS)
@pytest.mark.parametrize("rendering", RENDERINGS, ids=lambda r: r.__name__)
def test_twin(case: str, rendering: Callable[[Blocks], bytes]) -> None:
    content = rendering(read_report(case))
    same(case, report.read([document.identify(content, "report")]))


@pytest.mark.parametrize("case", SEEDS)
def test_plain_text_twin(case: str) -> None:
    text = (ROOT / "sample_portals" / "reports" / f"{case}.txt").read_bytes()
    same(case, report.read([document.identify(text, "report.txt")]))


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", SEEDS)
@pytest.mark.parametrize("suffix", ["doc", "odt", "rtf", "xlsx", "xls"])
def test_office_twin(case: str, suffix: str) -> None:
    path = office.converted(suffix)[case]
    same(case, report.read([document.identify(path.read_bytes(), path.name)]))


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", SEEDS)
def test_pdf_twin(case: str, tmp_path: Path) -> None:
    """Ruled tables, which Writer breaks over pages as it likes."""
    program = shutil.which("soffice") or office._missing()
    source = tmp_path / f"{case}.docx"
    source.write_bytes(docx(read_report(case), BORDERS))
    command = [program, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", tmp_path, source], check=True, capture_output=True, timeout=300)
    same(case, report.read([document.identify(source.with_suffix(".pdf").read_bytes(), "report.pdf")]))
