"""Spreadsheets: XLSX from parts written by hand, XLS from LibreOffice, one of them kept, and that one damaged."""

import struct
import time
from pathlib import Path

import office
import pytest
from files import rows, survives_damage, zipped
from test_reports import SEEDS

from parsers import package, sheets, xls, xlsx
from parsers.model import Content, Document

SMALL = (Path(__file__).parent / "documents" / "small.xls").read_bytes()
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = (
    '<numFmts><numFmt numFmtId="177" formatCode="0&quot;件&quot;"/></numFmts>'
    "<fonts><font/><font><strike/></font></fonts><fills><fill/></fills><borders><border/></borders>"
    '<cellStyleXfs><xf numFmtId="0" fontId="0"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0" fontId="0"/><xf numFmtId="2" fontId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="177" fontId="0" applyNumberFormat="1"/><xf numFmtId="0" fontId="1" applyFont="1"/>'
    '<xf numFmtId="31" fontId="0" applyNumberFormat="1"/></cellXfs>'
)


def book(*sheets_: str, strings: str = "", states: tuple[str, ...] = (), properties: str = "") -> bytes:
    """A workbook whose sheets have the given contents."""
    states = states or ("visible",) * len(sheets_)
    listed = "".join(f'<sheet name="s{n}" sheetId="{n}" state="{s}" r:id="r{n}"/>' for n, s in enumerate(states, 1))
    numbers = range(1, len(sheets_) + 1)
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/worksheet" Target="worksheets/s{n}.xml"/>' for n in numbers
    )
    targets += f'<Relationship Id="x" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    targets += f'<Relationship Id="y" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    types = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{kind}.{name}+xml"/>'
        for part, name in (("workbook", "sheet.main"), ("styles", "styles"), ("sharedStrings", "sharedStrings"))
    )
    types += "".join(
        f'<Override PartName="/xl/worksheets/s{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
    )
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{relations}"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{targets}</Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{STYLES}</styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>',
    }
    parts |= {
        f"xl/worksheets/s{n}.xml": f'<worksheet xmlns="{MAIN}">{x}</worksheet>'
        for n, x in zip(numbers, sheets_, strict=True)
    }
    return zipped(parts)


def sheet(*rows_: str, after: str = "", before: str = "") -> str:
    return f"{before}<sheetData>{''.join(rows_)}</sheetData>{after}"


def row(number: int, *cells: str, more: str = "") -> str:
    return f'<row r="{number}" {more}>{"".join(cells)}</row>'


def c(place: str, value: object = "", style: int = 0) -> str:
    if value == "":
        return f'<c r="{place}" s="{style}"/>'
    if isinstance(value, str):
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}" s="{style}"><v>{value}</v></c>'


def merge(*references: str) -> str:
    return "<mergeCells>" + "".join(f'<mergeCell ref="{r}"/>' for r in references) + "</mergeCells>"


def read(*sheets_: str, **more: object) -> Content:
    return xlsx.read(Document("", book(*sheets_, **more), "xlsx"))  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", ["xlsx", "xls"])
@pytest.mark.parametrize("case", SEEDS)
def test_seed(case: str, suffix: str) -> None:
    office.check(case, suffix)


def test_merged_cells_and_places() -> None:
    title = row(1, c("A1", "某区2020年年度报告"))
    head = row(3, c("A3", "项目"), c("B3", "数量"), c("C3"))
    body = row(4, c("A4"), c("B4", "上年"), c("C4", "本年"))
    content = read(sheet(title, head, body, row(5, c("A5", "甲"), c("B5", 12)), after=merge("A1:C1", "A3:A4", "B3:C3")))
    assert rows(content) == [
        ["某区2020年年度报告"] * 3,
        [None] * 3,
        ["项目", "数量", "数量"],
        ["项目", "上年", "本年"],
        ["甲", "12", ""],
    ]
    assert content.lines == ("某区2020年年度报告",)
    assert content.grids[0].place == "sheet 1"
    assert [(cell.row, cell.col) for cell in content.grids[0].rows[4] if cell] == [(4, 0), (4, 1), (4, 2)]


def test_blank_is_not_0() -> None:
    assert rows(read(sheet(row(1, c("A1", "a"), c("B1", 0), c("C1"), c("E1", 1))))) == [["a", "0", "", "", "1"]]


