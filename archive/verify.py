"""Whether the archive is as it was written: the files by themselves, and the database against them."""

from collections.abc import Iterator
from pathlib import Path

import sqlite_utils

from archive import warc


def verify(data: Path) -> Iterator[str]:
    """A line for each thing that is wrong: file, offset, record, what."""
    responses: dict[tuple[str, int], str] = {}
    for index in sorted((data / "warc").glob("*/*.jsonl")):
        if not warc.warc_path(index).exists():
            yield f"{warc.warc_path(index)}: is gone, and its index is still there"
    for path in warc.files(data):
        yield from warc.verify(path)
        try:
            responses |= {(r.filename, r.offset): r.digest for r in warc.index(path) if r.type in warc.ANSWERS}
        except warc.Damaged:
            continue  # said by warc.verify
    if (data / "nianbao.db").exists():
        yield from _verify_database(data / "nianbao.db", responses)


def _verify_database(path: Path, responses: dict[tuple[str, int], str]) -> Iterator[str]:
    db = sqlite_utils.Database(path)
    rows = {(r["filename"], r["offset"]): r for r in db.table("captures").rows}
    for where, row in rows.items():
        if responses.get(where) != row["digest"]:
            yield f"{path}: captures: {row['url']} should stand in {where[0]} at offset {where[1]}, and does not"
    for row in db.table("documents").rows:
        known = rows.get((row["filename"], row["offset"]))
        if not known or known["digest"] != row["digest"]:
            yield f"{path}: documents: {row['url']} of report {row['report']} has no such capture"
    for where in responses.keys() - rows.keys():
        yield f"{path}: captures: the response in {where[0]} at offset {where[1]} is missing; run nianbao build"
