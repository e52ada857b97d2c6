"""/search: words in titles, issuers and prose, with what stands around them."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

from collections.abc import Sequence

from datasette.app import Datasette
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request, Response

from archive import search
from archive.site import places
from archive.site.pages.common import Route, Row, address, asked, page, page_number, rows

_SHOWN = 20  # reports on a page
_PAGES = 10  # further down nobody looks
_COUNTED = 1000
_PATIENCE = 800  # milliseconds

_FOUND = f"""
with found as (
  select rowid as number, rank from {search.TABLE}
  where {search.TABLE} match ? and rowid >= ? and rowid < ? and rank match 'bm25(10.0, 5.0, 1.0)' order by rank limit ?
)
select r.*, p.text, n.name from found join prose p using (number) join reports r on r.id = p.report
join portals n on n.code = r.portal
order by r.current desc, found.rank, r.year desc, r.id limit ? offset ?
"""  # noqa: S608
_COUNT = f"""
select count(*) as n from
  (select 1 from {search.TABLE} where {search.TABLE} match ? and rowid >= ? and rowid < ? limit ?)
"""  # noqa: S608
_PORTALS = "select code, name from portals where instr(name, ?) order by code limit 10"


async def found(datasette: Datasette, request: Request) -> Response:
    words_asked = (request.args.get("q") or "").encode("utf-8", "replace").decode()
    words, short = search.words(words_asked)
    number = page_number(request, _PAGES)
    context: Row = {
        "q": words_asked[: search.LONGEST],
        "cut": len(words_asked.strip()) > search.LONGEST,
        "words": words,
    }
    place = places.known(asked(request, "place")["place"])
    context |= {"place": place, "places": await places.choices(datasette, place)}
    context |= {"short": short, "results": [], "portals": [], "count": 0, "tired": False, "number": number}
    if words:
        try:
            context |= await _found(datasette, words, place, number)
        except QueryInterrupted:
            context["tired"] = True
    context["further"] = address("/search", q=context["q"], place=place, page=number + 1) if _is_more(context) else ""
    context["back"] = address("/search", q=context["q"], place=place, page=number - 1) if number > 1 else ""
    return await page(datasette, request, "nianbao_search.html", context)


def _is_more(context: Row) -> bool:
    return bool(context["count"] > context["number"] * _SHOWN and context["number"] < _PAGES)


async def _found(datasette: Datasette, words: Sequence[str], place: str, number: int) -> Row:
    wanted = [search.phrases(words), *search.within(place)]
    count = (await rows(datasette, _COUNT, [*wanted, _COUNTED + 1], _PATIENCE))[0]["n"]
    given = [*wanted, _SHOWN * _PAGES, _SHOWN, _SHOWN * (number - 1)]
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
