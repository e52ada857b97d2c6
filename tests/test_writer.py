"""A visit in one WARC file or several, and payloads that are referred to instead of kept again, as others read them."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive import captures, clock, fixity, repair, warc, writer
from archive.model import Exchange
from archive.writer import Writer

RUN = "370115-20260301040506-01"
HOME = "http://www.jiyang.gov.cn/"
START = {"run": RUN, "portal": {"name": "济阳", "home": HOME}, "started": "2026-03-01T04:05:06Z"} | {
    "vantage": "",
    "sample": False,
}
INFO = {"software": "nianbao/test", "settings": "{}"}


def exchange(path: str, content: bytes = b"", head: bytes = b"") -> Exchange:
    """An answer of some 1000 bytes that gzip can make no smaller, where no content is given."""
    content = content or random.Random(path).randbytes(1000)
    return Exchange(
        url=HOME + path,
        time=datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC),
        method="GET",
        request_headers=[(b"Host", b"www.jiyang.gov.cn")],
        request_body=b"",
        answer=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + head + b"\r\n" + content,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warc" / "370115" / f"{RUN}.warc.gz"


def records(file: Path) -> list[tuple[Any, bytes]]:
    with file.open("rb") as opened:
        return [(r, r.raw_stream.read()) for r in ArchiveIterator(opened, no_record_parse=True)]


def header(record: Any, name: str) -> str | None:
    return record.rec_headers.get_header(name)


# --- rollover -------------------------------------------------------------------------------------------------------


@pytest.fixture
def long(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files of a visit of eight exchanges, three to a file."""
    monkeypatch.setattr(writer, "MAX_FILE", 5000)
    visit = Writer(path, INFO, START)
    for number in range(8):
        visit.exchange(exchange(f"{number}.html"))
    visit.note(warc.END, {"finished": "2026-03-01T05:00:00Z", "verdict": "ok", "captures": 8, "bytes": 8000})
    visit.close()
    return sorted(path.parent.glob("*.warc.gz"))


def test_a_large_visit_goes_on_in_further_files(long: list[Path], tmp_path: Path) -> None:
    assert long == warc.files(tmp_path)
    assert [file.name for file in long] == [f"{RUN}{more}.warc.gz" for more in ("", "_002", "_003")]
    for file in long:
        assert file.stat().st_size < 5000 + 2500
        assert fixity.check(file).problems == []
        (first, info), *_ = found = records(file)
        assert (first.rec_type, header(first, "WARC-Filename")) == ("warcinfo", file.name)
        assert b"software: nianbao/test\r\nsettings: {}\r\n" in info
        responses = {header(r, "WARC-Record-ID") for r, _ in found if r.rec_type == "response"}
        assert {header(r, "WARC-Concurrent-To") for r, _ in found if r.rec_type == "request"} == responses
        assert responses


def test_its_files_are_one_visit(long: list[Path]) -> None:
    assert {warc.run_of(file) for file in long} == {RUN}
    holdings = captures.load("370115", reversed(long))
    assert [(run.id, run.verdict, run.captures) for run in holdings.runs] == [(RUN, "ok", 8)]
    assert [capture.record.url for capture in holdings.captures] == [f"{HOME}{n}.html" for n in range(8)]
    assert {capture.warc for capture in holdings.captures} == {*long}
    assert holdings.damage == []


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_each_file_can_be_read_without_the_others(long: list[Path], lost: int) -> None:
    left = [file for number, file in enumerate(long) if number != lost]
    holdings = captures.load("370115", left)
    assert [run.id for run in holdings.runs] == [RUN]
    kept = {capture.record.url for file in left for capture in captures.load("370115", [file]).captures}
    assert {capture.record.url for capture in holdings.captures} == kept
    assert len(kept) in (5, 6)


def test_the_torn_end_of_a_later_file_is_mended(long: list[Path]) -> None:
    last = long[-1]
    index = warc.index_path(last)
    lines, before = index.read_bytes().splitlines(keepends=True), last.read_bytes()
    last.write_bytes(before[:-9])
    index.write_bytes(b"".join(lines[:-2]))  # the last two records are not in it, the last of them is torn
    (cut, indexed) = repair.repair(long)
    assert "cut off" in cut
    assert "indexed 1 records" in indexed
    assert index.read_bytes() == b"".join(lines[:-1])
    assert [line for file in long for line in fixity.check(file).problems] == []
    (run,) = captures.load("370115", long).runs
    assert (run.message, run.captures) == ("cut off before its end", 8)


def test_a_visit_past_midnight_goes_on_in_a_further_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))
    visit = Writer(path, INFO, START)
    visit.exchange(exchange("old.html"))
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 2, tzinfo=UTC))
    visit.exchange(exchange("new.html"))
    visit.close()
    first, second = captures.load("370115", path.parent.glob("*.warc.gz")).captures
    assert (first.record.url, first.warc) == (f"{HOME}old.html", path)
    assert (second.record.url, second.warc.name) == (f"{HOME}new.html", f"{RUN}_002.warc.gz")


