"""ODT by the standard (ISO/IEC 26300), from parts written by hand and from LibreOffice."""

import time
from collections.abc import Callable

import office
import pytest
from files import rows, zipped
from test_reports import SEEDS

from parsers import odt, package
from parsers.model import Content, Document

NAMES = ("office", "style", "table", "text", "draw")
XMLNS = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in NAMES)


def packed(xml: str, *more: tuple[str, str]) -> bytes:
    return zipped({"content.xml": xml, **dict(more)})


def understated(content: bytes) -> bytes:
    """The package, whose list of parts says that each has one byte."""
    at = content.index(b"PK\x01\x02") + 24
    return content[:at] + b"\x01\0\0\0" + content[at + 4 :]


def read(body: str, styles: str = "") -> Content:
    styles = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    body = f"<office:body><office:text>{body}</office:text></office:body>"
    return odt.read(
        Document("", packed(f"<office:document-content {XMLNS}>{styles}{body}</office:document-content>"), "odt")
    )


def p(content: str) -> str:
    return f"<text:p>{content}</text:p>"


def tc(content: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}>{content if '<' in content else p(content)}</table:table-cell>"


def tbl(*rows: str) -> str:
    return "<table:table>" + "".join(f"<table:table-row>{row}</table:table-row>" for row in rows) + "</table:table>"


COVERED = "<table:covered-table-cell/>"


@pytest.mark.parametrize("case", SEEDS)
def test_seed(case: str) -> None:
    office.check(case, "odt")


def test_spans_and_covered_cells() -> None:
    across, down = 'table:number-columns-spanned="2"', 'table:number-rows-spanned="2"'
    content = read(tbl(tc("a", down) + tc("b", across) + COVERED, COVERED + tc("c") + tc("d")))
    assert rows(content) == [["a", "b", "b"], ["a", "c", "d"]]
    assert content.grids[0].place == "table 1"


def test_covered_by_nothing_is_blank() -> None:
    assert rows(read(tbl(tc("a") + COVERED + tc("b")))) == [["a", "", "b"]]


def test_repeated_cells_and_rows() -> None:
    row = '<table:table-row table:number-rows-repeated="2">' + tc("0", 'table:number-columns-repeated="3"')
    assert rows(read(f"<table:table>{row}</table:table-row></table:table>")) == [["0"] * 3] * 2


def test_header_rows_and_hidden_rows() -> None:
    head = f"<table:table-header-rows><table:table-row>{tc('a')}</table:table-row></table:table-header-rows>"
    hidden = f'<table:table-row table:visibility="collapse">{tc("9")}</table:table-row>'
    content = read(f"<table:table>{head}{hidden}<table:table-row>{tc('1')}</table:table-row></table:table>")
    assert rows(content) == [["a"], ["1"]]


def test_nested_table_is_its_own() -> None:
    content = read(tbl(tc(p("outer") + tbl(tc("1")) + p("after"))) + p("prose"))
    assert rows(content) == [["outer\nafter"]]
    assert rows(content, 1) == [["1"]]
    assert content.lines == ("prose",)


STYLES = (
    '<style:style style:family="text" style:name="H"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:family="text" style:name="S" style:parent-style-name="T"/>'
    '<style:style style:family="text" style:name="T" style:parent-style-name="S">'
    '<style:text-properties style:text-line-through-style="solid"/></style:style>'
    '<style:style style:family="text" style:name="R">'
    '<style:text-properties style:text-position="super 58%"/></style:style>'
)


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ('5<text:span text:style-name="H">7</text:span>', "5"),
        ('5<text:span text:style-name="S">7</text:span>', "5"),
        ('5<text:span text:style-name="R">1</text:span>', "5¹"),
        ("5<text:note><text:note-citation>2</text:note-citation><text:note-body><text:p>9</text:p></text:note-body>"
         "</text:note>", "5²"),
        ("5<office:annotation><text:p>9</text:p></office:annotation>6", "56"),
        ("结果<text:line-break/>维持<text:tab/>1<text:s text:c='2'/>2", "结果\n维持\t1  2"),
        ("<text:hidden-text text:is-hidden='true'>9</text:hidden-text>8", "8"),
        (" \n 8 \n ", " 8 "),
        ('<text:a>4</text:a><text:change-start text:change-id="c"/>', "4"),
    ],
)  # fmt: skip
def test_text_as_printed(inner: str, text: str) -> None:
    assert rows(read(tbl(tc(p(inner))), STYLES)) == [[text]]


def test_tracked_deletions_are_not_there() -> None:
    deleted = f"<text:changed-region><text:deletion>{p('77')}{tbl(tc('9'))}</text:deletion></text:changed-region>"
    content = read(f"<text:tracked-changes>{deleted}</text:tracked-changes>{p('1')}")
    assert content == Content((), ("1",))


@pytest.mark.parametrize(
    "body",
    [
        tbl(tc("1", 'table:number-columns-repeated="1000000000"')),
        tbl(tc("1", 'table:number-columns-repeated="150000"') * 2),
        tbl(tc("1")).replace("table-row>", 'table-row table:number-rows-repeated="999999999">', 1),
        tbl(tc("1", 'table:number-columns-spanned="1000000" table:number-rows-spanned="99999999"'), *[tc("1")] * 2000),
        "<text:p/>" * (package.MAX_MARKS + 1),
        "<text:span>" * 5000 + "</text:span>" * 5000,
        tbl(tc("1")) + "<table:table>",
    ],
)
def test_hostile_bodies_are_refused(body: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"more than|well-formed"):
        read(body)
    assert time.process_time() - started < 5


def test_deep_nesting_ends() -> None:
    started = time.process_time()
    inner = p("1") * 50
    for _ in range(60):
        inner = tbl(tc(inner + p("1") * 50))
    assert len(read(inner).grids) == 60
    assert time.process_time() - started < 5


ENTITY = f'<!DOCTYPE d [<!ENTITY a "9">]><office:document-content {XMLNS}>&a;</office:document-content>'
HOSTILE: dict[str, Callable[[], bytes]] = {
    "no body": lambda: packed("<a/>"),
    "large": lambda: packed(" " * (package.MAX_BYTES + 1)),
    "entity": lambda: packed(ENTITY),
    "many parts": lambda: packed(
        f"<office:document-content {XMLNS}/>", *[(f"{n}", "") for n in range(package.MAX_PARTS)]
    ),
    "no zip": lambda: b"PK\x03\x04 torn",
    "torn": lambda: packed("<a/>")[:60],
    "understated": lambda: understated(packed(" " * 50_000_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_packages_are_refused(name: str) -> None:
    content = HOSTILE[name]()
    with pytest.raises(ValueError, match=r"\w"):
        odt.read(Document("", content, "odt"))
