"""The innermost downloader middleware: each exchange goes into the WARC, or the request fails.

It sees robots.txt, redirects and error pages, and takes from `crawler.wire` what the server sent, byte for byte: whole
answers, and those that broke off. An answer whose payload is held already is kept as a revisit record.
"""

import contextlib
import dataclasses
import json
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import scrapy
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.utils.httpobj import urlparse_cached

from archive import clock, disk, message, warc
from archive.captures import Holdings
from archive.model import Exchange, Portal, Record
from archive.model import Headers as RawHeaders
from archive.writer import Writer
from crawler import wire
from crawler.memory import FROM_ARCHIVE, Held
from crawler.wire import Tape

WORTH_REFERRING = 512  # bytes; of a smaller payload a revisit record saves nothing, as it says more of its original

_SETTINGS = (
    "ROBOTSTXT_OBEY",
    "DOWNLOAD_DELAY",
    "DOWNLOAD_DELAY_JITTER",
    "AUTOTHROTTLE_ENABLED",
    "DOWNLOAD_TIMEOUT",
    "DOWNLOAD_MAXSIZE",
    "RETRY_TIMES",
    "CLOSESPIDER_TIMEOUT",
    "NIANBAO_MAX_PAGES",
    "NIANBAO_MAX_ANSWERS",
    "NIANBAO_RECHECK",
    "NIANBAO_NIGHT",
    "NIANBAO_BROWSER",
)


class NotRecorded(Exception):
    """An exchange could not be written to the archive: the request fails, and the visit ends."""


class CutOff(Exception):
    """A compressed body ends too early. It is kept as it came, and not read."""