def test_what_is_hidden_is_not_shown() -> None:
    cols = '<cols><col min="2" max="2" hidden="1"/></cols>'
    shown = sheet(
        row(1, c("A1", "a"), c("B1", 9), c("C1", 1)), row(2, c("A2", 8), c("C2", 8), more='hidden="1"'), before=cols
    )
    content = read(
        shown,
        sheet(row(1, c("A1", 7))),
        sheet(row(1, c("A1", 6))),
        shown,
        states=("visible", "hidden", "veryHidden", "visible"),
    )
    assert [grid.place for grid in content.grids] == ["sheet 1", "sheet 4"]
    assert rows(content) == [["a", None, "1"], [None] * 3]


def test_strings() -> None:
    strings = (
        "<si><t>甲</t></si><si><r><t>5</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>1</t></r></si>"
        "<si><r><rPr><strike/></rPr><t>8</t></r><r><t>7</t></r><rPh><t>ノ</t></rPh></si>"
    )
    cells = [f'<c r="{x}1" t="s"><v>{n}</v></c>' for n, x in enumerate("ABCD")]
    kinds = '<c r="E1" t="str"><v>公式</v></c><c r="F1" t="b"><v>1</v></c><c r="G1" t="e"><v>#DIV/0!</v></c>'
    assert rows(read(sheet(row(1, *cells, kinds)), strings=strings)) == [
        ["甲", "5¹", "7", "", "公式", "TRUE", "#DIV/0!"]
    ]


def test_styles() -> None:
    cells = c("A1", 3, 1), c("B1", 12, 2), c("C1", 8, 3), c("D1", 44216, 4), c("E1", "x", 9)
    assert rows(read(sheet(row(1, *cells)))) == [["3.00", "12件", "", "2021年1月20日", "x"]]
    since_1904 = '<workbookPr date1904="1"/>'
    assert rows(read(sheet(row(1, c("A1", 42754, 4))), properties=since_1904)) == [["2021年1月20日"]]


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (12.0, "General", "12"),
        (-3.0, "General", "-3"),
        (0.1 + 0.2, "General", "0.3"),
        (156764.6451, "General", "156764.6451"),
        (0.0, "General", "0"),
        (1e20, "General", "100000000000000000000"),
        (2.5, "0", "3"),
        (156764.6451, "0.00_ ", "156764.65"),
        (1468, "#,##0", "1,468"),
        (1468, "#,##0.00;[Red]-#,##0.00", "1,468.00"),
        (-1468, "#,##0_);[Red]\\(#,##0\\)", "(1,468)"),
        (0.13, "0%", "13%"),
        (12, '0"件"', "12件"),
        (12, "General万元", "12万元"),
        (5, "+0;-0;0", "+5"),
        (-5, "+0;-0;0", "-5"),
        (5, '"增"0;"减"0', "增5"),
        (0, '#,##0;-#,##0;"-"', "-"),
        (0, ";;;", ""),
        (0, "#", ""),
        (7, "000", "007"),
        (1.5, "0.0##", "1.5"),
        (12345, "0,", "12"),
        (44216, "yyyy/m/d", "2021-01-20"),
        (44216, 'yyyy"年"m"月"d"日";@', "2021年1月20日"),
        (0.5, "# ?/?", "0.5"),
        (12, "[>=100]0;0.0", "12"),
        (12, "@", "12"),
        (12, '0"', "12"),
        (1e300, "yyyy-m-d", f"{1e300:.15g}".replace("e+", "E+")),
    ],
)
def test_numbers_as_shown(value: float, code: str, text: str) -> None:
    assert sheets.shown(value, code) == text


FAR = sheet(row(1, c("A1", 1)), row(1048576, c("XFD1048576", 2)))


@pytest.mark.parametrize(
    "content",
    [
        book(FAR),
        book(sheet(*[row(n, c(f"A{n}", 1), c(f"Z{n}", 1)) for n in range(1, 10_001)])),
        book(sheet(row(1, c("A1", 1), c("Z1", 1)), row(3000, c("A3000", 1)), after=merge(*["A1:Z3000"] * 50))),
        book(sheet("<row/>" * (package.MAX_MARKS + 1))),
        book(
            sheet(*[row(n, '<c t="s"><v>0</v></c>') for n in range(1, 1000)]),
            strings=f"<si><t>{'年' * 10_000}</t></si>",
        ),
        book(*[sheet()] * (xlsx.MAX_SHEETS + 1)),
        book(sheet(), properties="<!DOCTYPE a>"),
        book("<sheetData>"),
    ],
)
def test_hostile_books_are_refused(content: bytes) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"more than|well-formed|document type"):
        xlsx.read(Document("", content, "xlsx"))
    assert time.process_time() - started < 5


