"""What leaves the archive is written aside, counted and hashed, and put in place whole or not at all."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archive import durable, lock


class NotWritten(Exception):
    """It could not be put in place, and nothing was left there. The text says why."""


class Hashed:
    """A file that is being written: how many bytes so far, and their SHA-256."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.bytes = 0

    def write(self, content: bytes) -> int:
        self._sha256.update(content)
        self.bytes += len(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """Where to write a new file or folder that stands at `target`, synced and whole, once the block has ended.

    It is written beside, in a folder that a killed run may leave and the next one for the same target clears away.
    Raises NotWritten, and Busy where another run is writing the same.
    """
    aside = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with lock.locked(aside):
            whole = aside / target.name
            _remove(whole)
            try:
                yield whole
                _sync(whole)
                os.replace(whole, target)
                _keep(target)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except sqlite3.OperationalError as error:  # a disk that is full, while the database is copied or sorted
        raise NotWritten(f"{target} was not written: {error}") from error
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise NotWritten(f"{target} was not written: {error.strerror or error}{where}") from error


def _keep(target: Path) -> None:
    """What cannot be kept for sure is not left there: it would stand in the way of the next try."""
    try:
        durable.sync(target.parent)
    except OSError:
        _remove(target)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    for one in (*path.rglob("*"), path):
        durable.sync(one)
