"""Word 97–2003 documents: files that LibreOffice wrote, one of them kept, and that one damaged in every way."""

import struct
import time
from pathlib import Path

import office
import pytest
from files import rows, survives_damage
from test_reports import SEEDS

from parsers import doc, word
from parsers.model import Content, Document
from parsers.rows import Shape, Stream

SMALL = (Path(__file__).parent / "documents" / "small.doc").read_bytes()


def read(content: bytes) -> Content:
    return doc.read(Document("", content, "doc"))


@pytest.mark.parametrize("case", SEEDS)
def test_seed(case: str) -> None:
    office.check(case, "doc")


def test_tables() -> None:
    content = read(SMALL)
    assert rows(content) == [["项目", "数量", "数量"], ["项目", "上年", "本年"], ["甲\n乙", "12", ""]]
    assert rows(content, 1) == [["外\n后", "0"]]
    assert rows(content, 2) == [["内1", "内2"]]
    assert [grid.place for grid in content.grids] == ["table 1", "table 2", "table 3"]


def test_prose_as_printed() -> None:
    """Beside it the file holds a hidden 99, a struck 88, a deleted 77 and a field's code with 66."""
    assert read(SMALL).lines == ("样例区2020年政府信息公开工作年度报告", "共收到申请5¹件，𠮷。1", "两表之间", "尾")


def stream_rows(*lines: list[tuple[str, Shape]]) -> list[list[str | None]]:
    stream = Stream()
    for line in lines:
        for text, _ in line:
            stream.cell(text, 1)
        stream.row([shape for _, shape in line], 1)
    return rows(stream.content())


@pytest.mark.parametrize(("first", "carried"), [(1, 2), (2, 1)])
def test_cells_merged_over_cols(first: int, carried: int) -> None:
    """By flags: whichever of them is said to begin a merged cell, the first in the row does."""
    merged = [("a", Shape(0, 10, first)), ("", Shape(10, 20, carried)), ("b", Shape(20, 30))]
    plain = [(text, Shape(10 * n, 10 * n + 10)) for n, text in enumerate("123")]
    assert stream_rows(merged, plain) == [["a", "a", "b"], ["1", "2", "3"]]


def test_a_cell_that_continues_where_none_is_above_stands_alone() -> None:
    assert stream_rows([("a", Shape(0, 10, 0, True)), ("b", Shape(10, 20))]) == [["a", "b"]]


def test_more_cells_than_the_row_defines_and_fewer() -> None:
    assert stream_rows([("a", Shape(0, 10)), ("", Shape(10, 20))]) == [["a", ""]]
    stream = Stream()
    for text in ("a", "b", "c"):
        stream.cell(text, 1)
    stream.row([Shape(0, 1000)], 1)
    stream.cell("d", 1)
    stream.row([Shape(0, 1000), Shape(1000, 1567), Shape(1567, 2134)], 1)
    assert rows(stream.content()) == [["a", "b", "c"], ["d", "", ""]]


def patched(at: int, code: str, value: int) -> bytes:
    """The small file with a number in its head (FIB) changed."""
    start = SMALL.index(b"\xec\xa5")
    changed = bytearray(SMALL)
    struct.pack_into(code, changed, start + at, value)
    return bytes(changed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SMALL[:600], "torn"),
        (patched(0, "<H", 0xA5DC), "Word 97"),
        (patched(10, "<H", 0x0300), "encrypted"),
        (patched(0x4C, "<i", 2_000_000_000), "more than"),
        (patched(0x4C, "<i", -1), "more than"),
        (patched(0x4C, "<i", word.MAX_CHARS), "torn"),
        (patched(0x01A2, "<I", 0x7FFFFFFF), "torn|no piece table"),
        (patched(0x01A6, "<I", 0), "torn|no piece table"),
        ((Path(__file__).parent / "documents" / "small.xls").read_bytes(), "no stream WordDocument"),
    ],
)
def test_damaged_heads_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(content)


def test_a_chain_of_sectors_without_end_is_refused() -> None:
    """The table of sectors says that each sector is followed by itself."""
    first = 512 * (1 + struct.unpack_from("<I", SMALL, 76)[0])  # where that table begins
    changed = bytearray(SMALL)
    for n in range(len(SMALL) // 512 - 1):
        struct.pack_into("<I", changed, first + 4 * n, n)
    started = time.process_time()
    with pytest.raises(ValueError, match=r"torn|claims|no stream"):
        read(bytes(changed))
    assert time.process_time() - started < 5


def test_any_damage_is_a_reading_or_a_refusal() -> None:
    survives_damage(SMALL, read)