def test_styled_far_out_is_no_table() -> None:
    content = read(sheet(row(1, c("A1", "a"), c("B1", 1), c("XFD1")), *[row(n, c(f"A{n}", 1)) for n in range(2, 40)]))
    assert len(content.grids[0].rows[0]) == 2


def test_odd_references_are_no_crash() -> None:
    odd = '<c r="1A"><v>1</v></c><c><v>x</v></c><c r="C1" s="99999999999" t="n"><v>1e999</v></c><c t="s"><v>-1</v></c>'
    assert rows(read(sheet(row(1, odd), '<row r="x"/>', after=merge("A1", "B9:A1", "")))) == [["1", "x", "1e999", ""]]


# XLS. The small file was written by LibreOffice from a workbook made here.


def xls_read(content: bytes) -> Content:
    return xls.read(Document("", content, "xls"))


def small_book() -> bytes:
    """What `documents/small.xls` was made of."""
    raised = "<si><r><t>5</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>1</t></r></si>"
    shown = sheet(
        row(1, c("A1", "样例区2020年政府信息公开工作年度报告")),
        row(2, c("A2", "项目"), c("B2", "数量"), c("C2")),
        row(3, c("A3"), c("B3", "上年"), c("C3", "本年")),
        row(4, c("A4", "甲"), c("B4", 12), c("C4", 156764.6451, 1)),
        row(5, c("A5", "乙"), c("B5", 0), c("C5")),
        row(6, c("A6", 99), c("B6", 99), c("C6", 99), more='hidden="1"'),
        row(7, c("A7", "丙"), '<c r="B7" t="s"><v>0</v></c>', c("C7", 12, 2), c("D7", 98)),
        row(8, c("A8", "丁"), '<c r="B8"><f>B4-24</f><v>-12</v></c>', c("C8", 0.1)),
        row(9, c("A9", "戊"), '<c r="B9" t="str"><f>A4&amp;A5</f><v>甲乙</v></c>', c("C9", 88, 3)),
        before='<cols><col min="4" max="4" width="9" hidden="1" customWidth="1"/></cols>',
        after=merge("A1:C1", "A2:A3", "B2:C2"),
    )
    return book(shown, sheet(row(1, c("A1", 97))), strings=raised, states=("visible", "hidden"))


SMALL_ROWS = [
    ["样例区2020年政府信息公开工作年度报告"] * 3 + [None],
    ["项目", "数量", "数量", None],
    ["项目", "上年", "本年", None],
    ["甲", "12", "156764.65", None],
    ["乙", "0", "", None],
    [None] * 4,
    ["丙", "5¹", "12件", None],
    ["丁", "-12", "0.1", None],
    ["戊", "甲乙", "", None],
]


def test_xls_and_xlsx_are_read_alike() -> None:
    for content in (xls_read(SMALL), xlsx.read(Document("", small_book(), "xlsx"))):
        assert rows(content) == SMALL_ROWS
        assert [grid.place for grid in content.grids] == ["sheet 1"]
        assert content.lines == ("样例区2020年政府信息公开工作年度报告",)


def record(kind: int, code: str = "", *values: object, more: bytes = b"") -> bytes:
    body = struct.pack(f"<{code}", *values) + more
    return struct.pack("<HH", kind, len(body)) + body


def xls_book(cells: bytes, more: bytes = b"", begins: tuple[int, ...] = (0,), version: int = 0x0600) -> Content:
    """What is read of a workbook with one such sheet. `more` stands before it; each of `begins` is a sheet in the list,
    which begins so many bytes past where the one does."""
    end = record(0x000A)
    font, style = record(0x0031, more=bytes(16)), record(0x00E0, more=bytes(20))
    before = record(0x0809, "HHHH", version, 5, 0, 1997, more=bytes(8)) + font + style + more
    at = len(before + end) + 11 * len(begins)
    listed = b"".join(record(0x0085, "IBBB", at + past, 0, 0, 0) for past in begins)
    sheet_ = record(0x0809, "HHHH", version, 16, 0, 1997, more=bytes(8)) + cells + end
    return xls_read(container(before + listed + end + sheet_))


