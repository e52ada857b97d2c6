"""A report's facts as rows of `sheets`: a whole table of the form to a row.

One row a cell would take eight times the space. The view `facts` (archive.tables) shows the cells one by one.
"""

import functools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from parsers import form
from parsers.model import Fact, Place


def sheets(report: str, facts: Iterable[Fact]) -> Iterator[dict[str, Any]]:
    """The rows of `sheets` for a report's facts."""
    groups: dict[tuple[str, str, int, bool], dict[str, Fact]] = {}
    for fact in facts:
        if fact.form != "local":
            key = fact.form, fact.item.partition(".")[0], fact.document, fact.ocr
            groups.setdefault(key, {})[fact.item] = fact
    for (form_name, table, document, ocr), found in sorted(groups.items()):
        row = {"report": report, "form": form_name, "table_name": table, "document": document, "ocr": int(ocr)}
        yield row | _cells(form_name, table, found)


def _cells(form_name: str, table: str, facts: dict[str, Fact]) -> dict[str, Any]:
    """Where the cells of a table stand in its grid, and what they say."""
    items = [i for i in form.items(form_name) if i.table == table]
    placed = [(i, facts[i.item].place) for i in items if i.item in facts]
    grid = _commonest(place.grid for _, place in placed)
    rows = [_commonest(p.row for i, p in placed if i.row == r) for r in range(items[-1].row + 1)]
    cols = [
        [_commonest(p.col for i, p in placed if (i.block, i.col) == (b, c)) for c in range(width)]
        for b, width in enumerate(_block_widths(items))
    ]
    cells = [
        _cell(facts[i.item], i.unit, Place(str(grid), rows[i.row] or 0, cols[i.block][i.col] or 0))
        if i.item in facts
        else None
        for i in items
    ]
    dump = functools.partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    return {"grid": grid, "rows": dump(rows), "cols": dump(cols), "cells": dump(cells)}


def _block_widths(items: list[form.Item]) -> list[int]:
    widths: dict[int, int] = {}
    for item in items:
        widths[item.block] = max(widths.get(item.block, 0), item.col + 1)
    return [widths[b] for b in sorted(widths)]


def _commonest(values: Iterable[Any]) -> Any:
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None


def _cell(fact: Fact, unit: str, place: Place) -> Any:
    """The shortest entry from which the view gives back the whole fact."""
    as_usual = fact.unit == unit and fact.place == place
    if as_usual and fact.kind == "blank" and fact.text == "":
        return ""
    if as_usual and fact.kind == "number" and fact.text == f"{fact.value:.15g}":
        return fact.value
    entry: dict[str, Any] = {"text": fact.text, "value": fact.value}
    entry |= {"kind": fact.kind} if fact.kind != "number" else {}
    entry |= {"unit": fact.unit} if fact.unit != unit else {}
    return entry | ({"place": str(fact.place)} if fact.place != place else {})
