"""The database: tables, views and what each is for. A result of the build, never the only copy of anything.

Cells stand a whole table of the form to a row (archive.sheets); the view `facts` shows them one by one.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import sqlite_utils

from archive import indicators, search
from parsers import checks, form

# name → (what it is, columns with SQLite types, primary key, foreign keys)
Table = tuple[str, dict[str, type], tuple[str, ...], tuple[tuple[str, str, str], ...]]

TABLES: dict[str, Table] = {
    "items": (
        "指标：每种格式的每一格 / every cell of every form",
        {
            "form": str,
            "position": int,
            "item": str,
            "table_name": str,
            "table_label": str,
            "row_label": str,
            "col_label": str,
            "unit": str,
            "cell": int,
            "row": int,
            "block": int,
            "col": int,
        },
        ("form", "item"),
        (),
    ),
    "checks": (
        "核对规则 / the catalogue of checks",
        {"name": str, "zh": str, "en": str, "example": str},
        ("name",),
        (),
    ),
    "indicators": (
        "推算指标：由表中的数算出，不是报告所印 / what is worked out from the figures, not printed by any report",
        {"indicator": str, "zh": str, "en": str, "formula": str, "per": float},
        ("indicator",),
        (),
    ),
    "indicator_terms": (
        "推算指标的各项 / the items that an indicator sums up, by form",
        {"indicator": str, "form": str, "side": str, "item": str, "terms": int},
        ("form", "item", "indicator", "side"),
        (("indicator", "indicators", "indicator"),),
    ),
    "portals": (
        "门户网站：登记的网站及其最近一次采集时的登记内容 / portals, as registered at their latest visit",
        {"code": str, "name": str, "slug": str, "home": str, "note": str, "expect_reports": int},
        ("code",),
        (),
    ),
    "runs": (
        "采集：每次访问一个门户网站，及其结果 / visits, one portal each, and how they ended",
        {
            "id": str,
            "portal": str,
            "started": str,
            "finished": str,
            "verdict": str,
            "captures": int,
            "bytes": int,
            "message": str,
            "vantage": str,
            "sample": int,
            "columns": str,
            "walked": str,
            "by_hand": int,
        },
        ("id",),
        (("portal", "portals", "code"),),
    ),
    "captures": (
        "采集记录：每个收到的响应在 WARC 文件中的位置 / every response received and where it stands in the WARC files",
        {
            "filename": str,
            "offset": int,
            "length": int,
            "type": str,
            "url": str,
            "timestamp": str,
            "status": int,
            "mime": str,
            "digest": str,
            "truncated": str,
            "record": str,
            "portal": str,
            "run": str,
        },
        ("filename", "offset"),
        (("portal", "portals", "code"), ("run", "runs", "id")),
    ),
    "failures": (
        "未能取得的页面及原因 / pages that could not be had, and why",
        {
            "run": str,
            "number": int,
            "portal": str,
            "url": str,
            "time": str,
            "kind": str,
            "reason": str,
            "until": str,
            "record": str,
        },
        ("run", "number"),
        (("portal", "portals", "code"), ("run", "runs", "id")),
    ),
    "columns": (
        "栏目：找到的年报栏目 / annual-report columns found",
        {"portal": str, "url": str, "title": str, "found_on": str, "score": int, "platform": str, "why": str},
        ("portal", "url"),
        (("portal", "portals", "code"),),
    ),
    "rejected": (
        "未采用的链接：像年报栏目或年报而未采用者，及其理由 / what looked like a column or report, and why not",
        {"portal": str, "url": str, "text": str, "found_on": str, "why": str},
        ("portal", "url", "text"),
        (("portal", "portals", "code"),),
    ),
    "reports": (
        "年度报告：每份报告的每个版本 / annual reports, every revision of each",
        {
            "id": str,
            "portal": str,
            "issuer": str,
            "scope": str,
            "year": int,
            "title": str,
            "url": str,
            "digest": str,
            "published": str,
            "platform_date": str,
            "index_number": str,
            "first_seen": str,
            "last_seen": str,
            "due": str,
            "timeliness": str,
            "withdrawn": int,
            "revision": int,
            "current": int,
            "content_digest": str,
        },
        ("id",),
        (("portal", "portals", "code"),),
    ),
    "documents": (
        "文件：报告的网页及其附件 / a report's page (number 0) and its attachments",
        {"report": str, "number": int, "url": str, "digest": str, "media_type": str, "filename": str, "offset": int},
        ("report", "number"),
        (("report", "reports", "id"),),
    ),
    "sheets": (
        "填报的表：每份报告填报的每张规定表 / a prescribed table as a report fills it in",
        {
            "report": str,
            "form": str,
            "table_name": str,
            "document": int,
            "ocr": int,
            "grid": str,
            "rows": str,
            "cols": str,
            "cells": str,
        },
        ("report", "form", "table_name", "document", "ocr"),
        (("report", "reports", "id"),),
    ),
    "local_facts": (
        "格式以外的行 / rows that no form has",
        {
            "report": str,
            "item": str,
            "text": str,
            "value": float,
            "unit": str,
            "kind": str,
            "place": str,
            "document": int,
            "ocr": int,
        },
        ("report", "item"),
        (("report", "reports", "id"),),
    ),
    "claims": (
        "文字中的数 / figures stated in prose",
        {"report": str, "number": int, "text": str, "item": str, "value": float, "kind": str},
        ("report", "number"),
        (("report", "reports", "id"),),
    ),
    "findings": (
        "核对发现 / what the checks have to say",
        {"report": str, "number": int, "check_name": str, "level": str, "message": str, "items": str},
        ("report", "number"),
        (("report", "reports", "id"), ("check_name", "checks", "name")),
    ),
    "prose": (
        "报告正文（不含表格）/ a report's text without its tables",
        {"report": str, "number": int, "text": str},
        ("report",),
        (("report", "reports", "id"),),
    ),
    "indicator_values": (
        "推算指标的值 / values of the indicators",
        {
            "report": str,
            "portal": str,
            "issuer": str,
            "scope": str,
            "year": int,
            "indicator": str,
            "value": float,
            "over": float,
            "under": float,
            "ranked": int,
        },
        ("report", "indicator"),
        (("report", "reports", "id"), ("portal", "portals", "code"), ("indicator", "indicators", "indicator")),
    ),
    "events": (
        "事件：两次访问之间的变化 / what changed between two visits",
        {
            "id": str,
            "date": str,
            "kind": str,
            "portal": str,
            "report": str,
            "issuer": str,
            "year": int,
            "message": str,
            "what": str,
        },
        ("id",),
        (("portal", "portals", "code"), ("report", "reports", "id")),
    ),
    "changes": (
        "改动：报告的新版本所印与旧版本不同的各格 / each cell that a revision prints differently from the one before",
        {"report": str, "item": str, "before": str, "after": str, "last_seen": str, "first_seen": str},
        ("report", "item"),
        (("report", "reports", "id"),),
    ),
    "coverage": (
        "覆盖：每个区县政府每年度的报告有无 / of each portal's government: which years' reports are there",
        {"portal": str, "year": int, "state": str, "report": str},
        ("portal", "year"),
        (("portal", "portals", "code"), ("report", "reports", "id")),
    ),
    "withheld": (
        "隐去：公开副本不给出的内容、理由与日期 / what the public copy leaves out, why and since when",
        {"report": str, "what": str, "why": str, "date": str, "digest": str},
        ("report", "what"),
        (("report", "reports", "id"),),
    ),
    "archives": (
        "已读入的 WARC 文件 / WARC files that the database was built from",
        {"filename": str, "portal": str, "bytes": int},
        ("filename",),
        (("portal", "portals", "code"),),
    ),
}

VIEWS: dict[str, Table] = {
    "facts": (
        "逐格数字 / every printed cell",
        {
            "report": str,
            "form": str,
            "item": str,
            "text": str,
            "value": float,
            "unit": str,
            "kind": str,
            "place": str,
            "document": int,
            "ocr": int,
        },
        ("report", "item"),
        (("report", "reports", "id"),),
    ),
}

INDEXES = {
    "captures": (("url",), ("digest",), ("portal",), ("run",)),
    "failures": (("portal",),),
    "reports": (("portal", "year"), ("digest",)),
    "findings": (("check_name", "level"),),
    "indicator_values": (("indicator",),),
    "prose": (("number",),),
    "events": (("date",), ("kind", "date"), ("portal",), ("report",)),
    "runs": (("portal", "started"),),
    "archives": (("portal",),),
}

# `sheets.cells` holds an entry for each item of the table, in printed order: null (not printed: no fact), "" (blank), a
# number printed just so, or an object that says what differs: {"text": "增5", "value": 5}. A fact stands in the grid
# row of its form row (`rows`) and the grid col of its block's col (`cols`), unless its object has a place.
_VALUE = "case type when 'object' then cells ->> (at || '.value') when 'text' then null else cells ->> at end"
FACTS = f"""
with cell as (
  select s.*, i.item, i.unit, i.row, i.block, i.col, '$[' || i.cell || ']' as at,
    json_type(s.cells, '$[' || i.cell || ']') as type
  from sheets s join items i on i.form = s.form and i.table_name = s.table_name
)
select report, form, item,
  case type when 'object' then cells ->> (at || '.text') else (cells ->> at) || '' end as text,
  {_VALUE} as value,
  coalesce(cells ->> (at || '.unit'), unit) as unit,
  case type when 'object' then coalesce(cells ->> (at || '.kind'), 'number')
    when 'text' then 'blank' else 'number' end as kind,
  coalesce(
    cells ->> (at || '.place'),
    grid || ', row ' || (rows ->> row) || ', col ' || (cols ->> ('$[' || block || '][' || col || ']'))
  ) as place,
  document, ocr
