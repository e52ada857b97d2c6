"""The binary Word format ([MS-DOC]): characters in their order, and the properties of characters and paragraphs.

The text lies in pieces; each says at which byte (FC) of the WordDocument stream its characters (CP) begin. Properties
belong to ranges of bytes and lie in pages of 512 bytes (FKP), as lists of instructions (sprm).
"""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from parsers.ole import Container

MAX_CHARS = 1_000_000  # of the text; a report has twenty thousand
MAX_PAGES = 20_000  # of properties: more than half a million paragraphs
MAX_FAR = 4 << 20  # bytes of property lists in the Data stream; a report has a few thousand
_PAGE = 512
_CHPX, _PAPX, _CLX, _CCP_TEXT = 0x00FA, 0x0102, 0x01A2, 0x004C  # places in the file's head (FIB)
_OPERAND = (1, 1, 2, 4, 2, 2, 0, 3)  # bytes, by a sprm's three highest bits; 0: the operand's first byte tells
_ELSEWHERE = (0x6645, 0x6646, 0x646B)  # sprmPHugePapx, sprmPTableProps: the list lies in the Data stream
_TABLE_DEFINITION, _TABS = 0xD608, 0xC615  # whose operands have lengths of their own kind

Sprm = tuple[int, bytes]


class Piece(NamedTuple):
    cp: int
    end: int
    fc: int
    width: int  # bytes for each character

    def at(self, cp: int) -> int:
        return self.fc + (cp - self.cp) * self.width

    def cps(self, fc: int, end: int) -> range:
        """The piece's characters among the bytes from `fc` to `end`."""
        last = -(-(min(end, self.at(self.end)) - self.fc) // self.width)
        return range(self.cp + max(fc - self.fc, 0) // self.width, self.cp + last)


class Run(NamedTuple):
    """A range of bytes with the same properties."""

    fc: int
    end: int
    properties: bytes


class Word:
    """Raises ValueError where the file is torn, encrypted, or older than Word 97."""

    def __init__(self, content: bytes) -> None:
        container = Container(content)
        self._main = container.stream("WordDocument")
        if len(self._main) < _CLX + 8 or self._main[:2] != b"\xec\xa5":
            raise ValueError("not a file of Word 97 or later")
        flags = self._number(self._main, 10, "<H")
        if flags & 0x0100:
            raise ValueError("the Word file is encrypted")
        self._table = container.stream("1Table" if flags & 0x0200 else "0Table")
        self._data = container.stream("Data") if "Data" in container.names else b""
        self._far = 0
        self.length = self._number(self._main, _CCP_TEXT, "<i")
        if not 0 <= self.length <= MAX_CHARS:
            raise ValueError(f"a text of {self.length} characters, more than {MAX_CHARS}")
        self.pieces = list(self._pieces())
        self._starts = [piece.cp for piece in self.pieces]

    def _number(self, stream: bytes, at: int, code: str) -> int:
        try:
            return int(struct.unpack_from(code, stream, at)[0])
        except struct.error:
            raise ValueError("the Word file is torn") from None

    def _part(self, at: int) -> bytes:
        """The part of the table stream whose place and length stand at `at` in the file's head."""
        start, length = self._number(self._main, at, "<I"), self._number(self._main, at + 4, "<I")
        return self._table[start : start + length]

    def _pieces(self) -> Iterator[Piece]:
        clx, at = self._part(_CLX), 0
        while clx[at : at + 1] == b"\x01":
            at += 3 + self._number(clx, at + 1, "<H")
        if clx[at : at + 1] != b"\x02":
            raise ValueError("the Word file has no piece table")
        table = clx[at + 5 : at + 5 + self._number(clx, at + 1, "<I")]
        count = (len(table) - 4) // 12
        last = 0
        for n in range(count):
            cp, end = struct.unpack_from("<II", table, 4 * n)
            fc = self._number(table, 4 * (count + 1) + 8 * n + 2, "<I")
            end = min(end, self.length)
            if cp != last or cp >= end:
                break
            last = end
            packed = fc & 0x4000_0000
            yield Piece(cp, end, (fc & 0x3FFF_FFFF) // 2, 1) if packed else Piece(cp, end, fc & 0x3FFF_FFFF, 2)
        if last < self.length:
            raise ValueError("the Word file's piece table is torn")

    def characters(self) -> list[str]:
        """The main text, a character a place: a half of a pair of UTF-16 stands for itself."""
        found: list[str] = []
        for piece in self.pieces:
            content = self._main[piece.fc : piece.at(piece.end)]
            if piece.width == 1:
                found += content.decode("cp1252", "replace")
            else:
                found += map(chr, memoryview(content[: len(content) // 2 * 2]).cast("H"))
            if len(found) < piece.end:
                raise ValueError("the Word file's text is torn")
        return found

    def fc(self, cp: int) -> int:
        return self.pieces[bisect_right(self._starts, cp) - 1].at(cp)

    def paragraph_runs(self) -> list[Run]:
        return sorted(run for page in self._pages(_PAPX) for run in self._runs(page, 13))

    def character_runs(self) -> list[Run]:
        return sorted(run for page in self._pages(_CHPX) for run in self._runs(page, 1))

    def _pages(self, at: int) -> Iterator[bytes]:
        table = self._part(at)
        count = (len(table) - 4) // 8
        numbers = [
            self._number(table, 4 * (count + 1) + 4 * n, "<I") & 0x3F_FFFF for n in range(min(count, MAX_PAGES + 1))
        ]
        if len(numbers) > MAX_PAGES:
            raise ValueError(f"more than {MAX_PAGES} pages of properties")
        for number in dict.fromkeys(numbers):
            page = self._main[number * _PAGE : (number + 1) * _PAGE]
            if len(page) == _PAGE:
                yield page

    def _runs(self, page: bytes, width: int) -> Iterator[Run]:
        count = page[-1]
        if 4 * (count + 1) + width * count >= _PAGE:
            raise ValueError("a page of properties is torn")
        for n in range(count):
            fc, end = struct.unpack_from("<II", page, 4 * n)
            at = 2 * page[4 * (count + 1) + width * n]
            yield Run(fc, end, _properties(page, at, paragraph=width > 1) if at else b"")

    def sprms(self, properties: bytes) -> Iterator[Sprm]:
        """The instructions of a list, and of the lists in the Data stream that it names."""
        for sprm, operand in _sprms(properties):
            if sprm in _ELSEWHERE:
                at = int.from_bytes(operand, "little")
                length = int.from_bytes(self._data[at : at + 2], "little")
                self._far += length
                if self._far > MAX_FAR:
                    raise ValueError(f"more than {MAX_FAR} bytes of properties in the Data stream")
                yield from _sprms(self._data[at + 2 : at + 2 + length])
            else:
                yield sprm, operand


def _properties(page: bytes, at: int, paragraph: bool) -> bytes:
    if not paragraph:
        return page[at + 1 : at + 1 + page[at]]
    if page[at]:
        return page[at + 3 : at + 2 * page[at]]  # two bytes are the style's number
    return page[at + 4 : at + 2 + 2 * page[at + 1]]


def _sprms(properties: bytes) -> Iterator[Sprm]:
    at = 0
    while at + 2 < len(properties):
        sprm = int.from_bytes(properties[at : at + 2], "little")
        at += 2
        size = _OPERAND[sprm >> 13]
        if sprm == _TABLE_DEFINITION:
            size = 1 + int.from_bytes(properties[at : at + 2], "little")
        elif sprm == _TABS and properties[at] == 255:
            return  # its length would have to be counted; what follows tells nothing of tables
        elif not size:
            size = 1 + properties[at]
        yield sprm, properties[at : at + size]
        at += max(size, 1)
