"""The states of each report that the archive holds, read, and which of them are revisions."""

import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from archive.captures import Capture, Holdings
from archive.model import Portal
from archive.pictures import Pictures
from archive.reader import Failed, Reader
from archive.walk import BY_HAND, Found, Judge
from archive.warc import address
from parsers import blocking, report
from parsers.model import Document, Finding, Heading, Link, Report
from parsers.numbers import squash

_COUNTER = re.compile(r"(?:访问|浏览|点击|阅读)(?:量|次数|数|人次)?:?\d+次?")


@dataclass(frozen=True, slots=True)
class State:
    """A report's page with its attachments as a visit left them: what each is, and its capture."""

    link: Link
    address: str  # of the link (warc.address)
    parts: tuple[tuple[str, Capture], ...]
    first_seen: str
    last_seen: str  # when the portal last gave the page so

    @property
    def by_hand(self) -> bool:
        """Whether a person saved any of it."""
        return any(capture.by_hand for _, capture in self.parts)


@dataclass(frozen=True, slots=True)
class Version:
    """A state of a report and what was read from it."""

    state: State
    heading: Heading
    read: Report
    content_digest: str


@dataclass(frozen=True, slots=True)
class Issue:
    """One body's report of one year: its revisions, oldest first, and every address (warc.address) it ever had."""

    issuer: str
    scope: str | None
    year: int
    revisions: tuple[Version, ...]
    addresses: frozenset[str]


def by_issue(
    portal: Portal, holdings: Holdings, found: Iterable[Found], reader: Reader, judged: Judge, pictures: Pictures
) -> list[Issue]:
    """Every report of a portal, by issuer and year."""
    states: list[State] = []

    def calls() -> Iterator[tuple[Any, ...]]:
        attached: set[str] = set()
        for one in found:
            if one.why == BY_HAND and one.address in attached:
                continue
            for state, documents in _states(holdings, one, judged):
                states.append(state)
                attached.update(capture.record.url for _, capture in state.parts[1:])
                yield documents, [portal.name], state.link.text

    versions: dict[tuple[str, int], list[Version]] = {}
    for number, answer in enumerate(reader.map(report.read, calls())):
        read = _again(holdings, states[number], portal, reader) if isinstance(answer, Failed) else answer
        try:
            if isinstance(read, Exception):
                raise read
            if read.pictures:
                state = states[number]
                digests = [capture.record.digest for _, capture in state.parts]
                read = pictures.read(read, _documents(holdings, state), digests, [portal.name], state.link.text)
        except report.NotAReport:  # no list calls it one either: somebody saved something else
            continue
        version = _version(portal, states[number], read)
        key = str(version.heading.issuer), int(version.heading.year or 0)
        versions.setdefault(key, []).append(version)
    readings = list(itertools.accumulate((not run.is_cut_short for run in holdings.runs), initial=0))
    issues = {key: _issue(*key, versions[key], readings) for key in sorted(versions)}
    for (issuer, year), issue in issues.items():
        if before := issues.get((issuer, year - 1)):
            against = tuple(_against(version, before.revisions[-1]) for version in issue.revisions)
            issues[issuer, year] = dataclasses.replace(issue, revisions=against)
    return list(issues.values())


def _issue(issuer: str, year: int, versions: list[Version], readings: list[int]) -> Issue:
    addresses = frozenset(v.state.address for v in versions)
    copies = _copies(versions, readings)
    revisions = _revisions([v for v in versions if v.state.address not in copies])
    known = {v.content_digest for v in revisions}
    others = sorted({v.state.link.url for v in versions if v.content_digest not in known and v.state.address in copies})
    if others:
        last = revisions[-1]
        said = f"另有网页也称是该报告，内容不同：{'，'.join(others)} / other pages say they are this report, and differ"
        read = dataclasses.replace(last.read, findings=(*last.read.findings, Finding("also_at", "info", said)))
        revisions = (*revisions[:-1], dataclasses.replace(last, read=read))
    return Issue(issuer, revisions[-1].heading.scope, year, revisions, addresses)


def _copies(versions: list[Version], readings: list[int]) -> set[str]:
    """The addresses that came with another one in the same visit: (图片版), a second column. The fullest one counts.

    `readings`: visit → how many had come to their end before. One that was cut off and the next are one visit.
    """
    by_visit: dict[int, list[tuple[int, str]]] = {}
    firsts = {v.state.address: v for v in sorted(versions, key=lambda v: v.state.first_seen, reverse=True)}
    for where, first in firsts.items():
        visit = max(capture.visit for _, capture in first.state.parts)
        by_visit.setdefault(readings[visit], []).append((-len(first.read.facts), where))
    return {where for found in by_visit.values() for _, where in sorted(found)[1:]}


def _against(version: Version, before: Version) -> Version:
    """With what the report of the year before, as it stands now, has to say to it."""
    findings = report.over_years(version.read, before.read)
    read = dataclasses.replace(version.read, findings=(*version.read.findings, *findings))
    return dataclasses.replace(version, read=read)


