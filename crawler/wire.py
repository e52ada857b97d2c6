"""What came over the wire: every byte of an answer, as Scrapy keeps neither the order of its head nor its chunks.

The one place that leans on private parts of Scrapy's and Twisted's HTTP/1.1 client. Each request goes out with a tape
of its own in its meta; the connection that carries it copies onto the tape what the server sends, before it is parsed.
"""

from contextlib import suppress
from copy import copy
from typing import Any

from OpenSSL import SSL
from scrapy import Request
from scrapy.core.downloader.handlers import http11
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionClosed
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError, ResponseFailed
from twisted.web.client import HTTPConnectionPool
from twisted.web.http_headers import InvalidHeaderName
from twisted.web.iweb import IResponse

from crawler.tls import Certificates

MAX_HEAD = 1 << 20  # bytes of an answer's status and header lines; Twisted bounds each line and not their number


class TooLong(Exception):
    """An answer is larger than DOWNLOAD_MAXSIZE, with its head and the sizes of its chunks."""


def said(error: BaseException) -> str:
    """What became of an exchange, in words that name the stage first: DNS, connection, TLS, timeout, answer."""
    text, reasons = str(error), _reasons(error)
    if isinstance(error, CannotResolveHostError):
        return f"DNS: {text.removeprefix('DNS lookup failed: ')}"
    if isinstance(error, DownloadConnectionRefusedError):
        return f"connection: {text}"
    if isinstance(error, DownloadTimeoutError):
        return f"timeout: {text}"
    if tls := [reason for reason in reasons if isinstance(reason, SSL.Error)]:
        return f"TLS: {', '.join(words[-1] for words in tls[0].args[0]) or 'no handshake'}"
    if cut_short(error) == "length":
        return f"answer: {text or 'larger than DOWNLOAD_MAXSIZE allows'}"
    if cut_short(error) == "disconnect":
        return "answer: cut off" if isinstance(error, ResponseDataLossError) else "connection: closed without an answer"
    if isinstance(error, DownloadFailedError | ResponseDataLossError):
        return f"answer: no HTTP ({reasons[0] if reasons else text})"
    return f"{type(error).__name__}: {text}"


def cut_short(error: BaseException) -> str:
    """Why an answer is not whole, in the words of WARC."""
    reasons = _reasons(error)
    if isinstance(error, DownloadTimeoutError):
        return "time"
    if isinstance(error, DownloadCancelledError) or any(isinstance(reason, TooLong) for reason in reasons):
        return "length"
    closed = any(isinstance(reason, ConnectionClosed) for reason in reasons)
    return "disconnect" if closed else "unspecified"


def _reasons(error: BaseException) -> list[BaseException]:
    """What Twisted gave as the reasons, where Scrapy has wrapped them."""
    cause = error.__cause__
    return [failure.value for failure in cause.reasons] if isinstance(cause, ResponseFailed) else []


class Tape:
    """The bytes that a server sent to one request: interim answers (1xx), the answer, what stood past its end."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._bytes = bytearray()
        self._begin = 0
        self._past_end = 0
        self.address = ""  # of the other end
        self.certificate: dict[str, Any] = {}  # what was wrong with that of the host, and the certificate itself

    def add(self, data: bytes) -> None:
        if len(self._bytes) + len(data) > self._longest:
            raise TooLong(f"the answer is larger than {self._longest} bytes")
        self._bytes += data

    def begins(self, at: int) -> None:
        """The answer begins here: what stands before is an interim one."""
        self._begin = at

    def ends(self, past_end: int) -> None:
        """The answer is over; so many of the bytes do not belong to it."""
        self._past_end = past_end

    def take(self) -> tuple[bytes, bytes, bytes]:
        """(interim answers, the answer, what stood past its end). The tape is empty then."""
        end = len(self._bytes) - self._past_end
        parts = memoryview(self._bytes)
        taken = bytes(parts[: self._begin]), bytes(parts[self._begin : end]), bytes(parts[end:])
        self._bytes, self._begin, self._past_end = bytearray(), 0, 0
        return taken


class _Parser(http11._LenientHTTPClientParser):
    """Notes where the answer begins and ends. Bounds its head, and passes over a header whose name is none."""

    tape: Tape
    _read = 0

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        self._read += len(line) + len(self.delimiter)
        if self._read > MAX_HEAD:
            raise ParseError(f"the head of the answer is longer than {MAX_HEAD} bytes", b"")
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        raise ParseError(f"a line of the head is longer than {self.MAX_LENGTH} bytes", b"")

    def headerReceived(self, name: bytes, value: bytes) -> None:  # noqa: N802
        with suppress(InvalidHeaderName):
            super().headerReceived(name.strip(), value)

    def allHeadersReceived(self) -> None:  # noqa: N802
        if 100 <= self.response.code < 200:
            self.tape.begins(self._read)
        super().allHeadersReceived()

    def _finished(self, rest: bytes) -> None:
        self.tape.ends(len(rest))
        super()._finished(rest)


class _Protocol(http11._LenientHTTP11ClientProtocol):
    """A connection. `tape` is that of the request which it carries."""

    tape: Tape

    def request(self, request: Any) -> Deferred[IResponse]:
        answered = super().request(request)
        if isinstance(self._parser, http11._LenientHTTPClientParser):
            self._parser.__class__ = _Parser  # as Scrapy does it: the class is written into Twisted's method
            self._parser.tape = self.tape
        self.tape.address = self.transport.getPeer().host
        return answered

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._parser:  # else the answer is over, and Twisted closes the connection
            try:
                self.tape.add(data)
            except TooLong:
                self._giveUp(Failure())
                return
        super().dataReceived(data)


class _Factory(http11._LenientHTTP11ClientFactory):
    def buildProtocol(self, address: Any) -> _Protocol:  # noqa: N802
        return _Protocol(self._quiescentCallback)


class _Pool(HTTPConnectionPool):
    """Connections that are kept open. A copy of it, which shares them, serves one request and hands on its tape."""

    _factory = _Factory
    tape: Tape

    def for_one(self, tape: Tape) -> "_Pool":
        one = copy(self)
        one.tape = tape
        return one

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:  # noqa: N802
        return super().getConnection(key, endpoint).addCallback(self._hand_on)

    def _newConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:  # noqa: N802
        """Also asked for where a connection that was kept open turns out to be closed."""
        return super()._newConnection(key, endpoint).addCallback(self._hand_on)

    def _hand_on(self, connection: Any) -> Any:
        getattr(connection, "_clientProtocol", connection).tape = self.tape
        return connection


class Handler(http11.HTTP11DownloadHandler):
    """Scrapy's download handler. `meta["tape"]` of a request holds what was sent, whatever came of it."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        pool = _Pool(self._pool._reactor)
        pool.maxPersistentPerHost = self._pool.maxPersistentPerHost
        self._pool: _Pool = pool
        self._contextFactory = self._certificates = Certificates.from_crawler(crawler)
        self._longest = crawler.settings.getint("DOWNLOAD_MAXSIZE") + MAX_HEAD

    async def download_request(self, request: Request) -> Response:
        request.meta["tape"] = tape = Tape(self._longest)
        host = urlparse_cached(request).hostname or ""
        one = copy(self)
        one._pool = self._pool.for_one(tape)
        try:
            return await super(Handler, one).download_request(request)
        except DownloadFailedError as error:
            if not self._certificates.try_as_legacy(host, error):
                raise
            return await super(Handler, one).download_request(request)
        finally:
            tape.certificate = self._certificates.irregular.get(host, {})
