"""The site's own pages beside Datasette's (home, portal, report, proof, checks), and security headers for all."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped, untyped-decorator"

import functools
import json
import re
import tomllib
from collections.abc import Awaitable, Callable, Iterable
from importlib.resources import files
from typing import Any
from urllib.parse import quote, unquote

import datasette.handle_exception
from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils.asgi import Request, Response
from jinja2 import Environment

from archive import clock
from archive.site import layout
from parsers import checks

Row = dict[str, Any]
Send = Callable[[Row], Awaitable[None]]
App = Callable[[Row, Any, Send], Awaitable[None]]

# Without this Datasette prints every local variable of its stack for each address that does not exist.
datasette.handle_exception.rich = None

_WORDS = {
    "error": ("错误", "error"),
    "warning": ("警告", "warning"),
    "info": ("提示", "info"),
    "ok": ("正常", "ok"),
    "empty": ("未找到", "empty"),
    "blocked": ("被拒", "blocked"),
    "unreachable": ("无法连接", "unreachable"),
    "partial": ("不完整", "partial"),
    "new": ("新收到", "new"),
    "revised": ("有改动", "revised"),
    "withdrawn": ("已撤下", "withdrawn"),
    "overdue": ("逾期", "overdue"),
    "government": ("政府", "government"),
    "department": ("部门", "department"),
    "town": ("镇街", "town or subdistrict"),
    "number": ("数", "number"),
    "blank": ("空白", "blank"),
    "not_applicable": ("不适用", "not applicable"),
    "text": ("文字", "text"),
}


# --- routes ---------------------------------------------------------------------------------------------------------


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
    return [
        (r"/$", home),
        (r"/portal/(?P<code>[^/]+)$", portal),
        (r"/report/(?P<report>[^/]+)$", report),
        (r"/report/(?P<report>[^/]+)/proof/(?P<item>.+)$", proof),
        (r"/checks$", check_list),
    ]


async def home(datasette: Datasette, request: Request) -> Response:
    reports = await _rows(datasette, _CURRENT)
    context = {
        "portals": await _rows(datasette, "select code, name from portals order by code"),
        "years": sorted({r["year"] for r in reports}, reverse=True),
        "by_place": _grouped((r for r in reports if r["scope"] == "government"), "portal", "year"),
        "reports": reports,
        "events": await _rows(datasette, "select * from events order by date desc, report limit 10"),
        "counts": (await _rows(datasette, _COUNTS))[0],
    }
    return await _page(datasette, request, "index.html", context)


async def portal(datasette: Datasette, request: Request) -> Response:
    code = [unquote(request.url_vars["code"])]
    found = await _rows(datasette, "select * from portals where code = ?", code)
    if not found:
        return await _missing(datasette, request)
    context = {
        "portal": found[0],
        "columns": await _rows(datasette, "select * from columns where portal = ?", code),
        "reports": await _rows(datasette, _OF_PORTAL, code),
        "runs": await _rows(datasette, "select * from runs where portal = ? order by started desc limit 50", code),
        "failures": await _rows(
            datasette, "select * from failures where portal = ? order by time desc, number limit 100", code
        ),
    }
    return await _page(datasette, request, "nianbao_portal.html", context)


async def report(datasette: Datasette, request: Request) -> Response:
    found = await _report(datasette, request)
    if not found:
        return await _missing(datasette, request)
    key = [found["id"]]
    sheets = await _rows(datasette, "select distinct form, table_name from sheets where report = ?", key)
    facts = {f["item"]: f for f in await _rows(datasette, "select * from facts where report = ?", key)}
    findings = await _findings(datasette, found["id"])
    filled = {(s["form"], s["table_name"]) for s in sheets}
    known = [table for name in sorted({s["form"] for s in sheets}) for table in layout.tables(name)]
    claims = await _rows(datasette, "select * from claims where report = ? order by number", key)
    prose = await _rows(datasette, "select text from prose where report = ?", key)
    context = {
        "report": found,
        "findings": findings,
        "facts": facts,
        "marks": _marks(findings),
        "tables": [t for t in known if (t.form, t.name) in filled],
        "unread": list({t.label: t for t in known if t.name not in {name for _, name in filled}}),
        "local": [f for f in facts.values() if f["form"] == "local"],
        "documents": await _rows(datasette, _DOCUMENTS, key),
        "prose": _checked_prose(prose[0]["text"] if prose else "", claims, facts),
        "claimed": len(claims),
        **await _neighbours(datasette, found),
    }
    return await _page(datasette, request, "nianbao_report.html", context)


async def proof(datasette: Datasette, request: Request) -> Response:
    found = await _report(datasette, request)
    item = unquote(request.url_vars["item"])
    facts = await _rows(datasette, "select * from facts where report = ? and item = ?", [found and found["id"], item])
    if not found or not facts:
        return await _missing(datasette, request)
    documents = await _rows(datasette, _DOCUMENTS, [found["id"]])
    claims = await _rows(datasette, "select * from claims where report = ? order by number", [found["id"]])
    labels = await _rows(datasette, "select * from items where form = ? and item = ?", [facts[0]["form"], item])
    context = {
        "report": found,
        "fact": facts[0],
        "label": labels[0] if labels else None,
        "document": next((d for d in documents if d["number"] == facts[0]["document"]), None),
        "findings": [f for f in await _findings(datasette, found["id"]) if item in f["items"]],
        "claims": [c for c in claims if item in c["item"].split("+")],
    }
    return await _page(datasette, request, "nianbao_proof.html", context)


async def check_list(datasette: Datasette, request: Request) -> Response:
    rows = await _rows(datasette, _CHECKS)
    return await _page(datasette, request, "nianbao_checks.html", {"checks": rows})


# --- queries --------------------------------------------------------------------------------------------------------

_SERIOUS = "(select count(*) from findings f where f.report = r.id and f.level in ('error', 'warning')) as serious"
_NOTED = "(select count(*) from findings f where f.report = r.id and f.level = 'info') as noted"

_CURRENT = f"""
select r.*, p.name, {_SERIOUS}, {_NOTED},
  (select a.text from facts a where a.report = r.id and a.item = 'requests.new_requests.total') as requests