def container(workbook: bytes) -> bytes:
    """An OLE container of one stream: its sectors, one of the directory, those of the allocation table."""
    count = max(-(-len(workbook) // 512), 8)
    tables = (count + 1) // 127 + 1
    numbers = [*range(1, count), -2, -2, *[-3] * tables]
    numbers += [-1] * (128 * tables - len(numbers))
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<7i", tables, count, 0, 4096, -2, 0, -2) + bytes(4)
    header += struct.pack("<109i", *range(count + 1, count + 1 + tables), *[-1] * (109 - tables))
    directory = b""
    for name, kind, child, start, size in (("Root Entry", 5, 1, -2, 0), ("Workbook", 2, -1, 0, 512 * count)):
        letters = (name + "\0").encode("utf-16-le")
        directory += struct.pack("<64sHBBiii", letters, len(letters), kind, 1, -1, -1, child) + bytes(36)
        directory += struct.pack("<iII", start, size, 0)
    table = struct.pack(f"<{128 * tables}i", *numbers)
    return header + workbook.ljust(512 * count, b"\0") + directory.ljust(512, b"\0") + table


def test_a_string_that_goes_on_in_the_next_record() -> None:
    """It says anew there whether its characters are of 8 or 16 bits."""
    first = record(0x00FC, "IIHB", 2, 2, 5, 0, more=b"ab")
    rest = b"\x01" + "年报".encode("utf-16-le"), b"\x00" + b"c" + b"\x01\x00\x00x"
    cells = b"".join(record(0x00FD, "HHHI", 0, col, 0, col) for col in (0, 1))
    strings = first + b"".join(record(0x003C, more=part) for part in rest)
    assert rows(xls_book(cells, strings)) == [["ab年报c", "x"]]


def test_strings_of_old_files_are_in_their_code_page() -> None:
    label = record(0x0204, "HHHH", 0, 0, 0, 4, more="年报".encode("gbk"))
    assert rows(xls_book(label, record(0x0042, "H", 936), version=0x0500)) == [["年报"]]


def test_one_record_of_an_xls_that_would_take_all_memory() -> None:
    """A link on every cell of a sheet; names, each of which is twice the one before."""
    link = record(
        0x01B8, "4H", 0, 65535, 0, 255, more=bytes.fromhex("D0C9EA79F9BACE118C8200AA004BA90B0200000000000000")
    )
    names = record(0x0018, "HBBHHI4B", 0, 0, 1, 258, 0, 0, 0, 0, 0, 0, more=b"\0a\x17\xff\0" + b"9" * 255)
    for n in range(1, 40):
        twice = struct.pack("<BHHBHHB", 0x23, n, 0, 0x23, n, 0, 0x08)
        names += record(0x0018, "HBBHHI4B", 0, 0, 1, len(twice), 0, 0, 0, 0, 0, 0, more=b"\0a" + twice)
    started = time.process_time()
    assert rows(xls_book(link + record(0x0203, "HHHd", 0, 0, 0, 7), names)) == [["7"]]
    assert time.process_time() - started < 5


NUMBER = record(0x0203, "HHHd", 999, 9, 0, 7)


@pytest.mark.parametrize(
    ("cells", "begins", "message"),
    [
        (b"".join(record(0x0201, "HHH", row, 255, 0) for row in range(65_536)), (0,), "cells"),
        (b"".join(record(0x0201, "HHH", row, 0, 0) for row in range(3000)), (0,) * 50, "records"),
        (record(0x0201, "HHH", 0, 0, 0) * xls.MAX_RECORDS, (0,), "records"),
        (record(0x00E5, "H", 1000, more=struct.pack("<4H", 0, 999, 0, 9) * 1000) * 600, (0,), "bytes"),
        (record(0x00E5, "H", 50, more=struct.pack("<4H", 0, 999, 0, 9) * 50) + NUMBER, (0,), "merged places"),
        (record(0x00FF, "HH", 0x0809, 0) + NUMBER, (0, 24), "within a record"),
        (record(0x0203, "HHHd", 0, 0, 9, 7), (0,), "cannot be read"),
    ],
)
def test_hostile_xls_are_refused(cells: bytes, begins: tuple[int, ...], message: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=message):
        xls_book(cells, begins=begins)
    assert time.process_time() - started < 5


def test_pictures_in_an_xls_do_not_count() -> None:
    picture = record(0x00EB, more=bytes(8000)) + record(0x003C, more=bytes(8000)) * 600
    assert rows(xls_book(record(0x0203, "HHHd", 0, 0, 0, 7), picture)) == [["7"]]


def test_xls_any_damage_is_a_reading_or_a_refusal() -> None:
    survives_damage(SMALL, xls_read)
