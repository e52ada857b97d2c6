"""One report: its documents → heading, facts, claims, findings."""

import dataclasses
from collections.abc import Iterable, Sequence

from parsers import checks, docx, form, html, narrative, numbers, pdf, text
from parsers.heading import heading
from parsers.model import Content, Document, Fact, Finding, Heading, Report

READERS = {"html": html.read, "docx": docx.read, "pdf": pdf.read, "text": text.read}

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
    """The document was read, and is no annual report. The text says why."""


def read(documents: Sequence[Document], names: Iterable[str] = ()) -> Report:
    """The report that `documents` (the page first, then its attachments) make together.

    Each fact's `document` is the place of its document in `documents`. Raises NotAReport.
    """
    contents = [_content(document) for document in documents]
    heads = [heading(d, c.lines, names) for d, c in zip(documents, contents, strict=True)]
    head = Heading(*(next(filter(None, values), None) for values in zip(*map(dataclasses.astuple, heads), strict=True)))
    facts: dict[str, Fact] = {}
    findings: list[Finding] = []
    for number, content in enumerate(contents):
        found, odd = form.facts(content.grids)
        for fact in found:
            facts.setdefault(fact.item, dataclasses.replace(fact, document=number) if number else fact)
        findings += odd
    lines = [line for content in contents for line in content.lines]
    if not facts:
        if not head.title or sum(part in numbers.squash("".join(lines)) for part in _PARTS) < 3:
            raise NotAReport("no table of the prescribed form and not the parts of a report")
        message = "报告中没有读到规定的统计表 / none of the prescribed tables was found in the report"
        findings.append(Finding("tables_missing", "warning", message))
    claims, contradictions = narrative.compare(narrative.statements(lines), facts.values())
    findings += [*contradictions, *checks.run(facts.values())]
    findings.sort(key=lambda f: checks.LEVELS.index(f.level))
    return Report(head, "\n".join(lines), tuple(facts.values()), tuple(claims), tuple(findings))


def _content(document: Document) -> Content:
    reader = READERS.get(document.media_type)
    if not reader:
        raise NotAReport(f"{document.url or 'the file'}: no reader for what these bytes are")
    try:
        return reader(document)
    except Exception as error:  # a hostile or broken file must not end the build; what happened goes to the reader
        raise NotAReport(f"{document.url or 'the file'} could not be read as {document.media_type}: {error}") from error
