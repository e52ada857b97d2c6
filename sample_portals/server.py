"""A forward HTTP proxy on loopback that answers for the sample portals itself."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sample_portals import families, mechanisms, sites
from sample_portals.messages import Reply, Request, finish

Override = Reply | Callable[[Request], Reply]


class SamplePortals:
    """Serves the sample portals while the context lasts.

    `requests` holds every request received. `overrides` replaces the reply of a URL, of any host, by another or by what
    a function of the request returns; a function that raises ConnectionError makes the connection break.
    """

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.overrides: dict[str, Override] = {}
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.portals = self

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request) -> Reply:
        """The reply to a request, which is also kept."""
        self.requests.append(request)
        override = self.overrides.get(request.url)
        if override is None:
            return finish(request, page(request.url, request.body))
        return finish(request, override(request) if callable(override) else override)


def page(url: str, body: bytes = b"") -> Reply:
    """What the sample portals answer to a GET of `url`, or to a POST of the form `body`."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(":80")
    if parts.scheme == "http" and host in mechanisms.HOSTS:
        return families.answer(mechanisms.HOSTS[host], url, body)
    if parts.scheme != "http" or host not in sites.HOSTS:
        return _refusal(502, f"no sample portal answers for {url}")
    return sites.page(host, parts.path or "/")


def _refusal(status: int, message: str) -> Reply:
    return Reply(status, [("Content-Type", "text/plain; charset=utf-8")], f"sample portals: {message}\n".encode())


class _Server(ThreadingHTTPServer):
    portals: SamplePortals


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        posted = self.rfile.read(int(self.headers.get("Content-Length") or 0)) if self.command == "POST" else b""
        request = Request(time.monotonic(), self.command, self.path, self.headers, posted)
        try:
            self._send(self.server.portals.answer(request))
        except ConnectionError:
            self.close_connection = True

    do_HEAD = do_GET
    do_POST = do_GET

    def do_CONNECT(self) -> None:
        self.close_connection = True
        self._send(_refusal(403, "CONNECT is refused, the portals speak plain HTTP"))

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        self.send_header("Date", self.date_time_string())
        for name, value in reply.headers:
            # http.server encodes headers as Latin-1, which gives any bytes back as they were.
            self.send_header(name, value.decode("latin-1") if isinstance(value, bytes) else value)
        if reply.header("Content-Length") is not None:
            self.close_connection = True  # an override may announce more than it sends
        elif reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: `SamplePortals.requests` is the log."""
