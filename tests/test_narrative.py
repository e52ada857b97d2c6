"""Sentences of real reports with the cells that they state again."""

import re
import time

import pytest

from parsers import checks
from parsers.model import Claim, Fact, Finding, Place
from parsers.narrative import compare, statements

R = {"new": "new_requests", "in": "carried_in", "done": "total_processed", "out": "carried_out"}
BLOCKS = {"fy": "reconsideration", "zj": "litigation_direct", "fh": "litigation_after_reconsideration"}


def item(name: str) -> str:
    block, _, result = name.partition(".")
    return f"reviews.{BLOCKS[block]}.{result}" if block in BLOCKS else f"requests.{R.get(name, name)}.total"


def facts(**cells: int) -> list[Fact]:
    """Facts by short names; `fy__total` stands for fy.total."""
    return [
        Fact("form_2019", item(name.replace("__", ".")), str(n), n, "件", "number", Place("table 1", 1, 1))
        for name, n in cells.items()
    ]


def told(text: str, year: int | None = 2020, **cells: int) -> tuple[list[Claim], list[Finding]]:
    return compare(statements(text.splitlines(), year), facts(**cells))


SENTENCES: list[tuple[str, dict[str, int]]] = [
    ("2020年，全区共收到政府信息公开申请274件；处理2019年结转政府信息公开申请22件。", {"new": 274, "in": 22}),
    ("2020年，全区共收到政府信息公开申请1,274件，2019年结转政府信息公开申请1，022件。", {"new": 1274, "in": 1022}),
    ("2020,全区共收到政府信息公开申请274件。", {"new": 274}),
    ("全年办理因政府信息公开引起的行政复议案件6件。", {"fy__total": 6}),
    ("答复政府信息公开申请293件，结转下年度继续办理的申请3件。", {"done": 293, "out": 3}),
    ("在答复的申请中：予以公开126件，占比43%；部分公开20件。", {"granted_full": 126, "granted_partial": 20}),
    ("在申请中，重复申请4件。", {"not_processed_repeat": 4}),
    ("不予公开的申请中，保护第三方合法权益的6件。", {"denied_third_party_rights": 6}),
    ("无法提供的申请，均为本机关不掌握相关政府信息的88件。", {"unable_not_held": 88}),
    ("共收到信息公开申请62件,同比增长24%。其中予以公开41件，占比66%", {"new": 62, "granted_full": 41}),
    ("2020年全区共收到政府信息公开申请107件，上年度结转9件，结转下年度继续办理5件", {"new": 107, "in": 9, "out": 5}),
    (
        "发生10起因政府信息公开引发的行政复议案件，其中，结果维持4件、结果纠正3件、其他结果2件、尚未审结1件",
        {"fy__total": 10, "fy__upheld": 4, "fy__corrected": 3, "fy__other_result": 2, "fy__pending": 1},
    ),
    (
        "提起行政复议案件共6件，其中，结果维持2件，纠正3件，未审结1件",
        {"fy__total": 6, "fy__upheld": 2, "fy__corrected": 3, "fy__pending": 1},
    ),
    ("未经复议直接被提起行政诉讼共5件，结果维持2件，其他1件", {"zj__total": 5, "zj__upheld": 2, "zj__other_result": 1}),
    ("复议后被提起诉讼1件，结果维持1件。", {"fh__total": 1, "fh__upheld": 1}),
    ("因政府信息公开被申请行政复议2件，同比减少84.6%。其中，结果纠正1件", {"fy__total": 2, "fy__corrected": 1}),
]


@pytest.mark.parametrize(("text", "cells"), SENTENCES)
def test_sentence(text: str, cells: dict[str, int]) -> None:
    claims, findings = told(text, **cells)
    counts = {c.item for c in claims if c.kind == "count"}
    assert counts == {item(name.replace("__", ".")) for name in cells}
    assert findings == []
    for name, n in cells.items():
        (finding,) = told(text, **{**cells, name: n + 500})[1]
        assert (finding.check, finding.level) == ("prose", "warning")
        assert item(name.replace("__", ".")) in finding.items


