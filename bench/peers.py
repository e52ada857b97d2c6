"""How long the reading of a report takes beside what people read tables with (docs/bench.md).

Run from the checkout: python bench/peers.py [rounds], with bench/requirements.txt installed. A peer and we take turns
within one process; medians of processor time are compared. A peer gives grids of text; we give the facts of the form,
each with the place of its cell, checked against the form's equations. It measures, and fails nothing.
"""

import io
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

import docx as python_docx  # noqa: E402
import openpyxl  # noqa: E402
import pandas  # noqa: E402
import pdfplumber  # noqa: E402
from reading import DOCX, PDF, SEED, arithmetic, seconds, word_page  # noqa: E402

from parsers import document, docx, html, pdf, xlsx  # noqa: E402
from sample_portals.report_text import Table, read_report  # noqa: E402


class Case(NamedTuple):
    name: str
    peer: str
    theirs: Callable[[], int]  # how many texts of cells it found
    ours: Callable[[], int]  # how many facts


def workbook() -> bytes:
    """The seed's tables below each other on one sheet, as an office hands them over."""
    book = openpyxl.Workbook()
    sheet, row = book.active, 1
    for block in read_report(SEED):
        if isinstance(block, Table):
            row = _put(sheet, block, row) + 1
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _put(sheet: "openpyxl.worksheet.worksheet.Worksheet", table: Table, row: int) -> int:
    taken: set[tuple[int, int]] = set()
    for cells in table.rows:
        col = 1
        for cell in cells:
            while (row, col) in taken:
                col += 1
            below, right = row + cell.rowspan - 1, col + cell.colspan - 1
            taken |= {(y, x) for y in range(row, below + 1) for x in range(col, right + 1)}
            sheet.cell(row, col, int(cell.text) if cell.text.isdecimal() else cell.text)
            if (below, right) != (row, col):
                sheet.merge_cells(start_row=row, start_column=col, end_row=below, end_column=right)
        row += 1
    return row


def cases() -> Iterator[Case]:
    page, sheets, word, text_pdf = word_page(), workbook(), DOCX.read_bytes(), PDF.read_bytes()

    def pandas_html() -> int:
        return sum(frame.notna().to_numpy().sum() for frame in pandas.read_html(io.BytesIO(page), encoding="utf-8"))

    def docx_tables() -> int:
        tables = python_docx.Document(io.BytesIO(word)).tables
        return len([cell.text for table in tables for row in table.rows for cell in row.cells])

    def plumbed() -> int:
        with pdfplumber.open(io.BytesIO(text_pdf)) as file:
            tables = [table for sheet in file.pages for table in sheet.extract_tables()]
        return sum(cell is not None for table in tables for row in table for cell in row)

    def pandas_excel() -> int:
        return int(pandas.read_excel(io.BytesIO(sheets), header=None).notna().to_numpy().sum())

    def identified(content: bytes) -> document.Document:
        return document.identify(content)

    yield Case("HTML", "pandas.read_html", pandas_html, lambda: arithmetic(html.grids(identified(page))))
    yield Case("DOCX", "python-docx", docx_tables, lambda: arithmetic(docx.read(identified(word)).grids))
    yield Case("PDF", "pdfplumber", plumbed, lambda: arithmetic(pdf.read(identified(text_pdf)).grids))
    yield Case("XLSX", "pandas.read_excel", pandas_excel, lambda: arithmetic(xlsx.read(identified(sheets)).grids))


def main(rounds: int) -> None:
    print(f"{rounds} rounds, medians of processor time\n")
    print("| format | peer | peer ms, cells | ours ms, facts | ours / peer |\n| --- | --- | ---: | ---: | ---: |")
    for case in cases():
        cells, facts = case.theirs(), case.ours()  # forms and equations are read once a process
        pairs = [(seconds(case.theirs), seconds(case.ours)) for _ in range(rounds)]
        theirs, ours = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
        found = f"{theirs:.1f}, {cells} | {ours:.1f}, {facts} | {ours / theirs:.2f}"
        print(f"| {case.name} | {case.peer} | {found} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
