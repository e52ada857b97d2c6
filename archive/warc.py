"""WARC 1.1 files (ISO 28500): one gzip member a record, each followed at once by a line in an index beside the file.

    DATA/warc/<code>/<run>.warc.gz       the records
    DATA/warc/<code>/<run>.jsonl         their index: where each is, its SHA-256, what it is

A record counts as kept once both are synced. So what stands in the file past the last indexed record is the torn end of
a run that was killed; anything indexed that is missing or different is damage. Every visit writes a file of its own.
"""

import base64
import dataclasses
import fcntl
import hashlib
import io
import json
import re
import string
import uuid
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive import clock, durable
from archive.model import Exchange, Headers, Record

MAX_BODY = 64 << 20  # bytes of one payload after its content encoding is undone
ANSWERS = ("response", "revisit", "resource")  # of an address; a revisit: the same as before, a resource: saved by hand
START, END, FAILURE = "urn:nianbao:start", "urn:nianbao:end", "urn:nianbao:failure"


_SAFE = string.punctuation.replace("#", "")


def address(url: str, body: bytes = b"", method: str = "") -> str:
    """The name under which an answer is found again: the URL, and what was posted to it, as web archives write it."""
    method = method or ("POST" if body else "GET")
    if method == "GET":
        return url
    return f"{url}{'&' if '?' in url else '?'}__wb_method={method}&{quote(body, safe=_SAFE)}"


def url_of(address: str) -> str:
    """The URL that `address` was made from."""
    return re.split(r"[?&]__wb_method=", address, maxsplit=1)[0]


class Damaged(Exception):
    """A record is not as it was written. The text names file and offset."""


class Undecodable(Exception):
    """A payload was kept as it was sent, and is not what its content encoding says, or is too large once undone."""


