"""What a spreadsheet shows: numbers in their formats, and a sheet's cells as a grid and prose (XLSX, XLS)."""

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate

from parsers import numbers
from parsers.model import Cell, Content, Grid
from parsers.spans import MAX_PLACES

MAX_TEXT = 4_000_000  # characters of all cells together: one text may be many cells'
MAX_FORMAT = 250  # characters, the formats' own bound
_BUILT_IN = {  # as an Excel for China shows them
    **dict(enumerate(("General", "0", "0.00", "#,##0", "#,##0.00"))),
    9: "0%",
    10: "0.00%",
    **dict.fromkeys((14, 22), "yyyy-m-d"),
    **dict.fromkeys((27, 31, 36, 50, 54, 58), "yyyy年m月d日"),
    **dict.fromkeys((37, 38), "#,##0_);(#,##0)"),
    **dict.fromkeys((39, 40), "#,##0.00_);(#,##0.00)"),
    **dict.fromkeys((41, 42), '#,##0;-#,##0;"-"'),
    **dict.fromkeys((43, 44), '#,##0.00;-#,##0.00;"-"'),
}
_TOKEN = re.compile(
    r'"([^"]*)"?|\\(.)|[_*].|\[\$([^\-\]]*)[^\]]*\]?|\[[^\]]*\]?|([#0?][#0?,.]*|\.[#0?]+|General)|(.)', re.DOTALL
)
_SECTION = re.compile(r'((?:"[^"]*"?|\\.|[^;"\\]|\\$)*)(;|$)', re.DOTALL)
_CONDITION = re.compile(r"\[[<>=]")
_DATE = re.compile(r"[yYdD]")

Place = tuple[int, int]  # row, col
Row = tuple[Cell | None, ...]


@dataclass
class Sheet:
    """The cells of a sheet as they are shown; a blank one is there if the file has it."""

    number: int
    cells: dict[Place, str] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)  # first row, first col, last row, last col
    hidden_rows: set[int] = field(default_factory=set)
    hidden_cols: list[tuple[int, int]] = field(default_factory=list)  # first, last
    length: int = 0  # characters of all cells

    def put(self, row: int, col: int, text: str) -> None:
        self.cells[row, col] = text
        self.length += len(text)
        if self.length > MAX_TEXT:
            raise ValueError(f"cells of more than {MAX_TEXT} characters")


def format_code(number: int, own: Mapping[int, str]) -> str:
    return own.get(number) or _BUILT_IN.get(number, "General")


def printed(pieces: Iterable[tuple[str, bool, bool]]) -> str:
    """Text of pieces, each (text, whether it is struck, whether it is raised): struck text is not printed, and what is
    raised is a footnote's mark."""
    return "".join(
        text.translate(numbers.SUPERSCRIPT) if raised else text for text, struck, raised in pieces if not struck
    )


