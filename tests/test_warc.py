"""The archive's files, read back by gzip and warcio, and damaged in every way we could think of."""

import dataclasses
import gzip
import json
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from archive import fixity, repair, warc
from archive.model import Exchange
from archive.writer import Writer

GBK_NAME = "attachment; filename=济阳区2019年年报.docx".encode("gbk")
BODY = gzip.compress("区政府信息公开".encode("gb18030"), mtime=0)
HEAD = (
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2; path=/\r\nContent-Disposition: " + GBK_NAME + b"\r\n"
    b"Content-Type: text/html; charset=gb2312\r\nContent-Encoding: gzip\r\n\r\n"
)
EXCHANGE = Exchange(
    url="http://www.jiyang.gov.cn/a.html?x=1&y=%E5%B9%B4",
    time=datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC),
    method="GET",
    request_headers=[(b"Host", b"www.jiyang.gov.cn"), (b"User-Agent", b"nianbao")],
    request_body=b"",
    answer=HEAD + BODY,
    ip_address="192.0.2.7",
)

START = {"run": "370115-x", "portal": {"name": "济阳"}}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "warc" / "370115" / "370115-x.warc.gz"
    writer = Writer(path, {"software": "nianbao/test", "isPartOf": "370115"}, START)
    for number in range(3):
        writer.exchange(dataclasses.replace(EXCHANGE, url=f"{EXCHANGE.url}{number}"))
    writer.close()
    return path


def test_bytes_stand_in_the_record_as_they_were_sent(written: Path) -> None:
    content = gzip.decompress(written.read_bytes())
    assert content.count(HEAD + BODY) == 3
    assert content.count(b"GET /a.html?x=1&y=%E5%B9%B4") == 3
    assert b"WARC/1.0" not in content


def test_another_reader_agrees(written: Path) -> None:
    with written.open("rb") as file:
        records = [
            (r.rec_type, r.rec_headers.get_header("WARC-Target-URI"), r.content_stream().read())
            for r in ArchiveIterator(file)
        ]
    kinds = [kind for kind, _, _ in records]
    assert kinds == ["warcinfo", "metadata", *["response", "request"] * 3]
    assert records[2] == ("response", EXCHANGE.url + "0", "区政府信息公开".encode("gb18030"))
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(written)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("digest pass") >= 6


def test_the_index_is_what_the_file_says(written: Path) -> None:
    assert warc.index(written) == list(warc.scan(written))
    response = next(r for r in warc.index(written) if r.type == "response")
    assert (response.status, response.mime, response.timestamp) == (200, "text/html", "2026-03-01T04:05:06Z")
    assert warc.read_payload(written, response) == ("区政府信息公开".encode("gb18030"), "text/html; charset=gb2312")
    assert fixity.check(written).problems == []


def test_notes_come_back(written: Path) -> None:
    note = next(r for r in warc.index(written) if r.type == "metadata")
    assert warc.read_note(written, note) == START


def test_every_flipped_bit_is_found(written: Path) -> None:
    content = written.read_bytes()
    chance = random.Random(2026)
    for _ in range(150):
        position = chance.randrange(len(content))
        broken = bytearray(content)
        broken[position] ^= 1 << chance.randrange(8)
        written.write_bytes(broken)
        said = fixity.check(written).problems
        assert said, f"bit flipped at {position}"
        assert str(written) in said[0]


def test_every_cut_is_found(written: Path) -> None:
    content = written.read_bytes()
    for end in range(0, len(content), 61):
        written.write_bytes(content[:end])
        assert any("cut off" in line for line in fixity.check(written).problems), end


def test_a_member_that_was_taken_out_or_swapped_is_found(written: Path) -> None:
    content, records = written.read_bytes(), warc.index(written)
    parts = [content[r.offset : r.offset + r.length] for r in records]
    for broken in (parts[:3] + parts[4:], [*parts[:2], parts[3], parts[2], *parts[4:]], [*parts[:3], *parts[2:]]):
        written.write_bytes(b"".join(broken))
        assert fixity.check(written).problems


def test_a_torn_end_is_cut_and_damage_is_left(written: Path) -> None:
    whole = written.read_bytes()
    written.write_bytes(whole + whole[:100])
    index = warc.index_path(written)
    lines = index.read_bytes()
    index.write_bytes(lines + b'{"offset": 9')
    assert [r.offset for r in warc.index(written)] == [json.loads(line)["offset"] for line in lines.splitlines()]
    said = repair.repair([written])
    assert len(said) == 1
    assert "100 bytes" in said[0]
    assert (written.read_bytes(), index.read_bytes()) == (whole, lines)
    written.write_bytes(whole[:-5])
    assert repair.repair([written]) == []
    assert written.read_bytes() == whole[:-5]


def test_of_an_exchange_that_was_not_synced_any_part_may_be_there(written: Path) -> None:
    """Answer and request are written at once, and so are their lines: a disk may lose the first and keep the second."""
    whole, index = written.read_bytes(), warc.index_path(written)
    *_, answer, request = warc.index(written)
    lines = index.read_bytes().splitlines(keepends=True)
    zeros = [bytes(len(line)) for line in lines]
    for torn in (zeros[-2] + lines[-1], zeros[-2][:9] + lines[-2][9:] + lines[-1], lines[-2] + zeros[-1]):
        index.write_bytes(b"".join(lines[:-2]) + torn)
        repair.repair([written])
        assert (written.read_bytes(), index.read_bytes()) == (whole, b"".join(lines))
    torn = whole[: answer.offset] + bytes(answer.length) + whole[request.offset :]
    written.write_bytes(torn)
    index.write_bytes(b"".join(lines[:-2]))
    (said,) = repair.repair([written])
    assert f"cut off {answer.length + request.length} bytes" in said
    assert written.read_bytes() == whole[: answer.offset]
    before = warc.index(written)[-2]
    index.write_bytes(b"".join(lines[:-3]))
    written.write_bytes(torn)
    (said,) = repair.repair([written])
    assert "is damaged, and the index lacks it" in said  # two exchanges at a time are never at stake
    torn = torn[: before.offset] + bytes(before.length) + torn[before.offset + before.length :]
    written.write_bytes(torn)
    index.write_bytes(b"".join(lines[:-4]))
    (said,) = repair.repair([written])
    assert "is damaged, and the index lacks it" in said
    assert written.read_bytes() == torn


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_an_index_that_lost_lines_is_mended_and_no_record_is_cut(written: Path, kept: int) -> None:
    whole, index = written.read_bytes(), warc.index_path(written)
    lines = index.read_bytes()
    index.write_bytes(b"".join(lines.splitlines(keepends=True)[:kept]))
    (said,) = repair.repair([written])
    assert "records that the index lacked" in said
    assert (written.read_bytes(), index.read_bytes()) == (whole, lines)


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "370115-z.warc.gz"
    writer = Writer(path, {"software": "nianbao/test"}, START)
    index = warc.index_path(path)
    index.write_bytes(b"")
    assert repair.repair([path]) == []
    assert index.read_bytes() == b""
    writer.close()


def test_a_file_without_index_is_read_all_the_same(written: Path) -> None:
    records = warc.index(written)
    warc.index_path(written).unlink()
    assert warc.index(written) == records
    assert any("no index" in line for line in fixity.check(written).problems)