class CutOff(Damaged):
    """A file ends within a record, which begins at `offset`."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class Writer:
    """Appends records to one new WARC file and its index, and syncs both before a call returns."""

    def __init__(self, path: Path, info: Mapping[str, str]) -> None:
        durable.make_folder(path.parent)
        self.path = path
        self._warc = durable.Growing(path)
        fcntl.flock(self._warc, fcntl.LOCK_EX)  # for archive.repair, which must not touch a file that is being written
        self._index = durable.Growing(index_path(path))
        durable.sync_folder(path.parent)
        block = "".join(f"{k}: {v}\r\n" for k, v in info.items()).encode()
        self._append(_record("warcinfo"), block, "application/warc-fields", {"WARC-Filename": path.name})

    def exchange(self, exchange: Exchange, response_id: str = "", unchanged: Record | None = None) -> Record:
        """Writes response and request; returns the response's record. `response_id` is for those who refer to it.

        `unchanged` is the record of the answer that the server says is still its answer (304).
        """
        url, time, response_id = exchange.url, exchange.time, response_id or record_id()
        name = address(url, exchange.request_body, exchange.method)
        shared = {"WARC-Target-URI": url}
        shared |= {"WARC-IP-Address": exchange.ip_address} if exchange.ip_address else {}
        digest = unchanged.digest if unchanged else payload_digest(exchange.body)
        mime = _header(exchange.headers, b"content-type").partition(";")[0].strip().lower()
        response = self._append(
            _record("revisit" if unchanged else "response", name, time, exchange.status, mime, digest),
            _head(f"{exchange.protocol} {exchange.status} {exchange.reason}", exchange.headers) + exchange.body,
            "application/http; msgtype=response",
            {"WARC-Record-ID": response_id, "WARC-Payload-Digest": digest, **shared, **_revisit(unchanged)},
        )
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        digest = payload_digest(exchange.request_body)
        self._append(
            _record("request", name, time),
            _head(f"{exchange.method} {target} HTTP/1.1", exchange.request_headers) + exchange.request_body,
            "application/http; msgtype=request",
            {"WARC-Concurrent-To": response_id, "WARC-Payload-Digest": digest, **shared},
        )
        return response

    def conversion(self, url: str, html: bytes, refers_to: str) -> Record:
        """Writes the page that a browser made of the response whose record is `refers_to`."""
        digest = payload_digest(html)
        record = _record("conversion", url, mime="text/html", digest=digest)
        headers = {"WARC-Refers-To": refers_to, "WARC-Payload-Digest": digest}
        return self._append(record, html, "text/html", headers)

    def resource(self, url: str, file: bytes, mime: str, time: datetime) -> Record:
        """Writes a file that a person saved from an address (WARC 1.1 §6.4)."""
        digest = payload_digest(file)
        record = _record("resource", url, time, 200, mime, digest)
        return self._append(record, file, mime, {"WARC-Payload-Digest": digest})

    def note(self, uri: str, content: Mapping[str, Any]) -> Record:
        """Writes what no exchange says (a run's start and end, a failure) as a metadata record of JSON."""
        block = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
        return self._append(_record("metadata", uri), block, "application/json", {})

    def close(self) -> None:
        """Closes file and index; nothing can be appended after."""
        self._warc.close()
        self._index.close()

    def _append(self, record: Record, block: bytes, content_type: str, headers: Mapping[str, str]) -> Record:
        """Writes one record and its line in the index; returns it with its place."""
        member = _member(record, block, content_type, headers)
        offset, sha256 = self._warc.append(member), hashlib.sha256(member).hexdigest()
        placed = dataclasses.replace(record, filename=self.path.name, offset=offset, length=len(member), sha256=sha256)
        try:
            self._index.append(line(placed).encode())
        except OSError:
            self._warc.cut(offset)  # what stands behind it would seem to be left out of the index
            raise
        return placed


def _record(
    kind: str, url: str = "", time: datetime | None = None, status: int = 0, mime: str = "", digest: str = ""
) -> Record:
    """A record before it has a place."""
    return Record("", 0, 0, "", kind, url, clock.iso(time or clock.now()), status, mime, digest)


def _revisit(unchanged: Record | None) -> dict[str, str]:
    """What WARC 1.1 §6.7.3 asks of a revisit record whose server answered Not Modified."""
    if not unchanged:
        return {}
    profile = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
    refers = {"WARC-Refers-To-Target-URI": url_of(unchanged.url), "WARC-Refers-To-Date": unchanged.timestamp}
    return {"WARC-Profile": profile, **refers}


def record_id() -> str:
    return f"<urn:uuid:{uuid.uuid4()}>"


def _head(first: str, headers: Headers) -> bytes:
    """The head of an HTTP message; header bytes go through untouched, whatever their charset."""
    lines = (first.encode("latin-1"), *(name + b": " + value for name, value in headers))
    return b"\r\n".join((*lines, b"", b""))


def _header(headers: Headers, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _member(record: Record, block: bytes, content_type: str, headers: Mapping[str, str]) -> bytes:
    fields = {"WARC-Type": record.type, "WARC-Record-ID": record_id(), "WARC-Date": record.timestamp}
    fields |= {"WARC-Target-URI": record.url} if record.url else {}
    warc_headers = StatusAndHeaders("", list({**fields, **headers}.items()), protocol="WARC/1.1")
    # Given as one block without parsed HTTP headers, so that warcio writes the bytes as they are. Of a revisit it would
    # write nothing but those headers.
    kind = "response" if record.type == "revisit" else record.type
    written = ArcWarcRecord("warc", kind, warc_headers, io.BytesIO(block), None, content_type, len(block))
    buffer = io.BytesIO()
    WARCWriter(buffer, gzip=True, warc_version="1.1").write_record(written)
    return buffer.getvalue()


def is_cut_off(body: bytes, encoding: str) -> bool:
    """Whether a compressed body ends too early. Those who undo it give what there is, and do not say so."""
    wbits = {"gzip": 31, "x-gzip": 31, "deflate": 15}.get(encoding.strip().lower())
    if not wbits or not body:
        return False
    inflate, size = zlib.decompressobj(wbits), 0
    try:
        for start in range(0, len(body), 1 << 16):
            part = body[start : start + (1 << 16)]
            while part and not inflate.eof:
                size += len(inflate.decompress(part, 1 << 20))
                part = inflate.unconsumed_tail
                if size > MAX_BODY:
                    return False
    except zlib.error:
        return False  # no such stream at all: said when it is read
    return not inflate.eof


def payload_digest(body: bytes) -> str:
    """As WARC writes it: sha1 and base32, of the body as sent."""
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


def index_path(warc: Path) -> Path:
    """Where the index of a WARC file is."""
    return warc.with_name(warc.name.removesuffix(".warc.gz") + ".jsonl")


def warc_path(index: Path) -> Path:
    """Where the WARC file of an index is."""
    return index.with_suffix(".warc.gz")


def line(record: Record) -> str:
    """A record's line in the index."""
    fields = {k: v for k, v in dataclasses.asdict(record).items() if k != "filename"}
    return json.dumps(fields, ensure_ascii=False) + "\n"


def files(data: Path) -> list[Path]:
    """All WARC files, portal by portal, oldest first."""
    return sorted((data / "warc").glob("*/*.warc.gz"))


def index(warc: Path) -> list[Record]:
    """The records of a file by its index; by the file itself where it came without one. Raises Damaged."""
    path = index_path(warc)
    if not path.exists():
        return list(scan(warc))
    lines = path.read_bytes().split(b"\n")[:-1]  # an index line torn by a kill has no line end: its record is torn too
    try:
        return [Record(filename=warc.name, **json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise Damaged(f"{path}: not a valid index ({error})") from None


def scan(warc: Path, offset: int = 0) -> Iterator[Record]:
    """The records of a file from `offset` on, read from the file itself. Raises CutOff at a record that is torn."""
    content = warc.read_bytes()
    response: Record | None = None  # waits for its request, which says what its name is
    while offset < len(content):
        try:
            length = _member_length(content, offset, warc)
        except CutOff:
            if response:
                yield response
            raise
        member = content[offset : offset + length]
        found, posted = _described(member, warc, offset)
        if response:
            yield dataclasses.replace(response, url=found.url) if posted else response
        response = found if found.type in ANSWERS else None
        if not response:
            yield found
        offset += length
    if response:
        yield response


def _described(member: bytes, warc: Path, offset: int) -> tuple[Record, bool]:
    """A member's line of the index, and whether it is a request with a name of its own."""
    record = _parse(member, warc, offset)
    header = record.rec_headers.get_header
    kind, url, time = record.rec_type, header("WARC-Target-URI") or "", header("WARC-Date")
    name, mime, status = url, "", 0
    if kind in ANSWERS and record.http_headers:
        status = int(record.http_headers.get_statuscode() or 0)
        mime = (record.http_headers.get_header("Content-Type") or "").partition(";")[0].strip().lower()
    elif kind in ("conversion", "resource"):
        status, mime = 200 if kind == "resource" else 0, header("Content-Type") or ""
    elif kind == "request" and record.http_headers:
        name = address(url, record.content_stream().read(), record.http_headers.protocol)
    sha256 = hashlib.sha256(member).hexdigest()
    digest = header("WARC-Payload-Digest") or "" if kind in (*ANSWERS, "conversion") else ""
    found = Record(warc.name, offset, len(member), sha256, kind, name, time, status, mime, digest)
    return found, name != url


def _member_length(content: bytes, offset: int, warc: Path) -> int:
    inflate = zlib.decompressobj(wbits=31)
    view = memoryview(content)[offset:]
    try:
        for start in range(0, len(view), 1 << 16):
            inflate.decompress(view[start : start + (1 << 16)])
            if inflate.eof:
                return start + min(1 << 16, len(view) - start) - len(inflate.unused_data)
    except zlib.error as error:
        raise Damaged(f"{warc}: record at offset {offset} is damaged ({error})") from None
    raise CutOff(f"{warc}: record at offset {offset} is cut off", offset)


def _parse(member: bytes, warc: Path, offset: int) -> ArcWarcRecord:
    try:
        return next(iter(ArchiveIterator(io.BytesIO(member))))
    except (StopIteration, ArchiveLoadFailed, EOFError, zlib.error) as error:
        raise Damaged(f"{warc}: record at offset {offset} is no WARC record ({error})") from None


def read_member(warc: Path, record: Record) -> bytes:
    """The gzip member of a record as it stands in the file, checked against the index. Raises Damaged."""
    try:
        with warc.open("rb") as file:
            file.seek(record.offset)
            member = file.read(record.length)
    except OSError as error:
        raise Damaged(f"{warc}: {error.strerror}") from None
    if len(member) < record.length:
        raise Damaged(f"{warc}: record at offset {record.offset} ({record.url}) is cut off")
    if hashlib.sha256(member).hexdigest() != record.sha256:
        raise Damaged(f"{warc}: record at offset {record.offset} ({record.url}) is not what was written")
    return member


def read_payload(warc: Path, record: Record) -> tuple[bytes, str]:
    """(body with its content encoding undone, Content-Type header). Raises Damaged and Undecodable."""
    member = read_member(warc, record)
    parsed = _parse(member, warc, record.offset)
    encoding = parsed.http_headers.get_header("Content-Encoding") if parsed.http_headers else None
    if encoding and is_cut_off(_parse(member, warc, record.offset).raw_stream.read(), encoding):
        raise Undecodable(f"{record.url} is cut off")
    try:
        body = parsed.content_stream().read(MAX_BODY + 1)
    except Exception as error:  # what a server calls gzip or br need not be that; decoders fail in ways of their own
        raise Undecodable(f"{record.url}: {type(error).__name__}: {error}") from error
    if len(body) > MAX_BODY:
        raise Undecodable(f"{record.url} holds more than {MAX_BODY} bytes")
    content_type = parsed.http_headers.get_header("Content-Type") if parsed.http_headers else None
    return body, content_type or ""


def read_response(warc: Path, record: Record) -> tuple[Headers, bytes]:
    """(headers, body as sent) of a response. Raises Damaged."""
    parsed = _parse(read_member(warc, record), warc, record.offset)
    headers = parsed.http_headers.headers if parsed.http_headers else []
    return [(name.encode(), value.encode()) for name, value in headers], parsed.raw_stream.read()


def read_header(warc: Path, record: Record, name: str) -> str:
    """One HTTP header of a response, "" where it has none."""
    parsed = _parse(read_member(warc, record), warc, record.offset)
    return (parsed.http_headers.get_header(name) if parsed.http_headers else None) or ""


def read_note(warc: Path, record: Record) -> dict[str, Any]:
    """What `Writer.note` wrote."""
    body = _parse(read_member(warc, record), warc, record.offset).content_stream().read()
    return dict(json.loads(body))
