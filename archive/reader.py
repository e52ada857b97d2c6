"""Files are read in child processes, with bounds on time and memory: portals and files may be broken or hostile."""

import errno
import multiprocessing
import os
import resource
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as TookTooLong
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Semaphore
from types import TracebackType
from typing import Any, Self, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

T = TypeVar("T")

SECONDS = 29.0  # for one call, which has then ended within 30
MEMORY = 400 << 20  # bytes that a child may hold
OUT_OF_MEMORY = 77  # exit code of a child
CALLS = 2000  # after which a child is replaced: parsers in C may leak


class Failed(Exception):
    """A call came to no end, or took its process with it. The text says which."""


class Reader:
    """Calls functions of the parsers in children, as many as there are cores. Started with the first call."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY, workers: int = 0) -> None:
        self._seconds = seconds
        self._memory = memory
        self._workers = workers or len(os.sched_getaffinity(0))
        self._pool: ProcessPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._pool:
            if self._pool.active:
                # pebble takes its locks away first, at which a child that is still starting would print a traceback
                for _ in range(self._workers):
                    self._started.acquire(timeout=1)
            self._pool.stop()  # type: ignore[no-untyped-call]
            self._pool.join()
            self._pool = None

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """What `function` answers or raises. Raises Failed."""
        return self._result(self._schedule(function, arguments))

    def map(self, function: Callable[..., T], calls: Iterable[tuple[Any, ...]]) -> Iterator[T | Exception]:
        """The answer to each call, in the order of the calls; an exception stands in place of its answer."""
        waiting: deque[ProcessFuture[T]] = deque()
        for arguments in calls:
            waiting.append(self._schedule(function, arguments))
            if len(waiting) > 2 * self._workers:
                yield self._answer(waiting.popleft())
        while waiting:
            yield self._answer(waiting.popleft())

    def _schedule(self, function: Callable[..., T], arguments: tuple[Any, ...]) -> "ProcessFuture[T]":
        if self._pool and not self._pool.active:  # it broke: what it was doing has failed, what follows has not
            self._end()
        if not self._pool:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["parsers.report", "parsers.links"])
            self._started = context.Semaphore(0)
            self._pool = ProcessPool(self._workers, CALLS, _as_child, (self._started,), context=context)
        try:
            return self._pool.schedule(_bounded, args=(self._memory, function, *arguments), timeout=self._seconds)
        except BrokenProcessPool:
            raise OSError(errno.EAGAIN, "no processes could be started to read files in") from None

    def _answer(self, future: "ProcessFuture[Any]") -> Any:
        try:
            return self._result(future)
        except Exception as error:
            return error

    def _result(self, future: "ProcessFuture[T]") -> T:
        try:
            return future.result()
        except TookTooLong:
            raise Failed(f"reading took longer than {self._seconds:g} seconds") from None
        except RecursionError:
            raise Failed("it is nested too deeply") from None
        except ProcessExpired as error:
            if error.exitcode == OUT_OF_MEMORY:
                raise Failed(f"reading took more than {self._memory >> 20} MB of memory") from None
            raise Failed(f"reading ended its process ({error})") from None
        except BrokenProcessPool as error:
            raise Failed(f"reading ended all processes ({error})") from None


def _as_child(started: Semaphore) -> None:
    """Leaves no core file, and ends when told to: a handler would have to wait until a parser in C has come back."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    started.release()


def _bounded(memory: int, function: Callable[..., T], *arguments: Any) -> T:
    """Bounds the call alone: a child that cannot even take its task in would break the pool for all."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
    try:
        return function(*arguments)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # what it holds is in shreds: the next call gets a fresh one
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