from cell where type <> 'null'
union all
select report, 'local', item, text, value, unit, kind, place, document, ocr from local_facts
"""  # noqa: S608


def create(db: sqlite_utils.Database) -> None:
    """Makes every table, index and view; fills in what comes from no archive: items, checks, indicators."""
    for name, (_, columns, key, foreign_keys) in TABLES.items():
        db.create_table(name, columns, pk=key if len(key) > 1 else key[0], foreign_keys=foreign_keys, strict=False)
    for name, indexes in INDEXES.items():
        for index in indexes:
            db.table(name).create_index(index)
    search.create(db)
    db.create_view("facts", FACTS)
    db.table("items").insert_all(_items())
    db.table("indicators").insert_all(_indicators())
    db.table("indicator_terms").insert_all(indicators.terms())
    db.table("checks").insert_all(
        {"name": c.name, "zh": c.zh, "en": c.en, "example": c.example} for c in checks.catalogue().values()
    )


def work_out(db: sqlite_utils.Database, code: str) -> None:
    """Fills `indicator_values` for a portal, once its sheets are there."""
    columns = ", ".join(TABLES["indicator_values"][1])
    db.execute(f"insert into indicator_values ({columns}) {indicators.query(_VALUE)}", {"portal": code})


def _indicators() -> Iterator[dict[str, Any]]:
    for one in indicators.indicators():
        formula = f"({' + '.join(one.over)}) / ({' + '.join(one.under)})" + (f" × {one.per:g}" if one.per != 1 else "")
        yield {"indicator": one.indicator, "zh": one.zh, "en": one.en, "formula": formula, "per": one.per}


def _items() -> Iterator[dict[str, Any]]:
    for one in form.forms():
        for _, members in itertools.groupby(form.items(one.name), key=lambda i: i.table):
            for cell, item in enumerate(members):
                row = dataclasses.asdict(item)
                row["table_name"] = row.pop("table")
                yield {**row, "cell": cell}
