"""DOCX by the standard (ISO/IEC 29500), from document parts written by hand."""

import time

import pytest
from files import rows, zipped

from parsers import docx
from parsers.document import identify
from parsers.model import Content, Document
from parsers.package import MAX_BYTES

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def package(xml: str) -> bytes:
    return zipped({"word/document.xml": xml})


def read(body: str) -> Content:
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    xml = f'<w:document xmlns:w="{W}" xmlns:mc="{mc}"><w:body>{body}</w:body></w:document>'
    return docx.read(identify(package(xml)))


def p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def tc(content: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content if '<' in content else p(content)}</w:tc>"


def tbl(*rows: str) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"


SPAN = '<w:gridSpan w:val="2"/>'
RESTART, CONTINUE = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


def test_spans() -> None:
    content = read(tbl(tc("a", RESTART) + tc("b", SPAN), tc("", CONTINUE) + tc("c") + tc("d")))
    assert rows(content) == [["a", "b", "b"], ["a", "c", "d"]]


def test_vertical_span_ends_where_it_restarts() -> None:
    content = read(tbl(tc("a", RESTART), tc("", CONTINUE), tc("b", RESTART), tc("", CONTINUE)))
    assert rows(content) == [["a"], ["a"], ["b"], ["b"]]


def test_grid_before_keeps_cells_in_their_cols() -> None:
    content = read(tbl(tc("a") + tc("b"), '<w:trPr><w:gridBefore w:val="1"/></w:trPr>' + tc("c")))
    assert rows(content) == [["a", "b"], ["", "c"]]


def test_nested_table_is_its_own() -> None:
    content = read(tbl(tc(p("outer") + tbl(tc("1")) + p(""))))
    assert rows(content)[0] == ["outer\n"]
    assert rows(content, 1) == [["1"]]


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ("<w:r><w:t>1</w:t></w:r><w:del><w:r><w:delText>2</w:delText></w:r></w:del>", "1"),
        ("<w:ins><w:r><w:t>3</w:t></w:r></w:ins>", "3"),
        ("<w:moveFrom><w:r><w:t>1</w:t></w:r></w:moveFrom><w:moveTo><w:r><w:t>2</w:t></w:r></w:moveTo>", "2"),
        ("<w:r><w:rPr><w:strike/></w:rPr><w:t>5</w:t></w:r><w:r><w:t>7</w:t></w:r>", "7"),
        ('<w:r><w:rPr><w:strike w:val="0"/></w:rPr><w:t>5</w:t></w:r>', "5"),
        ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>5</w:t></w:r><w:r><w:t>7</w:t></w:r>", "7"),
        ('<w:r><w:t>5</w:t></w:r><w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>1</w:t></w:r>', "5¹"),
        ("<w:pPr><w:tabs><w:tab/></w:tabs><w:rPr><w:strike/></w:rPr></w:pPr><w:r><w:tab/><w:t>6</w:t></w:r>", "\t6"),
        ("<w:r><w:rPr><w:rPrChange><w:rPr><w:strike/></w:rPr></w:rPrChange></w:rPr><w:t>6</w:t></w:r>", "6"),
        ("<w:r><w:rPr><w:vanish/><w:strike/></w:rPr><w:t>5</w:t></w:r>", ""),
        ("<w:r><w:t>甲</w:t><w:txbxContent><w:p><w:r><w:t>乙</w:t></w:r></w:p></w:txbxContent></w:r>", "甲乙"),
        ("<w:r><w:instrText>PAGE 9</w:instrText><w:t>1</w:t></w:r>", "1"),
        ("<w:r><w:t>结果</w:t><w:br/><w:t>维持</w:t></w:r>", "结果\n维持"),
        ("<w:r><w:noBreakHyphen/><w:t>8</w:t></w:r>", "-8"),
        ("<w:sdt><w:sdtContent><w:r><w:t>4</w:t></w:r></w:sdtContent></w:sdt>", "4"),
        ("<mc:AlternateContent><mc:Fallback><w:r><w:t>9</w:t></w:r></mc:Fallback></mc:AlternateContent>", ""),
    ],
)
def test_text_as_printed(run: str, text: str) -> None:
    assert rows(read(tbl(tc(f"<w:p>{run}</w:p>")))) == [[text]]


def control(content: str) -> str:
    return f"<w:sdt><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def test_content_controls_around_rows_cells_and_paragraphs() -> None:
    row = tc("a") + control(control(tc("1") + tc("2"))) + tc(control(p("3")))
    assert rows(read(f"<w:tbl>{control(f'<w:tr>{row}</w:tr>')}</w:tbl>")) == [["a", "1", "2", "3"]]


def test_a_cell_that_continues_nothing_keeps_its_text() -> None:
    assert rows(read(tbl(tc("a", CONTINUE) + tc("b"), tc("", CONTINUE) + tc("c")))) == [["a", "b"], ["a", "c"]]


def test_a_copy_for_old_readers_is_no_table() -> None:
    copy = f"<mc:AlternateContent><mc:Fallback>{tbl(tc('9'))}</mc:Fallback></mc:AlternateContent>"
    assert [grid.place for grid in read(copy + tbl(tc("1"))).grids] == ["table 1"]


def test_deleted_row_is_not_there() -> None:
    assert rows(read(tbl(tc("a"), "<w:trPr><w:del/></w:trPr>" + tc("b")))) == [["a"]]


def test_prose_is_what_stands_outside_tables() -> None:
    assert read(p("前文") + tbl(tc("1")) + control(p("后文"))).lines == ("前文", "后文")


def test_entities_are_refused() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "9"}">' for n in range(12))
    xml = f'<!DOCTYPE d [{entities}]><w:document xmlns:w="{W}"><w:body>{p("&e11;")}</w:body></w:document>'
    with pytest.raises((ValueError, SyntaxError)):
        docx.read(Document("", package(xml), "docx"))


def test_zip_bomb_is_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        docx.read(Document("", package(" " * (MAX_BYTES + 1)), "docx"))


def test_long_table_ends() -> None:
    started = time.process_time()
    read(tbl(*[tc("自然人", CONTINUE) for _ in range(10_000)]))
    read(tbl(*[tc("1") + tc("", RESTART) for _ in range(8_000)]))
    assert time.process_time() - started < 8
