"""What it costs to verify an archive, to build its database, and to keep that, at several sizes (docs/bench.md).

Run from the checkout: python bench/keeping.py [reports …], 1000 unless told. For each size an archive is made of
portals of 40 reports; `nianbao verify` and `gzip -t` take turns on its files, and so do `nianbao build --full` and
nothing but the reading of the files by warcio. It measures, and fails nothing.
"""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from reading import light_page  # noqa: E402

from archive import clock, durable, warc  # noqa: E402
from archive.model import Exchange  # noqa: E402
from archive.writer import Writer  # noqa: E402

DEPARTMENTS = ("教育局", "民政局", "司法局", "财政局", "水利局", "统计局", "审计局", "医疗保障局")
YEARS = range(2021, 2026)
A_PORTAL = len(DEPARTMENTS) * len(YEARS)
VISITED = datetime(2026, 4, 1, 2, tzinfo=UTC)
SCAN = """
import sys
from warcio.archiveiterator import ArchiveIterator
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        for record in ArchiveIterator(file):
            record.content_stream().read()
"""


class Cost(NamedTuple):
    seconds: float
    cpu: float
    memory: int  # KB, of the largest process


def make(data: Path, count: int) -> None:
    """An archive of so many reports, no two alike, as visits would have left it."""
    page = light_page()
    with patch.object(durable.os, "fsync", lambda _: None):  # that each record is synced is not what is measured here
        for number in range(-(-count // A_PORTAL)):
            _visit(data, number, min(count - number * A_PORTAL, A_PORTAL), page)


def _visit(data: Path, number: int, count: int, page: str) -> None:
    code, host = f"{100_000 + number}", f"www.p{number}.gov.cn"
    name, home = f"济南市第{_chinese(number)}区", f"http://{host}/"
    run = f"{code}-20260401020000-01"
    portal = {"code": code, "name": name, "slug": f"p{number}", "home": home}
    start = {"run": run, "portal": portal, "started": clock.iso(VISITED), "vantage": "", "sample": False}
    visit = Writer(data / "warc" / code / f"{run}.warc.gz", {"software": "nianbao/bench", "settings": "{}"}, start)
    titles = [f"{name}{department}{year}年政府信息公开工作年度报告" for year in YEARS for department in DEPARTMENTS]
    links = "".join(f'<li><a href="/nb/t{10000 + n}.html">{title}</a></li>' for n, title in enumerate(titles[:count]))
    visit.exchange(_answer(home, '<a href="/nb/">政府信息公开年报</a>'))
    visit.exchange(_answer(f"{home}nb/", f"<h2>政府信息公开年报</h2><ul>{links}</ul>"))
    for n, title in enumerate(titles[:count]):
        visit.exchange(_answer(f"{home}nb/t{10000 + n}.html", page.replace("TITLE", title)))
    ended = {"finished": clock.iso(VISITED + timedelta(hours=1)), "verdict": "ok", "message": "", "captures": count}
    columns = {"columns": [f"{home}nb/"], "walked": [f"{home}nb/"], "listed": {f"{home}nb/": count}, "bytes": 0}
    visit.note(warc.END, ended | columns)
    visit.close()


def _chinese(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "零一二三四五六七八九"))


def _answer(url: str, body: str) -> Exchange:
    content = f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{body}</body></html>'.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    return Exchange(url, VISITED, "GET", [(b"Host", url.split("/")[2].encode())], b"", head + content)


def cost(*given: object) -> Cost:
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    probe = subprocess.Popen([str(word) for word in given], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(probe.pid, 0)
    probe.returncode = os.waitstatus_to_exitcode(status)
    if probe.returncode:
        raise SystemExit(f"{given[:6]} ended with {probe.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - began, cpu, used.ru_maxrss)


def measured(count: int) -> Iterator[str]:
    nianbao = (sys.executable, "-m", "archive.cli")
    with tempfile.TemporaryDirectory() as place:
        data = Path(place)
        make(data, count)
        lists = Path(place, "files")
        lists.write_text("\n".join(map(str, warc.files(data))))
        size = sum(path.stat().st_size for path in warc.files(data))
        yield f"{count:,} reports in {len(warc.files(data)):,} WARC files of {size / 1e6:,.1f} MB"
        scan = cost("xargs", "-n", "500", "-a", lists, sys.executable, "-c", SCAN)
        built = cost(*nianbao, "build", "--full", "--data", data)
        yield (
            f"build --full: {built.seconds:.1f} s, {count / built.cpu:.0f} reports per second and core; "
            f"{built.cpu / scan.cpu:.1f} × reading the WARC; {built.memory / 1024:.0f} MB"
        )
        pairs = [
            (cost("xargs", "-n", "500", "-a", lists, "gzip", "-t"), cost(*nianbao, "verify", "--data", data))
            for _ in range(3)
        ]
        gzip, verify = min(a.seconds for a, _ in pairs), min(b.seconds for _, b in pairs)
        yield f"verify: {verify:.2f} s, {gzip / verify:.2f} of the speed of gzip -t ({gzip:.2f} s); " + (
            f"{pairs[0][1].memory / 1024:.0f} MB"
        )
        yield _store(data / "nianbao.db", count)


def _store(path: Path, count: int) -> str:
    """What a report takes, by what its tables and their indexes take."""
    parts = {"facts and texts of cells": ("sheets",), "prose and its index": ("prose", "search")}
    with closing(sqlite3.connect(path)) as db:
        (reports,) = db.execute("select count(*) from reports").fetchone()
        (facts,) = db.execute("select count(*) from facts where report in (select id from reports limit 50)").fetchone()
        sizes = taken(db)
    said = [f"{what} {sum(s for n, s in sizes.items() if n.startswith(names)) / reports:,.0f}"
            for what, names in parts.items()]  # fmt: skip
    assert reports == count, f"{reports} reports of {count} were read"
    return f"store: {path.stat().st_size / count:,.0f} bytes a report ({'; '.join(said)}); {facts / 50:.0f} facts each"


def taken(db: sqlite3.Connection) -> dict[str, int]:
    """Table → what it takes with its indexes, in bytes."""
    sql = "select m.tbl_name, sum(s.pgsize) from dbstat s join sqlite_master m using (name) group by 1"
    return dict(db.execute(sql))


def main(counts: list[int]) -> None:
    for count in counts:
        for line in measured(count):
            print(line, flush=True)
        print()


if __name__ == "__main__":
    if not shutil.which("gzip"):
        raise SystemExit("gzip is needed, as a peer")
    main([int(given) for given in sys.argv[1:]] or [1000])
