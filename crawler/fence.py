"""A visit that a cluster's worker began goes on only while that worker may (archive.cluster.work).

The worker says on standard input until when it may, by a clock that both share, again and again. Once that moment has
passed, or the worker is gone, this process ends at once: another worker may be about to visit the same host. Nothing is
lost by that: each exchange is in the archive before it is read.
"""

import os
import select
import signal
import struct
import threading
import time

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

_STDIN = 0
_MOMENT = struct.Struct("d")


class Fence:
    """Downloader middleware, and a thread that ends this process also while it waits for an answer."""

    def __init__(self) -> None:
        self._until = 0.0
        self._hear()
        while self._is_told(0):  # of what was said while this process began, the last counts
            self._hear()
        threading.Thread(target=self._watch, daemon=True).start()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Fence":
        if not crawler.settings.getbool("NIANBAO_FENCED"):
            raise NotConfigured
        return cls()

    def process_request(self, request: Request) -> None:
        if self._left() <= 0:
            _end()

    def _watch(self) -> None:
        while self._is_told(max(self._left(), 0)):
            self._hear()
        _end()

    def _is_told(self, seconds: float) -> bool:
        return bool(select.select([_STDIN], [], [], seconds)[0])

    def _hear(self) -> None:
        said = os.read(_STDIN, _MOMENT.size)
        if len(said) < _MOMENT.size:  # the worker is gone
            _end()
        (self._until,) = _MOMENT.unpack(said)

    def _left(self) -> float:
        """Seconds; a machine that sleeps counts them, too."""
        return self._until - time.clock_gettime(time.CLOCK_BOOTTIME)


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
