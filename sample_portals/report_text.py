"""Reads the plain text of a report into paragraphs and tables.

In these texts a cell is a line led by a tab, further lines of the cell follow without one, a blank line ends a row and
two blank lines end a table. Cells merged over columns stand once, cells merged over rows stand blank in the rows below.
The text says nothing of widths: those are the official form's, and are put back here.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

REPORTS = Path(__file__).parent / "reports"

_RESIDUE = re.compile(r"\[(?:image|bookmark): [^\]]*\]")
_TABLE = re.compile(r"^\t.*?(?=\n\n\n)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"\s*(?:[一二三四五六]、|1、 )\S{2,24}(?:情况|事项|措施)$")
_TITLE_LENGTH = 40  # the opening paragraph, where a report has no title lines, is much longer
_APPLICANTS = 7


@dataclass
class Cell:
    """One cell where it begins; `text` may hold line breaks."""

    text: str
    column: int
    colspan: int
    rowspan: int = 1


@dataclass(frozen=True)
class Table:
    """The cells of each row that begin in it, and the number of grid columns."""

    rows: list[list[Cell]]
    columns: int


@dataclass(frozen=True)
class Paragraph:
    """One line of the report outside its tables."""

    text: str
    kind: Literal["title", "heading", "text"]


def read_report(name: str) -> list[Paragraph | Table]:
    """The blocks of `reports/<name>.txt` in their order."""
    text = _RESIDUE.sub("", (REPORTS / f"{name}.txt").read_text(encoding="utf-8"))
    blocks: list[Paragraph | Table] = []
    end = 0
    for match in _TABLE.finditer(text):
        blocks += _paragraphs(text[end : match.start()], opening=end == 0)
        blocks.append(_table(match.group()))
        end = match.end()
    return blocks + _paragraphs(text[end:], opening=end == 0)


def _paragraphs(text: str, opening: bool) -> list[Paragraph | Table]:
    paragraphs: list[Paragraph | Table] = []
    for line in filter(str.strip, text.split("\n")):
        opening = opening and len(line) < _TITLE_LENGTH
        kind: Literal["title", "heading", "text"] = (
            "title" if opening else "heading" if _HEADING.match(line) else "text"
        )
        paragraphs.append(Paragraph(line, kind))
    return paragraphs


def _table(text: str) -> Table:
    rows = [re.split(r"(?:^|\n)\t", row)[1:] for row in re.split(r"\n\n(?=\t)", text)]
    laid: list[list[Cell]] = []
    above: dict[int, Cell] = {}
    for texts, (colspans, labels) in zip(rows, _shape(rows), strict=True):
        begun = []
        column = 0
        for place, (content, colspan) in enumerate(zip(texts, colspans, strict=True)):
            if place < labels and not content:
                above[column].rowspan += 1
            else:
                above[column] = Cell(content, column, colspan)
                begun.append(above[column])
            column += colspan
        laid.append(begun)
    return Table(laid, columns=column)


def _shape(rows: list[list[str]]) -> list[tuple[list[int], int]]:
    """For each row the colspans of its cells, and how many of its first cells are labels (a blank one continues above).

    Only labels are merged over rows; a blank value is a blank value.
    """
    if rows[0][0].startswith("第二十条"):
        width = max(map(len, rows))
        return [([1] * (len(row) - 1) + [width - len(row) + 1], 0) for row in rows]
    if rows[0][0] == "行政复议":
        header = [[5, 10], [1] * 5 + [5, 5], [1] * 15]
        return [(colspans, len(colspans)) for colspans in header] + [([1] * 15, 0)]
    header = [[3, 7], [3, 1, 5, 1], [3] + [1] * _APPLICANTS]
    return [(colspans, len(colspans)) for colspans in header] + [_result_row(row) for row in rows[3:]]


def _result_row(row: list[str]) -> tuple[list[int], int]:
    labels = len(row) - _APPLICANTS
    return [1] * (labels - 1) + [4 - labels] + [1] * _APPLICANTS, labels
