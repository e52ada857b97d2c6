"""Saved cases: reports whose every cell was read by a person. A folder under `reports/` is a test.

`cells.csv` holds every cell as printed in the source, `expected.json` what the report says of itself and what is wrong
with it. `floor.json` holds how many facts of each case are recognised; it may only rise.
"""

import csv
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parsers import checks, document, narrative, numbers, report
from parsers.model import Document, Fact, Report
from sample_portals import sites

HERE = Path(__file__).parent
ROOT = HERE.parent
CASES = sorted(path.name for path in (HERE / "reports").iterdir())
SEEDS = [case for case in CASES if (ROOT / "sample_portals" / "reports" / f"{case}.txt").exists()]
SOUND = ["licheng_2020", "linzi_2020", "shanting_2020", "laiwu_2021"]  # every equation of their tables holds
PAGES = {
    "licheng_2020": (
        "www.licheng.gov.cn",
        "/gongkai/channel_63899ec7375991828262e186/doc_6013b72034b0df4bc0aba83b.html",
    ),
    "linzi_2020": (
        "www.linzi.gov.cn",
        "/gongkai/channel_c_5f9f696d489871774b4da7ed_n_1605680532.0536/doc_601d06404894b1888d2ce5e4.html",
    ),
    "laiwu_2021": ("www.laiwu.gov.cn", "/gongkai/channel_6389b0cb3759918282649a25/doc_6242790052954ab28534c6ab.html"),
}
ATTACHMENTS = {"jiyang_2019": "jiyang_2019.docx", "shanting_2020": "shanting_2020.pdf"}

Cell = tuple[str, str, str, str]  # text without white space, value, unit, kind


