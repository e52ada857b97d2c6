"""The innermost downloader middleware: each exchange goes into the WARC, or the request fails.

It sees robots.txt, redirects and error pages, and bodies as sent. Scrapy has parted the head of a response by then, so
header names stand in the record in Scrapy's spelling and grouped by name; their values are the bytes received. Chunked
transfer is already undone.
"""

import contextlib
import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import scrapy
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.utils.httpobj import urlparse_cached
from twisted.web.http import RESPONSES

from archive import clock, warc
from archive.model import Exchange, Portal
from archive.model import Headers as RawHeaders
from crawler.memory import FROM_ARCHIVE, Held


class NotRecorded(Exception):
    """An exchange could not be written to the archive: the request fails, and the visit ends."""


class CutOff(Exception):
    """A compressed body ends too early. It is kept as it came, and not read."""


class Recorder:
    """Keeps one visit in one WARC file, from the note of its start to the note of its end."""

    def __init__(self, crawler: Crawler) -> None:
        self._settings = crawler.settings
        self._writer: warc.Writer | None = None
        self.captures = 0
        self.bytes = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Recorder":
        return cls(crawler)

    def start(self, portal: Portal) -> None:
        """Opens the file and writes what this visit is: whose, by whom, with which program and settings."""
        began = clock.now()
        folder = Path(self._settings["NIANBAO_DATA"]) / "warc" / portal.code
        stamp = f"{portal.code}-{began:%Y%m%d%H%M%S}"  # with a count, as a clock that is set may stand still
        run = next(name for n in range(1, 100) if not (folder / f"{(name := f'{stamp}-{n:02}')}.warc.gz").exists())
        sample = self._settings.getbool("NIANBAO_SAMPLE")
        info = {
            "software": f"nianbao/{version('nianbao')} scrapy/{scrapy.__version__}",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "operator": self._settings["NIANBAO_CONTACT"],
            "http-header-user-agent": self._settings["USER_AGENT"],
            "robots": "obey" if self._settings.getbool("ROBOTSTXT_OBEY") else "ignore",
            "isPartOf": portal.code,
            "description": f"{portal.name} {'样例 (sample, not the real portal)' if sample else ''}".strip(),
        }
        path = folder / f"{run}.warc.gz"
        self._writer = warc.Writer(path, info)
        names = (
            "DOWNLOAD_DELAY",
            "DOWNLOAD_DELAY_JITTER",
            "AUTOTHROTTLE_ENABLED",
            "ROBOTSTXT_OBEY",
            "DOWNLOAD_MAXSIZE",
        )
        self._writer.note(
            warc.START,
            {
                "run": run,
                "portal": dataclasses.asdict(portal),
                "started": clock.iso(began),
                "vantage": self._settings["NIANBAO_VANTAGE"],
                "sample": sample,
                "software": info["software"],
                "settings": {name: self._settings[name] for name in names},
            },
        )

    def process_response(self, request: Request, response: Response) -> Response:
        assert self._writer, "the spider starts the recorder before its first request"
        if FROM_ARCHIVE in response.flags:
            return response
        held: Held | None = request.meta.get("held") if response.status == 304 else None
        try:
            request.meta["record_id"] = warc.record_id()
            unchanged = held.capture.record if held else None
            self._writer.exchange(_exchange(request, response), request.meta["record_id"], unchanged)
        except OSError as error:
            raise NotRecorded(f"{request.url} could not be recorded: {error}") from error
        self.captures += 1
        self.bytes += len(response.body)
        if self._settings.getbool("NIANBAO_PROGRESS"):
            with contextlib.suppress(OSError):  # nobody listens any more: no fault of the exchange
                print(json.dumps({"captures": self.captures, "bytes": self.bytes, "url": request.url}), flush=True)
        encoding = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
        if warc.is_cut_off(response.body, encoding):
            raise CutOff(f"the {encoding} stream is cut off")
        return response

    def conversion(self, url: str, html: bytes, refers_to: str) -> None:
        """Keeps what a browser made of the response whose record is `refers_to`."""
        assert self._writer
        try:
            self._writer.conversion(url, html, refers_to)
        except OSError as error:
            raise NotRecorded(f"what a browser made of {url} could not be recorded: {error}") from error

    def failure(self, url: str, kind: str, reason: str, until: datetime | None = None) -> None:
        """Keeps that `url` could not be had, and why: blocked, unreachable, or refused by us."""
        assert self._writer
        note = {"url": url, "kind": kind, "reason": reason, "time": clock.iso(clock.now())}
        self._writer.note(warc.FAILURE, note | ({"until": clock.iso(until)} if until else {}))

    def finish(self, verdict: str, message: str, lists: Mapping[str, int], walked: Sequence[str]) -> None:
        """Writes how the visit ended, and closes the file.

        `lists` are the columns it found, each with how many reports it saw there; `walked` those it read to their end.
        """
        if self._writer:
            end = {"finished": clock.iso(clock.now()), "verdict": verdict, "message": message}
            end |= {"columns": [*lists], "walked": walked, "listed": dict(lists)}
            self._writer.note(warc.END, {**end, "captures": self.captures, "bytes": self.bytes})
            self._writer.close()
            self._writer = None


def _exchange(request: Request, response: Response) -> Exchange:
    reason = RESPONSES.get(response.status, b"").decode()
    return Exchange(
        url=request.url,
        time=clock.now(),
        method=request.method,
        request_headers=[(b"Host", urlparse_cached(request).netloc.encode()), *_pairs(request.headers)],
        request_body=request.body,
        protocol=response.protocol or "HTTP/1.1",
        status=response.status,
        reason=reason,
        headers=_pairs(response.headers),
        body=response.body,
        # Through a proxy the address at the other end is the proxy's, not the portal's.
        ip_address="" if request.meta.get("proxy") or not response.ip_address else str(response.ip_address),
    )


def _pairs(headers: Headers) -> RawHeaders:
    return [(name, value) for name, values in headers.items() for value in values]