def _states(holdings: Holdings, found: Found, judged: Judge) -> Iterator[tuple[State, list[Document]]]:
    """The states of one report with their documents, as the visits left them."""
    held: tuple[State, list[Document]] | None = None
    for visit in range(len(holdings.runs)):
        page, home = holdings.at(found.address, visit), holdings.home(visit)
        document = holdings.document(page) if page else None
        if not page or not document or page == home or holdings.is_missing(document) or blocking.shell(document):
            continue
        parts = [(document, page), *_attachments(holdings, page, document, visit, judged)]
        kinds = tuple((document.media_type, capture) for document, capture in parts)
        seen = holdings.seen(page, visit)
        if held and _completes(held[0], kinds):
            held = dataclasses.replace(held[0], parts=kinds, last_seen=seen), [document for document, _ in parts]
            continue
        if held:
            yield held
        first = max(capture.record.timestamp for _, capture in kinds if capture.visit <= visit)
        held = State(found.link, found.address, kinds, first, seen), [document for document, _ in parts]
    if held:
        yield held


def _completes(state: State, parts: tuple[tuple[str, Capture], ...]) -> bool:
    """Whether a visit found the same page with the same attachments, or more of them: those that it leads to and that
    an earlier visit could not have, as it was cut off before. So they are no change."""
    page, *attached = _bytes(state.parts)
    now, *had = _bytes(parts)
    return page == now and {*attached} <= {*had}


def _bytes(parts: Iterable[tuple[str, Capture]]) -> list[tuple[str, bool]]:
    """By which two states are the same; what a server gave later is another than what a person saved."""
    return [(capture.record.digest, capture.by_hand) for _, capture in parts]


def _attachments(
    holdings: Holdings, page: Capture, document: Document, visit: int, judged: Judge
) -> Iterator[tuple[Document, Capture]]:
    """A page's attachments as of a visit.

    Where one of the two was saved by hand, an attachment that came later stood there all along: who saves a page need
    not save what hangs on it.
    """
    if document.media_type != "html":
        return
    try:
        attached = judged(page, "report").taken
    except Failed:  # of which the reading of the page itself will tell
        return
    for link, _ in attached:
        capture = holdings.after(address(link.url, link.body.encode()), visit)
        if capture and capture.visit > visit and not (page.by_hand or capture.by_hand):
            continue
        found = holdings.document(capture) if capture else None
        if capture and found and not holdings.is_missing(found):
            yield found, capture


def _again(holdings: Holdings, state: State, portal: Portal, reader: Reader) -> Report:
    """The report without those of its documents that cannot be read even alone."""
    documents = []
    for document in _documents(holdings, state):
        try:
            reader.call(report.read, [document], [portal.name], state.link.text)
        except Failed as error:
            document = Document(document.url, b"", "unknown", str(error))
        documents.append(document)
    return reader.call(report.read, documents, [portal.name], state.link.text)


def _documents(holdings: Holdings, state: State) -> list[Document]:
    return [holdings.document(c) or Document(c.record.url, b"", "unknown") for _, c in state.parts]


def _version(portal: Portal, state: State, read: Report) -> Version:
    head = read.heading
    if not head.issuer:  # a title that names nobody, in the column of a district: the district's government
        head = dataclasses.replace(head, issuer=portal.name + "人民政府", scope="government")
    return Version(state, head, read, _content_digest(state, head, read))


def _content_digest(state: State, head: Heading, read: Report) -> str:
    """SHA-256 of what a reader would call the report's content; a page's frame and visitor counters are not in it.

    A picture counts by its bytes: that an engine or a person reads more of it is no change of the report.
    """
    facts = sorted((f.item, squash(f.text)) for f in read.facts if not f.ocr)
    content = json.dumps([head.title, facts, text(read), unread(state, read)], ensure_ascii=False)
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def figures(read: Report) -> dict[str, str]:
    """item → the text printed, without white space."""
    return {fact.item: squash(fact.text) for fact in read.facts}


def text(read: Report) -> str:
    """The prose without white space and without visitor counters."""
    return _COUNTER.sub("", squash(read.prose))


def unread(state: State, read: Report) -> list[str]:
    """The payload digests of documents whose content cannot be compared: pictures, archives, what nobody knows."""
    attached = {number for number, (kind, _) in enumerate(state.parts) if number and kind not in report.READERS}
    return sorted(state.parts[number][1].record.digest for number in attached.union(read.pictures))


def _revisions(versions: list[Version]) -> tuple[Version, ...]:
    """Versions in the order in which they were first seen.

    One that says what the one before said is no new one, nor is one without any table or picture after one that had
    some: a page that stands there for an hour instead of the report must not hide it. What a server gave stands for a
    file saved by hand that says the same.
    """
    kept: list[Version] = []
    for version in sorted(versions, key=lambda v: (v.state.first_seen, v.state.link.url)):
        emptied = not _has_tables(version) and any(map(_has_tables, kept))
        if kept and _says_the_same(version, kept[-1]):
            kept[-1] = _merged(kept[-1], version)
        elif not emptied:
            kept.append(version)
    return tuple(kept)


def _has_tables(version: Version) -> bool:
    """Also where they are in pictures, whether these were read or not."""
    return bool(version.read.facts or version.read.pictures)


def _says_the_same(one: Version, other: Version) -> bool:
    """A browser that saves a page adds to it, and a printer more: what it says beside its tables proves no change."""
    if one.content_digest == other.content_digest:
        return True
    is_by_one = one.state.by_hand != other.state.by_hand
    return is_by_one and bool(one.read.facts) and figures(one.read) == figures(other.read)


def _merged(before: Version, after: Version) -> Version:
    stands = after if before.state.by_hand and not after.state.by_hand else before
    last = max(before.state.last_seen, after.state.last_seen)
    return dataclasses.replace(
        stands, state=dataclasses.replace(stands.state, first_seen=before.state.first_seen, last_seen=last)
    )
