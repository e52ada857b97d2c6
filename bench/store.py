"""What the database takes and how fast its pages are as it grows from a thousand reports to a million (docs/bench.md).

Run from the checkout: python bench/store.py [reports …]. A portal with 1,035 reports is stored as a build stores it,
and then copied under other codes, without its prose: that is kept of one portal alone, so search is not asked. A
million takes 20 GB. It measures, and fails nothing.
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from archive import serve, tables  # noqa: E402
from bench import keeping, site, synthetic_site  # noqa: E402

BODIES = 207  # of a portal, with five reports each
A_PORTAL = BODIES * len(synthetic_site.YEARS)
PAGES = ("home", "district", "report", "proof", "compare", "chart", "events", "event", "checks", "check", "status")
ALONE = 40  # times that each page is asked for
NOT_COPIED = ("prose", "items", "checks", "indicators", "indicator_terms", "withheld")


def grow(path: Path, portals: int) -> tuple[float, float]:
    """Makes a database of so many portals; seconds for the rows of the copies, and for all indexes."""
    code = synthetic_site.write_portal(path, BODIES)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma synchronous = off")
        db.execute("pragma journal_mode = off")
        indexes = db.execute("select name, sql from sqlite_master where type = 'index' and sql is not null").fetchall()
        for name, _ in indexes:
            db.execute(f"drop index {name}")
        began = time.perf_counter()
        copies = [synthetic_site.code_of(number) for number in range(1, portals)]
        for name, (_, columns, _, _) in tables.TABLES.items():
            if name not in NOT_COPIED:
                _copy(db, name, columns, code, copies)
        copied = time.perf_counter()
        for _, sql in indexes:
            db.execute(sql)
        indexed = time.perf_counter()
        db.execute("analyze")
        return copied - began, indexed - copied


def _copy(db: sqlite3.Connection, table: str, columns: dict[str, type], code: str, copies: list[str]) -> None:
    """The rows of a portal for others: wherever its code stands, theirs does."""
    copied = ", ".join(f"replace({name}, :code, :other)" if kind is str else name for name, kind in columns.items())
    db.execute(f"create temp table one as select * from {table}")  # noqa: S608
    db.execute("begin")
    db.executemany(
        f"insert into {table} ({', '.join(columns)}) select {copied} from one",  # noqa: S608
        ({"code": code, "other": other} for other in copies),
    )
    db.execute("commit")
    db.execute("drop table one")


def sizes(path: Path, reports: int) -> Iterator[str]:
    parts = {"facts and texts of cells": ("sheets",), "indicators": ("indicator_values",), "captures": ("captures",)}
    with closing(sqlite3.connect(path)) as db:
        (there,) = db.execute("select count(*) from reports").fetchone()
        assert there == reports
        found = keeping.taken(db)
    for what, names in parts.items():
        yield f"{what} {sum(size for name, size in found.items() if name in names) / reports:,.0f}"


def main(counts: list[int], folder: Path) -> None:
    for count in counts:
        portals = max(1, round(count / A_PORTAL))
        data, reports = folder / str(portals), portals * A_PORTAL
        path = data / "nianbao.db"
        rows, indexes = grow(path, portals)
        size = path.stat().st_size
        print(f"{reports:,} reports of {portals:,} portals: {size / 1e9:.2f} GB, {size / reports:,.0f} bytes a report "
              f"({'; '.join(sizes(path, reports))}); rows copied in {rows:.0f} s, indexes {indexes:.0f} s")  # fmt: skip
        asked = {name: address for name, address in site.pages(path).items() if name in PAGES}
        with site.serving(lambda port: serve.arguments(data, port, is_public=True)) as server:  # noqa: B023
            took = asyncio.run(site.alone(server, asked, ALONE))
            peak = Path(f"/proc/{server.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
        print(
            "p95, ms: "
            + ", ".join(f"{name} {site.p95(times):.0f} (first {times[0]:.0f})" for name, (times, _) in took.items())
        )
        print(f"the server took {int(peak) / 1024:.0f} MB at most\n", flush=True)
        path.unlink()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main([int(given) for given in sys.argv[1:]] or [1_000, 10_000, 100_000, 1_000_000], Path(scratch))
