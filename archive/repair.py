"""Mends what a killed run left behind, before the next one: nothing that was kept is lost, damage is left alone."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from archive import warc


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
        _cut_torn_line(index)
        records = warc.index(path)
        end = records[-1].offset + records[-1].length if records else 0
        return _mend_tail(path, index, end) if path.stat().st_size > end else []


def _cut_torn_line(index: Path) -> None:
    content = index.read_bytes()
    if not content.endswith(b"\n"):
        os.truncate(index, content.rfind(b"\n") + 1)


def _mend_tail(path: Path, index: Path, end: int) -> list[str]:
    said, found = [], []
    try:
        for record in warc.scan(path, end):
            found.append(record)
    except warc.CutOff as torn:
        size = path.stat().st_size
        os.truncate(path, torn.offset)
        said.append(f"{path}: cut off {size - torn.offset} bytes of a record that was not finished")
    if found:
        with index.open("a", encoding="utf-8") as lines:
            lines.writelines(map(warc.line, found))
            lines.flush()
            os.fsync(lines.fileno())
        said.append(f"{path}: indexed {len(found)} records that the index lacked")
    return said
