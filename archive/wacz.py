"""The archive as one WACZ file (1.1.1), which ReplayWeb.page, pywb and others open.

Written here, record by record: the packages wacz and cdxj-indexer parse every record anew to find what our indexes
already say, and sort by `surt` (see archive.surt). The index is index.cdx.gz with index.idx, as theirs is, because
pywb does not take a file named index.cdxj.
"""

import gzip
import heapq
import itertools
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from archive import warc
from archive.about import SOFTWARE, About
from archive.model import Record
from archive.output import Hashed
from archive.surt import surt

_IN_MEMORY = 50_000  # lines of the index
_BLOCK = 1000  # lines of the index that a reader fetches at once
_MAX_POSTED = 4096  # characters of what was posted that are part of a key, as others cut it
_PAGES = """
select r.id, d.url, c.timestamp as ts, r.title from reports r
join documents d on d.report = r.id and d.number = 0
join captures c on c.filename = d.filename and c.offset = d.offset
where r.portal = ? order by r.id
"""


def write(
    target: Path, warcs: Iterable[Path], db: sqlite3.Connection, found: About, copied: Callable[[int], None]
) -> list[str]:
    """Writes a new WACZ file of whole WARC files; returns what is damaged and therefore not in it, a line each.

    `copied` is told of bytes that were copied.
    """
    damaged: list[str] = []
    with zipfile.ZipFile(target, "x") as file:
        package = _Package(file, datetime.fromisoformat(found.made))
        lines = _sorted(_copied(package, warcs, damaged, copied), target.parent)
        _write_index(package, lines)
        with package.entry("pages/pages.jsonl") as out:
            for line in _pages(db, sorted({path.parent.name for path in warcs}), found.title):
                out.write(line)
        _write_descriptor(package, found)
    return damaged


class _Package:
    """The zip file, and what its descriptor will say of the entries."""

    def __init__(self, file: zipfile.ZipFile, made: datetime) -> None:
        self._file = file
        self._made = made.timetuple()[:6]
        self.resources: list[dict[str, Any]] = []

    @contextmanager
    def entry(self, path: str, size: int = 0) -> Iterator[Hashed]:
        """A new entry of up to `size` bytes, stored as it is: readers fetch any part of it."""
        info = zipfile.ZipInfo(path, self._made)
        info.external_attr = 0o644 << 16
        # The form for large files is taken for these alone: where only the entry's own header has it, and not the
        # directory, as zipfile may do, wabac reads from the wrong place.
        info.file_size = size if size > zipfile.ZIP64_LIMIT else 0
        with self._file.open(info, "w") as out:
            hashed = Hashed(out)
            yield hashed
        name = path.rpartition("/")[2].lower()
        self.resources.append({"name": name, "path": path, "hash": f"sha256:{hashed.sha256}", "bytes": hashed.bytes})


def _copied(
    package: _Package, warcs: Iterable[Path], damaged: list[str], copied: Callable[[int], None]
) -> Iterator[str]:
    """Copies WARC files, without what a run still writes and without damaged records; gives a line for each answer."""
    for path in warcs:
        try:
            records = warc.index(path)
        except warc.Damaged as error:
            damaged.append(str(error))
            continue
        size = records[-1].offset + records[-1].length if records else 0
        with package.entry(f"archive/{path.name}", size) as out:
            for record in records:
                try:
                    member = warc.read_member(path, record)
                except warc.Damaged as error:
                    damaged.append(str(error))
                    continue
                if record.type in warc.ANSWERS and record.status != 304 and not record.truncated:  # no page is in those
                    yield _line(record, out.bytes)
                out.write(member)
                copied(len(member))


def _line(record: Record, offset: int) -> str:
    """A record's line in the index (CDXJ). `offset` is where it stands in the copy."""
    url = warc.url_of(record.url)
    fields = {
        "url": url,
        "mime": "warc/revisit" if record.type == "revisit" else record.mime,
        "status": str(record.status),
        "digest": record.digest,
        "length": str(record.length),
        "offset": str(offset),
        "filename": record.filename,
    }
    fields = {name: value for name, value in fields.items() if value}
    key = url
    if posted := record.url[len(url) + 1 :]:
        method, _, body = posted.removeprefix("__wb_method=").partition("&")
        fields |= {"method": method, "requestBody": unquote_plus(body)[:_MAX_POSTED]}
        key += f"{record.url[len(url)]}__wb_method={method}&{fields['requestBody']}"
    time = re.sub(r"\D", "", record.timestamp)
    return f"{surt(key)} {time} {json.dumps(fields, ensure_ascii=False)}\n"


def _sorted(lines: Iterable[str], scratch: Path) -> Iterator[bytes]:
    """The lines in the order of their bytes, without holding all of them in memory."""
    encoded = (line.encode() for line in lines)
    runs = []
    while part := sorted(itertools.islice(encoded, _IN_MEMORY)):
        run = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 closed with the process that drains it
        run.writelines(part)
        run.seek(0)
        runs.append(run)
    return heapq.merge(*runs)


def _write_index(package: _Package, lines: Iterator[bytes]) -> None:
    """Blocks of lines, each compressed by itself, and a second index that says which line each begins with."""
    blocks = ['!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n']
    with package.entry("indexes/index.cdx.gz") as out:
        while block := list(itertools.islice(lines, _BLOCK)):
            member = gzip.compress(b"".join(block), mtime=0)
            key = block[0].partition(b" {")[0].decode()
            blocks.append(f'{key} {{"offset": {out.bytes}, "length": {len(member)}}}\n')
            out.write(member)
    with package.entry("indexes/index.idx") as out:
        out.write("".join(blocks).encode())


def _pages(db: sqlite3.Connection, codes: Iterable[str], title: str) -> Iterator[bytes]:
    """What a reader is offered to open: the page of every revision of every report."""
    yield _json({"format": "json-pages-1.0", "id": "pages", "title": title})
    for code in codes:  # a portal at a time, so that no build has to wait
        for key, url, time, name in db.execute(_PAGES, [code]).fetchall():
            yield _json({"id": key, "url": warc.url_of(url), "ts": time, "title": name})


def _write_descriptor(package: _Package, found: About) -> None:
    descriptor = _json(
        {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": found.title,
            "created": found.made,
            "software": SOFTWARE,
            "resources": package.resources,
        }
    )
    with package.entry("datapackage.json") as out:
        out.write(descriptor)
    digest = {"path": "datapackage.json", "hash": f"sha256:{out.sha256}"}
    with package.entry("datapackage-digest.json") as out:
        out.write(_json(digest))


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"
