"""Reports, news and portals on the terminal; a report as JSON (contract §4)."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from archive import clock
from parsers import form
from parsers.checks import LEVELS
from parsers.model import Report

_YEARS = {  # archive.coverage
    "have": ("●", "有 have"),
    "withdrawn": ("⊘", "已撤下 withdrawn"),
    "overdue": ("!", "逾期 overdue"),
    "missing": ("○", "未见 missing"),
    "unreachable": ("×", "无法访问 unreachable"),
    "unknown": ("?", "不明 unknown"),
}
STYLES = dict(zip(LEVELS, ("bold red", "yellow", "dim"), strict=True))


_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def printable(text: str) -> str:
    """Text without control and direction characters: what a portal wrote must not steer the reader's terminal."""
    return text.translate(_CONTROL)


def as_json(file: str, report: Report) -> dict[str, Any]:
    """The object that `nianbao read --json` prints for one file."""
    head = report.heading
    facts = [
        {k: v for k, v in dataclasses.asdict(f).items() if k != "document"} | {"place": str(f.place)}
        for f in report.facts
    ]
    return {
        "file": file,
        "title": head.title,
        "issuer": head.issuer,
        "year": head.year,
        "scope": head.scope,
        "published": head.published,
        "index_number": head.index_number,
        "facts": facts,
        "claims": [{"text": c.text, "item": c.item, "value": c.value} for c in report.claims if c.kind == "count"],
        "percentages": [dataclasses.asdict(c) for c in report.claims if c.kind != "count"],
        "findings": [dataclasses.asdict(f) for f in report.findings],
    }


def on_terminal(console: Console, file: str, report: Report) -> None:
    """Heading, the tables block by block, and the findings."""
    head = report.heading
    console.rule(_shown(f"{head.issuer or '？'} {head.year or '？'}"))
    marks = f"发布 {head.published or '—'}  索引号 {head.index_number or '—'}  {head.scope or ''}"
    console.print(_shown(f"{file}\n{head.title or '（无标题）'}  {marks}"))
    texts = {
        f.item: f.text.strip() + (f.unit if f.unit in ("万元", "亿元") and f.unit[0] not in f.text else "")
        for f in report.facts
    }
    names = {f.form for f in report.facts}
    for one in form.forms():
        for block in one.blocks if one.name in names else ():
            if table := _table(block, texts):
                console.print(table)
    for fact in report.facts:
        if fact.form == "local":
            console.print(_shown(f"{fact.item}: {fact.text}"))
    for finding in report.findings:
        console.print(f"[{STYLES[finding.level]}]{finding.level}[/] {finding.check}: {_shown(finding.message)}")


def news(console: Console, events: Iterable[dict[str, Any]], start: datetime) -> None:
    """Events on the terminal, oldest first, times as the clock in Beijing shows them."""
    since = clock.beijing(clock.iso(start))
    console.print(f"北京时间 {since} 以来 / since then, Beijing time", highlight=False)
    nothing = "没有消息 / nothing is new; --since 2026-01-01 looks further back"
    for event in events:
        nothing = ""
        line = _shown(f"{clock.beijing(event['date'])}  {event['message']}  {event['url'] or ''}".rstrip())
        console.print(line, highlight=False, soft_wrap=True)
    if nothing:
        console.print(nothing, highlight=False)


def status(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """Each portal on a line: its last visit, its last success, the years of its government's reports."""
    if not console.is_terminal:
        console = Console(width=200)  # nobody is there whose window is narrower
    marks = "  ".join(f"{mark} {word}" for mark, word in _YEARS.values())
    years = sorted({year for row in rows for year in row["years"]})
    table = Table("", "网站 portal", "最近采集 visited", "结果 verdict", "最近成功 succeeded", "报告 reports")
    for year in years:
        table.add_column(str(year)[2:])
    for row in (row for row in rows if row["verdict"] != "no address"):
        times = (clock.beijing(row[name])[:10] if row[name] else "—" for name in ("visited", "succeeded"))
        visited, succeeded = times
        cells = (_YEARS[row["years"][year]][0] if year in row["years"] else "" for year in years)
        verdict = _shown(f"{row['verdict']}\n{row['message']}".strip())
        table.add_row(row["code"], _shown(row["name"]), visited, verdict, succeeded, str(row["reports"]), *cells)
    console.print(table)
    unknown = sum(row["verdict"] == "no address" for row in rows)
    console.print(f"{marks}\n{unknown} 个登记的网站尚无网址 / {unknown} registered portals have no known address")


def _shown(text: str) -> str:
    return escape(printable(text))


def _table(block: form.Block, texts: dict[str, str]) -> Table | None:
    """One block of a form; None where the report prints nothing of it."""
    rows = block.rows or {"": ""}
    items = [[block.item(row, col) for col in block.cols] for row in rows]
    if not any(item in texts for line in items for item in line):
        return None
    table = Table(title=f"{block.label} {block.section}".strip(), title_justify="left")
    table.add_column("")
    for label in block.cols.values():
        table.add_column("\n".join(label.split(">")[-2 if not block.rows else -1 :]), justify="right")
    for label, line in zip(rows.values(), items, strict=True):
        table.add_row(label.replace(">", " › "), *(_shown(texts.get(item, "·")) for item in line))
    return table
