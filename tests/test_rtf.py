"""RTF as Word, WPS and LibreOffice write it: from files written by hand and from LibreOffice."""

import time

import office
import pytest
from files import rows
from test_reports import SEEDS

from parsers import rtf
from parsers.model import Content, Document


def read(body: str | bytes, head: str = r"\ansi\ansicpg936{\fonttbl{\f0\fcharset134 \'cb\'ce\'cc\'e5;}}") -> Content:
    content = body if isinstance(body, bytes) else body.encode("latin-1")
    return rtf.read(Document("", b"{\\rtf1" + head.encode() + content + b"}", "rtf"))


def row(*cells: str, edges: tuple[int, ...] = (), flags: tuple[str, ...] = ()) -> str:
    sides = edges or tuple(1000 * (n + 1) for n in range(len(cells)))
    defined = "".join(f"{flag}\\cellx{x}" for x, flag in zip(sides, flags or [""] * len(sides), strict=True))
    return f"\\trowd{defined}\\pard\\intbl " + "".join(f"{cell}\\cell " for cell in cells) + "\\row\n"


@pytest.mark.parametrize("case", SEEDS)
def test_seed(case: str) -> None:
    office.check(case, "rtf")


def test_cells_by_their_sides() -> None:
    content = read(
        row("a", "b", edges=(1000, 3000)) + row("c", "d", "e", edges=(1000, 2000, 3000)) + r"\pard after\par"
    )
    assert rows(content) == [["a", "b", "b"], ["c", "d", "e"]]
    assert content.lines == ("after",)
    assert content.grids[0].place == "table 1"


def test_sides_that_hands_drew_a_little_apart_are_one() -> None:
    content = read(row("a", "b", edges=(1000, 2000)) + row("c", "d", edges=(1040, 1980)))
    assert rows(content) == [["a", "b"], ["c", "d"]]


def test_merged_cells() -> None:
    across = row("a", "", "b", flags=(r"\clmgf", r"\clmrg", ""))
    down = row("x", "1", "2", flags=(r"\clvmgf", "", "")) + row("", "3", "4", flags=(r"\clvmrg", "", ""))
    assert rows(read(across + down)) == [["a", "a", "b"], ["x", "1", "2"], ["x", "3", "4"]]


def test_two_merges_side_by_side() -> None:
    merged = row("a", "", "b", "", flags=(r"\clmgf", r"\clmrg", r"\clmgf", r"\clmrg"))
    assert rows(read(merged + row("1", "2", "3", "4"))) == [["a", "a", "b", "b"], ["1", "2", "3", "4"]]


def test_properties_after_the_cells_and_a_cell_too_many() -> None:
    late = r"\pard\intbl a\cell b\cell \cell\trowd\cellx1000\cellx2000\row"
    assert rows(read(late)) == [["a", "b"]]


def test_lines_of_a_cell_and_prose() -> None:
    content = read(r"one\par two\line three\par" + row(r"a\par b") + r"\pard last")
    assert rows(content) == [["a\nb"]]
    assert content.lines == ("one", "two\nthree", "last")


def test_nested_table() -> None:
    inner = (
        r"\pard\intbl\itap2 1\nestcell 2\nestcell{\*\nesttableprops\trowd\cellx400\cellx800\nestrow}{\nonesttables\par}"
    )
    content = read(rf"\trowd\cellx1000\cellx2000\pard\intbl out\par{inner}\pard\intbl end\cell 0\cell\row\pard after")
    assert rows(content) == [["out\nend", "0"]]
    assert rows(content, 1) == [["1", "2"]]
    assert content.lines == ("after",)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"\'c4\'ea", "年"),
        (rb"\'81\'40\'81\'5c\'81@", "丂乗丂"),  # second bytes that are ASCII, a backslash, and unescaped
        ("年报".encode("gbk"), "年报"),
        (rb"\u24180\'c4\'ea", "年\ufffd"),  # one byte of the two stands in for the character
        (rb"\uc2\u24180\'c4\'ea1", "年1"),
        (rb"\uc0\u24180 1", "年1"),
        (rb"\u-10174?\u-8265?", "𠮷"),
        (rb"{\f1\'f9}\'c4\'ea", "ů年"),  # the font's own charset
        (rb"5{\v 7}{\strike 8}{\striked1 9}{\deleted 6}", "5"),
        (rb"\v 7\v0 5\strike 8\plain 6", "56"),
        (rb"5{\super 1}{\super1 2\nosupersub 3}", "5¹²3"),
        (rb"{\field{\*\fldinst PAGE 66}{\fldrslt 3}}", "3"),
        (rb"{\*\unknown 9}{\pict 00ff}{\footnote 9}{\header 9}1", "1"),
        (rb"{\listtext 1.\tab}a", "1.\ta"),
        (rb"\bin4 }}}}1\bin0 2", "12"),
        (rb"a\~b\_c\-d\{\}\\", "a\xa0b-cd{}\\"),
        (rb"\ldblquote 1+1+N\rdblquote\emdash", "“1+1+N”—"),
    ],
)
def test_text_as_printed(body: bytes, text: str) -> None:
    fonts = r"\ansi\ansicpg936{\fonttbl{\f0\fcharset134 a;}{\f1\fcharset238 b;}}\f0 "
    got = rows(read(rb"\trowd\cellx1000\pard\intbl " + body + rb"\cell\row", fonts))
    assert got == [[text]]


def test_chinese_beside_a_latin_font() -> None:
    """A font for Chinese that is named beside the Latin one decides, though the file's own code page is Latin."""
    fonts = r"\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 a;}{\f5\fcharset134 b;}}"
    assert read(rb"{\f0\dbch\af5 \'c4\'ea\'b1\'a8}\par", fonts).lines == ("年报",)


def test_deleted_row_is_not_there() -> None:
    assert rows(read(row("a") + row("b").replace(r"\trowd", r"\trowd\trauthdel1 "))) == [["a"]]


@pytest.mark.parametrize(
    "body",
    [
        b"{" * 100_000,
        b"{}" * (rtf.MAX_TOKENS // 2 + 1),
        rb"\pard\intbl\itap999999 a\nestcell",
        rb"\trowd\cellx1" + rb" a\cell" * 300_000 + rb"\row",
        rb"\trowd" + rb"\cellx1" * 2000,
        rb"\trowd\cellx1" + rb"\row" * 300_000,
    ],
)
def test_hostile_files_are_refused(body: bytes) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match="more than"):
        read(body)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "body",
    [
        rb"\'c4" * 500_000,
        b"\\" * 400_001,
        b"a" * 30_000_000,
        rb"\bin999999999 ",
        rb"\bin-5 a",
        rb"}}}}\cell\row\nestrow\nestcell\cellx5\u\uc99\f-1\itap-3\cellx-999999999 a\cell\row",
        b"{\\pict " + b"00ff" * 10_000_000 + b"}",
    ],
)
def test_junk_ends(body: bytes) -> None:
    started = time.process_time()
    read(body)
    assert time.process_time() - started < 5
