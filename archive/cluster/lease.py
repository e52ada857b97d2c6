"""Until when one worker may visit: PostgreSQL renews it, the visit's child is told (crawler.fence).

A worker that cannot renew ends itself before the cluster takes it for dead, and its child with it: so two workers never
visit one host, whichever of them is wrong about the other.
"""

import asyncio
import contextlib
import os
import struct
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

_MOMENT = struct.Struct("d")
RENEWALS = 4  # in a lease


class Lease:
    """`renew` asks PostgreSQL, and says whether the worker of that number is still known there."""

    def __init__(self, seconds: float, renew: Callable[[int], Awaitable[bool]], say: Callable[[str], None]) -> None:
        self._seconds, self._ask, self._say = seconds, renew, say
        self._until = 0.0
        self._is_visiting = False
        self._child: Process | None = None
        self._renewing: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def visiting(self, worker: int) -> AsyncIterator[None]:
        """A block that is entered and left only while the lease lasts."""
        self._is_visiting = True
        await self._renew(worker)
        self._renewing = self._renewing or asyncio.create_task(self._go_on(worker))
        try:
            yield
        finally:
            self._is_visiting = False
            self.check()

    def give_up(self) -> None:
        """The worker has left the list."""
        if self._renewing:
            self._renewing.cancel()

    @contextlib.contextmanager
    def carried(self, child: Process) -> Iterator[None]:
        """Tells a child how long it may go on, until the block ends."""
        self._child = child
        self._tell()
        yield
        self._child = None

    async def _go_on(self, worker: int) -> None:
        while True:
            await asyncio.sleep(self._seconds / RENEWALS)
            self.check()
            with contextlib.suppress(Exception):  # tried again while the lease lasts
                await self._renew(worker)

    async def _renew(self, worker: int) -> None:
        asked = _now()
        if await asyncio.wait_for(self._ask(worker), self._seconds / RENEWALS):
            self._until = asked + self._seconds
            self._tell()
        elif self._is_visiting:
            self._end("was taken for dead")

    def _tell(self) -> None:
        if self._child and self._child.stdin:
            self._child.stdin.write(_MOMENT.pack(self._until))

    def check(self) -> None:
        """Comes back only while the lease lasts."""
        if _now() >= self._until:
            self._end(f"did not reach PostgreSQL for {self._seconds:g} seconds")

    def _end(self, why: str) -> None:
        """At once, and the child with it: another worker may be about to visit the host."""
        self._say(f"this worker {why}, and ends; its visits wait again")
        sys.stderr.flush()
        os._exit(1)


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