@pytest.mark.parametrize(("text", "cells"), SENTENCES)
def test_one_changed_digit_is_one_finding(text: str, cells: dict[str, int]) -> None:
    for match in re.finditer(r"(\d)(?=[件起])", text):
        changed = text[: match.start()] + str((int(match[1]) + 1) % 10) + text[match.end() :]
        assert len([f for f in told(changed, **cells)[1] if f.check == "prose"]) == 1, changed


def test_sums_over_both_kinds_of_lawsuit() -> None:
    text = "发生13起因政府信息公开引发的行政诉讼案件，未经复议直接起诉的9件，复议后起诉的4件，其中结果维持6件"
    cells = {"zj__total": 9, "fh__total": 4, "zj__upheld": 3, "fh__upheld": 3}
    assert told(text, **cells)[1] == []
    assert len(told(text.replace("6件", "7件"), **cells)[1]) == 1


@pytest.mark.parametrize("received", [258, 280, 264])
def test_received_may_include_what_was_carried(received: int) -> None:
    text = f"共受理政府信息公开申请{received}件。"
    found = told(text, new=258, **{"in": 6, "done": 278, "out": 2})[1]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "2019年，全区共收到政府信息公开申请100件。",
        "2019年收到政府信息公开申请100件，同期答复申请90件。",
        "较2019年收到申请100件减少。",
        "去年收到申请100件。",
        "区政府办公室共收到政府信息公开申请20件，予以公开5件。",
        "收到政府信息公开申请  件。",
        "自治区政府办公厅文件46政府会议信息42、",
        "收到网民留言100件，答复网民来信90件。",
        "行政复议和行政诉讼共5件。",
        "行政复议、行政诉讼5件。",
        "公开核准企业资质条，予以公开及部分公开258件。",
        "收到来信5件和行政复议申请。",
        "各镇街共收到政府信息公开申请35件。",
        "2020年，各街道办事处、乡镇全年收到政府信息公开申请12件，予以公开5件。",
        "截至2020年12月31日，累计收到政府信息公开申请900件。",
        "全年共办理行政复议案件56件，行政诉讼案件12件。",  # of all administration
        "审结各类行政复议案件56件，其中维持40件。",
    ],
)
def test_no_claim_of_the_table(text: str) -> None:
    cells = {"new": 1, "in": 1, "done": 1, "out": 1, "granted_full": 1, "granted_partial": 1, "fy__total": 1}
    assert told(text, **cells, zj__total=1, fh__total=1)[1] == []


def test_a_count_before_another_is_not_its_own() -> None:
    assert told("办理申请5件和行政复议3件。", fy__total=3)[1] == []
    assert len(told("办理申请5件和行政复议4件。", fy__total=3)[1]) == 1


def test_a_blank_cell_contradicts_nothing() -> None:
    blank = Fact("form_2021", item("new"), "", None, "件", "blank", Place("table 1", 1, 1))
    claims, findings = compare(statements(["共收到政府信息公开申请62件。"]), [blank])
    assert [(c.item, c.value) for c in claims] == [(item("new"), 62)]
    assert findings == []


def test_message_quotes_and_compares() -> None:
    (finding,) = told("未经复议直接提起行政诉讼2件。", zj__total=1)[1]
    assert "未经复议直接提起行政诉讼2件" in finding.message
    assert checks.describe(item("zj.total")) in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "1" * 500_000,
        "收到申请" * 100_000,
        "收到申请5件" * 50_000,
        "行政复议" * 100_000,
        "2020年" * 100_000,
        "中" * 10**6,
    ],
)
def test_long_paragraphs_end(text: str) -> None:
    started = time.process_time()
    told(text, new=5)
    assert time.process_time() - started < 10
