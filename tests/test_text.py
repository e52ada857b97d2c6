"""The plain-text layout: a cell a line led by a tab, a blank line ends a row, two end the table."""

import time

from parsers import text
from parsers.model import Content, Document


def read(source: str) -> Content:
    return text.read(Document("", b"", "text", source))


def rows(content: Content) -> list[list[str | None]]:
    return [[cell.text if cell else None for cell in row] for row in content.grids[0].rows]


def test_table_between_prose() -> None:
    content = read("前文\n\t项目\n\t数量\n\n\t行政\n许可\n\t5\n\n\n后文\n")
    assert rows(content) == [["项目", "数量"], ["行政\n许可", "5"]]
    assert content.lines == ("前文", "后文")


def test_residue_is_not_printed() -> None:
    content = read("[image: C:\\图.jpg]正文\n\t[bookmark: _GoBack]+3\n\t1\n\n\n")
    assert rows(content) == [["+3", "1"]]
    assert content.lines == ("正文",)


def test_label_spans_where_values_are_all_there() -> None:
    content = read("\t甲\n\t乙\n\t丙\n\t总计\n\n\t结转\n\t1\n\t2\n\n\t其中\n\t省\n\t3\n\t4\n\n\n")
    assert rows(content)[1] == ["结转", "结转", "1", "2"]


def test_lost_value_is_not_moved_under_another_label() -> None:
    """Two values are expected, one is printed: it may stand across both, so it stands under both."""
    source = "\t信息内容\n\t上一年项目数量\n\t本年增/减\n\t处理决定数量\n\n\t行政许可\n\t1\n\t2\n\t3\n\n"
    source += "\t信息内容\n\t上一年项目数量\n\t本年增/减\n\n\t行政事业性收费\n\t5\n\n\n"
    last = rows(read(source))[-1]
    assert last[-1] == last[-2] == "5"


def test_text_without_tables() -> None:
    assert read("一\n\n二").lines == ("一", "二")


def test_long_cells_and_residue_end() -> None:
    started = time.process_time()
    read("\t甲\n" + "乙\n" * 300_000)
    read("[image:" * 200_000)
    assert time.process_time() - started < 5
