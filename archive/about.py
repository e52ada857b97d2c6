"""What an export says of itself: what it holds and of when, whether it is a sample, its licence, how to cite it."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version

from archive import clock, dictionary

LICENCE = {
    "name": "CC-BY-4.0",
    "title": "Creative Commons Attribution 4.0 International",
    "path": "https://creativecommons.org/licenses/by/4.0/",
}
SOFTWARE = f"nianbao/{version('nianbao')}"

CSV = """\
两套文件，内容相同 / Two sets of files with the same content
  *.csv      供 Excel、WPS 等表格软件打开。可能被当作公式的单元格前加了 '（负数除外）。
             for spreadsheets. A cell that might be taken for a formula begins with ' (negative numbers do not).
  raw/*.csv  供程序读取，与数据库逐字相同。不要用表格软件打开。
             for programs, just as the database has it. Do not open these in a spreadsheet.
  UTF-8；*.csv 带 BOM，raw/*.csv 不带。Excel 最多显示 1,048,576 行，每格 32,767 字。
  UTF-8; *.csv with a byte order mark, raw/*.csv without. Excel shows 1,048,576 rows and 32,767 characters a cell.
"""
PACKAGE = """\
Frictionless Data Package
  datapackage.json  各表各列的含义、主键、外键，各文件的 SHA-256 / what each column means, keys, SHA-256 of each file
  data/*.csv.gz     与数据库逐字相同。不要用表格软件打开。/ just as the database has it. Not for spreadsheets.
  SHA256SUMS        核对：sha256sum -c SHA256SUMS / to check that the copy is whole
"""
_README = """\
{title}
{line}

导出 / Exported:         {made}
采集截至 / Captured to:  {captured}
门户 / Portals:          {portals}
报告 / Reports:          {reports}

{files}
各表 / Tables
{tables}

怎样读 / How to read it
  空白不是 0：空白的格 kind 为 blank，没有 value；报告没有印的格没有行。
  A blank is not 0: a blank cell has kind blank and no value; a cell that a report does not print has no row.
  text 为所印原文，value 为读出的数，unit 为所印单位，从不换算。数字从不更正，不合之处见 findings。
  text is as printed, value the number, unit as printed, never converted. No figure is corrected; see findings.
  时间为 UTC。 / Times are UTC.

许可 / Licence
  {licence} (CC BY 4.0), {path}
  报告本身是行政机关的公文，不在此许可之列。 / The reports themselves are official documents and not relicensed here.

怎样引用 / How to cite
  {cite_zh}
  {cite_en}
  引用某一数字，请写明其报告：发布机关、年度、地址（reports.url）、存档时间（documents → captures.timestamp）。
  For a figure, name its report: issuer, year, address (reports.url), and when it was archived
  (documents → captures.timestamp).
"""


@dataclass(frozen=True, slots=True)
class About:
    """What an export holds; `made` and `captured` (its latest capture) in UTC."""

    title: str
    made: str
    captured: str
    portals: int
    reports: int


def about(db: sqlite3.Connection, code: str = "") -> About:
    """Of the whole database, or of one portal."""
    sql = "select count(*), max(name) from portals where ?1 in ('', code)"
    portals, name = db.execute(sql, [code]).fetchone()
    captured, reports, sample = (
        db.execute(f"select {what} from {table} where ?1 in ('', portal)", [code]).fetchone()[0]  # noqa: S608
        for what, table in (("max(timestamp)", "captures"), ("count(*)", "reports"), ("max(sample)", "runs"))
    )
    title = "政府信息公开工作年度报告 / Annual reports on open government information"
    title = f"{name}{title}" if code else title
    title += "【样例，不是真实数据 / sample, not real data】" if sample else ""
    return About(title, clock.iso(clock.now()), captured or "—", portals, reports)


def citation(found: About) -> tuple[str, str]:
    """How the data are cited, in Chinese and in English."""
    return (
        f"年报 nianbao（{SOFTWARE}），采集截至 {found.captured}，导出于 {found.made}。CC BY 4.0。",
        f"nianbao annual reports ({SOFTWARE}), captured to {found.captured}, exported {found.made}. CC BY 4.0.",
    )


def readme(found: About, files: str, names: Iterable[str]) -> str:
    """README.txt beside exported files, for people."""
    told = dictionary.told()
    return _README.format(
        **{field: getattr(found, field) for field in ("title", "made", "captured", "portals", "reports")},
        line="=" * 72,
        files=files,
        tables="\n".join(f"  {name:17}{told[name]['description']}" for name in names),
        licence=LICENCE["title"],
        path=LICENCE["path"],
        cite_zh=citation(found)[0],
        cite_en=citation(found)[1],
    )
