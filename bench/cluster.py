"""How much sooner two and four workers are done than one, where the gap between two requests is what takes time.

Run from the checkout: python bench/cluster.py [portals [seconds]]. Each worker makes one visit at a time and keeps so
many seconds between two requests to a host; PostgreSQL is started by it, as by the tests (Debian: postgresql).
"""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import reading  # noqa: E402
from conftest import FAST, Command  # noqa: E402
from country import Cluster, Country, ended  # noqa: E402
from postgres import Server, server  # noqa: E402

from sample_portals import SamplePortals  # noqa: E402


def measure(postgres: Server, workers: int, size: int, delay: float) -> tuple[float, int, float]:
    """(seconds, requests, processor seconds of workers and visits) from the first request to the last answer."""
    postgres.empty()
    with tempfile.TemporaryDirectory() as name, SamplePortals() as portals:
        country = Country(portals, Path(name), size + 1, reports=3)  # the first two portals share a host
        with ended(Cluster(country, portals.proxy_url, postgres.conninfo, Path(name), lease=30)) as cluster:
            before = used()
            cluster.enqueue(*(f"p{number}" for number in range(1, size + 1)))
            for number in range(workers):
                cluster.begin(
                    f"w{number}", "", 1, ("-s", f"DOWNLOAD_DELAY={delay}", "-s", "AUTOTHROTTLE_ENABLED=False")
                )
            cluster.wait(3600)
            cluster.end()
        assert not country.overlaps()
        took = max(seen.end for seen in country.seen) - min(seen.start for seen in country.seen)
        return took, len(country.seen), used() - before


def rates(count: int) -> None:
    """What so many reports of one portal cost, without any gap; each is a page of 110 KB, as Word makes it."""
    with tempfile.TemporaryDirectory() as name, SamplePortals() as portals:
        country = Country(portals, Path(name), 2, count, body=reading.word_page().decode())
        nianbao = Command(Path(name) / "data", portals.proxy_url, alone=True)
        only = ("--only-registry", "--registry", country.registry)
        for step in (("crawl", "p1", *only, *FAST), ("build", "--full")):
            before = used()
            done = nianbao(*step)
            assert done.returncode == 0, done.stderr
            print(f"{step[0]}: {1000 * (used() - before) / count:.0f} ms of processor time a report", flush=True)
        kept = sum(path.stat().st_size for path in (nianbao.data / "warc").rglob("*.*"))
        rows = (nianbao.data / "nianbao.db").stat().st_size
        print(f"archive {kept / count / 1000:.1f} KB a report, database {rows / count / 1000:.1f} KB")


def used() -> float:
    """Processor seconds of all processes that were begun here and have ended."""
    now = os.times()
    return now.children_user + now.children_system


def main() -> None:
    given = sys.argv[1:]
    size, delay = int(given[0]) if given else 8, float(given[1]) if given[1:] else 3.0
    first = 0.0
    with server() as postgres:
        for workers in (1, 2, 4):
            with contextlib.redirect_stderr(io.StringIO()):
                took, requests, spent = measure(postgres, workers, size, delay)
            first = first or took
            each = spent / size
            print(
                f"{workers} workers: {size} portals, {requests} requests in {took:.0f} s,"
                f" {first / took:.2f} x as fast as one; {each:.1f} s of processor time a visit",
                flush=True,
            )


if __name__ == "__main__":
    main()
    rates(100)