@functools.cache
def expected(case: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((HERE / "reports" / case / "expected.json").read_text("utf-8"))
    return loaded


@functools.cache
def cells(case: str) -> dict[str, Cell]:
    with (HERE / "reports" / case / "cells.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["item"]: (numbers.squash(row["text"]), row["value"], row["unit"], row["kind"])
            for row in csv.DictReader(file)
        }


def source(case: str) -> Document:
    path = ROOT / expected(case)["file"]
    return document.identify(path.read_bytes(), path.name)


def read_cells(found: Report) -> dict[str, Cell]:
    return {f.item: _cell(f) for f in found.facts}


def _cell(fact: Fact) -> Cell:
    return numbers.squash(fact.text), "" if fact.value is None else str(fact.value), fact.unit, fact.kind


def loud(found: Report) -> list[list[object]]:
    return [[f.level, f.check, list(f.items)] for f in found.findings if f.level != "info"]


def agreeing(found: Report) -> int:
    """Claims for which the table agrees."""
    values = {f.item: f.value for f in found.facts}
    sums = [(claim.value, [values.get(item) for item in claim.item.split("+")]) for claim in found.claims]
    return sum(None not in terms and value == sum(terms) for value, terms in sums)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    found = report.read([source(case)])
    want = expected(case)
    head = {name: getattr(found.heading, name) for name in ("title", "issuer", "year", "scope", "published")}
    assert head == {name: want[name] for name in head}
    assert read_cells(found) == cells(case)
    assert loud(found) == want["findings"]
    assert agreeing(found) == want["claims"]


def renderings() -> Iterator[tuple[str, Document]]:
    """What the sample portals make of the seeds."""
    for case, (host, path) in PAGES.items():
        reply = sites.page(host, path)
        headers = {name: str(value) for name, value in reply.headers}
        yield case, document.identify(reply.body, f"http://{host}{path}", headers["Content-Type"])
    for case, name in ATTACHMENTS.items():
        path = sites.DOCUMENTS / name
        yield case, document.identify(path.read_bytes(), name)


@pytest.mark.parametrize(("case", "rendered"), [pytest.param(*r, id=f"{r[0]}-{r[1].media_type}") for r in renderings()])
def test_rendering(case: str, rendered: Document) -> None:
    found = report.read([rendered])
    assert read_cells(found) == cells(case)
    assert loud(found) == expected(case)["findings"]
    assert agreeing(found) == expected(case)["claims"]
    assert found.heading.year == expected(case)["year"]
    assert numbers.squash(expected(case)["issuer"]).endswith(str(found.heading.issuer)[-7:])


def test_floor_only_rises() -> None:
    floor = json.loads((HERE / "floor.json").read_text("utf-8"))
    recognised = {case: len(report.read([source(case)]).facts) for case in CASES}
    assert recognised == floor, "more facts are read: raise tests/floor.json; fewer: mend the parser"


# Planted errors: one digit of one cell of a text is changed, and must be seen.


@functools.cache
def planted(case: str) -> list[tuple[str, Report]]:
    """(item, the report read with this item's first digit changed) for every tenth cell."""
    return list(_planted(case, 10))


def _planted(case: str, step: int) -> Iterator[tuple[str, Report]]:
    whole = source(case)
    tables = numbered_lines(whole.text)
    printed = [item for item, cell in cells(case).items() if any(c.isdigit() for c in cell[0])]
    assert [numbers.squash(text) for _, text in tables] == [cells(case)[item][0] for item in printed]
    lines = whole.text.split("\n")
    for item, (at, text) in list(zip(printed, tables, strict=True))[::step]:
        digit = next(c for c in text if c.isdigit())
        changed = text.replace(digit, str((int(digit) + 1) % 10), 1)
        broken = [*lines[:at], "\t" + changed, *lines[at + 1 :]]
        yield item, report.read([Document(whole.url, b"", "text", "\n".join(broken))])


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """(line, text) of each table cell that prints a number, in the order of the text."""
    lines = enumerate(text.split("\n"))
    bare = [(at, line[1:].replace("[bookmark: _GoBack]", "")) for at, line in lines if line.startswith("\t")]
    return [(at, cell) for at, cell in bare if numbers.read(cell).kind == "number"]


def differing(case: str, found: Report) -> set[str]:
    read = read_cells(found)
    return {item for item in cells(case) if read.get(item) != cells(case)[item]}


def in_an_equation(item: str) -> bool:
    return item.startswith(("requests.", "reviews."))


def accused(found: Report) -> set[str]:
    arithmetic = {name for name, check in checks.catalogue().items() if check.table}
    return {item for f in found.findings if f.level == "error" and f.check in arithmetic for item in f.items}


@pytest.mark.parametrize("case", SEEDS)
def test_planted_errors_are_seen(case: str) -> None:
    for item, found in planted(case):
        assert differing(case, found) == {item}


@pytest.mark.parametrize("case", SOUND)
def test_planted_errors_are_found_by_arithmetic(case: str) -> None:
    _assert_flagged(planted(case))


@pytest.mark.exhaustive
@pytest.mark.parametrize("case", SEEDS)
def test_every_planted_error(case: str) -> None:
    found = list(_planted(case, 1))
    assert all(differing(case, one) == {item} for item, one in found)
    if case in SOUND:
        _assert_flagged(found)


def _assert_flagged(found: list[tuple[str, Report]]) -> None:
    """Every cell of the two tables with identities is flagged; the disclosure table has none, so none of its cells."""
    flagged = [item for item, one in found if item in accused(one)]
    assert flagged == [item for item, _ in found if in_an_equation(item)]
    print(f"arithmetic flags {len(flagged)} of {len(found)} planted errors")


@pytest.mark.parametrize("case", SOUND)
def test_prose_contradicts_a_changed_cell(case: str) -> None:
    """Each figure that the prose states alone: with another number in the table it is contradicted."""
    found = report.read([source(case)])
    stated = narrative.statements(found.prose.splitlines(), found.heading.year)
    before = {f.message for f in narrative.compare(stated, found.facts)[1]}
    for claim in found.claims:
        if "+" in claim.item or len(_sums(stated, claim.value)) > 1:
            continue
        facts = [_raised(f) if f.item == claim.item else f for f in found.facts]
        assert {f.message for f in narrative.compare(stated, facts)[1]} - before, claim


def _sums(stated: list[narrative.Statement], value: float) -> set[tuple[str, ...]]:
    return {s for statement in stated for number, sums in statement.figures if number == value for s in sums}


def _raised(fact: Fact) -> Fact:
    assert fact.value is not None
    return Fact(fact.form, fact.item, fact.text, fact.value + 1000, fact.unit, fact.kind, fact.place)


# Page and attachments together, and what is no report.


def test_attachment_that_says_the_same_adds_nothing() -> None:
    page, attachment = (rendered for _, rendered in list(renderings())[:1] for _ in range(2))
    assert len(report.read([page, attachment]).facts) == len(report.read([page]).facts)
    assert report.read([page, attachment]).findings == report.read([page]).findings


def test_attachment_that_differs_is_a_finding() -> None:
    whole = source("licheng_2020")
    other = Document("a.txt", b"", "text", whole.text.replace("\t1468\n", "\t1469\n"))
    found = report.read([whole, other])
    assert [(f.check, f.items) for f in found.findings] == [("printed_twice", ("disclosure.procurement.projects",))]
    assert {f.item: f.value for f in found.facts}["disclosure.procurement.projects"] == 1468


def test_facts_know_their_document() -> None:
    cover = Document("cover", b"", "text", "济南市历城区2020年政府信息公开年度报告\n见附件。")
    found = report.read([cover, source("licheng_2020")])
    assert {f.document for f in found.facts} == {1}


@pytest.mark.parametrize(
    "document_",
    [
        Document("", b"", "text", "政府信息公开年报"),
        Document("", b"", "html", "<p>网站地图</p>"),
        Document("", b"", "unknown"),
        Document("", b"torn", "pdf"),
        Document("", b"torn", "docx"),
        Document("", b"", "html", "<table><tr><td>" + "<div>" * 20_000),
        Document("", b"", "html", "<table>" + "<tr><td rowspan=0 colspan=1000>" * 300),
    ],
)
def test_not_a_report(document_: Document) -> None:
    with pytest.raises(report.NotAReport):
        report.read([document_])


def test_report_whose_tables_are_images() -> None:
    parts = "一、总体情况\n二、主动公开政府信息情况\n三、收到和处理政府信息公开申请情况\n四、行政复议、行政诉讼情况"
    found = report.read([Document("", b"", "text", f"济南市历城区2020年政府信息公开年度报告\n{parts}")])
    assert [(f.check, f.level) for f in found.findings] == [("tables_missing", "warning")]
