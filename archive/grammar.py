"""One record of a WARC file by the letter of ISO 28500. Readers that forgive would find nothing wrong with it."""

import base64
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from archive import message, warc

LARGEST = 256 << 20  # bytes of a record, inflated; the crawler keeps no answer of a quarter of that

_ONCE = ("warc-type", "warc-record-id", "warc-date", "content-length")
_HTTP = ("response", "request")
_ANSWERS = ("response", "revisit")
_WITH_PAYLOAD = (*_HTTP, "resource", "conversion")  # a revisit's payload digest is that of another record


class Malformed(Exception):
    """A gzip member is no WARC record. The text says why."""


@dataclass(frozen=True, slots=True)
class Member:
    """A record: its named fields, names in lower case, and its block."""

    fields: dict[str, str]
    block: memoryview

    @property
    def type(self) -> str:
        return self.fields["warc-type"]

    def wrong_digests(self) -> Iterator[str]:
        """What the digests in the record's own fields say against its bytes."""
        parts = {"block": self.block}
        if self.type in _WITH_PAYLOAD:
            parts["payload"] = message.payload(self.block) if self.type in _HTTP else self.block
        for part, content in parts.items():
            if (said := self.fields.get(f"warc-{part}-digest")) and not _is_digest(said, content):
                yield f"its {part} does not have the digest {said}"

    def index_fields(self) -> dict[str, object]:
        """What a line of the index says of the record, but for its place. Of a response, see `name`."""
        answer = message.parse(self.block) if self.type in _ANSWERS else None
        has_digest = self.type in (*warc.ANSWERS, "conversion")
        status = answer.status if answer else 200 if self.type == "resource" else 0
        return {
            "type": self.type,
            "url": self.name,
            "timestamp": self.fields["warc-date"],
            "status": status,
            "mime": answer.media_type if answer else self._own_type,
            "digest": self.fields.get("warc-payload-digest", "") if has_digest else "",
            "id": self.fields["warc-record-id"],
            "refers_to": self.fields.get("warc-refers-to", "") if self.type == "revisit" else "",
            "content": warc.content_digest(answer) if answer and self.type == "response" else "",
            "truncated": self.fields.get("warc-truncated", ""),
        }

    @property
    def name(self) -> str:
        """The name under which it is found again. What was posted for a response stands only in its request."""
        url = self.fields.get("warc-target-uri", "")
        if self.type != "request":
            return url
        request = message.parse(self.block)
        return warc.address(url, request.content, request.method)

    @property
    def _own_type(self) -> str:
        return self.fields.get("content-type", "") if self.type in ("conversion", "resource") else ""


def read(member: bytes) -> Member:
    """The one record that a gzip member holds. Raises Malformed."""
    record = _inflated(member)
    end = record.find(b"\r\n\r\n")
    if end < 0:
        raise Malformed("its header has no end")
    fields = _fields(record[:end])
    length = fields["content-length"]
    if not length.isdecimal():
        raise Malformed(f"its Content-Length is {length!r}")
    start, stop = end + 4, end + 4 + int(length)
    if record[stop:] != b"\r\n\r\n":
        raise Malformed(f"its block is not of {length} bytes, as its header says")
    return Member(fields, memoryview(record)[start:stop])


def _inflated(member: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        record = inflate.decompress(member, LARGEST)
    except zlib.error as error:
        raise Malformed(str(error)) from None
    if not inflate.eof:
        raise Malformed("its gzip stream is cut off" if len(record) < LARGEST else f"holds over {LARGEST} bytes")
    if inflate.unused_data:
        raise Malformed("more than one gzip member stands in its place")
    return record


def _fields(head: bytes) -> dict[str, str]:
    try:
        version, *lines = re.sub("\r\n[ \t]+", " ", head.decode()).split("\r\n")
    except UnicodeDecodeError:
        raise Malformed("its header is not UTF-8") from None
    if version not in ("WARC/1.0", "WARC/1.1"):
        raise Malformed(f"it begins with {version[:40]!r}, not with WARC/1.1")
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or not name or (name in _ONCE and name in fields):
            raise Malformed(f"its header has the line {line[:80]!r}")
        fields.setdefault(name, value.strip())
    if missing := [name for name in _ONCE if not fields.get(name)]:
        raise Malformed(f"its header lacks {missing[0]}")
    return fields


def _is_digest(said: str, content: memoryview) -> bool:
    name, _, value = said.partition(":")
    if name not in ("sha1", "sha256", "md5"):
        return False
    digest = hashlib.new(name, content, usedforsecurity=False)
    return value in (base64.b32encode(digest.digest()).decode(), digest.hexdigest())
