"""/search: words in titles, issuers and prose, with what stands around them."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections.abc import Sequence

from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request, Response

from archive import search
from archive.site.pages.common import Route, Row, address, page, page_number, rows

_SHOWN = 20  # reports on a page
_PAGES = 10  # further down nobody looks
_COUNTED = 1000
_PATIENCE = 800  # milliseconds

_FOUND = f"""
with found as (
  select rowid as number, rank from {search.TABLE}
  where {search.TABLE} match ? and rank match 'bm25(10.0, 5.0, 1.0)' order by rank limit ?
)
select r.*, p.text, n.name from found join prose p using (number) join reports r on r.id = p.report
join portals n on n.code = r.portal
order by r.current desc, found.rank, r.year desc, r.id limit ? offset ?
"""  # noqa: S608
_COUNT = f"select count(*) as n from (select 1 from {search.TABLE} where {search.TABLE} match ? limit ?)"  # noqa: S608
_PORTALS = "select code, name from portals where instr(name, ?) order by code limit 10"


async def found(datasette: Datasette, request: Request) -> Response:
    asked = (request.args.get("q") or "").encode("utf-8", "replace").decode()
    words, short = search.words(asked)
    number = page_number(request, _PAGES)
    context: Row = {"q": asked[: search.LONGEST], "cut": len(asked.strip()) > search.LONGEST, "words": words}
    context |= {"short": short, "results": [], "portals": [], "count": 0, "tired": False, "number": number}
    if words:
        try:
            context |= await _found(datasette, words, number)
        except QueryInterrupted:
            context["tired"] = True
    context["further"] = address("/search", q=context["q"], page=number + 1) if _is_more(context) else ""
    context["back"] = address("/search", q=context["q"], page=number - 1) if number > 1 else ""
    return await page(datasette, request, "nianbao_search.html", context)


def _is_more(context: Row) -> bool:
    return bool(context["count"] > context["number"] * _SHOWN and context["number"] < _PAGES)


async def _found(datasette: Datasette, words: Sequence[str], number: int) -> Row:
    phrases = search.phrases(words)
    count = (await rows(datasette, _COUNT, [phrases, _COUNTED + 1], _PATIENCE))[0]["n"]
    given = [phrases, _SHOWN * _PAGES, _SHOWN, _SHOWN * (number - 1)]
    results = [
        {
            **row,
            "title_pieces": search.marked(row["title"] or "", words),
            "issuer_pieces": search.marked(row["issuer"] or "", words),
            "snippets": search.snippets(row["text"], words),
        }
        for row in await rows(datasette, _FOUND, given, _PATIENCE)
    ]
    portals = await rows(datasette, _PORTALS, [words[0]]) if number == 1 else []
    return {"results": results, "portals": portals, "count": count, "counted": _COUNTED}


ROUTES: list[Route] = [(r"/search$", found)]
