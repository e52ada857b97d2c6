"""Bytes that are still there after a power cut: a call that returns has synced them, one that fails takes them back."""

import errno
import os
from pathlib import Path

_OF_THE_MACHINE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EDQUOT}


class Growing:
    """A new file to which whole pieces are appended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("xb", buffering=0)
        self._is_torn = False
        self.size = 0

    def fileno(self) -> int:
        return self._file.fileno()

    def append(self, piece: bytes) -> int:
        """Where the piece begins, once it is on disk. Raises OSError, and the file is as it was."""
        if self._is_torn:
            raise OSError(errno.EIO, "holds the half of an earlier record", str(self._path))
        start, rest = self.size, memoryview(piece)
        try:
            while rest:  # an unbuffered file may take less than it is given
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            self.cut(start)
            raise
        self.size += len(piece)
        return start

    def cut(self, size: int) -> None:
        """Takes back what stands past `size`. Where that fails, too, nothing more is appended."""
        self._is_torn = True
        self._file.truncate(size)
        self._file.seek(size)
        self._is_torn, self.size = False, size

    def close(self) -> None:
        self._file.close()


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, so that they stay."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(path: Path) -> None:
    """Makes a file stay as it is, or the names in a folder: syncing a new file does not."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_of_the_machine(error: Exception) -> bool:
    """Whether it was the machine that could not, and no single file is to blame: out of memory, of files, of space."""
    return isinstance(error, OSError) and error.errno in _OF_THE_MACHINE
