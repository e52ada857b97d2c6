"""Whether the archive is as it was written: the files by themselves, and the database against them."""

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlite_utils

from archive import clock, fixity, lock, warc
from archive.fixity import Checked
from archive.model import Record

AT_ONCE = min(4, os.cpu_count() or 1)  # files; while one is hashed or inflated Python goes on with another
LONGEST = timedelta(days=7)  # what an interrupted verification found right longer ago is read again

_COLUMNS = {"record" if field.name == "id" else field.name: field.name for field in fields(Record)}
_NO_CAPTURE = """
    select d.report, d.url from documents d
    left join captures c on c.filename = d.filename and c.offset = d.offset and c.digest = d.digest
    where c.digest is null
"""
_MADE_FROM = """
    select portal, filename, max(bytes) as bytes
    from (select portal, filename, bytes from archives union all select portal, filename, 0 from captures)
    group by portal, filename
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One of so many equal parts of all records. Each night has the next, so after `parts` nights all were read."""

    parts: int
    part: int
    night: date

    def __contains__(self, record: Record) -> bool:
        return zlib.crc32(f"{record.filename}:{record.offset}".encode()) % self.parts == self.part

    def __str__(self) -> str:
        return (
            f"sample of {self.night}, part {self.part + 1} of {self.parts} (records whose CRC-32 of "
            f"filename:offset leaves {self.part} when divided by {self.parts})"
        )


def tonight(percent: float) -> Sample:
    """The sample of this day (UTC)."""
    parts, night = max(1, round(100 / percent)), clock.now().date()
    return Sample(parts, night.toordinal() % parts, night)


class Verification:
    """Reads the archive once. A complete reading that is interrupted is gone on with by the next."""

    def __init__(
        self, data: Path, sample: Sample | None = None, advance: Callable[[int], None] = lambda count: None
    ) -> None:
        self._data, self._sample, self._advance = data, sample, advance
        self._database = data / "nianbao.db"
        self._has_database = self._database.exists()
        self._state = _State(data / "verify.jsonl") if not sample else None
        self._skipped = self._looked_at = self._records = 0
        self._behind: list[str] = []
        self._is_busy = lock.is_held(data / ".lock")
        self.files = warc.files(data)

    @property
    def bytes(self) -> int:
        return sum(path.stat().st_size for path in self.files)

    def problems(self) -> Iterator[str]:
        """A line for each thing that is wrong: file, offset, record, what."""
        yield from self._gone()
        if self._has_database:
            yield from self._database_itself()
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            for checked, was in pool.map(self._check, self.files):
                yield from checked.problems
                self._note(checked, was)
        finally:
            pool.shutdown(cancel_futures=True)
        self._is_busy = self._is_busy or lock.is_held(self._data / ".lock")
        if not self._is_busy:
            yield from self._behind
        if self._state:
            self._state.end()

    def said(self) -> Iterator[str]:
        """What was looked at, and what was not."""
        of = f"{self._looked_at:,} of {self._records:,} records in {len(self.files)} WARC files were read"
        yield f"{self._sample}: {of}" if self._sample else of
        if self._state and self._skipped:
            found = f"{self._skipped} files that it had found right, and that have not changed, were not read again"
            yield f"this went on with the verification begun {self._state.began}: {found}"
        if not self._has_database:
            yield f"{self._database} does not exist: the files were held against their indexes alone"
        elif self._behind:
            yield "the data folder is in use by another run: what that has not built yet was not looked for"

    def _check(self, path: Path) -> tuple[Checked, "_Was"]:
        was = _Was.now(path)
        is_known = bool(self._state and self._state.is_right(path, was))
        checked = fixity.check(path, lambda record: not is_known and (not self._sample or record in self._sample))
        if self._has_database:
            checked.problems += self._rows(checked)
        return checked, was

    def _note(self, checked: Checked, was: "_Was") -> None:
        self._looked_at += checked.looked_at
        self._records += len(checked.records)
        if self._state and self._state.is_right(checked.path, was):
            self._skipped += 1
        elif self._state and not checked.problems and not checked.is_being_written:
            self._state.add(checked.path, was)
        self._advance(was.bytes)

    def _gone(self) -> Iterator[str]:
        for index in sorted((self._data / "warc").glob("*/*.jsonl")):
            if not warc.warc_path(index).exists() and index.stat().st_size:
                yield f"{warc.warc_path(index)}: is gone, and its index is still there"

    def _database_itself(self) -> Iterator[str]:
        """What is wrong with it whatever stands in the files, and the files that it knows and that are gone."""
        try:
            with closing(_open(self._database)) as db:
                if not self._sample:
                    lines = (line for (line,) in db.execute("pragma quick_check"))
                    yield from (f"{self._database}: {line}" for line in lines if line != "ok")
                for row in db.query(_NO_CAPTURE):
                    yield f"{self._database}: documents: {row['url']} of report {row['report']} has no such capture"
                for row in db.query(_MADE_FROM):
                    path = self._data / "warc" / row["portal"] / row["filename"]
                    if not path.exists():
                        yield f"{path}: is gone, and the database was made from it"
                    elif path.stat().st_size < (row["bytes"] or 0):
                        yield f"{path}: is shorter than the {row['bytes']} bytes that the database was made from"
        except sqlite3.DatabaseError as error:
            yield f"{self._database}: cannot be read ({error}); `nianbao build --full` makes it anew"

    def _rows(self, checked: Checked) -> Iterator[str]:
        """Where the database says something else of a file's answers than its index."""
        path, answers = checked.path, {r.offset: r for r in checked.records if r.type in warc.ANSWERS}
        try:
            with closing(_open(self._database)) as db:
                sql = "select * from captures where filename = ?"
                rows = {row["offset"]: row for row in db.query(sql, [path.name])}
        except sqlite3.DatabaseError as error:
            yield f"{self._database}: its captures of {path.name} cannot be read ({error})"
            return
        for offset, row in rows.items():
            where, record = f"{self._database}: captures: {row['url']}", answers.get(offset)
            if not record:
                yield f"{where} should stand in {path.name} at offset {offset}, and does not"
                continue
            for name in sorted(_COLUMNS.keys() & row.keys()):
                if row[name] != (said := getattr(record, _COLUMNS[name])):
                    yield f"{where} in {path.name} at offset {offset} has {name} {row[name]!r}, its index {said!r}"
        if (missing := len(answers.keys() - rows.keys())) and not checked.is_being_written:
            self._behind.append(f"{path}: the database lacks {missing} captures of it; run `nianbao build`")


