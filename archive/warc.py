"""WARC 1.1 files (ISO 28500): one gzip member a record, each followed at once by a line in an index beside the file.

    DATA/warc/<code>/<run>.warc.gz       the records
    DATA/warc/<code>/<run>.jsonl         their index: where each is, its SHA-256, what it is

A record counts as kept once both are synced. So what stands in the file past the last indexed record is the torn end of
a run that was killed; anything indexed that is missing or different is damage. Every visit writes a file of its own; a
long one goes on in <run>_002.warc.gz (archive.writer).
"""

import base64
import dataclasses
import hashlib
import io
import json
import re
import string
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from archive import message
from archive.message import Message, Undecodable
from archive.model import Record, fitting

ANSWERS = ("response", "revisit", "resource")  # of an address; a revisit: the same as before, a resource: saved by hand
START, END, FAILURE = "urn:nianbao:start", "urn:nianbao:end", "urn:nianbao:failure"
CERTIFICATE = "urn:nianbao:certificate"  # notes what was wrong with the one that a host showed
RECEIVED = "urn:nianbao:received"  # holds bytes that came and are no answer: before it, past its end, or instead of it


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


class CutOff(Damaged):
    """A file ends within a record, which begins at `offset`."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def payload_digest(*body: bytes | memoryview) -> str:
    """As WARC writes it: sha1 and base32, of the body as sent, which may come in pieces."""
    sha1 = hashlib.sha1(usedforsecurity=False)
    for piece in body:
        sha1.update(piece)
    return "sha1:" + base64.b32encode(sha1.digest()).decode()


def index_path(warc: Path) -> Path:
    """Where the index of a WARC file is."""
    return warc.with_name(warc.name.removesuffix(".warc.gz") + ".jsonl")


def warc_path(index: Path) -> Path:
    """Where the WARC file of an index is."""
    return index.with_suffix(".warc.gz")


def run_of(warc: Path) -> str:
    """The visit that a file belongs to: the name of its first file."""
    return re.sub(r"_[0-9]{3,}$", "", warc.name.removesuffix(".warc.gz"))


def content_digest(answer: Message) -> str:
    """The digest of what an answer's chunks hold; "" where it has none, and the payload digest says it."""
    return payload_digest(*answer.pieces) if answer.is_chunked else ""


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
    records: list[Record] = []
    try:
        for line in lines:
            records.append(Record(**fitting(Record, {**json.loads(line), "filename": warc.name})))
    except (ValueError, TypeError) as error:
        raise Damaged(f"{path}: line {len(records) + 1} is not valid ({error})") from None
    return records


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
    parsed = _parse(member, warc, offset)

    def header(name: str) -> str:
        return parsed.rec_headers.get_header(name) or ""

    kind, url = parsed.rec_type, header("WARC-Target-URI")
    record = Record(
        filename=warc.name,
        offset=offset,
        length=len(member),
        sha256=hashlib.sha256(member).hexdigest(),
        type=kind,
        url=url,
        timestamp=header("WARC-Date"),
        status=200 if kind == "resource" else 0,
        mime=header("Content-Type") if kind in ("conversion", "resource") else "",
        digest=header("WARC-Payload-Digest") if kind in (*ANSWERS, "conversion") else "",
        id=header("WARC-Record-ID"),
        refers_to=header("WARC-Refers-To") if kind == "revisit" else "",
        truncated=header("WARC-Truncated"),
    )
    if kind not in ("response", "revisit", "request"):
        return record, False
    found = message.parse(parsed.raw_stream.read())
    if kind == "request":
        name = address(url, found.content, found.method)
        return dataclasses.replace(record, url=name), name != url
    content = content_digest(found) if kind == "response" else ""
    return dataclasses.replace(record, status=found.status, mime=found.media_type, content=content), False


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
        return next(iter(ArchiveIterator(io.BytesIO(member), no_record_parse=True)))
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
    """(body with its chunks and its content encoding undone, Content-Type header). Raises Damaged and Undecodable."""
    parsed = _parse(read_member(warc, record), warc, record.offset)
    block = parsed.raw_stream.read()
    if record.type not in ("response", "revisit"):
        return block, parsed.rec_headers.get_header("Content-Type") or ""
    answer = message.parse(block)
    try:
        return message.decoded(answer.content, answer.header("Content-Encoding")), answer.header("Content-Type")
    except Undecodable as error:
        raise Undecodable(f"{record.url}: {error}") from error


def read_answer(warc: Path, record: Record) -> Message:
    """What a response holds, as it was sent. Raises Damaged."""
    return message.parse(_parse(read_member(warc, record), warc, record.offset).raw_stream.read())


def read_note(warc: Path, record: Record) -> dict[str, Any]:
    """What `Writer.note` wrote."""
    return dict(json.loads(_parse(read_member(warc, record), warc, record.offset).raw_stream.read()))
