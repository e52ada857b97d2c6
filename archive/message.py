"""An HTTP message as it stands in a record: its head line by line, its body in chunks or whole, its content encoding.

Read by the rules by which the crawler's own parser read it from the wire, so that both see the same page.
"""

import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from warcio.bufferedreaders import BufferedReader
from warcio.statusandheaders import StatusAndHeadersParser

from archive.model import Headers

MAX_BODY = 64 << 20  # bytes of one payload after its content encoding is undone

_HEAD_END = re.compile(rb"\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_OF_PAYLOAD = ("Content-Type", "Content-Encoding", "Transfer-Encoding")  # headers by which a payload is read


class Undecodable(Exception):
    """A payload was kept as it was sent, and is not what its content encoding says, or is too large once undone."""


@dataclass(frozen=True, slots=True)
class Message:
    """`first` is the status line or the request line; `body` is as it was sent, in chunks perhaps."""

    first: bytes
    headers: Headers
    body: memoryview

    def header(self, name: str) -> str:
        """The first header of a name, "" where there is none."""
        lower = name.lower().encode()
        return next((_text(value) for key, value in self.headers if key.lower() == lower), "")

    @property
    def status(self) -> int:
        """0 where the status line holds none."""
        words = self.first.split(b" ", 2)
        return int(words[1]) if len(words) > 1 and words[1].isdigit() and len(words[1]) < 10 else 0

    @property
    def method(self) -> str:
        """Of a request."""
        return self.first.partition(b" ")[0].decode("latin-1")

    @property
    def media_type(self) -> str:
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def is_chunked(self) -> bool:
        return self.header("Transfer-Encoding").lower() == "chunked"

    @property
    def content(self) -> bytes:
        """The body with its chunks joined."""
        return b"".join(self.pieces)

    @property
    def pieces(self) -> Iterator[memoryview]:
        """The content, of which a copy may be too much."""
        return _chunks(self.body) if self.is_chunked else iter((self.body,))


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def parse(block: bytes | memoryview) -> Message:
    """A message in the block of a record. Lines may end in LF alone, and the head without an empty line."""
    end = _HEAD_END.search(block)
    head, body = bytes(block[: end.start() if end else None]), memoryview(block)[end.end() if end else len(block) :]
    first, *lines = _LINE_END.split(_FOLD.sub(b"", head))
    parted = (line.partition(b":") for line in lines)
    return Message(first, [(name.strip(), value.strip()) for name, colon, value in parted if colon], body)


def payload(block: bytes | memoryview) -> memoryview:
    """What other readers of WARC take for the payload of a message, whose digest they check."""
    stream = io.BytesIO(block)
    with suppress(EOFError):  # an empty block
        StatusAndHeadersParser([], verify=False).parse(stream)
    return memoryview(block)[stream.tell() :]


def _chunks(body: memoryview) -> Iterator[memoryview]:
    """What chunks hold; the body itself where it is in none, as other programs keep it."""
    chunk = _CHUNK.match(body)
    if not chunk:
        yield body
    while chunk and (length := int(chunk[1], 16)):
        yield body[chunk.end() : chunk.end() + length]
        chunk = _CHUNK.match(body, chunk.end() + length + 2)


def same_payload(one: Message, other: Message) -> bool:
    """Whether two answers hold the same content, and say the same of what it is."""
    same_headers = all(one.header(name) == other.header(name) for name in _OF_PAYLOAD)
    return same_headers and _sha256(one.pieces) == _sha256(other.pieces)


def _sha256(pieces: Iterator[memoryview]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def decoded(content: bytes, encoding: str) -> bytes:
    """Content with its encoding undone, where it is one that can be. Raises Undecodable."""
    encoding = encoding.strip().lower()
    if is_cut_off(content, encoding):
        raise Undecodable("is cut off")
    if encoding not in BufferedReader.get_supported_decompressors():
        return content
    try:
        body: bytes = BufferedReader(io.BytesIO(content), decomp_type=encoding).read(MAX_BODY + 1)
    except Exception as error:  # what a server calls gzip or br need not be that; decoders fail in ways of their own
        raise Undecodable(f"{type(error).__name__}: {error}") from error
    if len(body) > MAX_BODY:
        raise Undecodable(f"holds more than {MAX_BODY} bytes")
    return body


def is_cut_off(content: bytes, encoding: str) -> bool:
    """Whether a compressed body ends too early. Those who undo it give what there is, and do not say so."""
    wbits = {"gzip": 31, "x-gzip": 31, "deflate": 15}.get(encoding.strip().lower())
    if not wbits or not content:
        return False
    inflate, size = zlib.decompressobj(wbits), 0
    try:
        for start in range(0, len(content), 1 << 16):
            part = content[start : start + (1 << 16)]
            while part and not inflate.eof:
                size += len(inflate.decompress(part, 1 << 20))
                part = inflate.unconsumed_tail
                if size > MAX_BODY:
                    return False
    except zlib.error:
        return False  # no such stream at all: said when it is read
    return not inflate.eof
