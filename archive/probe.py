"""A visit for whoever adds a portal: what the crawler finds from an address alone, and the registry entry to paste."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlite_utils

from archive import build, visits
from archive.model import Portal
from parsers import platforms

CODE = "000000"  # stands for the district's own code, which an address does not tell
SHOWN = 10  # reports, and as many rejected links


def probe(home: str, settings: Mapping[str, str]) -> Iterator[str]:
    """Visits `home` into a folder that is thrown away; yields what there is to say, a line each."""
    host = (urlsplit(home).hostname or "").removeprefix("www.")
    portal = Portal(CODE, host, host.partition(".")[0], home)
    with tempfile.TemporaryDirectory(prefix="nianbao-probe-") as folder:
        data = Path(folder)
        entry = "".join(f"{key} = {json.dumps(getattr(portal, key))}\n" for key in ("name", "slug", "home"))
        (data / "probe.toml").write_text(f"[{CODE}]\n{entry}", "utf-8")
        registry = {"NIANBAO_REGISTRY": str(data / "probe.toml"), "NIANBAO_ONLY_REGISTRY": "1"}
        if shortage := visits.send([portal], data, {**settings, **registry}, {}):
            yield shortage
        build.build(data)
        yield from _findings(sqlite_utils.Database(data / "nianbao.db"), portal)


def _findings(db: sqlite_utils.Database, portal: Portal) -> Iterator[str]:
    for run in db.table("runs").rows:
        yield f"verdict: {run['verdict']}" + (f"; {run['message']}" if run["message"] else "")
    columns = list(db.query("select * from columns order by score desc, url"))
    reports = list(db.query("select * from reports where current order by scope, year desc, issuer"))
    yield f"platform: {_platform(columns, reports)}"
    for column in columns:
        yield f"column: {column['url']}\n    score {column['score']}"
        yield f"    “{column['title']}”, found on {column['found_on']}"
        yield from (f"    {evidence}" for evidence in column["why"].split("; "))
    yield from _some([_report(row) for row in reports], "more reports")
    rejected = [f"rejected: {row['text']} {row['url']}\n    {row['why']}" for row in db.query("select * from rejected")]
    yield from _some(rejected, "more rejected")
    yield "\nThe entry for archive/portals/<province>.toml, with the district's code and name to be put in:\n"
    yield f'[{CODE}]\nname = "…"\nslug = "{portal.slug}"\nhome = "{portal.home}"'
    yield f'note = "{len(columns)} columns and {len(reports)} reports found from home by nianbao probe"'


def _platform(columns: list[dict[str, Any]], reports: list[dict[str, Any]]) -> str:
    """Which modules of parsers.platforms gave links, and what family the reports' addresses look like."""
    modules = sorted({column["platform"] for column in columns} - {""})
    family = platforms.family(report["url"] for report in reports)
    return (", ".join(modules) or "plain links") + (f"; addresses of reports look like {family}" if family else "")


def _report(row: dict[str, Any]) -> str:
    return f"report: {row['year']} {row['issuer']} ({row['scope']})\n    {row['url']}"


def _some(lines: list[str], rest: str) -> Iterator[str]:
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"… and {len(lines) - SHOWN} {rest}"
