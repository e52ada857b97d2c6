"""`nianbao verify` finds every damage, names file, offset and record, goes on where it was, and needs no database."""

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlite_utils
from conftest import Command

from archive import lock, verify, warc
from archive.verify import Verification
from archive.writer import Writer


class Member(NamedTuple):
    """One gzip member of a WARC file as gzip itself finds it, without our index."""

    offset: int
    end: int
    type: str
    uri: str

    def named_in(self, line: str, path: Path) -> bool:
        return line.startswith(f"{path}: record at offset {self.offset} ({self.type} {self.uri}".rstrip())


def members(content: bytes) -> list[Member]:
    found, start = [], 0
    while start < len(content):
        inflate = zlib.decompressobj(wbits=31)
        head = inflate.decompress(content[start:]).partition(b"\r\n\r\n")[0].decode()
        end = len(content) - len(inflate.unused_data)
        fields = dict(line.split(": ", 1) for line in head.splitlines()[1:])
        found.append(Member(start, end, fields["WARC-Type"], fields.get("WARC-Target-URI", "")))
        start = end
    return found


@pytest.fixture
def data(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo's data folder."""
    return shutil.copytree(demo, tmp_path / "data")


@pytest.fixture
def alone(data: Path) -> Path:
    """The same without its database."""
    (data / "nianbao.db").unlink()
    return data


def said(data: Path) -> list[str]:
    return list(verify.verify(data))


def some(few: int, complete: int) -> pytest.MarkDecorator:
    """How many damages: a few each time, the complete number with `make exhaustive`."""
    return pytest.mark.parametrize("count", [few, pytest.param(complete, marks=pytest.mark.exhaustive)])


def a_file(data: Path, chance: random.Random) -> tuple[Path, bytes, list[Member]]:
    path = chance.choice(warc.files(data))
    content = path.read_bytes()
    return path, content, members(content)


def files_of(data: Path) -> tuple[Path, Path]:
    """The WARC file of one portal, and its index."""
    (path,) = (data / "warc" / "370116").glob("*.warc.gz")
    return path, warc.index_path(path)


def flipped(content: bytes, place: int, bit: int = 0) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def quietly(path: Path, content: bytes) -> None:
    """As a disk changes it: neither size nor time tell."""
    stat = path.stat()
    assert len(content) == stat.st_size
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_what_is_whole_is_right(data: Path) -> None:
    assert said(data) == []
    (data / "nianbao.db").unlink()
    assert said(data) == []
    assert not (data / "verify.jsonl").exists()


@some(25, 1000)
def test_every_truncation_is_found_and_its_record_named(alone: Path, count: int) -> None:
    chance = random.Random(1)
    for _ in range(count):
        path, content, whole = a_file(alone, chance)
        size = chance.choice([chance.randrange(len(content)), chance.choice(whole).offset])
        os.truncate(path, size)
        hit = next(member for member in whole if member.end > size)
        assert any(hit.named_in(line, path) and line.endswith("is cut off") for line in said(alone)), (path, size)
        path.write_bytes(content)


@some(25, 1000)
def test_every_flipped_bit_is_found_and_its_record_named(alone: Path, count: int) -> None:
    chance = random.Random(2)
    for _ in range(count):
        path, content, whole = a_file(alone, chance)
        place = chance.randrange(len(content))
        path.write_bytes(flipped(content, place, chance.randrange(8)))
        hit = next(member for member in whole if member.end > place)
        (line,) = said(alone)
        assert hit.named_in(line, path), (path, place, line)
        path.write_bytes(content)


DISPLACED = {  # the members of a file, and which of them is the first that is not in its place
    "dropped": lambda parts, at: (parts[:at] + parts[at + 1 :], at),
    "doubled": lambda parts, at: (parts[: at + 1] + parts[at:], at + 1),
    "swapped": lambda parts, at: ([*parts[: at - 1], parts[at], parts[at - 1], *parts[at + 1 :]], at - 1),
}


@some(12, 100)
def test_every_member_dropped_doubled_or_swapped_is_found_and_named(alone: Path, count: int) -> None:
    chance = random.Random(3)
    for number in range(count):
        path, content, whole = a_file(alone, chance)
        how = [*DISPLACED][number % 3]
        parts, first = DISPLACED[how]([content[m.offset : m.end] for m in whole], chance.randrange(1, len(whole)))
        path.write_bytes(b"".join(parts))
        if first < len(whole):
            assert any(whole[first].named_in(line, path) for line in said(alone)), (path, how, first)
        else:  # the last stands twice
            assert any(f"{path}: " in line and f"bytes from offset {len(content)} on" in line for line in said(alone))
        path.write_bytes(content)


@some(25, 1000)
def test_every_flipped_bit_of_an_index_is_found(alone: Path, count: int) -> None:
    chance = random.Random(4)
    for _ in range(count):
        path, _, whole = a_file(alone, chance)
        index = warc.index_path(path)
        content = index.read_bytes()
        place = chance.randrange(len(content))
        index.write_bytes(flipped(content, place, chance.randrange(8)))
        number = content.count(b"\n", 0, place)
        place_of, line_of = whole[number].offset, f"{index}: line {number + 1} "
        named = [f"record at offset {place_of} ", f"the index has it after offset {place_of}", line_of]
        if content[place] == ord("\n") and number + 1 == len(whole):  # as a kill tears it
            named = [f"bytes from offset {place_of} on"]
        lines = said(alone)
        assert any(name in line for name in named for line in lines), (path, place, lines)
        index.write_bytes(content)


def test_lines_of_an_index_dropped_doubled_or_swapped_are_found(alone: Path) -> None:
    path, index = files_of(alone)
    content = index.read_bytes()
    lines = content.splitlines(keepends=True)
    for at in range(1, len(lines)):
        for change in DISPLACED.values():
            changed, first = change(lines, at)
            index.write_bytes(b"".join(changed))
            found = said(alone)
            assert any(str(path) in line for line in found), (at, first)
    index.write_bytes(content)


def test_what_file_and_index_agree_on_is_found_by_the_database(data: Path) -> None:
    """As if someone had taken a record out and made the index anew."""
    path, index = files_of(data)
    content = path.read_bytes()
    for member in members(content):
        path.write_bytes(content[: member.offset] + content[member.end :])
        index.unlink()
        index.write_text("".join(map(warc.line, warc.index(path))), "utf-8")
        assert said(data), member
        path.write_bytes(content)


def test_a_database_of_other_answers_is_found(data: Path) -> None:
    path, _ = files_of(data)
    db = sqlite_utils.Database(data / "nianbao.db")
    *_, row = db.table("captures").rows_where("filename = ?", [path.name], order_by="offset")
    key = row["filename"], row["offset"]
    where = f"{row['url']} in {path.name} at offset {row['offset']} has "
    for name in ("length", "status", "timestamp", "mime"):
        other = row[name] + 1 if isinstance(row[name], int) else row[name] + "x"
        db.table("captures").update(key, {name: other})
        (line,) = said(data)
        assert where in line and f"{name} {other!r}, its index {row[name]!r}" in line
        db.table("captures").update(key, {name: row[name]})
    db.execute("update captures set url = 'http://x/' where filename = ? and offset = ?", key)
    assert ["captures: http://x/" in line for line in said(data)] == [True]


def test_rows_without_captures_and_captures_without_rows_are_found(data: Path) -> None:
    path, _ = files_of(data)
    db = sqlite_utils.Database(data / "nianbao.db")
    row = next(db.table("captures").rows_where("filename = ? and status = 200", [path.name]))
    db.table("captures").insert({**row, "offset": 7})
    (line,) = said(data)
    assert f"captures: {row['url']} should stand in {path.name} at offset 7, and does not" in line
    db.execute("update captures set filename = 'gone.warc.gz' where offset = 7")
    (line,) = said(data)
    assert line == f"{path.parent / 'gone.warc.gz'}: is gone, and the database was made from it"
    db.execute("delete from captures where offset = 7")
    document = next(db.table("documents").rows_where("filename = ?", [path.name]))
    db.execute("delete from captures where filename = ? and offset = ?", [path.name, document["offset"]])
    lines = said(data)
    assert any(f"documents: {document['url']} of report {document['report']} has no such capture" in x for x in lines)
    assert any(f"{path}: the database lacks 1 captures of it" in line for line in lines)
    with lock.locked(data):  # a crawl has begun, and builds at its end
        assert [line for line in said(data) if "lacks" in line] == []


def test_a_broken_database_is_said_and_the_files_are_read(data: Path) -> None:
    path, _ = files_of(data)
    path.write_bytes(flipped(path.read_bytes(), 3000))
    for broken in (b"", b"no database at all", (data / "nianbao.db").read_bytes()[:70_000]):
        (data / "nianbao.db").write_bytes(broken)
        lines = said(data)
        assert any(f"{data / 'nianbao.db'}: " in line for line in lines)
        assert any(f"{path}: record at offset " in line for line in lines)


def test_files_that_are_gone_are_named(data: Path) -> None:
    path, index = files_of(data)
    lines = index.read_bytes()
    index.unlink()
    assert f"{path}: has no index beside it ({index.name})" in said(data)
    path.unlink()
    assert said(data) == [f"{path}: is gone, and the database was made from it"]
    (data / "nianbao.db").unlink()
    index.write_bytes(lines)
    assert said(data) == [f"{path}: is gone, and its index is still there"]


def test_a_file_that_is_being_written_is_not_called_torn(tmp_path: Path) -> None:
    path = tmp_path / "warc" / "370116" / "370116-x.warc.gz"
    writer = Writer(path, {}, {})
    with path.open("ab") as file:
        file.write(b"half a rec")
    assert said(tmp_path) == []
    writer.close()
    assert ["10 bytes from offset " in line for line in said(tmp_path)] == [True]


def interrupted(data: Path, after: int, **given: object) -> list[str]:
    """Begins to verify and is stopped after so many files."""
    left = iter(range(after))

    def advance(_: int) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    found: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        for line in Verification(data, advance=advance, **given).problems():  # type: ignore[arg-type]
            found.append(line)
    return found


def test_an_interrupted_verification_is_gone_on_with(data: Path) -> None:
    interrupted(data, after=3)
    going_on = Verification(data)
    assert list(going_on.problems()) == []
    read, on = going_on.said()
    assert "in 5 WARC files were read" in read
    assert "4 files that it had found right, and that have not changed, were not read again" in on
    again = Verification(data)  # it came to its end, so the next is a new one
    assert list(again.problems()) == []
    assert len(list(again.said())) == 1


def test_going_on_reads_what_is_wrong_or_has_changed_again(data: Path) -> None:
    wrong, changed, *_ = warc.files(data)
    content = wrong.read_bytes()
    wrong.write_bytes(flipped(content, 3000))
    first = interrupted(data, after=3)
    assert [str(wrong) in line for line in first] == [True]
    changed.write_bytes(flipped(changed.read_bytes(), 3000))
    going_on = Verification(data)
    lines = list(going_on.problems())
    assert [str(path) in line for path, line in zip((wrong, changed), lines, strict=True)] == [True, True]
    assert "2 files that it had found right" in [*going_on.said()][1]


def test_what_a_disk_changed_in_silence_is_found_by_the_next_complete_reading(data: Path) -> None:
    path = warc.files(data)[0]
    interrupted(data, after=2)
    quietly(path, flipped(path.read_bytes(), 3000))
    assert said(data) == []  # it goes on behind that file
    assert [str(path) in line for line in said(data)] == [True]


@pytest.mark.parametrize(
    "state", [b"", b"{", b'{"began": 1}\n', b'{"began": "2026-01-01T00:00:00Z"}\n{"file": 1}\n', b"\xff\n"]
)
def test_a_broken_note_of_how_far_it_was_costs_nothing_but_time(data: Path, state: bytes) -> None:
    path, _ = files_of(data)
    path.write_bytes(flipped(path.read_bytes(), 3000))
    (data / "verify.jsonl").write_bytes(state)
    assert len(said(data)) == 1


def test_a_note_of_long_ago_counts_for_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_NOW", "2026-12-01T00:00:00Z")
    interrupted(data, after=3)
    monkeypatch.setenv("NIANBAO_NOW", "2026-12-09T00:00:00Z")
    late = Verification(data)
    assert list(late.problems()) == []
    assert len(list(late.said())) == 1


def test_killed_at_any_moment_it_goes_on(data: Path) -> None:
    code = (
        "import os, pathlib, sys; from archive.verify import Verification; left = iter(range(int(sys.argv[2])));"
        "end = lambda read: next(left, None) is None and os.kill(os.getpid(), 9);"
        "list(Verification(pathlib.Path(sys.argv[1]), advance=end).problems())"
    )
    for after in (1, 3):
        done = subprocess.run([sys.executable, "-c", code, str(data), str(after)], check=False)
        assert done.returncode == -signal.SIGKILL
    with (data / "verify.jsonl").open("ab") as file:
        file.write(b'{"file": "370')  # the torn line of a power cut
    going_on = Verification(data)
    assert list(going_on.problems()) == []
    assert "4 files that it had found right" in [*going_on.said()][1]


def test_each_night_reads_another_part_and_all_nights_all(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = files_of(data)
    offset = members(path.read_bytes())[4].offset
    path.write_bytes(flipped(path.read_bytes(), offset + 30))
    read: Counter[int] = Counter()
    for night in range(10):
        monkeypatch.setenv("NIANBAO_NOW", f"2026-03-{night + 1:02}T12:00:00Z")
        sampled = Verification(data, verify.tonight(10))
        lines = list(sampled.problems())
        assert all(f"{path}: record at offset {offset} " in line for line in lines)
        read["found"] += len(lines)
        read["records"] += sampled._looked_at
        assert f"sample of 2026-03-{night + 1:02}, part " in next(iter(sampled.said()))
    assert read["found"] == 1
    assert read["records"] == sum(len(warc.index(path)) for path in warc.files(data))
    assert not (data / "verify.jsonl").exists()


def test_every_night_finds_what_is_missing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut is seen without reading."""
    path, _ = files_of(data)
    os.truncate(path, path.stat().st_size - 5)
    last = warc.index(path)[-1]
    for night in range(4):
        monkeypatch.setenv("NIANBAO_NOW", f"2026-03-{night + 1:02}T12:00:00Z")
        lines = list(Verification(data, verify.tonight(1)).problems())
        assert any(f"{path}: record at offset {last.offset} " in line and "is cut off" in line for line in lines)


def test_the_command_names_what_is_wrong_and_ends_with_one(nianbao: Command, data: Path) -> None:
    whole = nianbao("verify", "--data", data)
    assert (whole.returncode, whole.stdout.splitlines()[-1], whole.stderr) == (0, "nothing is wrong", "")
    path, _ = files_of(data)
    offset = members(path.read_bytes())[2].offset
    path.write_bytes(flipped(path.read_bytes(), offset + 40))
    done = nianbao("verify", "--data", data)
    assert done.returncode == 1
    assert done.stdout.startswith(f"{path}: record at offset {offset} (response http://www.laiwu.gov.cn/robots.txt): ")
    assert done.stderr.startswith("nianbao: things that are wrong: 1; ")
    (data / "nianbao.db").unlink()
    assert "does not exist: the files were held against their indexes alone" in nianbao("verify", "--data", data).stdout


@pytest.mark.parametrize("given", ["0", "-1%", "101", "a few", "nan"])
def test_a_sample_is_a_percentage(nianbao: Command, data: Path, given: str) -> None:
    done = nianbao("verify", "--data", data, "--sample", given)
    assert (done.returncode, f"'{given}' is no percentage" in done.stderr) == (2, True)


def test_a_gzip_header_counts_though_no_checksum_of_gzip_covers_it(alone: Path) -> None:
    path, _ = files_of(alone)
    content = path.read_bytes()
    other_time = flipped(content, 4)
    assert gzip.decompress(other_time) == gzip.decompress(content)
    path.write_bytes(other_time)
    assert ["record at offset 0 (warcinfo): is not what was written" in line for line in said(alone)] == [True]
