"""What an older or a newer program left in the data folder is read, built and gone on with."""

import csv
import gzip
import hashlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import FAST, Command
from warcio.archiveiterator import ArchiveIterator
from warcio.warcwriter import WARCWriter

from archive import build
from archive.verify import verify

TESTS = Path(__file__).parent
FIRST = TESTS / "archives" / "first"
COLUMN = "http://www.shanting.gov.cn/zwgk/xxgknb/2020/"
REPORT = COLUMN + "202102/t20210220_1234567.html"
PDF = COLUMN + "202102/P20210220085273493361.pdf"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the archive that the first program wrote."""
    return shutil.copytree(FIRST, tmp_path / "data")


def rows(data: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with sqlite3.connect(data / "nianbao.db") as db:
        return db.execute(sql, values).fetchall()


def is_read(data: Path) -> None:
    """What the first archive holds, by the pages that the sample portals showed and the notes in its files."""
    assert rows(data, "select portal, verdict, captures, bytes from runs order by started, portal") == [
        ("370112", "ok", 5, 23215),
        ("370406", "partial", 8, 9739),
        ("370406", "partial", 8, 9739),
    ]
    assert rows(data, "select url, kind, reason from failures") == [(PDF, "error", "HTTP 404")] * 2
    assert rows(data, "select portal, issuer, year, revision, date(last_seen) from reports order by portal") == [
        ("370112", "济南市历城区人民政府", 2020, 1, "2026-02-21"),
        ("370406", "枣庄市山亭区人民政府", 2020, 1, "2026-03-01"),
    ]
    with (TESTS / "reports" / "licheng_2020" / "cells.csv").open(encoding="utf-8", newline="") as file:
        cells = {r["item"]: (re.sub(r"\s", "", r["text"]), r["unit"]) for r in csv.DictReader(file)}
    facts = rows(data, "select item, text, unit from facts join reports r on r.id = report where r.portal = '370112'")
    assert {item: (re.sub(r"\s", "", text), unit) for item, text, unit in facts} == cells


def test_an_archive_of_the_first_program_is_built(data: Path) -> None:
    assert list(verify(data)) == []
    assert build.build(data, full=True) == []
    is_read(data)


def test_a_database_of_another_program_is_made_anew(data: Path) -> None:
    with sqlite3.connect(data / "nianbao.db") as db:
        db.execute("create table reports (id integer, name text)")
        db.execute("create table archives (filename text, portal text, bytes int)")
        db.execute("pragma user_version = 7")
    assert build.build(data) == []
    is_read(data)


def test_a_visit_goes_on_from_an_archive_of_the_first_program(nianbao: Command, data: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "scrapy",
        "crawl",
        "reports",
        "-a",
        "portal=shanting",
        "-s",
        f"NIANBAO_DATA={data}",
    ]
    environment = {**nianbao.environment, "NIANBAO_NOW": "2026-03-02T00:00:00Z"}
    subprocess.run([*command, *FAST, "-s", "NIANBAO_SAMPLE=1"], env=environment, capture_output=True, check=True)
    assert build.build(data) == []
    assert rows(data, "select verdict from runs where portal = '370406' order by started")[-1] == ("ok",)
    # The report is a week old and rests; its attachment could not be had before.
    assert rows(data, "select count(*) from captures where url = ?", REPORT) == [(2,)]
    assert rows(data, "select count(*) from captures where url = ? and status = 200", PDF) == [(1,)]
    assert list(verify(data)) == []


def test_an_archive_of_a_newer_program_is_built(data: Path, tmp_path: Path) -> None:
    """It says more than this one knows, in its notes and in its index."""
    newer = tmp_path / "newer"
    for path in data.glob("warc/*/*.warc.gz"):
        _as_newer(path, newer / "warc" / path.parent.name / path.name)
    said = list(verify(newer))  # it cannot vouch for what it does not know
    assert said
    assert all("which this program does not know" in line for line in said)
    assert build.build(newer) == []
    is_read(newer)
    assert build.build(data) == []
    for table in ("portals", "runs", "failures", "columns", "rejected", "reports", "sheets", "findings", "events"):
        sql = f"select * from {table} order by 1, 2"
        assert rows(newer, sql) == rows(data, sql), table


def _as_newer(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in old.with_name(old.name.replace(".warc.gz", ".jsonl")).open(encoding="utf-8")]
    content, index = b"", ""
    for line in lines:
        with old.open("rb") as file:
            file.seek(line["offset"])
            member = file.read(line["length"])
        member = _more(member) if line["url"].startswith("urn:nianbao:") else member
        at = {"offset": len(content), "length": len(member), "sha256": hashlib.sha256(member).hexdigest()}
        index += json.dumps({**line, **at, "weather": "fair", "filename": "elsewhere"}) + "\n"
        content += member
    new.write_bytes(content)
    new.with_name(new.name.replace(".warc.gz", ".jsonl")).write_text(index, "utf-8")


def _more(member: bytes) -> bytes:
    """A note with fields that this program does not know."""
    record = next(iter(ArchiveIterator(io.BytesIO(member))))
    note = json.loads(record.content_stream().read()) | {"weather": {"wind": 3}, "number": 99}
    if "portal" in note:
        note["portal"]["mayor"] = "unknown"
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=True, warc_version="1.1")
    uri = record.rec_headers.get_header("WARC-Target-URI")
    headers = {"WARC-Date": record.rec_headers.get_header("WARC-Date")}
    block = io.BytesIO(json.dumps(note, ensure_ascii=False).encode())
    writer.write_record(
        writer.create_warc_record(
            uri, "metadata", payload=block, warc_content_type="application/json", warc_headers_dict=headers
        )
    )
    assert gzip.decompress(buffer.getvalue()).startswith(b"WARC/1.1")
    return buffer.getvalue()
