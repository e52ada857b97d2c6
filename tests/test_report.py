"""One report of several documents: what one of them lacks the others give, and what cannot be read is said."""

from pathlib import Path

import pytest

from parsers import document, report, text
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


SCAN = Document("scan.png", b"\x89PNG", "image")


def test_a_picture_that_is_not_read_is_said() -> None:
    """Loudly where it may hold the tables."""
    read = report.read([SCAN])
    assert (read.pictures, read.facts, [(f.check, f.level) for f in read.findings]) == (
        (0,),
        (),
        [("ocr_absent", "warning")],
    )
    assert "install nianbao[ocr]" in read.findings[0].message
    beside = report.read([LAIWU, SCAN])
    assert (beside.pictures, len(beside.facts)) == ((1,), 200)
    assert ("ocr_absent", "info") in [(f.check, f.level) for f in beside.findings]


def test_what_a_picture_shows_is_published_once_sums_confirm_it() -> None:
    shown = text.read(LAIWU)
    read = report.read([SCAN], shown={0: shown}, settled={0: {"disclosure.rules.issued": "0"}})
    assert {fact.ocr for fact in read.facts} == {True}
    assert len(read.facts) == 191  # 10 of 200 cells stand in no equation; a person read one of them
    assert {f.check for f in read.findings} == {"ocr_unconfirmed"}


def test_what_is_printed_goes_before_what_a_picture_shows() -> None:
    read = report.read([LAIWU, SCAN], shown={1: text.read(LAIWU)})
    assert {(fact.document, fact.ocr) for fact in read.facts} == {(0, False)}
    assert "printed_twice" not in {f.check for f in read.findings}


def test_checks_do_not_speak_of_cells_that_wait() -> None:
    shown = text.read(document.identify(LAIWU.content.replace(b"\t66374", b"\t6637o"), "laiwu.txt"))
    assert shown != text.read(LAIWU)
    read = report.read([SCAN], shown={0: shown})
    assert {f.check for f in read.findings} == {"ocr_unconfirmed"}


def test_a_picture_that_cannot_be_read_is_said() -> None:
    with pytest.raises(report.NotAReport, match=r"scan\.png could not be read: torn"):
        report.read([SCAN], shown={0: "torn"})
    read = report.read([SCAN], listed=TITLE, shown={0: "torn"})
    assert [f.check for f in read.findings] == ["unreadable", "tables_missing"]
