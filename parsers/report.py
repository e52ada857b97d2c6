"""One report: its documents → heading, facts, claims, findings."""

import dataclasses
from collections.abc import Iterable, Sequence

from parsers import checks, doc, docx, html, lay, narrative, numbers, odt, ofd, pdf, percentages, rtf, text, xls, xlsx
from parsers.heading import disagreements, said, said_in_list, settle
from parsers.model import Content, Document, Fact, Finding, Report

READERS = {
    "html": html.read,
    "docx": docx.read,
    "pdf": pdf.read,
    "doc": doc.read,
    "odt": odt.read,
    "rtf": rtf.read,
    "ofd": ofd.read,
    "xlsx": xlsx.read,
    "xls": xls.read,
    "text": text.read,
}

# 条例 第五十条 and both notices: the parts that every report has, in words that every heading variant keeps.
_PARTS = (
    "总体情况",
    "主动公开",
    "处理政府信息公开申请",
    "行政复议",
    "存在的主要问题",
    "其他需要报告",
    "需要报告的其他",
)


class NotAReport(ValueError):
    """The document was read, and is no annual report; or could not be read. The text says why."""


def read(documents: Sequence[Document], names: Iterable[str] = (), listed: str = "") -> Report:
    """The report that `documents` (the page first, then its attachments) make together.

    `names` are full names of districts, which complete a shortened issuer. `listed` is the title under which a column
    lists the report: with it, a report of which nothing can be read is a report still, and a finding says so.
    Each fact's `document` is the place of its document in `documents`. Raises NotAReport.
    """
    contents, findings = _contents(documents)
    if not contents and not listed:
        raise NotAReport(findings[0].message.rpartition(" / ")[2])
    lines = [line for content in contents.values() for line in content.lines]
    names = tuple(names)
    stated = [said(documents[n], content.lines, names, content.labels) for n, content in contents.items()]
    in_list = said_in_list(listed, names) if listed else None
    head = settle(stated, in_list)
    findings += disagreements(stated, in_list)
    found: list[Fact] = []
    for number, content in contents.items():
        own, odd = lay.facts(content.grids)
        found += (dataclasses.replace(fact, document=number) for fact in own) if number else own
        findings += odd
    facts, twice = lay.merge(found)
    findings += twice
    if not facts:
        if not listed and not (head.title and _has_parts(lines)):
            raise NotAReport("no table of the prescribed form and not the parts of a report")
        message = "报告中没有读到规定的统计表 / none of the prescribed tables was found in the report"
        findings.append(Finding("tables_missing", "warning", message))
    claims, contradictions = narrative.compare(narrative.statements(lines, head.year), facts)
    findings += [*contradictions, *checks.run(facts)]
    findings.sort(key=lambda f: checks.LEVELS.index(f.level))
    return Report(head, "\n".join(lines), tuple(facts), tuple(claims), tuple(findings))


def over_years(report: Report, before: Report) -> list[Finding]:
    """What the report of the year before, by the same issuer, says against this one's tables and prose."""
    now, then = ({f.item: f for f in one.facts} for one in (report, before))
    changes = percentages.against_last_year(report.claims, now, then)
    return [*checks.over_years(report.facts, before.facts), *changes]


def _contents(documents: Sequence[Document]) -> tuple[dict[int, Content], list[Finding]]:
    """What each document holds, by its number, and a finding for each that cannot be read."""
    contents: dict[int, Content] = {}
    findings: list[Finding] = []
    for number, document in enumerate(documents):
        try:
            contents[number] = _content(document)
        except MemoryError:
            raise  # the process that reads is of no more use; whoever started it knows why
        except Exception as error:  # a hostile or broken file must not end the build; what happened goes to the reader
            message = f"{document.url} 未能读取 / {document.url or 'the file'} could not be read: {error}"
            findings.append(Finding("unreadable", "warning", message))
    return contents, findings


def _content(document: Document) -> Content:
    reader = READERS.get(document.media_type)
    if not reader:
        raise ValueError(
            document.text
            or "its bytes are of no kind that nianbao reads (HTML, DOCX, DOC, PDF, OFD, ODT, RTF, XLSX, XLS, text)"
        )
    return reader(document)


def _has_parts(lines: Iterable[str]) -> bool:
    text = numbers.squash("".join(lines))
    return sum(part in text for part in _PARTS) >= 3
