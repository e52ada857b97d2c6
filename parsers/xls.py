"""XLS (BIFF8 and BIFF5, [MS-XLS]) → a grid for each sheet that is shown, read by xlrd."""

import io
import struct
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import xlrd
from xlrd import biffh

from parsers import sheets
from parsers.model import Content, Document
from parsers.ole import Container
from parsers.sheets import Sheet

MAX_CELLS = 500_000  # of all sheets together, blank ones too
# Of what xlrd may read, for each sheet anew: every one may claim to be the whole workbook. A report has 1 % of that,
# and xlrd takes up to 50 bytes for a byte.
MAX_BYTES = 4 << 20
MAX_RECORDS = 80_000
_BOF, _UNKNOWN = 0x0809, b"\xff\xff"
_OF_BOOK = "EOF FILEPASS CODEPAGE DATEMODE FONT FORMAT XF BOUNDSHEET SST"
_OF_SHEET = "ROW COLINFO MERGEDCELLS NUMBER RK MULRK BLANK MULBLANK LABEL RSTRING LABELSST BOOLERR"
_OF_FORMULA = "FORMULA STRING ARRAY TABLEOP SHRFMLA"
_KINDS = {_BOF} | {getattr(biffh, f"XL_{name}") for name in f"{_OF_BOOK} {_OF_SHEET} {_OF_FORMULA}".split()}


class _Silent(io.TextIOBase):
    """Where xlrd writes what it finds odd."""

    def write(self, text: str, /) -> int:
        return len(text)


def read(document: Document) -> Content:
    """A grid for each sheet that is not hidden; rows of a single cell are prose."""
    container = Container(document.content)
    stream = _screened(container.stream("Workbook" if "Workbook" in container.names else "Book"))
    try:
        return sheets.content(_sheets(stream))
    except ValueError:
        raise
    except Exception as error:  # xlrd raises what it meets; AssertionError and struct.error are the most frequent
        raise ValueError(f"the spreadsheet cannot be read: {error!r}") from None


def _screened(stream: bytes) -> bytes:
    """The workbook with all records made unknown that say nothing of its cells: a single link, or a few names, can
    take xlrd all memory."""
    screened = bytearray(stream)
    starts: set[int] = set()
    begins: list[int] = []  # of the sheets
    at = size = 0
    known = False
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        known = kind in _KINDS or (known and kind == biffh.XL_CONTINUE)
        if known:
            size += length
        else:
            screened[at : at + 2] = _UNKNOWN
        if kind == biffh.XL_BOUNDSHEET:
            begins.append(int.from_bytes(stream[at + 4 : at + 8], "little"))
        starts.add(at)
        times = max(len(begins), 1)
        if size * times > MAX_BYTES or len(starts) * times > MAX_RECORDS:
            raise ValueError(f"a spreadsheet of more than {MAX_BYTES} bytes or {MAX_RECORDS} records")
        at += 4 + length
    if not starts.issuperset(begins):  # the records within a record were not seen here
        raise ValueError("a sheet of the spreadsheet begins within a record")
    return bytes(screened)


def _sheets(stream: bytes) -> Iterator[Sheet]:
    book = xlrd.open_workbook(
        file_contents=stream, logfile=_Silent(), formatting_info=True, on_demand=True, ragged_rows=True
    )
    formats = {number: code.format_str for number, code in book.format_map.items()}
    cells = 0
    for index in range(book.nsheets):
        source = book.sheet_by_index(index)
        book.unload_sheet(index)
        cells += sum(map(source.row_len, range(source.nrows)))
        if cells > MAX_CELLS:
            raise ValueError(f"a spreadsheet of more than {MAX_CELLS} cells")
        if source.visibility == 0:
            yield _sheet(book, source, formats)


def _sheet(book: Any, source: Any, formats: dict[int, str]) -> Sheet:
    sheet = Sheet(source.number + 1)
    sheet.hidden_rows = {row for row, info in source.rowinfo_map.items() if info.hidden}
    sheet.hidden_cols = [(col, col) for col, info in source.colinfo_map.items() if info.hidden]
    sheet.merges = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in source.merged_cells]
    for row in range(source.nrows):
        for col, cell in enumerate(source.row(row)):
            if cell.ctype != xlrd.XL_CELL_EMPTY:  # one that the file does not have
                runs = source.rich_text_runlist_map.get((row, col), [])
                sheet.put(row, col, _text(book, cell, formats, runs))
    return sheet


def _text(book: Any, cell: Any, formats: dict[int, str], runs: list[tuple[int, int]]) -> str:
    style = book.xf_list[cell.xf_index]
    if book.font_list[style.font_index].struck_out:
        return ""
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        try:
            return sheets.shown(cell.value, sheets.format_code(style.format_key, formats), bool(book.datemode))
        except (ValueError, ArithmeticError):  # no number, or one without end
            return str(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value)).upper()
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return sheets.printed(_pieces(book, str(cell.value), runs[: len(cell.value) + 1]))


def _pieces(book: Any, text: str, runs: list[tuple[int, int]]) -> Iterator[tuple[str, bool, bool]]:
    """(text, whether it is struck, whether it is raised): each run goes to where the next begins."""
    yield text[: runs[0][0] if runs else None], False, False
    for (begin, number), end in zip_longest(runs, (begin for begin, _ in runs[1:])):
        font = book.font_list[number]
        yield text[begin:end], bool(font.struck_out), font.escapement == 1
