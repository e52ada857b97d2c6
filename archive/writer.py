"""Writes a visit into WARC files: what a call writes is synced, and so are its lines in the index, before it returns.

A visit goes on in a further file when one is large, or when the day is over (UTC). Response and request stand together.
"""

import dataclasses
import fcntl
import hashlib
import io
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive import clock, durable, message, warc
from archive.model import Exchange, Headers, Record

MAX_FILE = 1 << 30  # bytes; a file that has as many gets no further exchange

_REVISIT = "http://netpreserve.org/warc/1.1/revisit/"


class Writer:
    """Appends the records of one visit, in one file or several."""

    def __init__(self, path: Path, info: Mapping[str, str], start: Mapping[str, Any]) -> None:
        """`start` says what the visit is, and stands in each file, as others of them may be lost."""
        self._path, self._info, self._start = path, info, start
        self._count = 1
        self._file = self._opened(path)

    def exchange(self, exchange: Exchange, unchanged: Record | None = None) -> Record:
        """Writes response and request; returns the response's record.

        `unchanged` is the response that holds the same payload: the server says so (304), or it sent it again.
        """
        url, block = exchange.url, exchange.answer
        answer, payload = message.parse(block), message.payload(block)
        shared = {"WARC-Target-URI": url}
        shared |= {"WARC-IP-Address": exchange.ip_address} if exchange.ip_address else {}
        record = _record(
            "revisit" if unchanged else "response",
            warc.address(url, exchange.request_body, exchange.method),
            exchange.time,
            status=answer.status,
            mime=answer.media_type,
            digest=unchanged.digest if unchanged else warc.payload_digest(payload),
            refers_to=unchanged.id if unchanged else "",
            content="" if unchanged else warc.content_digest(answer),
            truncated=exchange.truncated,
        )
        headers = {**_refers(unchanged, answer.status), **shared, "WARC-Payload-Digest": record.digest}
        headers |= {"WARC-Truncated": exchange.truncated} if exchange.truncated else {}
        head = block[: len(block) - len(payload)]
        request = _record("request", record.url, exchange.time)
        asked = {"WARC-Concurrent-To": record.id, "WARC-Payload-Digest": warc.payload_digest(exchange.request_body)}
        kept, _ = self._current().append(
            _written(record, head if unchanged else block, "application/http; msgtype=response", headers),
            _written(request, _request(exchange), "application/http; msgtype=request", asked | shared),
        )
        return kept

    def conversion(self, url: str, html: bytes, refers_to: str) -> Record:
        """Writes the page that a browser made of the response whose record is `refers_to`."""
        digest = warc.payload_digest(html)
        record = _record("conversion", url, mime="text/html", digest=digest)
        headers = {"WARC-Refers-To": refers_to, "WARC-Payload-Digest": digest}
        return self._add(record, html, "text/html", headers)

    def resource(self, url: str, file: bytes, mime: str, time: datetime) -> Record:
        """Writes a file that a person saved from an address (WARC 1.1 §6.4)."""
        digest = warc.payload_digest(file)
        record = _record("resource", url, time, status=200, mime=mime, digest=digest)
        return self._add(record, file, mime, {"WARC-Payload-Digest": digest})

    def note(self, uri: str, content: Mapping[str, Any]) -> Record:
        """Writes what no exchange says (a run's start and end, a failure) as a metadata record of JSON."""
        return self._add(_record("metadata", uri), _json(content), "application/json", {})

    def received(self, came: bytes, beside: str = "") -> Record:
        """Writes bytes that are no answer; `beside` is the record of the answer that they came with."""
        headers = {"WARC-Concurrent-To": beside} if beside else {}
        return self._add(_record("metadata", warc.RECEIVED), came, "application/octet-stream", headers)

    def close(self) -> None:
        """Closes file and index; nothing can be appended after."""
        self._file.close()

    def _add(self, record: Record, block: bytes, content_type: str, headers: Mapping[str, str]) -> Record:
        (kept,) = self._current().append(_written(record, block, content_type, headers))
        return kept

    def _current(self) -> "_File":
        """The file that the next record belongs to."""
        if self._file.size >= MAX_FILE or self._file.day != clock.now().date():
            name = self._path.name.replace(".warc.gz", f"_{self._count + 1:03}.warc.gz")
            following = self._opened(self._path.with_name(name))
            self._file.close()
            self._file, self._count = following, self._count + 1
        return self._file

    def _opened(self, path: Path) -> "_File":
        info = "".join(f"{name}: {value}\r\n" for name, value in self._info.items()).encode()
        file = _File(path)
        try:
            file.append(
                _written(_record("warcinfo"), info, "application/warc-fields", {"WARC-Filename": path.name}),
                _written(_record("metadata", warc.START), _json(self._start), "application/json", {}),
            )
        except OSError:
            file.remove()
            raise
        return file


