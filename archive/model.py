"""The nouns of the archive."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Headers = list[tuple[bytes, bytes]]
ENDED_EARLY = "the visit ended early"  # so the message of such a visit begins


def fitting(kind: type, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the fields that `kind` has: what an archive holds may come from an older program, or a newer one."""
    names = _names(kind)
    return {name: value for name, value in fields.items() if name in names}


@functools.cache
def _names(kind: type) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(kind))


@dataclass(frozen=True, slots=True)
class Portal:
    """One entry of the registry: one government's site. Without `home` it is a known gap: listed, not crawled."""

    code: str
    name: str
    slug: str
    home: str = ""
    columns: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    expect_reports: bool = True
    note: str = ""

    def expects(self, verdict: str) -> bool:
        """Whether a visit that ended so ended as it should."""
        return verdict == "ok" or (verdict == "empty" and not self.expect_reports)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `answer` is what the server sent on the wire, head and body. `time` in UTC.

    `truncated` says why the answer is not whole, in the words of WARC: disconnect, length, time, unspecified.
    """

    url: str
    time: datetime
    method: str
    request_headers: Headers
    request_body: bytes
    answer: bytes
    ip_address: str = ""
    truncated: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A line of a WARC file's index: where one record is, what it is, and the SHA-256 of its gzip member.

    `url`, `timestamp` (UTC, ISO 8601), `status`, `mime`, `digest`, `id`, `refers_to`, `truncated` are as the record's
    own headers say. `content` is the digest of a chunked response with its chunks joined.
    """

    filename: str
    offset: int
    length: int
    sha256: str
    type: str
    url: str
    timestamp: str
    status: int = 0
    mime: str = ""
    digest: str = ""
    id: str = ""
    refers_to: str = ""
    content: str = ""
    truncated: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One visit of one portal, from its own records. `finished` is "" where the visit was cut off.

    `columns` are the addresses of the annual-report columns it found, `walked` those whose lists it read to their end,
    `listed` how many reports it saw in the list of each.
    `by_hand`: no visit, but a file that a person saved when it `started`, and that was added when it `finished`.
    """

    id: str
    portal: dict[str, Any]
    started: str
    finished: str = ""
    verdict: str = "partial"
    captures: int = 0
    bytes: int = 0
    message: str = ""
    vantage: str = ""
    sample: bool = False
    columns: Sequence[str] = ()
    walked: Sequence[str] = ()
    listed: Mapping[str, int] = field(default_factory=dict)
    by_hand: bool = False

    @property
    def is_cut_short(self) -> bool:
        """Whether it was stopped, and the next visit goes on with it."""
        return not self.finished or self.message.startswith(ENDED_EARLY)
