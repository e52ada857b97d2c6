"""Chinese words of two characters are found, wherever they stand; the index is the same however it was built."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlite_utils
from test_build import dump

from archive import build, search


def found(data: Path, asked: str) -> set[str]:
    """The portals whose reports hold it."""
    with closing(sqlite3.connect(data / "nianbao.db")) as db:
        sql = (
            "select distinct r.portal from search s join prose p on p.number = s.rowid"
            " join reports r on r.id = p.report where search match ?"
        )
        return {row[0] for row in db.execute(sql, [search.phrases(search.words(asked)[0])])}


@pytest.mark.parametrize(
    ("asked", "portals"),
    [  # read in the five reports of sample_portals/reports
        ("征地", {"370112", "370116", "370305", "370406"}),
        ("棚户区", {"370116", "370305"}),
        ("食品安全", {"370115"}),
        ("莱芜", {"370116"}),
        ("淄博 征地", {"370305"}),
        ("12345", {"370116", "370305"}),
        ("1234", set()),
        ("房产 火星", set()),
    ],
)
def test_found(demo: Path, asked: str, portals: set[str]) -> None:
    assert found(demo, asked) == portals


PLANTED = [
    "历城区受理征地信息公开申请274件，同比增长12.5％。",
    "信 息 公 开 平台（www.Licheng.gov.cn）第2条",
    "ＡＢＣ１２３件\n下一段",
    "𠮷野家〇二一号",
]


def indexed(texts: list[str]) -> sqlite_utils.Database:
    db = sqlite_utils.Database(memory=True)
    search.create(db)
    for number, text in enumerate(texts):
        tokens = " ".join(search.tokens(text))
        db.execute("insert into search (rowid, title, issuer, prose) values (?, '', '', ?)", [number, tokens])
    return db


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("征地", [0]),
        ("征地信息公开", [0]),
        ("信息公开", [0, 1]),
        ("274件", [0]),
        ("74件", []),
        ("274", [0]),
        ("27", []),
        ("12.5%", [0]),
        ("125%", []),
        ("地信", [0]),  # across words, as in print
        ("信息 征地", [0]),
        ("信息 平台", [1]),
        ("licheng", [1]),
        ("LICHENG.GOV", [1]),
        ("第2条", [1]),
        ("2条", [1]),
        ("2件", []),
        ("abc123件", [2]),
        ("件下", []),  # two paragraphs
        ("𠮷野", [3]),
        ("〇二", [3]),
    ],
)
def test_what_is_asked_for_is_a_phrase(asked: str, where: list[int]) -> None:
    db = indexed(PLANTED)
    phrases = search.phrases(search.words(asked)[0])
    assert [
        row[0] for row in db.execute("select rowid from search where search match ? order by rowid", [phrases])
    ] == where
    for number in where:
        assert any(
            is_found for snippet in search.snippets(PLANTED[number], search.words(asked)[0]) for _, is_found in snippet
        ), "and is marked"


def test_two_neighbours_of_a_text_are_always_found() -> None:
    """Recall: every pair of characters in a text finds it, and none that does not stand there."""
    text = "政府信息公开工作年度报告由区政府办公室编制，全文共六个部分。"
    db = indexed([text])
    han = re.findall(r"[\u4e00-\u9fff]+", text)
    pairs = {run[n : n + 2] for run in han for n in range(len(run) - 1)}
    every = {a + b for a in "".join(han) for b in "".join(han)}
    hits = {
        pair
        for pair in every
        if next(db.execute("select 1 from search where search match ?", [search.phrases([pair])]), None)
    }
    assert hits == pairs


@pytest.mark.parametrize(
    "asked",
    ["", " ", "*", '"', "。，", "((", "年", "年 度", "a" * 500, "公开 " * 300, "\0", "\ud800", "--", "AND OR NOT", 
     "NEAR(公开)", "title:公开", "^公开", "{a b}:c", "公开*", '公开" OR "x', "-公开", "公开)"],
)  # fmt: skip
def test_nothing_that_is_asked_is_syntax(asked: str) -> None:
    db = indexed(PLANTED)
    words, short = search.words(asked)
    assert len(words) <= 6
    assert sum(map(len, words)) <= search.LONGEST
    if words:
        list(db.execute("select rowid from search where search match ?", [search.phrases(words)]))
    assert (short != []) == (asked in ("年", "年 度", "公开 " * 300))


def test_hostile_text_takes_no_longer_than_its_length() -> None:
    text = "征" + " " * 200_000 + "征 " * 50_000 + "a" * 200_000
    assert search.snippets(text, ["征地", "地" * 30, "a1" * 20]) == []
    assert len(list(search.tokens(text))) < 400_000


def test_a_snippet_shows_what_stands_around_and_no_other_paragraph() -> None:
    text = "前一段\n" + "甲" * 50 + "征地" + "乙" * 50 + "\n后一段有补偿"
    first, second = search.snippets(text, ["征地", "补偿"])
    assert first == [("…", False), ("甲" * 36, False), ("征地", True), ("乙" * 36, False), ("…", False)]
    assert second == [("后一段有", False), ("补偿", True)]
    assert search.marked("关于征地的报告", ["征地"]) == [("关于", False), ("征地", True), ("的报告", False)]


def test_the_index_goes_with_its_rows(demo: Path, tmp_path: Path) -> None:
    """A portal that is built again leaves nothing behind, and its index is that of a build from nothing."""
    data = shutil.copytree(demo, tmp_path / "data")
    before = dump(data)
    assert len(before["search"]) > 10_000
    db = sqlite_utils.Database(data / "nianbao.db")
    db["archives"].delete_where("portal = ?", ["370116"])
    build.build(data)
    assert dump(data) == before
    with db.conn:
        search.remove(db, "370116")
    left = {row[1] for row in dump(data)["search"]}
    assert left == {row[1] for row in before["search"]} - {370116000000}
