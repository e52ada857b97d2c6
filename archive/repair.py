"""Mends what a killed run left behind, before the next one: nothing that was kept is lost, damage is left alone."""

import fcntl
import json
import os
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

from archive import warc

_GZIP = re.compile(rb"\x1f\x8b\x08")
_BEGINNING = b"WARC/1."
_PIECE = 1 << 16


def repair(files: Iterable[Path]) -> list[str]:
    """Indexes whole records that the index lacks and cuts off a torn last one; says what was done, a line each."""
    said: list[str] = []
    for path in files:
        try:
            said += _repair(path)
        except warc.Damaged as error:
            said.append(str(error))
    return said


def _repair(path: Path) -> list[str]:
    index = warc.index_path(path)
    if not index.exists():
        return []  # it came without one, and is read all the same
    with path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return []  # a visit is writing it
        _cut_torn_lines(index)
        records = warc.index(path)
        end = records[-1].offset + records[-1].length if records else 0
        if path.stat().st_size <= end:
            return []
        os.fsync(file.fileno())  # what the index is about to have must not be lost by the next power cut
        return _mend_tail(path, index, end)


def _cut_torn_lines(index: Path) -> None:
    """The last lines, two for an exchange, may have no end, or only an end where a power cut took the beginning.

    Their records are still there.
    """
    content = index.read_bytes()
    whole = content.rfind(b"\n") + 1
    last = _line_before(content, whole)
    for start, end in ((_line_before(content, last), last), (last, whole)):
        try:
            json.loads(content[start:end] or b"{}")
        except ValueError:
            whole = start
            break
    if whole < len(content):
        os.truncate(index, whole)


def _line_before(content: bytes, end: int) -> int:
    """Where the line begins that ends at `end`."""
    return content.rfind(b"\n", 0, max(0, end - 1)) + 1


def _mend_tail(path: Path, index: Path, end: int) -> list[str]:
    said, content, torn = [], path.read_bytes(), end
    while whole := _end_of_record(content, torn):
        torn = whole
    if torn < len(content):
        behind = {_end_of_record(content, found.start()) for found in _GZIP.finditer(content, torn)} - {0}
        is_one_exchange = torn == end and behind == {len(content)}  # a torn answer, its request whole: written at once
        if behind and not is_one_exchange:
            raise warc.Damaged(f"{path}: record at offset {torn} is damaged, and the index lacks it")
        os.truncate(path, torn)
        said.append(f"{path}: cut off {len(content) - torn} bytes that were not finished")
    if found := list(warc.scan(path, end)):
        with index.open("a", encoding="utf-8") as lines:
            lines.writelines(map(warc.line, found))
            lines.flush()
            os.fsync(lines.fileno())
        said.append(f"{path}: indexed {len(found)} records that the index lacked")
    return said


def _end_of_record(content: bytes, start: int) -> int:
    """Where the record that begins at `start` ends; 0 where no whole one does."""
    inflate, first = zlib.decompressobj(wbits=31), b""
    try:
        for at in range(start, len(content), _PIECE):
            first += inflate.decompress(content[at : at + _PIECE])[: len(_BEGINNING)]
            if inflate.eof:
                return min(at + _PIECE, len(content)) - len(inflate.unused_data) if first.startswith(_BEGINNING) else 0
    except zlib.error:
        pass
    return 0