from reports r join portals p on p.code = r.portal
where r.current order by r.year desc, r.portal, r.issuer
"""  # noqa: S608

_OF_PORTAL = f"""
select r.*, {_SERIOUS}, {_NOTED} from reports r where r.portal = ? order by r.year desc, r.issuer, r.revision desc
"""  # noqa: S608

_COUNTS = """
select (select count(*) from portals) as portals, (select count(*) from reports where current) as reports,
  (select count(*) from captures) as captures, (select max(coalesce(nullif(finished, ''), started)) from runs) as latest
"""

_DOCUMENTS = """
select d.*, c.timestamp, c.status, c.length, c.run, c.portal, c.digest as capture_digest
from documents d left join captures c on c.filename = d.filename and c.offset = d.offset
where d.report = ? order by d.number
"""

_CHECKS = """
select c.*, sum(f.level = 'error') as errors, sum(f.level = 'warning') as warnings, sum(f.level = 'info') as infos
from checks c left join (select * from findings where report in (select id from reports where current)) f
  on f.check_name = c.name
group by c.name order by c.rowid
"""


async def _rows(datasette: Datasette, sql: str, parameters: Iterable[Any] = ()) -> list[Row]:
    found = await datasette.get_database("nianbao").execute(sql, list(parameters))
    return [dict(row) for row in found.rows]


async def _report(datasette: Datasette, request: Request) -> Row | None:
    sql = "select r.*, p.name from reports r join portals p on p.code = r.portal where r.id = ?"
    found = await _rows(datasette, sql, [unquote(request.url_vars["report"])])
    return found[0] if found else None


async def _findings(datasette: Datasette, key: str) -> list[Row]:
    """A report's findings, worst first, each with its number as a footnote has one."""
    sql = """select f.*, c.zh, c.en from findings f left join checks c on c.name = f.check_name
    where f.report = ? order by f.number"""
    found = sorted(await _rows(datasette, sql, [key]), key=lambda f: checks.LEVELS.index(f["level"]))
    return [{**f, "items": json.loads(f["items"]), "mark": _mark(n)} for n, f in enumerate(found, 1)]