def verify(data: Path) -> Iterator[str]:
    """A line for each thing that is wrong with a data folder."""
    return Verification(data).problems()


def _open(path: Path) -> sqlite_utils.Database:
    """Makes none where there is none; a build that is writing holds it for a moment."""
    return sqlite_utils.Database(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=60))


@dataclass(frozen=True, slots=True)
class _Was:
    """By what a file is known not to have changed: its size and time, and the digest of its index."""

    bytes: int
    mtime_ns: int
    index: str

    @classmethod
    def now(cls, path: Path) -> "_Was":
        try:
            stat = path.stat()
            return cls(stat.st_size, stat.st_mtime_ns, hashlib.sha256(warc.index_path(path).read_bytes()).hexdigest())
        except OSError:
            return cls(0, 0, "")  # said by fixity.check


class _State:
    """DATA/verify.jsonl: what a verification that did not come to its end found right; never what is wrong.

    It may be lost or broken at no cost but time: what it does not say, or says of a file that has changed, is read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._right: dict[str, _Was] = {}
        self.began = clock.iso(clock.now())
        began, *lines = _lines(path) or [{}]
        with suppress(ValueError, TypeError, KeyError):
            if timedelta() <= clock.now() - clock.parse(began["began"]) < LONGEST:
                self._right = {line.pop("file"): _Was(**line) for line in lines}
                self.began = began["began"]

    def is_right(self, path: Path, was: _Was) -> bool:
        return self._right.get(_key(path)) == was

    def add(self, path: Path, was: _Was) -> None:
        first = [] if self._right else [{"began": self.began}]
        self._right[_key(path)] = was
        with suppress(OSError), self._path.open("w" if first else "a", encoding="utf-8") as file:  # may be read-only
            lines = [*first, {"file": _key(path), **asdict(was)}]
            file.writelines(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)

    def end(self) -> None:
        with suppress(OSError):
            self._path.unlink()


def _lines(path: Path) -> list[Any]:
    """A last line may be torn."""
    try:
        return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    except (OSError, ValueError):
        return []


def _key(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
