"""HTML tables as a reader sees them."""

import time

import pytest

from parsers import html
from parsers.model import Document


def grids(source: str) -> list[list[list[str | None]]]:
    made = html.grids(Document("", b"", "html", source))
    return [[[cell.text if cell else None for cell in row] for row in grid.rows] for grid in made]


def cell(source: str) -> str | None:
    return grids(f"<table><tr><td>{source}</td></tr></table>")[0][0][0]


def test_sections_and_spans() -> None:
    source = """<table><thead><tr><th rowspan=2>a<th colspan="2">b</thead>
        <tbody><tr><td>c<td>d</tbody><tfoot><tr><td colspan=3>e</table>"""
    assert grids(source) == [[["a", "b", "b"], ["a", "c", "d"], ["e", "e", "e"]]]


@pytest.mark.parametrize(("span", "width"), [("2", 2), (" 2x", 2), ("x", 1), ("-1", 1), ("0", 1), ("", 1)])
def test_span_as_browsers_read_it(span: str, width: int) -> None:
    assert len(grids(f'<table><tr><td colspan="{span}">a</table>')[0][0]) == width


def test_layout_table_is_not_mixed_in() -> None:
    inner = "<table><tr><td>1</table>"
    assert grids(f"<table><tr><td>outer {inner}</table>") == [[["outer"]], [["1"]]]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&nbsp;", ""),
        ("<p align='center'>&nbsp;</p>", ""),
        ("结果<br/>纠正", "结果\n纠正"),
        ("<p>三、本</p><p>年度办 &nbsp; </p>", "三、本\n年度办"),
        ("　119", "　119"),
        ("<!--[if !supportLists]-->7、<!--[endif]-->属于", "7、属于"),
        ("1<span>2</span>3", "123"),
        ("12<span style='display: none'>34</span>", "12"),
        ("12<b hidden>34</b>", "12"),
        ("<del>5</del>7", "7"),
        ("5<sup>1</sup>", "5¹"),
        ("5<script>6</script>", "5"),
        ("1\n2", "1 2"),
    ],
)
def test_cell_text(source: str, text: str) -> None:
    assert cell(source) == text


def test_hidden_rows_and_cells_take_no_place() -> None:
    source = "<table><tr><td style='display:none'>1<td>2</tr><tr style='DISPLAY:NONE'><td>3</table>"
    assert grids(source) == [[["2"]]]


def test_labels() -> None:
    head = '<meta name=PubDate content="2021-02-01"><meta name=pubdate content=x><meta name=Key><title> 年报\n</title>'
    h1 = "<h1> </h1><h1>历城区<!-- 副题 --><script>9</script><b> 2020年</b></h1>"
    assert html.labels(head + h1) == {"pubdate": "2021-02-01", "title": "年报", "h1": "历城区 2020年"}
    assert html.labels("") == html.labels("<!-- -->") == {}
    assert html.labels('<?xml version="1.0" encoding="gb2312"?><title>年报\ud800</title>') == {"title": "年报?"}


def test_prose_is_without_tables() -> None:
    body = "<p>2020年，全区共收到政府信息公开申请274件，同比减少13%。</p>" * 3
    content = html.read(Document("", b"", "html", f"<html><body>{body}<table><tr><td>5</table></body></html>"))
    assert "274件" in content.lines[0]
    assert content.grids[0].place == "table 1"


def test_large_page_ends() -> None:
    started = time.process_time()
    row = "<tr>" + "<td>自然人</td>" * 10 + "</tr>"
    assert len(grids("<table>" + row * 10_000 + "</table>")[0]) == 10_000
    html.read(Document("", b"", "html", "<p>" + "中文1" * 1_600_000))
    assert time.process_time() - started < 15
