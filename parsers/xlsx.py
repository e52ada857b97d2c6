"""XLSX (ISO/IEC 29500) → a grid for each sheet that is shown, straight from its parts.

A reader of our own: of the libraries, one lays the whole rectangle around the cells in memory (two cells in opposite
corners of a sheet end the process), the other makes a cell of every place that is merged or linked (so does one such
range), and has no reading for a book of which it does not understand a style, a string's number or a reference.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import normpath
from typing import TypeVar

from lxml import etree

from parsers import sheets
from parsers.model import Content, Document
from parsers.package import Package
from parsers.sheets import Sheet

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9]\d{0,6})")
_RELATION = re.compile(r"\{.*\}id")
MAX_SHEETS = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Style:
    """How a cell shows what it holds."""

    code: str = "General"
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """What all sheets share."""

    package: Package
    strings: list[str]
    styles: list[Style]
    since_1904: bool


def read(document: Document) -> Content:
    """A grid for each sheet that is not hidden; rows of a single cell are prose."""
    package = Package(document.content)
    workbook = package.xml("xl/workbook.xml")
    targets = _targets(package)
    properties = workbook.find("{*}workbookPr")
    since_1904 = properties is not None and _on(properties, "date1904")
    book = Book(package, _strings(package), _styles(package), since_1904)
    found = []
    for number, sheet in enumerate(workbook.iter("{*}sheet"), 1):
        if number > MAX_SHEETS:
            raise ValueError(f"more than {MAX_SHEETS} sheets")
        relation = next((str(v) for k, v in sheet.items() if _RELATION.fullmatch(str(k))), "")
        if sheet.get("state", "visible") == "visible" and "worksheet" in targets.get(relation, ""):
            found.append(_sheet(book, targets[relation], number))
    return sheets.content(found)


def _targets(package: Package) -> dict[str, str]:
    """Relation → the part it leads to."""
    found = {}
    for relation in package.xml("xl/_rels/workbook.xml.rels").iter("{*}Relationship"):
        target = relation.get("Target", "")
        found[relation.get("Id", "")] = target[1:] if target.startswith("/") else normpath(f"xl/{target}")
    return found


def _strings(package: Package) -> list[str]:
    if "xl/sharedStrings.xml" not in package.names:
        return []
    return [_text(item) for item in package.xml("xl/sharedStrings.xml").iterchildren("{*}si")]


def _text(item: etree._Element) -> str:
    """The text of a string in runs; struck text is not printed, phonetic guides are not the text's."""
    plain = "".join(t.text or "" for t in item.iterchildren("{*}t"))
    return plain + sheets.printed(map(_piece, item.iterchildren("{*}r")))


def _piece(run: etree._Element) -> tuple[str, bool, bool]:
    """(text, whether it is struck, whether it is raised)"""
    text = "".join(t.text or "" for t in run.iterchildren("{*}t"))
    struck, raised = run.find("{*}rPr/{*}strike"), run.find("{*}rPr/{*}vertAlign")
    is_raised = raised is not None and raised.get("val") == "superscript"
    return text, struck is not None and _on(struck, "val", "1"), is_raised


def _on(element: etree._Element, name: str, default: str = "0") -> bool:
    return element.get(name, default) in ("1", "true", "on")


def _styles(package: Package) -> list[Style]:
    if "xl/styles.xml" not in package.names:
        return []
    root = package.xml("xl/styles.xml")
    own = {_int(f.get("numFmtId")): f.get("formatCode", "") for f in root.iterfind("{*}numFmts/{*}numFmt")}
    strikes = [font.find("{*}strike") for font in root.iterfind("{*}fonts/{*}font")]
    struck = [strike is not None and _on(strike, "val", "1") for strike in strikes]
    return [
        Style(sheets.format_code(_int(xf.get("numFmtId")), own), _at(struck, _int(xf.get("fontId")), False))
        for xf in root.iterfind("{*}cellXfs/{*}xf")
    ]


def _at(values: list[T], index: int, default: T) -> T:
    return values[index] if index < len(values) else default


def _int(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0


def _sheet(book: Book, part: str, number: int) -> Sheet:
    root = book.package.xml(part)
    sheet = Sheet(number)
    row_number = -1
    for row in root.iterfind("{*}sheetData/{*}row"):
        row_number = (_int(row.get("r")) or row_number + 2) - 1
        if _on(row, "hidden"):
            sheet.hidden_rows.add(row_number)
        for col, text in _cells(book, row):
            sheet.put(row_number, col, text)
    for cols in root.iterfind("{*}cols/{*}col"):
        if _on(cols, "hidden"):
            sheet.hidden_cols.append((_int(cols.get("min")) - 1, _int(cols.get("max")) - 1))
    for merge in root.iterfind("{*}mergeCells/{*}mergeCell"):
        first, _, last = merge.get("ref", "").partition(":")
        corners = _place(first), _place(last)
        if corners[0] and corners[1]:
            sheet.merges.append((*corners[0], *corners[1]))
    return sheet


def _cells(book: Book, row: etree._Element) -> Iterator[tuple[int, str]]:
    col = -1
    for cell in row.iterchildren("{*}c"):
        place = _place(cell.get("r", ""))
        col = place[1] if place else col + 1
        yield col, _shown(book, cell)


def _place(reference: str) -> sheets.Place | None:
    match = _REFERENCE.fullmatch(reference)
    if not match:
        return None
    col = 0
    for letter in match[1]:
        col = 26 * col + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, col - 1


def _shown(book: Book, cell: etree._Element) -> str:
    style = _at(book.styles, _int(cell.get("s")), Style())
    kind = cell.get("t", "n")
    if style.struck:
        return ""
    if kind == "inlineStr":
        inline = cell.find("{*}is")
        return _text(inline) if inline is not None else ""
    value = cell.findtext("{*}v") or ""
    if kind == "s":
        return book.strings[int(value)] if value.isdecimal() and int(value) < len(book.strings) else ""
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    return _number(value, style, book.since_1904) if kind == "n" else value


def _number(value: str, style: Style, since_1904: bool) -> str:
    try:
        return sheets.shown(float(value), style.code, since_1904)
    except (ValueError, OverflowError, ArithmeticError):  # no number, or one without end
        return value
