"""WARC 1.1 files (ISO 28500): one gzip member a record, each followed at once by a line in an index beside the file.

    DATA/warc/<code>/<run>.warc.gz       the records
    DATA/warc/<code>/<run>.jsonl         their index: where each is, its SHA-256, what it is

A record counts as kept once both are synced. So what stands in the file past the last indexed record is the torn end of
a run that was killed; anything indexed that is missing or different is damage. Every visit writes a file of its own.
"""

import base64
import dataclasses
import gzip
import hashlib
import io
import json
import os
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive import clock
from archive.model import Exchange, Headers, Record

MAX_BODY = 128 << 20  # bytes of one payload after its content encoding is undone
START, END, FAILURE = "urn:nianbao:start", "urn:nianbao:end", "urn:nianbao:failure"


class Damaged(Exception):
    """A record is not as it was written. The text names file and offset."""


class Writer:
    """Appends records to one new WARC file and its index, and syncs both before a call returns."""

    def __init__(self, path: Path, info: Mapping[str, str]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._warc: BinaryIO = path.open("xb", buffering=0)
        self._index = index_path(path).open("x", encoding="utf-8")
        block = "".join(f"{k}: {v}\r\n" for k, v in info.items()).encode()
        self._append(_record("warcinfo"), block, "application/warc-fields", {"WARC-Filename": path.name})

    def exchange(self, exchange: Exchange) -> Record:
        """Writes response and request; returns the response's record."""
        url, time, response_id = exchange.url, exchange.time, _record_id()
        shared = {"WARC-IP-Address": exchange.ip_address} if exchange.ip_address else {}
        digest = payload_digest(exchange.body)
        mime = _header(exchange.headers, b"content-type").partition(";")[0].strip().lower()
        response = self._append(
            _record("response", url, time, exchange.status, mime, digest),
            _head(f"{exchange.protocol} {exchange.status} {exchange.reason}", exchange.headers) + exchange.body,
            "application/http; msgtype=response",
            {"WARC-Record-ID": response_id, "WARC-Payload-Digest": digest, **shared},
        )
        target = "/" + url.split("//", 1)[1].partition("/")[2].partition("#")[0]
        digest = payload_digest(exchange.request_body)
        self._append(
            _record("request", url, time),
            _head(f"{exchange.method} {target} HTTP/1.1", exchange.request_headers) + exchange.request_body,
            "application/http; msgtype=request",
            {"WARC-Concurrent-To": response_id, "WARC-Payload-Digest": digest, **shared},
        )
        return response

    def note(self, uri: str, content: Mapping[str, Any]) -> Record:
        """Writes what no exchange says (a run's start and end, a failure) as a metadata record of JSON."""
        block = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
        return self._append(_record("metadata", uri), block, "application/json", {})

    def close(self) -> None:
        self._warc.close()
        self._index.close()

    def _append(self, record: Record, block: bytes, content_type: str, headers: Mapping[str, str]) -> Record:
        """Writes one record and its line in the index; returns it with its place."""
        member = _member(record, block, content_type, headers)
        offset = self._warc.tell()
        try:
            rest = memoryview(member)
            while rest:  # an unbuffered file may take less than it is given
                rest = rest[self._warc.write(rest) :]
            _sync(self._warc)
        except OSError:
            self._warc.seek(offset)
            self._warc.truncate()  # half a record must not stand before the next one
            raise
        sha256 = hashlib.sha256(member).hexdigest()
        placed = dataclasses.replace(record, filename=self.path.name, offset=offset, length=len(member), sha256=sha256)
        line = {k: v for k, v in dataclasses.asdict(placed).items() if k != "filename"}
        self._index.write(json.dumps(line, ensure_ascii=False) + "\n")
        _sync(self._index)
        return placed


def _record(
    kind: str, url: str = "", time: datetime | None = None, status: int = 0, mime: str = "", digest: str = ""
) -> Record:
    """A record before it has a place."""
    return Record("", 0, 0, "", kind, url, clock.iso(time or clock.now()), status, mime, digest)


def _sync(file: BinaryIO | TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _record_id() -> str:
    return f"<urn:uuid:{uuid.uuid4()}>"


def _head(first: str, headers: Headers) -> bytes:
    """The head of an HTTP message; header bytes go through untouched, whatever their charset."""
    lines = (first.encode("latin-1"), *(name + b": " + value for name, value in headers))
    return b"\r\n".join((*lines, b"", b""))


def _header(headers: Headers, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _member(record: Record, block: bytes, content_type: str, headers: Mapping[str, str]) -> bytes:
    fields = {"WARC-Type": record.type, "WARC-Record-ID": _record_id(), "WARC-Date": record.timestamp}
    fields |= {"WARC-Target-URI": record.url} if record.url else {}
    warc_headers = StatusAndHeaders("", list({**fields, **headers}.items()), protocol="WARC/1.1")
    # Given as one block without parsed HTTP headers, so that warcio writes the bytes as they are.
    written = ArcWarcRecord("warc", record.type, warc_headers, io.BytesIO(block), None, content_type, len(block))
    buffer = io.BytesIO()
    WARCWriter(buffer, gzip=True, warc_version="1.1").write_record(written)
    return buffer.getvalue()


def payload_digest(body: bytes) -> str:
    """As WARC writes it: sha1 and base32, of the body as sent."""
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


def index_path(warc: Path) -> Path:
    return warc.with_name(warc.name.removesuffix(".warc.gz") + ".jsonl")


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


def scan(warc: Path) -> Iterator[Record]:
    """The records of a file, read from the file itself. Raises Damaged where it ends within a record."""
    content = warc.read_bytes()
    offset = 0
    while offset < len(content):
        length = _member_length(content, offset, warc)
        member = content[offset : offset + length]
        record = _parse(member, warc, offset)
        mime = ""
        status = 0
        if record.http_headers and record.rec_type == "response":
            status = int(record.http_headers.get_statuscode() or 0)
            mime = (record.http_headers.get_header("Content-Type") or "").partition(";")[0].strip().lower()
        header = record.rec_headers.get_header
        sha256 = hashlib.sha256(member).hexdigest()
        digest = header("WARC-Payload-Digest") or "" if record.rec_type == "response" else ""
        url, time = header("WARC-Target-URI") or "", header("WARC-Date")
        yield Record(warc.name, offset, length, sha256, record.rec_type, url, time, status, mime, digest)
        offset += length


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
    raise Damaged(f"{warc}: record at offset {offset} is cut off")


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
    """(body with its content encoding undone, Content-Type header). Raises Damaged."""
    parsed = _parse(read_member(warc, record), warc, record.offset)
    body = parsed.content_stream().read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Damaged(f"{warc}: record at offset {record.offset} ({record.url}) holds more than {MAX_BODY} bytes")
    content_type = parsed.http_headers.get_header("Content-Type") if parsed.http_headers else None
    return body, content_type or ""


def read_header(warc: Path, record: Record, name: str) -> str:
    """One HTTP header of a response, "" where it has none."""
    parsed = _parse(read_member(warc, record), warc, record.offset)
    return (parsed.http_headers.get_header(name) if parsed.http_headers else None) or ""


def read_note(warc: Path, record: Record) -> dict[str, Any]:
    """What `Writer.note` wrote."""
    body = _parse(read_member(warc, record), warc, record.offset).content_stream().read()
    return dict(json.loads(body))


def verify(warc: Path) -> Iterator[str]:
    """A line for each thing that is wrong with a file: records against the index, gzip, record grammar, digests."""
    try:
        records = index(warc)
        size = warc.stat().st_size
    except (Damaged, OSError) as error:
        yield str(error)
        return
    if not index_path(warc).exists():
        yield f"{warc}: has no index beside it ({index_path(warc).name})"
    end = 0
    for record in records:
        if record.offset != end:
            yield f"{warc}: the index leaves out what stands at offset {end}"
        end = record.offset + record.length
        try:
            member = read_member(warc, record)
            gzip.decompress(member)
            parsed = ArchiveIterator(io.BytesIO(member), check_digests=True)
            for one in parsed:
                one.content_stream().read()
                if one.digest_checker.passed is False:
                    yield f"{warc}: record at offset {record.offset} ({record.url}): {one.digest_checker.problems[0]}"
                if record.digest and one.rec_headers.get_header("WARC-Payload-Digest") != record.digest:
                    yield f"{warc}: record at offset {record.offset} ({record.url}) has another digest in the index"
        except (Damaged, OSError, EOFError, zlib.error, ArchiveLoadFailed) as error:
            yield str(error) if isinstance(error, Damaged) else f"{warc}: record at offset {record.offset}: {error}"
    if size > end:
        yield f"{warc}: {size - end} bytes past the last indexed record, left by a killed run; a crawl cuts them off"


def cut_torn_ends(warcs: Iterable[Path]) -> list[str]:
    """Cuts off what a killed run left past the last indexed record; says what was cut. Damage is left as it is."""
    said = []
    for warc in warcs:
        path = index_path(warc)
        if not path.exists():
            continue
        content = path.read_bytes()
        if not content.endswith(b"\n"):
            with path.open("r+b") as file:
                file.truncate(content.rfind(b"\n") + 1)
        records = index(warc)
        end = records[-1].offset + records[-1].length if records else 0
        size = warc.stat().st_size
        if size > end:
            os.truncate(warc, end)
            said.append(f"{warc}: cut off {size - end} bytes of a record that was not finished")
    return said
