"""One run at a time on a data folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Busy(Exception):
    """Another run holds the data folder."""


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Holds the data folder until the block ends; the kernel lets go of it if this process dies. Raises Busy."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{data} is in use by another run of nianbao; wait for it to end") from None
        yield
