"""The states of each report that the archive holds, read, and which of them are revisions."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from archive.captures import Capture, Holdings
from archive.model import Portal
from archive.reader import Failed, Reader
from archive.walk import Found
from archive.warc import address
from parsers import blocking, report
from parsers.links import links
from parsers.model import Document, Heading, Link, Report
from parsers.numbers import squash

_COUNTER = re.compile(r"(?:访问|浏览|点击|阅读)(?:量|次数|数|人次)?:?\d+次?")


@dataclass(frozen=True, slots=True)
class State:
    """A report's page with its attachments as a visit left them: what each is, and its capture."""

    link: Link
    parts: tuple[tuple[str, Capture], ...]

    @property
    def first_seen(self) -> str:
        return max(capture.record.timestamp for _, capture in self.parts)


@dataclass(frozen=True, slots=True)
class Version:
    """A state of a report and what was read from it."""

    state: State
    heading: Heading
    read: Report
    content_digest: str


def by_issue(
    portal: Portal, holdings: Holdings, found: Iterable[Found], reader: Reader
) -> dict[tuple[str, int], list[Version]]:
    """(issuer, year) → its versions, oldest first, each different from the one before."""
    states: list[State] = []

    def calls() -> Iterator[tuple[Any, ...]]:
        for one in found:
            for state, documents in _states(holdings, one, reader):
                states.append(state)
                yield documents, [portal.name], state.link.text

    versions: dict[tuple[str, int], list[Version]] = {}
    for number, answer in enumerate(reader.map(report.read, calls())):
        read = _again(holdings, states[number], portal, reader) if isinstance(answer, Failed) else answer
        if isinstance(read, Exception):
            raise read
        version = _version(portal, states[number], read)
        issue = str(version.heading.issuer), int(version.heading.year or 0)
        versions.setdefault(issue, []).append(version)
    issues = {issue: _revisions(versions[issue]) for issue in sorted(versions)}
    for (issuer, year), revisions in issues.items():
        if before := issues.get((issuer, year - 1)):
            issues[issuer, year] = [_against(version, before[-1]) for version in revisions]
    return issues


def _against(version: Version, before: Version) -> Version:
    """With what the report of the year before, as it stands now, has to say to it."""
    findings = report.over_years(version.read, before.read)
    read = dataclasses.replace(version.read, findings=(*version.read.findings, *findings))
    return dataclasses.replace(version, read=read)


def _states(holdings: Holdings, found: Found, reader: Reader) -> Iterator[tuple[State, list[Document]]]:
    """The states of one report with their documents, as each visit left them."""
    last: list[str] = []
    for visit in range(len(holdings.runs)):
        page, home = holdings.at(found.address, visit), holdings.home(visit)
        document = holdings.document(page) if page else None
        if not page or not document or page == home or holdings.is_missing(document) or blocking.shell(document):
            continue
        parts = [(document, page), *_attachments(holdings, document, visit, reader)]
        digests = [capture.record.digest for _, capture in parts]
        if digests != last:
            last = digests
            kinds = tuple((document.media_type, capture) for document, capture in parts)
            yield State(found.link, kinds), [document for document, _ in parts]


def _attachments(holdings: Holdings, page: Document, visit: int, reader: Reader) -> Iterator[tuple[Document, Capture]]:
    if page.media_type != "html":
        return
    try:
        attached = reader.call(links, page, "report")
    except Failed:  # of which the reading of the page itself will tell
        return
    for link in attached:
        capture = holdings.at(address(link.url, link.body.encode()), visit)
        document = holdings.document(capture) if capture else None
        if capture and document and not holdings.is_missing(document):
            yield document, capture


def _again(holdings: Holdings, state: State, portal: Portal, reader: Reader) -> Report:
    """The report without those of its documents that cannot be read even alone."""
    documents = []
    for _, capture in state.parts:
        document = holdings.document(capture) or Document(capture.record.url, b"", "unknown")
        try:
            reader.call(report.read, [document], [portal.name], state.link.text)
        except Failed as error:
            document = Document(document.url, b"", "unknown", str(error))
        documents.append(document)
    return reader.call(report.read, documents, [portal.name], state.link.text)


def _version(portal: Portal, state: State, read: Report) -> Version:
    head = read.heading
    if not head.issuer:  # a title that names nobody, in the column of a district: the district's government
        head = dataclasses.replace(head, issuer=portal.name + "人民政府", scope="government")
    return Version(state, head, read, _content_digest(head, read))


def _content_digest(head: Heading, read: Report) -> str:
    """SHA-256 of what a reader would call the report's content; a page's frame and visitor counters are not in it."""
    facts = sorted((f.item, squash(f.text)) for f in read.facts)
    content = json.dumps([head.title, facts, _COUNTER.sub("", squash(read.prose))], ensure_ascii=False)
    return "sha256:" + hashlib.sha256(content.encode()).hexdigest()


def _revisions(versions: list[Version]) -> list[Version]:
    """Versions in the order in which they were first seen.

    One that says what the one before said is no new one, nor is one without any table after one that had some: a page
    that stands there for an hour instead of the report must not hide it.
    """
    kept: list[Version] = []
    for version in sorted(versions, key=lambda v: (v.state.first_seen, v.state.link.url)):
        emptied = not version.read.facts and any(other.read.facts for other in kept)
        if not emptied and version.content_digest not in [other.content_digest for other in kept[-1:]]:
            kept.append(version)
    return kept
