"""One WARC file against its index: each record in its place, whole, and what the index says that it is."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import BinaryIO

from archive import grammar, lock, warc
from archive.grammar import Malformed, Member
from archive.model import Record

_NAMES = {field.name for field in fields(Record)}
_PLACE = ("filename", "offset", "length", "sha256")


@dataclass
class Checked:
    """What came of it. `records` are those of the index; `looked_at` and `bytes` count those that were read."""

    path: Path
    is_being_written: bool = False
    records: list[Record] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    looked_at: int = 0
    bytes: int = 0


def every(record: Record) -> bool:
    return True


def check(path: Path, chosen: Callable[[Record], bool] = every) -> Checked:
    """Reads the chosen records of a file, and where all of them should stand.

    Of a file that is being written this is what the index has: what stands past that is on its way.
    """
    checked = Checked(path, lock.is_held(path))  # asked first: what ends meanwhile is whole, what begins is longer
    try:
        checked.problems += _check(checked, chosen)
    except OSError as error:
        checked.problems.append(f"{path}: cannot be read: {error.strerror}")
    return checked


def _check(checked: Checked, chosen: Callable[[Record], bool]) -> Iterator[str]:
    path, index = checked.path, warc.index_path(checked.path)
    has_index = index.exists()
    if not has_index and (checked.is_being_written or not path.stat().st_size):
        return  # it was begun a moment ago, or by a run that was killed then
    if not has_index:
        yield f"{path}: has no index beside it ({index.name})"
    try:
        checked.records = warc.index(path)
    except warc.Damaged as error:
        yield str(error)
        if not has_index:
            return
        has_index = False
        yield from _scan(checked)
    if has_index:
        yield from _strange(index)
        yield from _places(checked)
    with path.open("rb") as file:
        yield from _members(checked, file, chosen, has_index)


def _strange(index: Path) -> Iterator[str]:
    """Names that this program does not know. An index of a newer one is read without them, and so would be one in which
    a bit of a name has changed."""
    for number, line in enumerate(index.read_bytes().split(b"\n")[:-1], 1):
        if unknown := sorted(json.loads(line).keys() - _NAMES):
            yield f"{index}: line {number} has {', '.join(map(repr, unknown))}, which this program does not know"


def _scan(checked: Checked) -> Iterator[str]:
    """Takes the records from the file itself."""
    try:
        checked.records += warc.scan(checked.path)
    except warc.Damaged as error:
        yield str(error)


def _places(checked: Checked) -> Iterator[str]:
    path, end = checked.path, 0
    for record in checked.records:
        if record.offset != end:
            yield f"{path}: record at offset {record.offset} ({_named(record)}): the index has it after offset {end}"
        end = record.offset + record.length
    more = path.stat().st_size - end
    if more > 0 and not checked.is_being_written:
        yield f"{path}: {more} bytes from offset {end} on stand in no index: left by a killed run; a crawl mends that"


def _members(checked: Checked, file: BinaryIO, chosen: Callable[[Record], bool], has_index: bool) -> Iterator[str]:
    before: tuple[Record, Member] | None = None  # an answer to what was posted
    known: set[str] = set()
    size = checked.path.stat().st_size
    for record in checked.records:
        is_cut_off = record.offset + record.length > size
        if not (before or is_cut_off or chosen(record)):
            continue
        checked.looked_at += 1
        checked.bytes += record.length
        try:
            member = _read(file, record)
        except Malformed as error:
            yield _said(checked.path, record, str(error))
            before = None
            continue
        wrong = list(member.wrong_digests())
        if has_index:
            wrong += _unlike(record, member, before)
        if (id := member.fields["warc-record-id"]) in known:
            wrong.append(f"{id} stands twice in this file")
        known.add(id)
        yield from (_said(checked.path, record, what) for what in wrong)
        posted = record.url != member.name and warc.url_of(record.url) == member.name
        before = (record, member) if posted else None


def _read(file: BinaryIO, record: Record) -> Member:
    file.seek(record.offset)
    member = file.read(record.length)
    if len(member) < record.length:
        raise Malformed("is cut off")
    if hashlib.sha256(member).hexdigest() != record.sha256:
        raise Malformed(f"is not what was written{_why(member)}")
    return grammar.read(member)


def _why(member: bytes) -> str:
    try:
        grammar.read(member)
    except Malformed as error:
        return f": {error}"
    return ""


def _unlike(record: Record, member: Member, before: tuple[Record, Member] | None) -> Iterator[str]:
    """Where the index says something else than the record.

    The name of an answer to what was posted stands in the request, which is the next record where no kill came between.
    """
    said = member.index_fields()
    if member.type in warc.ANSWERS:
        said["url"] = record.url if warc.url_of(record.url) == member.name else member.name
    is_its_request = before and member.fields.get("warc-concurrent-to") == before[1].fields["warc-record-id"]
    if before and is_its_request and member.name != before[0].url:
        yield f"the index names the answer before it {before[0].url!r}"
    if not record.id:  # a line of an older program: these were not yet in it
        said |= dict.fromkeys(("id", "refers_to", "content", "truncated"), "")
    for name in (f.name for f in fields(Record) if f.name not in _PLACE):
        if said[name] != getattr(record, name):
            yield f"the index has the {name} {getattr(record, name)!r}, the record {said[name]!r}"


def _said(path: Path, record: Record, what: str) -> str:
    return f"{path}: record at offset {record.offset} ({_named(record)}): {what}"


def _named(record: Record) -> str:
    return f"{record.type} {record.url}".strip()
