"""How every portal stands: its last visit, last success, why it failed, and which years' reports are there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlite_utils

from archive.model import Portal

_PORTALS = """
select p.code, p.name, p.slug, p.expect_reports,
  last.started as visited, coalesce(last.verdict, 'unvisited') as verdict, coalesce(last.message, '') as message,
  (select max(finished) from runs where portal = p.code and verdict = 'ok') as succeeded,
  bad.started as failed, bad.verdict as failed_verdict, bad.message as failed_message,
  (select count(*) from reports where portal = p.code and current) as reports
from portals p
left join runs last on last.id =
  (select id from runs where portal = p.code and not by_hand order by started desc, id desc limit 1)
left join runs bad on bad.id = (
  select id from runs
  where portal = p.code and not by_hand and verdict <> 'ok' and not (verdict = 'empty' and not p.expect_reports)
  order by started desc, id desc limit 1
)
order by p.code
"""


def rows(data: Path, known: Mapping[str, Portal]) -> list[dict[str, Any]]:
    """As `of`, of DATA/nianbao.db."""
    return of(sqlite_utils.Database(data / "nianbao.db"), known)


def of(db: sqlite_utils.Database, known: Mapping[str, Portal]) -> list[dict[str, Any]]:
    """A row for each portal, visited or not: code, name, visited, verdict, succeeded (UTC), message, reports, years;
    and of its last visit that did not end as it should: failed (UTC), failed_verdict, failed_message.

    `years` is year → state (archive.coverage). `known` is the registry: its portals that were never visited are here
    too, with the verdict `unvisited`, or `no address` where nobody knows their home.
    """
    years: dict[str, dict[int, str]] = {}
    for row in db.table("coverage").rows:
        years.setdefault(row["portal"], {})[row["year"]] = row["state"]
    visited = {row["code"]: {**row, "years": years.get(row["code"], {})} for row in db.query(_PORTALS)}
    return [visited.get(code) or _unvisited(known[code]) for code in sorted({*visited, *known})]


def _unvisited(portal: Portal) -> dict[str, Any]:
    row = {"code": portal.code, "name": portal.name, "slug": portal.slug, "expect_reports": portal.expect_reports}
    nothing: dict[str, Any] = {"visited": None, "succeeded": None, "message": "", "reports": 0, "years": {}}
    nothing |= {"failed": None, "failed_verdict": None, "failed_message": None}
    return {**row, "verdict": "unvisited" if portal.home else "no address", **nothing}
