"""Figures for whoever watches over the archive, as text files for Prometheus: node_exporter's textfile collector.

DATA/metrics.prom is written after each crawl, DATA/verify.prom after each verify, both in one step.
"""

import json
from importlib.metadata import version
from pathlib import Path

import sqlite_utils
from prometheus_client import CollectorRegistry, Gauge, Info, write_to_textfile

from archive import clock, disk

VERDICTS = ("ok", "empty", "blocked", "unreachable", "partial")

# name → (what it is, a query: each row a sample, its last col the value and the others the labels)
OF_PORTALS = {
    "last_visit_timestamp_seconds": (
        "When the latest visit began",
        "select code, slug, strftime('%s', max(started)) from portals join visits on portal = code group by code",
    ),
    "last_success_timestamp_seconds": (
        "When the latest visit that ended as it should began; 0: none did",
        """select code, slug, coalesce(strftime('%s', max(started) filter (
             where verdict = 'ok' or (verdict = 'empty' and not expect_reports))), 0)
           from portals join visits on portal = code group by code""",
    ),
    "last_verdict": (
        "1 for the verdict of the latest visit",
        """select code, slug, value as verdict, value = (
             select verdict from visits where portal = code order by started desc, id desc limit 1)
           from portals join json_each(:verdicts)""",
    ),
    "reports": (
        "Reports held, each counted once",
        """select code, slug, count(id) from portals left join reports on portal = code and current group by code""",
    ),
    "captures": (
        "Answers held",
        "select code, slug, count(filename) from portals left join captures on portal = code group by code",
    ),
    "received_bytes": (
        "Bytes received in all visits",
        "select code, slug, sum(bytes) from portals join runs on portal = code group by code",
    ),
    "findings": (
        "Findings about the reports held",
        """select code, slug, level, count(*) from portals join reports r on portal = code and current
           join findings on report = r.id group by code, level""",
    ),
    "events": (
        "Events, all that ever were",
        "select code, slug, kind, count(*) from portals join events on portal = code group by code, kind",
    ),
}


def write(data: Path) -> None:
    """Writes DATA/metrics.prom as things stand after a crawl."""
    figures = CollectorRegistry()
    Info("nianbao_build", "The program", registry=figures).info({"version": version("nianbao")})
    _gauge(figures, "last_crawl_timestamp_seconds", "When the latest crawl ended", clock.now().timestamp())
    _gauge(figures, "free_bytes", "Free space of the file system of the data folder", disk.free(data))
    _gauge(figures, "archive_bytes", "Size of the WARC files and their indexes", _size(data / "warc"))
    _gauge(figures, "database_bytes", "Size of the database", (data / "nianbao.db").stat().st_size)
    db = sqlite_utils.Database(data / "nianbao.db")
    db.execute("create temp view visits as select * from runs where not by_hand")
    for name, (what, sql) in OF_PORTALS.items():
        found = db.execute(sql, {"verdicts": json.dumps(VERDICTS)} if ":verdicts" in sql else {})
        labels = [col[0] for col in found.description[:-1]]
        gauge = Gauge(f"nianbao_{name}", what, labels, registry=figures)
        for *of, value in found:
            gauge.labels(*of).set(value)
    db.close()
    write_to_textfile(str(data / "metrics.prom"), figures)


def write_verified(data: Path, problems: int) -> None:
    """Writes DATA/verify.prom: that the archive was verified, and how many things were wrong."""
    figures = CollectorRegistry()
    _gauge(figures, "last_verify_timestamp_seconds", "When the latest verify ended", clock.now().timestamp())
    _gauge(figures, "verify_problems", "Things that the latest verify found wrong", problems)
    write_to_textfile(str(data / "verify.prom"), figures)


def _gauge(figures: CollectorRegistry, name: str, what: str, value: float) -> None:
    Gauge(f"nianbao_{name}", what, registry=figures).set(value)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
