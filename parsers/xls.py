"""XLS (BIFF8 and BIFF5, [MS-XLS]) → a grid for each sheet that is shown, straight from its records."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from parsers import numbers, sheets
from parsers.biff import Record, Records, Strings, Text
from parsers.model import Content, Document
from parsers.ole import Container
from parsers.sheets import Sheet

MAX_CELLS = 500_000  # of all sheets together, blank ones too
_BOF, _FILEPASS, _CODE_PAGE, _DATE_MODE = 0x0809, 0x002F, 0x0042, 0x0022
_FONT, _FORMAT, _XF, _SHEET, _SST = 0x0031, 0x041E, 0x00E0, 0x0085, 0x00FC
_ROW, _COLS, _MERGES = 0x0208, 0x007D, 0x00E5
_NUMBER, _RK, _MANY_RK, _BLANK, _MANY_BLANK = 0x0203, 0x027E, 0x00BD, 0x0201, 0x00BE
_LABEL, _RICH_LABEL, _SHARED_LABEL, _FORMULA, _STRING, _BOOL_OR_ERROR = 0x0204, 0x00D6, 0x00FD, 0x0006, 0x0207, 0x0205
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


@dataclass
class Book:
    """What the globals of a workbook say."""

    wide: bool = True  # BIFF8
    code_page: int = 1252
    since_1904: bool = False
    strings: list[Text] = field(default_factory=list)
    fonts: list[tuple[bool, bool]] = field(default_factory=list)  # (struck, raised)
    formats: dict[int, str] = field(default_factory=dict)
    styles: list[tuple[int, int]] = field(default_factory=list)  # (font, format)
    sheets: list[tuple[int, bool]] = field(default_factory=list)  # (where it begins, whether it is shown)

    def string(self, record: Record, at: int, count_bytes: int = 2) -> str:
        return Strings(record, at, self.code_page, self.wide).next(count_bytes).text

    def font(self, number: int) -> tuple[bool, bool]:
        number -= number > 4  # there is no font 4
        return self.fonts[number] if number < len(self.fonts) else (False, False)

    def style(self, number: int) -> tuple[bool, str]:
        """(whether text is struck, the format of numbers)"""
        font, code = self.styles[number] if number < len(self.styles) else (0, 0)
        return self.font(font)[0], sheets.format_code(code, self.formats)


def read(document: Document) -> Content:
    """A grid for each sheet that is not hidden; rows of a single cell are prose."""
    container = Container(document.content)
    records = Records(container.stream("Workbook" if "Workbook" in container.names else "Book"))
    book = Book()
    for record in records.substream(0):
        _add(book, record)
    found: list[Sheet] = []
    cells = 0
    for number, (at, is_shown) in enumerate(book.sheets, 1):
        if is_shown:
            found.append(_sheet(book, records, at, number))
            cells += len(found[-1].cells)
            if cells > MAX_CELLS:
                raise ValueError(f"a spreadsheet of more than {MAX_CELLS} cells")
    return sheets.content(found)


def _add(book: Book, record: Record) -> None:
    if record.kind == _FILEPASS:
        raise ValueError("the spreadsheet is encrypted")
    if record.kind == _BOF:
        book.wide = record.values("H")[0] >= 0x0600
    elif record.kind == _CODE_PAGE:
        book.code_page = record.values("H")[0]
    elif record.kind == _DATE_MODE:
        book.since_1904 = bool(record.values("H")[0])
    elif record.kind == _FONT:
        _, flags, _, _, position = record.values("5H")
        book.fonts.append((bool(flags & 8), position == 1))
    elif record.kind == _FORMAT:
        book.formats[record.values("H")[0]] = book.string(record, 2, 2 if book.wide else 1)
    elif record.kind == _XF:
        book.styles.append(record.values("HH"))
    elif record.kind == _SHEET:
        at, state, kind = record.values("IBB")
        book.sheets.append((at, not state & 3 and kind == 0))
    elif record.kind == _SST:
        strings = Strings(record, 8, book.code_page)
        book.strings = [strings.next() for _ in range(min(record.values("I", 4)[0], MAX_CELLS))]


def _sheet(book: Book, records: Records, at: int, number: int) -> Sheet:
    sheet = Sheet(number)
    formula: tuple[sheets.Place, int] | None = None  # the next string is its result
    for record in records.substream(at):
        if record.kind == _ROW:
            row, _, _, _, _, _, flags = record.values("7H")
            if flags & 0x20:
                sheet.hidden_rows.add(row)
        elif record.kind == _COLS:
            first, last, _, _, flags = record.values("5H")
            sheet.hidden_cols += [(first, last)] if flags & 1 else []
        elif record.kind == _MERGES:
            for n in range(record.values("H")[0]):
                top, bottom, left, right = record.values("4H", 2 + 8 * n)
                sheet.merges.append((top, left, bottom, right))
        elif record.kind == _STRING and formula:
            sheet.cells[formula[0]] = "" if book.style(formula[1])[0] else book.string(record, 0)
        else:
            for place, style, text in _cells(book, record):
                sheet.cells[place] = "" if book.style(style)[0] else text
                formula = place, style
        if len(sheet.cells) > MAX_CELLS:
            raise ValueError(f"a spreadsheet of more than {MAX_CELLS} cells")
    return sheet


def _cells(book: Book, record: Record) -> Iterator[tuple[sheets.Place, int, str]]:
    """(place, style, text) of each cell in a record."""
    if record.kind in (_MANY_RK, _MANY_BLANK):
        row, first = record.values("HH")
        size = 6 if record.kind == _MANY_RK else 2
        for n in range((len(record.parts[0]) - 6) // size):
            style = record.values("H", 4 + size * n)[0]
            rk = record.values("I", 6 + size * n)[0] if size == 6 else None
            yield (row, first + n), style, "" if rk is None else _shown(book, style, _rk(rk))
    elif record.kind in (_NUMBER, _RK, _BLANK, _LABEL, _RICH_LABEL, _SHARED_LABEL, _FORMULA, _BOOL_OR_ERROR):
        row, col, style = record.values("HHH")
        yield (row, col), style, _text(book, record, style)


def _text(book: Book, record: Record, style: int) -> str:
    if record.kind == _NUMBER:
        return _shown(book, style, record.values("d", 6)[0])
    if record.kind == _RK:
        return _shown(book, style, _rk(record.values("I", 6)[0]))
    if record.kind in (_LABEL, _RICH_LABEL):
        return book.string(record, 6)
    if record.kind == _SHARED_LABEL:
        number = record.values("I", 6)[0]
        return _rich(book, book.strings[number]) if number < len(book.strings) else ""
    if record.kind == _BOOL_OR_ERROR:
        return _bool_or_error(*record.values("BB", 6))
    if record.kind == _FORMULA:
        kind, _, value, _, _, mark = record.values("BBBBHH", 6)
        if mark != 0xFFFF:
            return _shown(book, style, record.values("d", 6)[0])
        return _bool_or_error(value, kind == 2) if kind in (1, 2) else ""
    return ""


def _bool_or_error(value: int, error: int) -> str:
    return _ERRORS.get(value, "") if error else str(bool(value)).upper()


def _rk(value: int) -> float:
    """30 bits of a number: an integer, or the upper half of a double; perhaps a hundredfold."""
    number = value >> 2 if value & 2 else struct.unpack("<d", struct.pack("<II", 0, value & 0xFFFF_FFFC))[0]
    if value & 2 and value & 0x8000_0000:
        number -= 1 << 30
    return float(number / 100 if value & 1 else number)


def _shown(book: Book, style: int, value: float) -> str:
    try:
        return sheets.shown(value, book.style(style)[1], book.since_1904)
    except (ValueError, OverflowError, ArithmeticError):  # no number, or one without end
        return str(value)


def _rich(book: Book, string: Text) -> str:
    """A string without its struck parts, its raised digits as such."""
    parts = [string.text[: string.fonts[0][0]] if string.fonts else string.text]
    ends = [begin for begin, _ in string.fonts[1:]] + [len(string.text)]
    for (begin, number), end in zip(string.fonts, ends, strict=False):
        struck, raised = book.font(number)
        text = string.text[begin:end]
        parts.append("" if struck else text.translate(numbers.SUPERSCRIPT) if raised else text)
    return "".join(parts)
