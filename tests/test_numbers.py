"""What a cell says. Printed texts are quoted from real reports where no other reason is given."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.numbers import Reading, read, squash


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("0", 0, ""),
        ("０", 0, ""),
        ("２", 2, ""),
        ("\u3000119", 119, ""),
        (" 0", 0, ""),
        ("\n       0  ", 0, ""),
        ("\u200b0\u200b", 0, ""),
        ("增5", 5, ""),
        ("减215", -215, ""),
        ("+206", 206, ""),
        ("-140", -140, ""),
        ("－8", -8, ""),
        ("\u22128", -8, ""),
        ("减少3项", -3, "项"),
        ("1,468", 1468, ""),
        ("1，468", 1468, ""),
        ("24252.311082", 24252.311082, ""),
        ("156764.6451万元", 156764.6451, "万元"),
        ("251000元", 251000, "元"),
        ("1.47亿", 1.47, "亿"),
        ("3.5千元", 3.5, "千元"),
        ("12件", 12, "件"),
        ("1(裁定撤诉)", 1, ""),
        ("1（裁定撤诉）", 1, ""),
    ],
)
def test_number(text: str, value: float, unit: str) -> None:
    reading = read(text)
    assert (reading.kind, reading.value, reading.unit) == ("number", value, unit)


@pytest.mark.parametrize("text", ["", " ", "\xa0", "\u3000", "\n", "\u200b", "\ufeff"])
def test_blank_is_not_zero(text: str) -> None:
    assert read(text) == Reading(None, "blank")


@pytest.mark.parametrize("text", ["/", "—", "-", "－", "——", "--", "无", "不适用", "N/A"])
def test_not_applicable(text: str) -> None:
    assert read(text) == Reading(None, "not_applicable")


@pytest.mark.parametrize(
    "text",
    [
        "见附件",
        "23 0 00 0 023",  # several numbers run together
        "230 000023",
        "12\n3",
        "1" * 13,
        "5①",  # a footnote's mark is no digit of the number
        "5²",
        "①",
        "½",
        "1(2)",
        "O",
        "1,46",
        "2.1万条",
        "1.",
        "5\u202e6",  # printed in another order than written
        "十",
        "3-5",
    ],
)
def test_text_is_not_guessed_at(text: str) -> None:
    assert read(text) == Reading(None, "text")


def test_sign_is_known() -> None:
    assert read("增5").signed and not read("861").signed


@given(st.integers(-(10**12) + 1, 10**12 - 1))
def test_every_integer_reads_as_itself(number: int) -> None:
    assert read(str(number)).value == number
    assert read(f"{number:,}").value == number


@given(st.text())
def test_any_text_has_a_kind(text: str) -> None:
    reading = read(text)
    assert (reading.value is not None) == (reading.kind == "number")
    assert (reading.kind == "blank") == (squash(text) == "")


@given(
    st.text(
        st.sampled_from("，：；（）！％５⼀㈠①\u0338\u3099か =＝件a") | st.characters(exclude_categories=["Cf", "Cs"])
    )
)
def test_squash_is_nfkc_without_white_space(text: str) -> None:
    assert squash(text) == "".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize("text", ["9" * 10**6, "1," * 10**6, "1 " * 10**6, "1" + " " * 10**6, "(" * 10**6])
def test_long_cells_end(text: str) -> None:
    started = time.process_time()
    assert read(text).kind == "text" or text[1] == " "
    assert time.process_time() - started < 2
