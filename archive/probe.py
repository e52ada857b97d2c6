"""A visit for whoever adds a portal: what the crawler finds from an address alone, and the registry entry to paste."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import sqlite_utils

from archive import build, visits
from archive.model import Portal

CODE = "000000"  # stands for the district's own code, which an address does not tell
SHOWN = 10  # reports


def probe(home: str, settings: Mapping[str, str]) -> Iterator[str]:
    """Visits `home` into a folder that is thrown away; yields what there is to say, a line each."""
    host = (urlsplit(home).hostname or "").removeprefix("www.")
    portal = Portal(CODE, host, host.partition(".")[0], home)
    with tempfile.TemporaryDirectory(prefix="nianbao-probe-") as folder:
        data = Path(folder)
        entry = "".join(f"{key} = {json.dumps(getattr(portal, key))}\n" for key in ("name", "slug", "home"))
        (data / "probe.toml").write_text(f"[{CODE}]\n{entry}", "utf-8")
        registry = {"NIANBAO_REGISTRY": str(data / "probe.toml"), "NIANBAO_ONLY_REGISTRY": "1"}
        visits.send([portal], data, {**settings, **registry}, {})
        build.build(data)
        yield from _findings(sqlite_utils.Database(data / "nianbao.db"), portal)


def _findings(db: sqlite_utils.Database, portal: Portal) -> Iterator[str]:
    for run in db.table("runs").rows:
        yield f"verdict: {run['verdict']}" + (f"; {run['message']}" if run["message"] else "")
    columns = list(db.table("columns").rows)
    for column in columns:
        yield f"column: {column['url']}\n    “{column['title']}”, found on {column['found_on']} by: {column['why']}"
    reports = list(db.query("select * from reports where current order by scope, year desc, issuer"))
    for report in reports[:SHOWN]:
        yield f"report: {report['year']} {report['issuer']} ({report['scope']})\n    {report['url']}"
    if len(reports) > SHOWN:
        yield f"… and {len(reports) - SHOWN} more reports"
    yield "\nThe entry for archive/portals/<province>.toml, with the district's code and name to be put in:\n"
    yield f'[{CODE}]\nname = "…"\nslug = "{portal.slug}"\nhome = "{portal.home}"'
    yield f'note = "{len(columns)} columns and {len(reports)} reports found from home by nianbao probe"'
