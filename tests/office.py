"""The seed reports in the formats of offices: a DOCX or a page of ours, converted by LibreOffice.

LibreOffice is needed for these tests alone. Without it they are skipped, and say so; where CI runs they fail.
"""

import functools
import html
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import pytest
from files import zipped
from test_reports import SEEDS, cells, expected, loud, read_cells

from parsers import document, numbers, report
from sample_portals.report_text import Cell, Paragraph, Table, read_report

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
OFFICE_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
WIDTH = 9000  # of a table, in twips
_folders: list[tempfile.TemporaryDirectory[str]] = []  # they go when the tests end


def check(case: str, suffix: str) -> None:
    """The seed `case` in the format `suffix` gives every cell, what the report says of itself, and what is wrong."""
    path = converted(suffix)[case]
    found = report.read([document.identify(path.read_bytes(), path.name)])
    assert read_cells(found) == cells(case)
    assert loud(found) == expected(case)["findings"]
    assert found.heading.year == expected(case)["year"]
    assert numbers.squash(expected(case)["issuer"]).endswith(str(found.heading.issuer)[-7:])


@functools.cache
def converted(suffix: str) -> dict[str, Path]:
    """Case → the file that LibreOffice makes of it: of a DOCX by its Writer, of a page by its Calc."""
    office = shutil.which("soffice") or _missing()
    _folders.append(tempfile.TemporaryDirectory(prefix=f"nianbao-{suffix}-"))
    folder = Path(_folders[-1].name)
    calc = suffix.startswith("xls")
    sources = []
    for case in SEEDS:
        sources.append(folder / f"{case}.{'html' if calc else 'docx'}")
        sources[-1].write_bytes(page(case).encode() if calc else docx(case))
    command = [office, "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", suffix]
    command += ["--infilter=HTML (StarCalc)"] if calc else []
    subprocess.run([*command, "--outdir", folder, *sources], check=True, capture_output=True, timeout=300)
    made = {case: folder / f"{case}.{suffix}" for case in SEEDS}
    return made if all(path.exists() for path in made.values()) else _missing()


def _missing() -> NoReturn:
    reason = "LibreOffice is not installed (Debian: libreoffice-writer-nogui and libreoffice-calc-nogui)"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def docx(case: str) -> bytes:
    blocks = (_p(b.text) if isinstance(b, Paragraph) else _tbl(b) for b in read_report(case))
    return docx_of("".join(blocks))


def docx_of(body: str) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="r1" Type="{OFFICE_DOCUMENT}" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
        }
    )


def _p(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{html.escape(text)}</w:t></w:r></w:p>'


def _tbl(table: Table) -> str:
    edges = [WIDTH * n // table.columns for n in range(table.columns + 1)]
    grid = "".join(f'<w:gridCol w:w="{b - a}"/>' for a, b in pairwise(edges))
    rows = []
    for i in range(len(table.rows)):
        cells_ = sorted(_row(table, i), key=lambda cell: cell[0])
        rows.append("<w:tr>" + "".join(_tc(edges, *cell) for cell in cells_) + "</w:tr>")
    layout = f'<w:tblPr><w:tblW w:w="{WIDTH}" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
    return f"<w:tbl>{layout}<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def _row(table: Table, at: int) -> Iterator[tuple[int, int, str, str]]:
    """(first col, width, vMerge, text) of each cell of a row, with those that carry on a cell above."""
    for i, row in enumerate(table.rows[: at + 1]):
        for cell in row:
            if i == at:
                merge = '<w:vMerge w:val="restart"/>' if cell.rowspan > 1 else ""
                yield cell.column, cell.colspan, merge, cell.text
            elif i + cell.rowspan > at:
                yield cell.column, cell.colspan, "<w:vMerge/>", ""


def _tc(edges: list[int], col: int, width: int, merge: str, text: str) -> str:
    twips = edges[col + width] - edges[col]
    properties = f'<w:tcW w:w="{twips}" w:type="dxa"/><w:gridSpan w:val="{width}"/>{merge}'
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{''.join(map(_p, text.split(chr(10))))}</w:tc>"


def page(case: str) -> str:
    blocks = (f"<p>{html.escape(b.text)}</p>" if isinstance(b, Paragraph) else _table(b) for b in read_report(case))
    return f"<!DOCTYPE html><meta charset=utf-8><body>{''.join(blocks)}"


def _table(table: Table) -> str:
    rows = ("".join(map(_td, row)) for row in table.rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def _td(cell: Cell) -> str:
    text = html.escape(cell.text).replace("\n", "<br>")
    typed = 'sdnum="1033;0;@"' if text.startswith("+") else ""  # text to Calc, which else drops the sign
    return f"<td colspan={cell.colspan} rowspan={cell.rowspan} {typed}>{text}</td>"
