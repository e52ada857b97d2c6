"""What bytes are, whatever their name and header say."""

from pathlib import Path

import pytest
from files import zipped
from hypothesis import given
from hypothesis import strategies as st

from parsers.document import decode, identify

DOCUMENTS = Path(__file__).parent / "documents"
REAL = "李喆、朱镕基、囍"  # 喆 and 镕 are not in GB2312


def package(*names: str) -> bytes:
    return zipped(dict.fromkeys(names, "x"))


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7", "pdf"),
        (package("word/document.xml"), "docx"),
        (package("xl/workbook.xml"), "xlsx"),
        (package("mimetype", "content.xml"), "odt"),
        (package("OFD.xml", "Doc_0/Document.xml"), "ofd"),
        (package("readme.txt"), "unknown"),
        (b"{\\rtf1 x}", "rtf"),
        ((DOCUMENTS / "small.doc").read_bytes(), "doc"),
        ((DOCUMENTS / "small.xls").read_bytes(), "xls"),
        (b"PK\x03\x04 torn", "unknown"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 torn", "unknown"),
        (b"<!DOCTYPE html><p>x", "html"),
        (b"<TABLE><tr>", "html"),
        ("年度报告".encode(), "text"),
        (b"", "text"),
        (b"\x89PNG\r\n\x1a\n torn", "image"),
        (b"\xff\xd8\xff\xe0", "image"),
        (b"GIF89a", "image"),
        (b"II*\x00", "image"),
        (b"MM\x00*", "image"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "unknown"),
        (b"BM\x36\x00\x0c\x00\x00\x00\x00\x00\x36", "image"),
        (b"BMW is no picture", "text"),
    ],
)
def test_media_type(content: bytes, media_type: str) -> None:
    assert identify(content).media_type == media_type


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (REAL.encode(), ""),
        (b"\xef\xbb\xbf" + REAL.encode(), "text/html; charset=gbk"),
        (REAL.encode("utf-16"), ""),  # with its byte order mark
        (REAL.encode("gbk"), ""),
        (REAL.encode("gbk"), "text/html; charset=gb2312"),
        (REAL.encode("gbk"), "text/html; charset=utf-8"),
        (REAL.encode("gbk"), "text/html; charset=ISO-8859-1"),  # a servlet's default
        (REAL.encode(), "text/html; charset=gbk"),
        (REAL.encode(), "text/html; charset=ISO-8859-1"),
    ],
)
def test_charset(content: bytes, header: str) -> None:
    assert decode(content, header) == REAL


@pytest.mark.parametrize("name", ["gb2312", "GBK", "base64", "punycode", "unicode_escape", "zlib", "no-such"])
def test_meta_charset(name: str) -> None:
    page = f'<meta charset="{name}">{REAL}'
    assert decode(page.encode("gbk")) == page


def test_big5_must_be_declared() -> None:
    assert decode("資訊".encode("big5"), "text/html; charset=big5") == "資訊"


def test_one_bad_byte_costs_one_character() -> None:
    assert decode(REAL.encode() + b"\xff").startswith(REAL)
    assert decode(REAL.encode("gbk") + b"\xff").startswith(REAL)


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"%PDF-", b"<meta charset=hex>", b"\xff\xfe"]
    ),
)
def test_any_bytes_are_something(content: bytes, start: bytes) -> None:
    identify(start + content)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_torn_packages_are_no_crash(at: int, junk: bytes) -> None:
    whole = package("word/document.xml")
    identify(whole[:at] + junk + whole[at + len(junk) :])
