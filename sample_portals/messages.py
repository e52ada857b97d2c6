"""Requests and replies, and what any web server does to a reply on its way out: validators, 304, gzip."""

import gzip
import hashlib
from dataclasses import dataclass, field, replace
from email.message import Message
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Request:
    """One request as the proxy received it; `time` is monotonic, `body` what was posted."""

    time: float
    method: str
    url: str
    headers: Message
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """One reply. A header value may be bytes, for servers that send other charsets than the standard allows."""

    status: int = 200
    headers: list[tuple[str, str | bytes]] = field(default_factory=list)
    body: bytes = b""
    gzip: bool = False

    def header(self, name: str) -> str | bytes | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def finish(request: Request, reply: Reply) -> Reply:
    """The reply as this client gets it: 304 if it has the page already, compressed if the site does that."""
    if reply.status != 200 or request.method == "POST":
        return reply
    etag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
    if _is_fresh(request, etag, reply.header("Last-Modified")):
        return Reply(304, [("ETag", etag), *((k, v) for k, v in reply.headers if k in ("Server", "Last-Modified"))])
    if not reply.gzip:
        return replace(reply, headers=[*reply.headers, ("ETag", etag)])
    headers = [*reply.headers, ("Vary", "Accept-Encoding")]
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return replace(reply, headers=[*headers, ("ETag", etag)])
    headers += [("Content-Encoding", "gzip"), ("ETag", f"W/{etag}")]
    return replace(reply, headers=headers, body=gzip.compress(reply.body, mtime=0))


def _is_fresh(request: Request, etag: str, last_modified: str | bytes | None) -> bool:
    known = request.headers.get("If-None-Match")
    if known is not None:
        return etag in known
    since = request.headers.get("If-Modified-Since")
    if since is None or not isinstance(last_modified, str):
        return False
    try:
        return parsedate_to_datetime(last_modified) <= parsedate_to_datetime(since)
    except ValueError:
        return False
