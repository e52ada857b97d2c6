"""One report: its documents → heading, facts, claims, findings."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from parsers import (
    checks,
    confirm,
    doc,
    docx,
    html,
    lay,
    narrative,
    numbers,
    odt,
    ofd,
    pdf,
    percentages,
    rtf,
    text,
    xls,
    xlsx,
)
from parsers.confirm import Confirmed, Settled
from parsers.heading import disagreements, said, said_in_list, settle
from parsers.model import Content, Document, Fact, Finding, Level, Report

READERS: dict[str, Callable[[Document], Content]] = {
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
    "image": lambda document: Content((), (), pictures=1),  # `picture` reads it, where the extra is installed
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


def read(
    documents: Sequence[Document],
    names: Iterable[str] = (),
    listed: str = "",
    shown: Mapping[int, Content | str] | None = None,
    settled: Settled | None = None,
) -> Report:
    """The report that `documents` (the page first, then its attachments) make together.

    `names` are full names of districts, which complete a shortened issuer. `listed` is the title under which a column
    lists the report: with it, a report of which nothing can be read is a report still, and a finding says so.
    `shown` is what `parsers.picture` reads in documents, by their number, or why it cannot, and `settled` what people
    have; None where pictures are not read. Each fact's `document` is the place of its document in `documents`.
    Raises NotAReport.
    """
    contents, findings = _contents(documents)
    if not contents and not listed:
        raise NotAReport(_reason(findings))
    lines = [line for content in contents.values() for line in content.lines]
    names = tuple(names)
    stated = [said(documents[n], content.lines, names, content.labels) for n, content in contents.items()]
    in_list = said_in_list(listed, names) if listed else None
    head = settle(stated, in_list)
    findings += disagreements(stated, in_list)
    tables = _tables(documents, contents, shown or {}, settled)
    findings += tables.findings
    pictures = tuple(n for n, content in contents.items() if content.pictures)
    if pictures and shown is None:
        findings.append(_unread(pictures, tables.facts))
    elif not tables.facts and not tables.waiting:
        if not listed and not (head.title and _has_parts(lines)):
            raise NotAReport(_reason(findings) or "no table of the prescribed form and not the parts of a report")
        message = "报告中没有读到规定的统计表 / none of the prescribed tables was found in the report"
        findings.append(Finding("tables_missing", "warning", message))
    claims, contradictions = narrative.compare(narrative.statements(lines, head.year), tables.facts)
    findings += [*contradictions, *(f for f in checks.run(tables.facts) if not tables.waiting.intersection(f.items))]
    findings.sort(key=lambda f: checks.LEVELS.index(f.level))
    return Report(head, "\n".join(lines), tuple(tables.facts), tuple(claims), tuple(findings), pictures)


def _reason(findings: Iterable[Finding]) -> str:
    """Why the first document that could not be read could not be; "" where all could."""
    return next((f.message.rpartition(" / ")[2] for f in findings if f.check == "unreadable"), "")


def _tables(
    documents: Sequence[Document],
    contents: Mapping[int, Content],
    shown: Mapping[int, Content | str],
    settled: Settled | None,
) -> Confirmed:
    """The facts of all documents, and those of their pictures that are confirmed; what is printed goes before those."""
    found: list[Fact] = []
    findings = [_unreadable(documents[n], one) for n, one in shown.items() if isinstance(one, str)]
    for number, content in contents.items():
        own, odd = lay.facts(content.grids)
        found += (dataclasses.replace(fact, document=number) for fact in own) if number else own
        findings += odd
    pictured = confirm.pictures({n: one for n, one in shown.items() if isinstance(one, Content)}, settled)
    facts, twice = lay.merge([*found, *pictured.facts])
    return Confirmed(facts, pictured.waiting.difference(f.item for f in facts), [*findings, *twice, *pictured.findings])


def _unread(pictures: Iterable[int], facts: Iterable[Fact]) -> Finding:
    """Pictures beside tables that were read may be anything; without any they are what should have been read."""
    level: Level = "info" if any(facts) else "warning"
    which = ", ".join(map(str, pictures))
    message = (
        f"图片没有识别（文件 {which}）；安装 nianbao[ocr] 后即可识别"
        f" / pictures were not read (documents {which}); install nianbao[ocr] to read them"
    )
    return Finding("ocr_absent", level, message)


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
            findings.append(_unreadable(document, str(error)))
    return contents, findings


def _unreadable(document: Document, error: str) -> Finding:
    message = f"{document.url} 未能读取 / {document.url or 'the file'} could not be read: {error}"
    return Finding("unreadable", "warning", message)


def _content(document: Document) -> Content:
    reader = READERS.get(document.media_type)
    if not reader:
        raise ValueError(
            document.text
            or "its bytes are of no kind that nianbao reads "
            "(HTML, DOCX, DOC, PDF, OFD, ODT, RTF, XLSX, XLS, text, PNG, JPEG, GIF, TIFF, WebP, BMP)"
        )
    return reader(document)


def _has_parts(lines: Iterable[str]) -> bool:
    text = numbers.squash("".join(lines))
    return sum(part in text for part in _PARTS) >= 3
