"""The records of a binary spreadsheet (BIFF, [MS-XLS]) and the strings in them."""

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

MAX_RECORDS = 1_000_000  # of all sheets together
BOF, EOF, CONTINUE = 0x0809, 0x000A, 0x003C
_CODE_PAGES = {936: "gb18030", 950: "big5hkscs", 932: "cp932", 949: "cp949", 1200: "utf-16-le"}


class Record(NamedTuple):
    """A record and those that continue it: a string may begin in one and end in the next."""

    kind: int
    parts: list[bytes]

    def values(self, code: str, at: int = 0) -> tuple[Any, ...]:
        try:
            return struct.unpack_from(f"<{code}", self.parts[0], at)
        except struct.error:
            raise ValueError("a record of the spreadsheet is torn") from None


class Records:
    """Raises ValueError for more of them than any report has."""

    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self._count = 0

    def substream(self, at: int) -> Iterator[Record]:
        """What stands from a BOF to its EOF, without the charts in it."""
        depth = 0
        last: Record | None = None
        while at + 4 <= len(self._stream):
            kind, length = struct.unpack_from("<HH", self._stream, at)
            body = self._stream[at + 4 : at + 4 + length]
            at += 4 + length
            self._count += 1
            if self._count > MAX_RECORDS:
                raise ValueError(f"a spreadsheet of more than {MAX_RECORDS} records")
            if kind == CONTINUE and last:
                last.parts.append(body)
                continue
            if last and depth == 1:
                yield last
            last = Record(kind, [body])
            depth += (kind == BOF) - (kind == EOF)
            if depth < 1:
                return
        if last and depth == 1:
            yield last


class Text(NamedTuple):
    """A string with the places from which each of its fonts holds."""

    text: str
    fonts: list[tuple[int, int]]


class Strings:
    """Reads strings of a record one after the other: of BIFF8 in 8 or 16 bits, of what was before it in a code page."""

    def __init__(self, record: Record, at: int, code_page: int, wide: bool = True) -> None:
        self._parts, self._part, self._at = record.parts, 0, at
        self._charset = "" if wide else _CODE_PAGES.get(code_page, "cp1252")

    def next(self, count_bytes: int = 2) -> Text:
        count = int.from_bytes(self._take(count_bytes), "little")
        if self._charset:
            return Text(self._take(count).decode(self._charset, "replace"), [])
        flags = self._take(1)[0]
        runs = int.from_bytes(self._take(2), "little") if flags & 8 else 0
        further = int.from_bytes(self._take(4), "little") if flags & 4 else 0
        text = self._characters(count, bool(flags & 1))
        fonts = list(struct.iter_unpack("<HH", self._take(4 * runs)))
        self._take(further)
        return Text(text, fonts)

    def _left(self) -> int:
        """Bytes left in this part; goes on to the next where none is."""
        while self._at >= len(self._parts[self._part]):
            if self._part + 1 == len(self._parts):
                raise ValueError("a string of the spreadsheet is torn")
            self._part, self._at = self._part + 1, 0
        return len(self._parts[self._part]) - self._at

    def _take(self, count: int) -> bytes:
        taken = []
        while count:
            size = min(count, self._left())
            taken.append(self._parts[self._part][self._at : self._at + size])
            self._at += size
            count -= size
        return b"".join(taken)

    def _characters(self, count: int, wide: bool) -> str:
        """A part that goes on with a string begins by saying anew how wide its characters are."""
        text: list[str] = []
        while count:
            part = self._part
            left = self._left()
            if self._part > part:
                wide = bool(self._take(1)[0] & 1)
                left = self._left()
            size = min(count, max(left >> wide, 1))
            text.append(self._take(size << wide).decode("utf-16-le" if wide else "latin-1", "replace"))
            count -= size
        return "".join(text)
