"""One run at a time on a data folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive import durable


class Busy(Exception):
    """Another run holds the data folder."""


@contextmanager
def locked(data: Path) -> Iterator[int]:
    """Holds the data folder until the block ends; the kernel lets go of it if this process dies. Raises Busy.

    Gives the file that the lock is on, for children who must not be overtaken by a further run if this process dies.
    """
    durable.make_folder(data)
    with (data / ".lock").open("w") as file:
        if not any(_takes(file.fileno()) for _ in range(5)):
            raise Busy(f"{data} is in use by another run of nianbao; wait for it to end")
        yield file.fileno()


def _takes(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.02)  # `is_held` asks by holding it for a moment
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether a process holds a lock on a file: it is being written, or a run has its folder."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
