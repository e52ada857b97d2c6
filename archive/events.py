"""What changed between two visits. Every event follows from the archive alone, never from when the database is built.

- new, revised: the states of a report's page that the archive holds.
- withdrawn: two complete readings of the columns that listed it, a week apart, did not; back: it is listed again.
- moved: a report is listed at another address and no more at the old one; or a portal's home leads to another host.
- overdue: a complete reading after the legal deadline did not find it. Only of bodies whose reports hung there before,
  and only from complete readings: nobody is called overdue whom we could not reach.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from archive import clock, deadlines, versions
from archive.captures import APART, Holdings
from archive.model import Portal
from archive.readings import Reading
from archive.versions import Issue, Version

KINDS = {
    "new": "新收到 / new",
    "revised": "有改动 / revised",
    "withdrawn": "已撤下 / withdrawn",
    "back": "重新出现 / back",
    "moved": "地址变更 / moved",
    "overdue": "逾期 / overdue",
}
_WHAT = {"figures": "数字", "prose": "文字", "title": "标题", "attachment": "附件"}

Row = dict[str, Any]


def new_and_revised(code: str, issue: Issue) -> Iterator[Row]:
    """When each revision of a report was first seen, and what had changed."""
    before: Version | None = None
    for number, version in enumerate(issue.revisions, 1):
        key, date = report_id(code, issue, number), version.state.first_seen
        name, year = issue.issuer, issue.year
        zh_hand, en_hand = ("（人工保存）", " (saved by hand)") if version.state.by_hand else ("", "")
        if not before:
            zh, en = f"新收到{zh_hand}：{name} {year} 年度报告", f"new{en_hand}: report of {year}"
            yield _event("new", date, code, key, issue, zh, en)
        else:
            what = list(changed(before, version))
            zh = f"有改动（{'、'.join(_WHAT[w] for w in what)}）{zh_hand}：{name} {year} 年度报告（第 {number} 版）"
            en = f"revised ({', '.join(what)}){en_hand}: report of {year}, revision {number}"
            yield _event("revised", date, code, key, issue, zh, en, what)
        before = version


def changed(before: Version, after: Version) -> Iterator[str]:
    """In what two revisions differ: figures, prose, title, attachment."""
    if any(_cells(before, after)):
        yield "figures"
    if versions.text(before.read) != versions.text(after.read):
        yield "prose"
    if before.heading.title != after.heading.title:
        yield "title"
    if versions.unread(before.state, before.read) != versions.unread(after.state, after.read):
        yield "attachment"


def changes(code: str, issue: Issue) -> Iterator[Row]:
    """Each cell that a revision prints differently: what was printed until when, what is printed since when."""
    for number, (before, after) in enumerate(zip(issue.revisions, issue.revisions[1:], strict=False), 2):
        seen = {"last_seen": before.state.last_seen, "first_seen": after.state.first_seen}
        for item, old, new in _cells(before, after):
            yield {"report": report_id(code, issue, number), "item": item, "before": old, "after": new, **seen}


def _cells(before: Version, after: Version) -> Iterator[tuple[str, str | None, str | None]]:
    """(item, text before, text after) of each cell that differs; of pictures those that both revisions publish."""
    old, new = versions.figures(before.read), versions.figures(after.read)
    items = old.keys() & new.keys() if before.read.pictures or after.read.pictures else old.keys() | new.keys()
    for item in sorted(items):
        if old.get(item) != new.get(item):
            yield item, old.get(item), new.get(item)


def comings_and_goings(code: str, issue: Issue, readings: Iterable[Reading]) -> Iterator[Row]:
    """Withdrawn, back, moved."""
    listed: frozenset[str] = frozenset()  # where it was listed last, and by which columns
    columns: frozenset[str] = frozenset()
    missing: datetime | None = None
    withdrawn = False
    for reading in readings:
        now = issue.addresses & reading.listed.keys()
        key, date = report_id(code, issue, _revision(issue, reading.time)), clock.iso(reading.time)
        name, year = issue.issuer, issue.year
        if now:
            if withdrawn:
                zh = f"重新出现：{name} {year} 年度报告"
                yield _event("back", date, code, key, issue, zh, f"back: report of {year}")
            elif listed and reading.whole and not now & listed:
                zh = f"地址变更：{name} {year} 年度报告，现在 {'，'.join(sorted(now))}"
                yield _event("moved", date, code, key, issue, zh, f"moved: report of {year}")
            listed, missing, withdrawn = now, None, False
            columns = frozenset(c for c, reports in reading.lists.items() if now & reports.keys())
        elif listed and columns <= reading.complete:
            missing = missing or reading.time
            if not withdrawn and reading.time - missing >= APART:
                withdrawn = True
                zh = f"已撤下：{name} {year} 年度报告，{_day(missing)} 起不见于栏目"
                en = f"withdrawn: report of {year}, not in its column since {_day(missing)}"
                yield _event("withdrawn", date, code, key, issue, zh, en)


def overdue(portal: Portal, issues: Sequence[Issue], readings: Sequence[Reading]) -> Iterator[Row]:
    """Reports that the law asks for and a complete reading after the deadline did not find, once each."""
    read = frozenset(address for issue in issues for address in issue.addresses)
    own = f"{portal.name}人民政府"
    bodies = {(i.issuer, str(i.scope)) for i in issues if i.scope == "department" or i.issuer == own}
    for issuer, scope in sorted(bodies):
        # A government's report that was read under another name must not make the government overdue.
        reports = [i for i in issues if i.issuer == issuer or i.scope == scope == "government"]
        told: set[int] = set()
        for year, reading in _misses(scope, reports, [r for r in readings if r.whole]):
            unread = (text for address, text in reading.listed.items() if address not in read)
            if year in told or any(_may_be(year, text) for text in unread):
                continue
            told.add(year)
            due, seen = deadlines.deadline(scope, year), _day(reading.time)
            zh = f"逾期：{issuer} {year} 年度报告，应于 {due} 前公布，{seen} 通读栏目未见"
            en = f"overdue: report of {year}, due by {due}, not in the column on {seen}"
            date, issue = clock.iso(reading.time), Issue(issuer, scope, year, (), frozenset())
            yield _event("overdue", date, portal.code, None, issue, zh, en)


def _misses(scope: str, reports: Sequence[Issue], readings: Iterable[Reading]) -> Iterator[tuple[int, Reading]]:
    """Report years that were missing after their deadline, each with the readings that showed it.

    Asked for are the year that was due last when the first reading was made, and those that came due since. Of a
    department, only where its report of the year before hangs there: departments are merged and abolished.
    """
    first: int | None = None
    for reading in readings:
        known = {issue.year for issue in reports if clock.parse(issue.revisions[0].state.first_seen) <= reading.time}
        there = {issue.year for issue in reports if issue.addresses & reading.listed.keys()}
        latest = deadlines.latest_due(scope, reading.time)
        first = latest if first is None else first
        for year in sorted(set(range(first, latest + 1)) - known):
            if there and (scope == "government" or year - 1 in there):
                yield year, reading


def _may_be(year: int, text: str) -> bool:
    """Whether what a list says of a page that could not be read may name the report of a year."""
    return str(year) in text or not re.search(r"20\d\d", text)


def watched(issue: Issue, readings: Iterable[Reading]) -> list[datetime]:
    """The times at which every column of the portal was read to its end without this report."""
    return [r.time for r in readings if r.whole and not issue.addresses & r.listed.keys()]


def moved_portals(code: str, holdings: Holdings) -> Iterator[Row]:
    """Homes that lead to a host which the registry does not have, each once."""
    told = set()
    for failure in holdings.failures:
        if failure["kind"] == "moved" and failure["reason"] not in told:
            told.add(failure["reason"])
            message = f"网站已迁址：{failure['url']} / the portal has moved: {failure['reason']}"
            row = {"id": f"moved-{code}-{_compact(failure['time'])}", "date": failure["time"], "kind": "moved"}
            yield {**row, "portal": code, "message": message, "what": "[]"}


def report_id(code: str, issue: Issue, number: int) -> str:
    """`reports.id`: from portal, issuer, year and revision."""
    return f"{issue_id(code, issue.issuer, issue.year)}-{number}"


def issue_id(code: str, issuer: str, year: int) -> str:
    return f"{code}-{year}-{hashlib.sha256(issuer.encode()).hexdigest()[:8]}"


def _revision(issue: Issue, moment: datetime) -> int:
    """The number of the revision that stood at a moment."""
    return max(1, sum(clock.parse(version.state.first_seen) <= moment for version in issue.revisions))


def _event(
    kind: str, date: str, code: str, report: str | None, issue: Issue, zh: str, en: str, what: Sequence[str] = ()
) -> Row:
    about = report or issue_id(code, issue.issuer, issue.year)
    row = {"id": f"{kind}-{about}-{_compact(date)}", "date": date, "kind": kind, "portal": code, "report": report}
    return {**row, "issuer": issue.issuer, "year": issue.year, "message": f"{zh} / {en}", "what": json.dumps(what)}


def _compact(time: str) -> str:
    return re.sub(r"\D", "", time)


def _day(moment: datetime) -> str:
    """The day in Beijing."""
    return moment.astimezone(clock.BEIJING).strftime("%Y-%m-%d")
