"""/report/ID and /report/ID/proof/ITEM: a report as printed, with what the checks say; where a figure stands."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from datasette.app import Datasette
from datasette.utils.asgi import Request, Response

from archive.site import layout
from archive.site.pages import events
from archive.site.pages.common import Route, Row, missing, page, rows
from archive.site.pages.record import DOCUMENTS, path_of, sha256
from parsers import checks

_WITHHELD = "select * from withheld where report = ? order by date, what"


async def report(datasette: Datasette, request: Request) -> Response:
    found = await _report(datasette, request)
    if not found:
        return await missing(datasette, request)
    key = [found["id"]]
    withheld = await rows(datasette, _WITHHELD, key)
    if "report" in {one["what"] for one in withheld}:
        return await page(datasette, request, "nianbao_withheld.html", {"report": found, "withheld": withheld}, 410)
    sheets = await rows(datasette, "select distinct form, table_name from sheets where report = ?", key)
    facts = {f["item"]: f for f in await rows(datasette, "select * from facts where report = ?", key)}
    findings = await _findings(datasette, found["id"])
    filled = {(s["form"], s["table_name"]) for s in sheets}
    known = [table for name in sorted({s["form"] for s in sheets}) for table in layout.tables(name)]
    claims = await rows(datasette, "select * from claims where report = ? order by number", key)
    prose = await rows(datasette, "select text from prose where report = ?", key)
    context = {
        "report": found,
        "withheld": withheld,
        "hidden": {one["what"] for one in withheld},
        "findings": findings,
        "facts": facts,
        "marks": _marks(findings),
        "footnotes": {t.name: [f for f in findings if _concerns(f, t.name)] for t in known},
        "tables": [t for t in known if (t.form, t.name) in filled],
        "unread": list({t.label: t for t in known if t.name not in {name for _, name in filled}}),
        "local": [f for f in facts.values() if f["form"] == "local"],
        "documents": await rows(datasette, DOCUMENTS, key),
        "prose": _checked_prose(prose[0]["text"] if prose else "", claims, facts),
        "claimed": len(claims),
        "pictured": any(f["ocr"] for f in facts.values()),
        **await _neighbours(datasette, found),
    }
    context |= await _changes(datasette, found, context["revisions"])
    return await page(datasette, request, "nianbao_report.html", context)


async def proof(datasette: Datasette, request: Request) -> Response:
    found = await _report(datasette, request)
    item = unquote(request.url_vars["item"])
    facts = await rows(datasette, "select * from facts where report = ? and item = ?", [found and found["id"], item])
    withheld = await rows(datasette, _WITHHELD, [found and found["id"]])
    if found and {"report", item} & {one["what"] for one in withheld}:
        return await page(datasette, request, "nianbao_withheld.html", {"report": found, "withheld": withheld}, 410)
    if not found or not facts:
        return await missing(datasette, request)
    documents = await rows(datasette, DOCUMENTS, [found["id"]])
    claims = await rows(datasette, "select * from claims where report = ? order by number", [found["id"]])
    labels = await rows(datasette, "select * from items where form = ? and item = ?", [facts[0]["form"], item])
    document = next((d for d in documents if d["number"] == facts[0]["document"]), None)
    path = path_of(datasette, document) if document else None
    context = {
        "report": found,
        "fact": facts[0],
        "label": labels[0] if labels else None,
        "document": document,
        "is_here": bool(path),
        "sha256": sha256(path, document["offset"]) if document and path else "",
        "findings": [f for f in await _findings(datasette, found["id"]) if item in f["items"]],
        "claims": [c for c in claims if item in c["item"].split("+")],
    }
    return await page(datasette, request, "nianbao_proof.html", context)


async def _report(datasette: Datasette, request: Request) -> Row | None:
    sql = "select r.*, p.name from reports r join portals p on p.code = r.portal where r.id = ?"
    found = await rows(datasette, sql, [unquote(request.url_vars["report"])])
    return found[0] if found else None


async def _findings(datasette: Datasette, key: str) -> list[Row]:
    """A report's findings, worst first, each with its number as a footnote has one."""
    sql = """select f.*, c.zh, c.en from findings f left join checks c on c.name = f.check_name
    where f.report = ? order by f.number"""
    found = sorted(await rows(datasette, sql, [key]), key=lambda f: checks.LEVELS.index(f["level"]))
    return [{**f, "items": json.loads(f["items"]), "mark": _mark(n)} for n, f in enumerate(found, 1)]


async def _neighbours(datasette: Datasette, found: Row) -> dict[str, Any]:
    """Other revisions of a report, and its issuer's reports of the years before and after."""
    sql = "select * from reports where portal = ? and issuer = ? and year between ? and ? order by year, revision"
    year = found["year"]
    near = await rows(datasette, sql, [found["portal"], found["issuer"], year - 1, year + 1])
    return {
        "revisions": [r for r in near if r["year"] == year],
        "before": next((r for r in near if r["year"] == year - 1 and r["current"]), None),
        "after": next((r for r in near if r["year"] == year + 1 and r["current"]), None),
    }


async def _changes(datasette: Datasette, found: Row, revisions: Iterable[Row]) -> dict[str, Any]:
    """What this revision changed, and which of its cells a later one changed."""
    next_one = [r["id"] for r in revisions if r["revision"] == found["revision"] + 1]
    difference = await events.difference(datasette, found) if found["revision"] > 1 else None
    later = await rows(datasette, events.CHANGES, next_one) if next_one else []
    return {
        "difference": difference,
        "earlier": {change["item"]: change for change in difference["changes"]} if difference else {},
        "later": {change["item"]: change for change in later},
    }


def _concerns(finding: Row, table: str) -> bool:
    return any(item.partition(".")[0] == table for item in finding["items"])


def _mark(number: int) -> str:
    """①, ②, … as far as there are such characters."""
    return chr(0x245F + number) if number <= 20 else f"({number})"


def _marks(findings: Iterable[Row]) -> dict[str, list[Row]]:
    marks: dict[str, list[Row]] = {}
    for finding in findings:
        for item in finding["items"]:
            marks.setdefault(item, []).append(finding)
    return marks


def _checked_prose(text: str, claims: Iterable[Row], facts: dict[str, Row]) -> list[Row]:
    """The paragraphs, each with the figures in it that were checked; `agrees` is None where the table does not say."""
    stated: dict[str, list[Row]] = {}
    for claim in claims:
        values = [facts.get(item, {}).get("value") for item in claim["item"].split("+")]
        agrees = None if None in values else sum(v for v in values if v is not None) == claim["value"]
        stated.setdefault(claim["text"], []).append({**claim, "agrees": agrees})
    lines = [line.strip() for line in text.splitlines()]
    return [{"text": line, "claims": stated.get(line, [])} for line in lines if line]


ROUTES: list[Route] = [
    (r"/report/(?P<report>[^/]+)$", report),
    (r"/report/(?P<report>[^/]+)/proof/(?P<item>.+)$", proof),
]