class Recorder:
    """Keeps one visit in one WARC file or several, from the note of its start to the note of its end."""

    def __init__(self, crawler: Crawler) -> None:
        self._settings = crawler.settings
        self._folder = Path()
        self._writer: Writer | None = None
        self._kept: dict[str, Record] = {}  # by the digest of what its chunks hold: the last response that had it
        self._shown: dict[str, list[str]] = {}  # by address: digests of the pages that a browser made of it last
        self._irregular: dict[str, str] = {}  # hosts whose certificate was not in order, and why
        self.captures = 0
        self.bytes = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Recorder":
        return cls(crawler)

    def start(self, portal: Portal, holdings: Holdings) -> None:
        """Opens the file and writes what this visit is: whose, by whom, with which program and settings.

        `holdings` is what earlier visits have kept.
        """
        began = clock.now()
        self._folder = Path(self._settings["NIANBAO_DATA"]) / "warc" / portal.code
        vantage = re.sub(r"[^A-Za-z0-9]+", "-", self._settings["NIANBAO_VANTAGE"]).strip("-")
        # Two vantages may begin in one second, and their files come together; a clock that is set may stand still.
        stamp = "-".join(filter(None, (portal.code, f"{began:%Y%m%d%H%M%S}", vantage)))
        run = next(
            name for n in range(1, 100) if not (self._folder / f"{(name := f'{stamp}-{n:02}')}.warc.gz").exists()
        )
        sample = self._settings.getbool("NIANBAO_SAMPLE")
        start = {
            "run": run,
            "portal": dataclasses.asdict(portal),
            "started": clock.iso(began),
            "vantage": self._settings["NIANBAO_VANTAGE"],
            "sample": sample,
        }
        self._writer = Writer(self._folder / f"{run}.warc.gz", self._info(portal, sample), start)
        for capture in holdings.captures:
            self._remember(capture.record)
        for (url, _), pages in groupby(holdings.conversions, key=lambda c: (c.record.url, c.visit)):
            self._shown[url] = [page.record.digest for page in pages]

    def _info(self, portal: Portal, sample: bool) -> dict[str, str]:
        programs = f"nianbao/{version('nianbao')} scrapy/{scrapy.__version__} python/{platform.python_version()}"
        return {
            "software": programs,
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "operator": self._settings["NIANBAO_CONTACT"],
            "http-header-user-agent": self._settings["USER_AGENT"],
            "robots": "obey" if self._settings.getbool("ROBOTSTXT_OBEY") else "ignore",
            "isPartOf": portal.code,
            "description": f"{portal.name} {'样例 (sample, not the real portal)' if sample else ''}".strip(),
            "settings": json.dumps({name: self._settings[name] for name in _SETTINGS}),
        }

    def process_request(self, request: Request) -> None:
        """Asks for nothing that there would be no room for; what was received is kept by then."""
        if shortage := disk.shortage(Path(self._settings["NIANBAO_DATA"]), self._settings):
            raise NotRecorded(shortage)

    def process_response(self, request: Request, response: Response) -> Response:
        if FROM_ARCHIVE in response.flags:
            return response
        with _recorded(request.url):
            self._keep(request, request.meta.pop("tape"), response)
        self.bytes += len(response.body)
        if self._settings.getbool("NIANBAO_PROGRESS"):
            with contextlib.suppress(OSError):  # nobody listens any more: no fault of the exchange
                print(json.dumps({"captures": self.captures, "bytes": self.bytes, "url": request.url}), flush=True)
        encoding = (response.headers.get("Content-Encoding") or b"").decode("latin-1")
        if message.is_cut_off(response.body, encoding):
            raise CutOff(f"the {encoding} stream is cut off")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Keeps what came of an answer that broke off."""
        request.meta.pop("record_id", None)  # a redirect or a retry inherits that of the request before it
        tape: Tape | None = request.meta.pop("tape", None)
        if tape:
            with _recorded(request.url):
                self._keep(request, tape, truncated=wire.cut_short(exception))

    def _keep(self, request: Request, tape: Tape, response: Response | None = None, truncated: str = "") -> None:
        assert self._writer, "the spider starts the recorder before its first request"
        before, answer, after = tape.take()
        answer = answer[: wire.MAX_HEAD] if truncated == "length" else answer
        record = ""
        if response or answer[:5].upper() == b"HTTP/":
            exchange = _exchange(request, answer, tape.address, truncated)
            kept = self._writer.exchange(exchange, self._held(request, response, answer) if response else None)
            self._remember(kept)
            self.captures += 1
            record = kept.id
        elif answer:
            record = self._writer.received(answer).id
        for came in filter(None, (before, after)):
            self._writer.received(came, record)
        if record:
            request.meta["record_id"] = record
        self._note_certificate(tape.certificate)

    def _held(self, request: Request, response: Response, answer: bytes) -> Record | None:
        """The response in the archive that holds the payload of this answer; read again, as it must be whole."""
        held: Held | None = request.meta.get("held")
        if response.status == 304:
            return held.capture.held.record if held else None
        if response.status != 200 or len(response.body) < WORTH_REFERRING:
            return None
        new = message.parse(answer)
        record = self._kept.get(warc.payload_digest(*new.pieces))
        try:
            old = warc.read_answer(self._folder / record.filename, record) if record else None
        except warc.Damaged:
            return None
        return record if old and message.same_payload(old, new) else None

    def _remember(self, record: Record) -> None:
        if record.type == "response" and record.status == 200 and record.id and not record.truncated:
            self._kept[record.content or record.digest] = record

    def _note_certificate(self, certificate: dict[str, Any]) -> None:
        """Once for each host and visit."""
        assert self._writer
        if certificate and certificate["host"] not in self._irregular:
            self._writer.note(warc.CERTIFICATE, {**certificate, "time": clock.iso(clock.now())})
            self._irregular[certificate["host"]] = ", ".join(certificate["reasons"])

    @property
    def irregular(self) -> list[str]:
        """What was wrong with the certificates of which hosts, a phrase each."""
        return [f"certificate of {host}: {reasons}" for host, reasons in self._irregular.items()]

    def conversions(self, url: str, pages: list[bytes], refers_to: str) -> None:
        """Keeps what a browser made of the response whose record is `refers_to`, unless it was the same last time."""
        assert self._writer
        digests = [warc.payload_digest(page) for page in pages]
        if digests == self._shown.get(url):
            return
        with _recorded(f"what a browser made of {url}"):
            for page in pages:
                self._writer.conversion(url, page, refers_to)
        self._shown[url] = digests

    def failure(self, url: str, kind: str, reason: str, until: datetime | None = None, record: str = "") -> None:
        """Keeps that `url` could not be had, and why: blocked, unreachable, or refused by us.

        `record` is the WARC record of what came, or of what decided.
        """
        assert self._writer
        note = {"url": url, "kind": kind, "reason": reason, "time": clock.iso(clock.now())}
        note |= {"until": clock.iso(until)} if until else {}
        self._writer.note(warc.FAILURE, note | ({"record": record} if record else {}))

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


@contextlib.contextmanager
def _recorded(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotRecorded(f"{what} could not be recorded: {error}") from error


def _exchange(request: Request, answer: bytes, address: str, truncated: str) -> Exchange:
    return Exchange(
        url=request.url,
        time=clock.now(),
        method=request.method,
        request_headers=[(b"Host", urlparse_cached(request).netloc.encode()), *_pairs(request.headers)],
        request_body=request.body,
        answer=answer,
        # Through a proxy the address at the other end is the proxy's, not the portal's.
        ip_address="" if request.meta.get("proxy") else address,
        truncated=truncated,
    )


def _pairs(headers: Headers) -> RawHeaders:
    """What the portal is sent; the proxy's password is none of it."""
    return [(name, v) for name, values in headers.items() if name != b"Proxy-Authorization" for v in values]
