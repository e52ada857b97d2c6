"""What bytes really are: neither the file's name nor the header decides. Text is decoded here and only here."""

import codecs
import re
from collections.abc import Iterator

from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

from parsers.model import Document
from parsers.ole import MAGIC, Container
from parsers.package import Package

# What Chinese text comes in. Others are not believed: ISO-8859-1 is a server's default and fits any bytes, and a page
# may name codecs that are no charset at all (base64, punycode).
_CHARSETS = ("utf-8", "gb18030", "big5", "big5hkscs", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
_PARTS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "content.xml": "odt", "OFD.xml": "ofd"}
_STREAMS = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls"}
MAX_TEXT = 16 << 20  # bytes; a report exported by a word processor has a quarter of one MiB
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta|table|div|p)\b", re.IGNORECASE)


def identify(content: bytes, url: str = "", content_type: str = "") -> Document:
    """The document that `content` is. `content_type` is the HTTP header's value, used for nothing but the charset."""
    if content.startswith(b"%PDF-"):
        return Document(url, content, "pdf")
    if content.startswith(b"PK\x03\x04"):
        return Document(url, content, _inside(Package, content, _PARTS))
    if content.startswith(MAGIC):
        return Document(url, content, _inside(Container, content, _STREAMS))
    if content.startswith(b"{\\rtf"):
        return Document(url, content, "rtf")
    if len(content) > MAX_TEXT:
        return Document(url, content, "unknown", f"a page of {len(content):,} bytes, more than {MAX_TEXT:,}")
    if _is_image(content):
        return Document(url, content, "image")
    text = decode(content, content_type)
    if "\x00" in text[:4096]:
        return Document(url, content, "unknown")
    return Document(url, content, "html" if _HTML.search(text[:8192]) else "text", text)


def _is_image(content: bytes) -> bool:
    """PNG, JPEG, GIF, TIFF, WebP or BMP, whose two letters alone may begin a text."""
    webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    bmp = content[:2] == b"BM" and content[6:10] == bytes(4)
    return content.startswith(_IMAGES) or webp or bmp


def _inside(container: type[Package] | type[Container], content: bytes, kinds: dict[str, str]) -> str:
    """The kind of the first of `kinds` that the container holds."""
    try:
        names = container(content).names
    except ValueError:
        return "unknown"
    return next((kind for name, kind in kinds.items() if name in names), "unknown")


def decode(content: bytes, content_type: str = "") -> str:
    """Text of `content` by the first charset that fits every byte: byte order mark, UTF-8, header, meta tag, GB18030.

    UTF-8 goes before what is declared: no Chinese text in another charset happens to be valid UTF-8. Where none fits
    every byte, the one that fits most.
    """
    tried = []
    for name in _charsets(content, content_type):
        try:
            return content.decode(name).removeprefix("\ufeff")
        except UnicodeDecodeError:
            tried.append(name)
    return min(
        (content.decode(name, "replace") for name in dict.fromkeys(tried)), key=lambda text: text.count("\ufffd")
    )


def _charsets(content: bytes, content_type: str) -> Iterator[str]:
    yield from _known(read_bom(content)[0], "utf-8")
    yield from _known(http_content_type_encoding(content_type), html_body_declared_encoding(content), "gb18030")


def _known(*declared: str | None) -> list[str]:
    """w3lib reads gb2312 and gbk as their superset gb18030, as browsers do: portals label GBK bytes gb2312."""
    names = (codecs.lookup(name).name for name in declared if name)
    return [name for name in names if name in _CHARSETS]