async def _neighbours(datasette: Datasette, found: Row) -> dict[str, Any]:
    """Other revisions of a report, and its issuer's reports of the years before and after."""
    sql = "select * from reports where portal = ? and issuer = ? and year between ? and ? order by year, revision"
    year = found["year"]
    near = await _rows(datasette, sql, [found["portal"], found["issuer"], year - 1, year + 1])
    return {
        "revisions": [r for r in near if r["year"] == year],
        "before": next((r for r in near if r["year"] == year - 1 and r["current"]), None),
        "after": next((r for r in near if r["year"] == year + 1 and r["current"]), None),
    }


def _grouped(rows: Iterable[Row], *keys: str) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[k] for k in keys), []).append(row)
    return groups


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


# --- pages ----------------------------------------------------------------------------------------------------------


async def _page(datasette: Datasette, request: Request, template: str, context: Row, status: int = 200) -> Response:
    return Response.html(await datasette.render_template(template, context, request=request), status=status)


async def _missing(datasette: Datasette, request: Request) -> Response:
    return await _page(datasette, request, "404.html", {}, 404)


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    """What the templates may call; error pages have no other way to learn of the sample."""

    async def is_sample() -> bool:
        return bool(await _rows(datasette, "select 1 from runs where sample limit 1"))

    env.globals.update(is_sample=is_sample, words=_WORDS, english=_english())
    env.filters.update(
        beijing=clock.beijing,
        size=size,
        chinese=lambda message: _halves(message)[0],
        in_english=lambda message: _halves(message)[1],
        is_link=lambda url: bool(re.match(r"https?://", url or "")),
        place=place,
        proof=lambda fact: f"/report/{quote(fact['report'], safe='')}/proof/{quote(fact['item'], safe='')}",
        path=lambda text: quote(text, safe=""),
        number=lambda value: f"{value:.15g}",
        describe=checks.describe,
        lacks_unit=lambda fact: fact["unit"].endswith("元") and not re.search("[元亿万]", fact["text"]),
    )


@functools.cache
def _english() -> dict[str, str]:
    return tomllib.loads((files("archive") / "site" / "english.toml").read_text("utf-8"))


def size(count: int) -> str:
    return (
        f"{count:,} B"
        if count < 10_000
        else f"{count / 1000:,.0f} kB"
        if count < 10_000_000
        else f"{count / 1e6:,.0f} MB"
    )


def place(text: str) -> str:
    """“page 4, table 1, row 7, col 3” in Chinese; what is not written so stays as it is."""
    words = {"page": "页", "table": "张表", "row": "行", "col": "列"}
    return re.sub(r"(page|table|row|col) (\d+)(?:, )?", lambda m: f"第 {m[2]} {words[m[1]]} ", text).strip()


def _halves(message: str) -> tuple[str, str]:
    """A message for readers: Chinese, then English after the last " / "."""
    zh, slash, en = message.rpartition(" / ")
    return (zh, en) if slash else (message, "")


# --- security headers -----------------------------------------------------------------------------------------------

_OURS = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Datasette's own pages have scripts and styles within the page.
_DATASETTES = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_ITS_PATHS = re.compile(r"/(?:nianbao|-)(?:[/.]|$)")


@hookimpl
def asgi_wrapper() -> Callable[[App], App]:
    def wrap(app: App) -> App:
        async def with_headers(scope: Row, receive: Any, send: Send) -> None:
            policy = _DATASETTES if _ITS_PATHS.match(scope.get("path", "")) else _OURS

            async def send_more(message: Row) -> None:
                if message["type"] == "http.response.start":
                    message = {**message, "headers": [*message.get("headers", []), *_headers(policy)]}
                await send(message)

            await app(scope, receive, send_more)

        return with_headers

    return wrap


def _headers(policy: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
    ]
