"""One report of several documents: what one of them lacks the others give, and what cannot be read is said."""

from pathlib import Path

import pytest

from parsers import document, report
from parsers.model import Document

ROOT = Path(__file__).parent.parent
LAIWU = document.identify((ROOT / "sample_portals/reports/laiwu_2021.txt").read_bytes(), "laiwu.txt")
TITLE = "济南市莱芜区人民政府2021年政府信息公开工作年度报告"
PAGE = document.identify(
    f'<html><head><meta name="ArticleTitle" content="{TITLE}"><meta name="PubDate" content="2022-01-27 11:12"></head>'
    "<body><p>附件</p></body></html>".encode(),
    "page.html",
)
DOC = Document("old.doc", b"\xd0\xcf\x11\xe0", "unknown")


def test_a_page_and_its_attachment_make_one_report() -> None:
    read = report.read([PAGE, LAIWU])
    assert (read.heading.title, read.heading.published) == (TITLE, "2022-01-27")
    assert len(read.facts) == 200
    assert {fact.document for fact in read.facts} == {1}


def test_the_same_tables_twice_are_the_same_facts() -> None:
    read = report.read([LAIWU, LAIWU])
    assert len(read.facts) == 200
    assert {fact.document for fact in read.facts} == {0}
    assert "printed_twice" not in {finding.check for finding in read.findings}


def test_one_unreadable_attachment_costs_nothing_else() -> None:
    read = report.read([PAGE, DOC, LAIWU])
    assert len(read.facts) == 200
    (said,) = (f for f in read.findings if f.check == "unreadable")
    assert (said.level, "old.doc" in said.message) == ("warning", True)


def test_what_is_only_listed_is_a_report_with_a_finding() -> None:
    read = report.read([DOC], listed="2020年政府信息公开工作年度报告")
    assert (read.heading.year, read.heading.issuer, read.facts) == (2020, None, ())
    assert [f.check for f in read.findings] == ["unreadable", "tables_missing"]


@pytest.mark.parametrize(("files", "said"), [([DOC], "could not be read"), ([PAGE], "no table of the prescribed form")])
def test_what_is_no_report_is_refused_with_the_reason(files: list[Document], said: str) -> None:
    with pytest.raises(report.NotAReport, match=said):
        report.read(files)