class _File:
    """One WARC file and its index."""

    def __init__(self, path: Path) -> None:
        durable.make_folder(path.parent)
        self.day = clock.now().date()
        self._path = path
        self._warc = durable.Growing(path)
        fcntl.flock(self._warc, fcntl.LOCK_EX)  # for archive.repair, which must not touch a file that is being written
        self._index = durable.Growing(warc.index_path(path))
        durable.sync(path.parent)

    @property
    def size(self) -> int:
        return self._warc.size

    def append(self, *written: tuple[Record, bytes]) -> list[Record]:
        """Writes records and their lines in the index, all or none; returns them with their places."""
        start = end = self._warc.append(b"".join(member for _, member in written))
        placed = []
        for record, member in written:
            length, sha256 = len(member), hashlib.sha256(member).hexdigest()
            placed.append(
                dataclasses.replace(record, filename=self._path.name, offset=end, length=length, sha256=sha256)
            )
            end += length
        try:
            self._index.append("".join(map(warc.line, placed)).encode())
        except OSError:
            self._warc.cut(start)  # what stands behind it would seem to be left out of the index
            raise
        return placed

    def close(self) -> None:
        self._warc.close()
        self._index.close()

    def remove(self) -> None:
        """Takes back a file that could not be begun."""
        self.close()
        warc.index_path(self._path).unlink()
        self._path.unlink()


def _record(kind: str, url: str = "", time: datetime | None = None, **said: Any) -> Record:
    """A record before it has a place."""
    id = f"<urn:uuid:{uuid.uuid4()}>"
    return Record("", 0, 0, "", kind, url, clock.iso(time or clock.now()), id=id, **said)


def _refers(unchanged: Record | None, status: int) -> dict[str, str]:
    """What WARC 1.1 §6.7.2 and §6.7.3 ask of a revisit record."""
    if not unchanged:
        return {}
    return {
        "WARC-Profile": _REVISIT + ("server-not-modified" if status == 304 else "identical-payload-digest"),
        "WARC-Refers-To-Target-URI": warc.url_of(unchanged.url),
        "WARC-Refers-To-Date": unchanged.timestamp,
        **({"WARC-Refers-To": unchanged.id} if unchanged.id else {}),  # an index of old has none
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def _request(exchange: Exchange) -> bytes:
    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _head(f"{exchange.method} {target} HTTP/1.1", exchange.request_headers) + exchange.request_body


def _head(first: str, headers: Headers) -> bytes:
    """The head of an HTTP message; header bytes go through untouched, whatever their charset."""
    lines = (first.encode("latin-1"), *(name + b": " + value for name, value in headers))
    return b"\r\n".join((*lines, b"", b""))


def _written(record: Record, block: bytes, content_type: str, headers: Mapping[str, str]) -> tuple[Record, bytes]:
    """A record and its gzip member."""
    fields = {"WARC-Type": record.type, "WARC-Record-ID": record.id, "WARC-Date": record.timestamp}
    fields |= {"WARC-Target-URI": record.url} if record.url else {}
    warc_headers = StatusAndHeaders("", list({**fields, **headers}.items()), protocol="WARC/1.1")
    # Given as one block without parsed HTTP headers, so that warcio writes the bytes as they are. Of a revisit it would
    # write nothing but those headers.
    kind = "response" if record.type == "revisit" else record.type
    written = ArcWarcRecord("warc", kind, warc_headers, io.BytesIO(block), None, content_type, len(block))
    buffer = io.BytesIO()
    WARCWriter(buffer, gzip=True, warc_version="1.1").write_record(written)
    return record, buffer.getvalue()