def shown(value: float, code: str, since_1904: bool = False) -> str:
    """A number in a cell's format; in the general one where the format is of a kind not known here."""
    if not _DATE.search(re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", code[:MAX_FORMAT])):
        return _formatted(value, code[:MAX_FORMAT])
    try:
        day = datetime.date(1904, 1, 1) if since_1904 else datetime.date(1899, 12, 30)
        day += datetime.timedelta(days=int(value))
    except (OverflowError, ValueError):
        return _general(value)
    return f"{day.year}年{day.month}月{day.day}日" if "年" in code else day.isoformat()


def _formatted(value: float, code: str) -> str:
    sections = [match[1] for match in _SECTION.finditer(code)][:-1] or [code]
    section, number = sections[0], abs(value)
    signed = value < 0
    if value < 0 and len(sections) > 1:
        section, signed = sections[1], False
    elif value == 0 and len(sections) > 2:
        section = sections[2]
    if _CONDITION.search(code):
        return _general(value)
    parts: list[str] = []
    places = 0
    percent = "%" in re.sub(r'"[^"]*"|\\.', "", section)
    for quoted, escaped, currency, digits, other in _TOKEN.findall(section):
        if digits:
            places += 1
            parts.append(_general(number) if digits == "General" else _digits(number * (100 if percent else 1), digits))
        elif other in ("E", "e", "/", "@", "?"):
            return _general(value)
        else:
            parts.append(quoted or escaped or currency or other)
    if places > 1 or (not places and len(sections) == 1):
        return _general(value)
    return ("-" if signed else "") + "".join(parts).strip()


def _digits(number: float, pattern: str) -> str:
    whole, _, decimals = pattern.partition(".")
    if whole.endswith(","):  # shown in thousands
        number, whole = number / 1000 ** (len(whole) - len(whole.rstrip(","))), whole.rstrip(",")
    rounded = Decimal(repr(number)).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    integer, _, fraction = f"{rounded:,f}".partition(".")
    integer = integer if "," in whole else integer.replace(",", "")
    integer = "" if integer == "0" and "0" not in whole else integer.zfill(whole.count("0"))
    needed = decimals.rfind("0") + 1
    fraction = fraction[:needed] + fraction[needed:].rstrip("0")
    return f"{integer}.{fraction}" if decimals else integer


def _general(value: float) -> str:
    """12, not 12.0; fifteen digits, which is what a cell holds."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    short = Decimal(f"{value:.15g}")
    return f"{short.normalize():f}" if 1e-9 < abs(value) < 1e21 else str(short)


def content(sheets: Iterable[Sheet]) -> Content:
    """A grid for each sheet, whose rows and cols are the sheet's own. A row of a single cell is prose."""
    grids: list[Grid] = []
    lines: list[str] = []
    length = 0
    for sheet in sheets:
        length += sheet.length
        if length > MAX_TEXT:
            raise ValueError(f"cells of more than {MAX_TEXT} characters")
        all_rows = _rows(sheet)
        if all_rows:
            hidden = _hidden_cols(sheet, len(all_rows[0]))
            rows = [_seen(_filled(row), hidden, y in sheet.hidden_rows) for y, row in enumerate(all_rows)]
            grids.append(Grid(tuple(rows), _place(sheet)))
            lines += (line.strip() for row in rows if len(own := _own(row)) == 1 for line in own[0].text.splitlines())
    return Content(tuple(grids), tuple(filter(None, lines)))


def _place(sheet: Sheet) -> str:
    return f"sheet {sheet.number}"


def _rows(sheet: Sheet) -> list[Row]:
    """The places of the sheet as far as any text stands."""
    height, width = _size(sheet)
    rows: list[list[Cell | None]] = [[None] * width for _ in range(height)]
    for (y, x), text in sheet.cells.items():
        if y < height and x < width:
            rows[y][x] = Cell(text, y, x)
    places = 0
    for top, left, bottom, right in sheet.merges:
        ys, xs = range(top, min(bottom + 1, height)), range(left, min(right + 1, width))
        places += len(ys) * len(xs)
        if places > MAX_PLACES:
            raise ValueError(f"{_place(sheet)} has more than {MAX_PLACES} merged places")
        if ys and xs:
            cell = rows[top][left] or Cell("", top, left)
            for y in ys:
                rows[y][left : xs.stop] = [cell] * len(xs)
    return list(map(tuple, rows))


def _size(sheet: Sheet) -> Place:
    """Rows and cols. Blank cells count for the cols: those of figures may be blank from top to bottom."""
    filled = [at for at, text in sheet.cells.items() if text.strip()]
    height = max((row for row, _ in filled), default=-1) + 1
    width = max((col for row, col in sheet.cells if row < height), default=-1) + 1
    if height * width > MAX_PLACES:  # styled far out
        width = max((col for _, col in filled), default=-1) + 1
    if height * width > MAX_PLACES:
        raise ValueError(f"{_place(sheet)} has more than {MAX_PLACES} places")
    return height, width


def _own(row: Row) -> list[Cell]:
    return list(dict.fromkeys(cell for cell in row if cell))


def _filled(row: Row) -> Row:
    """A row of a table has a cell in every place, though the file leaves out the blank ones."""
    cells = _own(row)
    if len(cells) < 2:
        return row
    return tuple(cell or Cell("", cells[0].row, x) for x, cell in enumerate(row))


def _hidden_cols(sheet: Sheet, width: int) -> list[bool]:
    change = [0] * (width + 1)
    for first, last in sheet.hidden_cols:
        if 0 <= first <= last and first < width:
            change[first] += 1
            change[min(last + 1, width)] -= 1
    return [count > 0 for count in accumulate(change[:width])]


def _seen(row: Row, hidden_cols: list[bool], hidden: bool) -> Row:
    return tuple(None if hidden or hidden_col else cell for cell, hidden_col in zip(row, hidden_cols, strict=True))