def test_a_further_file_that_cannot_be_begun_leaves_nothing(long: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for file in long[1:]:
        file.unlink()
        warc.index_path(file).unlink()
    before = {file.name: file.read_bytes() for file in long[0].parent.iterdir()}
    other = long[0].with_name("370115-20260301040506-02.warc.gz")
    visit = Writer(other, INFO, START)
    for number in range(3):
        visit.exchange(exchange(f"{number}.html"))

    def full(*_: Any) -> bytes:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(writer, "_json", full)
        with pytest.raises(OSError, match="No space"):
            visit.exchange(exchange("3.html"))
    assert {file.name for file in other.parent.iterdir()} == {*before, other.name, warc.index_path(other).name}
    visit.exchange(exchange("3.html"))
    visit.close()
    assert other.with_name("370115-20260301040506-02_002.warc.gz").exists()


# --- the same payload again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "profile"), [(200, "identical-payload-digest"), (304, "server-not-modified")])
def test_a_payload_that_is_held_is_referred_to(path: Path, status: int, profile: str) -> None:
    page = f"<h1>年报</h1>{'正文。' * 400}".encode()
    visit = Writer(path, INFO, START)
    old = visit.exchange(exchange("a.html?x=%E5%B9%B4", page))
    later = replace(exchange("b.html", page, b"Set-Cookie: b=2\r\n"), time=datetime(2026, 4, 1, tzinfo=UTC))
    head = later.answer.removesuffix(page).replace(b"200 OK", f"{status} X".encode())
    visit.exchange(replace(later, answer=head + (page if status == 200 else b"")), old)
    visit.close()
    (original, kept), (revisit, block) = [(r, b) for r, b in records(path) if r.rec_type in warc.ANSWERS]
    assert (original.rec_type, kept.partition(b"\r\n\r\n")[2]) == ("response", page)
    assert (revisit.rec_type, block) == ("revisit", head)
    said = {name: header(revisit, name) for name in ("WARC-Profile", "WARC-Payload-Digest", "WARC-Target-URI")}
    assert said == {
        "WARC-Profile": f"http://netpreserve.org/warc/1.1/revisit/{profile}",
        "WARC-Payload-Digest": header(original, "WARC-Payload-Digest"),
        "WARC-Target-URI": f"{HOME}b.html",
    }
    assert header(revisit, "WARC-Refers-To") == header(original, "WARC-Record-ID")
    assert header(revisit, "WARC-Refers-To-Target-URI") == header(original, "WARC-Target-URI")
    assert header(revisit, "WARC-Refers-To-Date") == header(original, "WARC-Date")
    checked = subprocess.run([sys.executable, "-m", "warcio.cli", "check", path], capture_output=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, b"")
    assert fixity.check(path).problems == []
    assert list(warc.scan(path)) == warc.index(path)
    holdings = captures.load("370115", [path])
    document = holdings.document(holdings.captures[1])
    assert document
    assert document.content == page


def test_a_revisit_whose_original_is_gone_is_said_to_be(path: Path) -> None:
    visit = Writer(path, INFO, START)
    old = visit.exchange(exchange("a.html"))
    visit.close()
    later = path.with_name("370115-20260401040506-01.warc.gz")
    visit = Writer(later, INFO, START | {"run": "370115-20260401040506-01", "started": "2026-04-01T04:05:06Z"})
    visit.exchange(exchange("a.html"), old)
    visit.close()
    holdings = captures.load("370115", [later])
    assert holdings.document(holdings.captures[0]) is None
    (damage,) = holdings.damage
    assert "holds the payload of http://www.jiyang.gov.cn/a.html is gone" in damage


# --- archives of an older program -----------------------------------------------------------------------------------


def test_an_index_of_an_older_program_is_read(long: list[Path]) -> None:
    for file in long:
        index = warc.index_path(file)
        lines = [json.loads(line) for line in index.read_text("utf-8").splitlines()]
        older = [
            {k: v for k, v in line.items() if k not in ("id", "refers_to", "content", "truncated")} for line in lines
        ]
        index.write_text("".join(f"{json.dumps(line)}\n" for line in older), "utf-8")
    assert [line for file in long for line in fixity.check(file).problems] == []
    assert repair.repair(long) == []
    holdings = captures.load("370115", long)
    assert [capture.record.url for capture in holdings.captures] == [f"{HOME}{n}.html" for n in range(8)]
    assert all(holdings.document(capture) for capture in holdings.captures)


@pytest.mark.parametrize("field", ["id", "refers_to", "content", "truncated"])
def test_an_index_that_says_something_else_is_found(path: Path, field: str) -> None:
    visit = Writer(path, INFO, START)
    old = visit.exchange(exchange("a.html"))
    visit.exchange(exchange("b.html"), old)
    visit.close()
    index = warc.index_path(path)
    lines = [json.loads(line) for line in index.read_text("utf-8").splitlines()]
    next(line for line in lines if line["type"] == "revisit")[field] = "other"
    index.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    (problem,) = fixity.check(path).problems
    assert f"the index has the {field} 'other'" in problem
