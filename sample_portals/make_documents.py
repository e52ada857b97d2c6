"""Makes the attached documents: `python -m sample_portals.make_documents`.

They are committed; this is run only when they are to look different. It needs python-docx, LibreOffice's `soffice` and
the font below.
"""

import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from sample_portals.report_text import Paragraph, Table, read_report
from sample_portals.sites import DOCUMENTS

FONT = "WenQuanYi Micro Hei"  # TrueType, of which LibreOffice embeds far smaller subsets than of OpenType
WIDTHS = {  # of the columns in centimetres, by their number
    4: [4.8, 3.8, 3.8, 3.8],
    10: [1.5, 2.2, 5.4, *[1.0] * 7],
    15: [1.08] * 15,
}


def main() -> None:
    write_docx("jiyang_2019", DOCUMENTS / "jiyang_2019.docx")
    with tempfile.TemporaryDirectory() as folder:
        docx = Path(folder) / "shanting_2020.docx"
        write_docx("shanting_2020", docx)
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile", "--convert-to", "pdf"]
        subprocess.run([*command, "--outdir", str(DOCUMENTS), str(docx)], check=True)


def write_docx(report: str, path: Path) -> None:
    document = Document()
    document.core_properties.author = ""
    document.core_properties.comments = ""
    document.core_properties.created = document.core_properties.modified = datetime(2020, 1, 1)
    normal = document.styles["Normal"]
    normal.font.name = FONT
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    normal.paragraph_format.space_after = Pt(0)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    _add_page_number(section.footer.paragraphs[0])
    for block in read_report(report):
        if isinstance(block, Paragraph):
            _add_paragraph(document, block)
        else:
            _add_table(document, block)
    document.save(str(path))


def _add_paragraph(document: Any, block: Paragraph) -> None:
    paragraph = document.add_paragraph()
    run = paragraph.add_run(block.text)
    run.font.size = Pt(20 if block.kind == "title" else 16)
    if block.kind == "title":
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    else:
        paragraph.paragraph_format.first_line_indent = Pt(32)


def _add_table(document: Any, block: Table) -> None:
    table = document.add_table(len(block.rows), block.columns, style="Table Grid")
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    _set_margins(table)
    for column, width in zip(table.columns, WIDTHS[block.columns], strict=True):
        column.width = Cm(width)
    for number, row in enumerate(block.rows):
        for cell in row:
            corner = table.cell(number + cell.rowspan - 1, cell.column + cell.colspan - 1)
            merged = table.cell(number, cell.column).merge(corner)
            for line_number, line in enumerate(cell.text.split("\n")):
                paragraph = merged.add_paragraph() if line_number else merged.paragraphs[0]
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
                paragraph.paragraph_format.space_before = Pt(1)
                paragraph.add_run(line).font.size = Pt(10)


def _set_margins(table: Any) -> None:
    """Narrow cell margins, so that two characters stand side by side in the columns of figures."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "28")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    # tblLook must stay the last of the table's properties
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")


def _add_page_number(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


if __name__ == "__main__":
    main()
