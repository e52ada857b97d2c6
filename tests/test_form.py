"""Tables as they are printed in the wild, laid over the prescribed forms. Labels are quoted from real reports."""

import time
from collections.abc import Callable

import pytest

from parsers import checks as equations
from parsers import form, html
from parsers.lay import facts
from parsers.model import Document, Fact, Finding, Grid
from parsers.spans import Span, grid

Rows = list[list[str]]


def table(*rows: list[str | Span], place: str = "table 1") -> Grid:
    return grid([[cell if isinstance(cell, Span) else Span(cell) for cell in row] for row in rows], place)


def read(*grids: Grid) -> tuple[dict[str, Fact], list[Finding]]:
    found, findings = facts(grids)
    return {fact.item: fact for fact in found}, findings


def values(*grids: Grid) -> dict[str, float | None]:
    return {item: fact.value for item, fact in read(*grids)[0].items()}


def checks(*grids: Grid) -> list[str]:
    return [finding.check for finding in read(*grids)[1]]


DOCUMENTS: list[list[str | Span]] = [
    [Span("第二十条第（一）项", 1, 4)],
    ["信息内容", "本年制发件数", "本年废止件数", "现行有效件数"],
    ["规章", "0", "0", "0"],
    ["行政规范性文件", "8", "26", "66"],
]
LICENSING: list[list[str | Span]] = [
    [Span("第二十条第（五）项", 1, 4)],
    ["信息内容", Span("本年处理决定数量", 1, 3)],
    ["行政许可", Span("447", 1, 3)],
]
DECISIONS_2019: list[list[str | Span]] = [
    [Span("第二十条第（六）项", 1, 4)],
    ["信息内容", "上一年项目数量", "本年增/减", "处理决定数量"],
    ["行政处罚", "2778", "减74", "2789"],
    ["行政强制", "119", "增3", "115"],
]
FEES_2021: list[list[str | Span]] = [
    [Span("第二十条第（八）项", 1, 4)],
    ["信息内容", Span("本年收费金额（单位：万元）", 1, 3)],
    ["行政事业性收费", Span("282.1", 1, 3)],
]
APPLICANTS = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计"]


def requests(*rows: list[str | Span], applicants: list[str] = APPLICANTS) -> Grid:
    head: list[list[str | Span]] = [
        [Span("（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）", 3, 3), Span("申请人情况", 1, 7)],
        [Span(applicants[0], 2), Span("法人或其他组织", 1, 5), Span(applicants[6], 2)],
        list(applicants[1:6]),
    ]
    return table(*head, *rows)


def line(label: str, *numbers: object) -> list[str | Span]:
    return [Span(label, 1, 3), *map(str, numbers)]


def reviews(*row: object) -> Grid:
    results = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]
    return table(
        [Span("行政复议", 1, 5), Span("行政诉讼", 1, 10)],
        [*(Span(r, 2) for r in results), Span("未经复议直接起诉", 1, 5), Span("复议后起诉", 1, 5)],
        [*results, *results],
        list(map(str, row)),
    )


# The forms themselves


def test_forms_have_their_items() -> None:
    assert {f.name: len(form.items(f.name)) for f in form.forms()} == {
        "stat_2014": 58,
        "form_2019": 198,
        "form_2021": 200,
    }
    assert [i.position for i in form.items("form_2021")] == list(range(1, 201))


def test_unknown_key_in_a_form_is_refused() -> None:
    with pytest.raises(ValueError, match=r"form_x\.toml: unknown key 'colour'"):
        form._form("form_x.toml", {"name": "x", "notice": "", "blocks": [{"colour": "red"}]})


# Labels


@pytest.mark.parametrize(
    ("printed", "label"),
    [
        ("规 章", "规章"),
        ("三\n本\n年\n度\n办\n理\n结\n果", "三本年度办理结果"),
        ("三 、本 年 度办 理 结果", "本年度办理结果"),
        ("1、属于国家秘密", "属于国家秘密"),
        ("（一）予以公开", "予以公开"),
        ("(一)予以公开", "予以公开"),
        ("—、本年新收", "本年新收"),
        ("规章(设区的市、自治州人民政府应提供相关数据)", "规章"),
        ("行政处罚2760", "行政处罚"),
        ("危及“三安全一稳定”", "危及三安全一稳定"),
        ("申请人无正当理由逾期不补正、行政机关", "申请人无正当理由逾期不补正、行政机关"),
    ],
)
def test_label(printed: str, label: str) -> None:
    assert form.label(printed) == label


@pytest.mark.parametrize(
    ("printed", "item"),
    [
        ("规 章", "disclosure.rules.issued"),
        ("规\n章", "disclosure.rules.issued"),
        ("规章(设区的市、自治州人民政府应提供相关数据)", "disclosure.rules.issued"),
        ("规范性文件(行政机关制定发布的决定、公告、…)", "disclosure.normative_documents.issued"),
    ],
)
def test_wild_row_labels(printed: str, item: str) -> None:
    assert values(table(DOCUMENTS[1], [printed, "5", "6", "7"]))[item] == 5


@pytest.mark.parametrize(
    ("printed", "row"),
    [
        ("1、属于国家秘密", "denied_state_secret"),
        ("2.其他法律行政止公开", "denied_prohibited_by_law"),
        ("2、其他法律行政法规禁止公开", "denied_prohibited_by_law"),
        ("3.危及“三安全一稳定”", "denied_security_stability"),
        ('3.危及"三安全一稳定"', "denied_security_stability"),
        ("1、申请人无正当理由逾期不补正、行政机关\n不再处理其政府信息公开申请 ", "other_correction_overdue"),
        ("5.要求行政机关确认或重新\n出具已获取信息", "not_processed_confirm_or_reissue"),
    ],
)
def test_wild_outcomes(printed: str, row: str) -> None:
    assert values(requests(line(printed, 1, 2, 3, 4, 5, 6, 7)))[f"requests.{row}.total"] == 7


def test_close_label_is_read_and_said() -> None:
    found, findings = read(requests(line("5.要求行政机关确认或者重新出具获取信息", 1, 2, 3, 4, 5, 6, 7)))
    assert found["requests.not_processed_confirm_or_reissue.total"].value == 7
    assert [f.check for f in findings] == ["label_variant"]


def test_close_label_never_takes_the_place_of_the_exact_one() -> None:
    made = table(DOCUMENTS[1], ["其他行政规范性文件", "9", "9", "9"], DOCUMENTS[3])
    assert values(made)["disclosure.normative_documents.issued"] == 8
    assert "row_unknown" in checks(made)


def test_label_between_two_is_neither() -> None:
    rows = [line(label, *range(7)) for label in ("上年度新收政府信息公开申请数量", "四、结转下年度继续办理")]
    found, findings = read(requests(*rows))
    assert {item.split(".")[1] for item in found if not item.startswith("local.")} == {"carried_out"}
    assert [f.check for f in findings] == ["row_unknown"]


def test_other_under_another_heading_is_not_taken() -> None:
    rows = [["三、本年度办理结果", "（五）不予处理", "6.其他", *"1234567"]]
    assert "requests.other_other.total" not in values(requests(*[list(row) for row in rows]))


# Rows and cols


def test_cols_are_told_by_label_not_by_order() -> None:
    swapped = ["总计", *APPLICANTS[1:6], "自然人"]
    found = values(requests(line("一、本年新收政府信息公开申请数量", 7, 2, 3, 4, 5, 6, 1), applicants=swapped))
    assert (found["requests.new_requests.natural_person"], found["requests.new_requests.total"]) == (1, 7)


def test_typo_of_a_col() -> None:
    typo = ["自然人", "事业企业", *APPLICANTS[2:]]
    found = values(requests(line("一、本年新收政府信息公开申请数量", *range(7)), applicants=typo))
    assert found["requests.new_requests.commercial_enterprise"] == 1


def test_unknown_col_is_said() -> None:
    made = table(["信息内容", "本年制发件数", "历年累计"], ["规章", "1", "99"])
    assert values(made) == {"disclosure.rules.issued": 1, "local.disclosure.规章.历年累计": 99}
    assert checks(made) == ["col_unknown"]


def test_extra_row_is_kept_as_local() -> None:
    made = table(*DECISIONS_2019, ["其他主动公开文件(…)", "186", "86", "255"])
    found, findings = read(made)
    local = [f for f in found.values() if f.form == "local"]
    assert [f.value for f in local] == [186, 86, 255]
    assert [(f.check, f.level) for f in findings] == [("row_unknown", "info")]


def test_unknown_table_is_said() -> None:
    assert checks(table(["渠道", "条数"], ["网站", "5"])) == ["table_unknown"]
    assert checks(table(["渠道", "说明"], ["网站", "无"])) == []


def test_blank_stays_blank_and_slash_is_not_zero() -> None:
    found, _ = read(table(*DOCUMENTS[:2], ["规章", "", "/", " 0"]))
    kinds = [found[f"disclosure.rules.{col}"].kind for col in ("issued", "repealed", "in_force")]
    assert kinds == ["blank", "not_applicable", "number"]


def test_row_that_is_not_printed_has_no_fact() -> None:
    assert "disclosure.rules.issued" not in values(table(DOCUMENTS[1], DOCUMENTS[3]))


def test_missing_cell_has_no_fact() -> None:
    assert list(values(table(DOCUMENTS[1], ["规章", "1", "2"]))) == [
        "disclosure.rules.issued",
        "disclosure.rules.repealed",
    ]


@pytest.mark.parametrize("number", ["5", "见附件"])
def test_one_cell_across_two_items_is_neither(number: str) -> None:
    found, findings = read(table(DECISIONS_2019[1], ["行政处罚", Span(number, 1, 2), "7"]))
    assert list(found) == ["disclosure.penalty.decisions"]
    assert [(f.check, f.level, f.items) for f in findings] == [
        ("cell_ambiguous", "warning", ("disclosure.penalty.items_previous_year", "disclosure.penalty.items_change"))
    ]


def test_one_cell_down_two_rows_is_neither() -> None:
    made = table(DOCUMENTS[1], ["规章", Span("5", 2), "0", "1"], ["规范性文件", "2", "3"])
    assert "disclosure.rules.issued" not in values(made)
    assert checks(made) == ["cell_ambiguous"]


def test_two_cells_under_one_label_are_neither() -> None:
    made = table(LICENSING[1], ["行政许可", "4", "47", ""])
    assert values(made) == {}
    assert checks(made) == ["cell_ambiguous"]


def test_padded_blank_cells_instead_of_spans() -> None:
    made = table(LICENSING[1], ["行政许可", "447", "", ""])
    assert values(made) == {"disclosure.licensing.decisions": 447}


# Several blocks, several forms


def test_hybrid_of_two_forms() -> None:
    found, _ = read(table(*DOCUMENTS, *LICENSING, *DECISIONS_2019, *FEES_2021))
    assert found["disclosure.penalty.items_change"].form == "form_2019"
    assert found["disclosure.rules.issued"].form == "form_2021"
    assert (found["disclosure.fees.amount_10k_cny"].value, found["disclosure.fees.amount_10k_cny"].unit) == (
        282.1,
        "万元",
    )


def test_undivided_other_outcomes() -> None:
    """洪泽 2023: a report of 2021 form that prints （六）其他处理 as one row."""
    rows = [
        ["三、本年度办理结果", Span("（六）其他处理", 1, 2), *"1000001"],
        ["", Span("（七）总计", 1, 2), *"2000002"],
    ]
    found, _ = read(table(*DOCUMENTS), requests(*[list(row) for row in rows]))
    assert found["requests.other_total.total"].value == 1
    assert found["requests.total_processed.total"].value == 2


def test_tables_in_another_order_and_glued_into_one() -> None:
    one = reviews(*range(15))
    two = requests(line("一、本年新收政府信息公开申请数量", *range(7)))
    apart = values(table(*DOCUMENTS), two, one)
    assert values(one, two, table(*DOCUMENTS)) == apart
    glued = [
        [Span(c.text) if c else Span("") for c in row] + [Span("")] * (15 - len(row)) for row in (*two.rows, *one.rows)
    ]
    assert values(grid(glued, "table 1")).keys() >= {"requests.new_requests.natural_person"}


def test_header_repeated_after_a_page_break() -> None:
    made = table(*DECISIONS_2019[:3], *DECISIONS_2019[1:2], DECISIONS_2019[3])
    assert len(values(made)) == 6
    assert checks(made) == []


def test_reviews_need_the_cell_above() -> None:
    found = values(reviews(*range(15)))
    assert found["reviews.reconsideration.upheld"] == 0
    assert found["reviews.litigation_direct.upheld"] == 5
    assert found["reviews.litigation_after_reconsideration.total"] == 14
    results = ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]
    lawsuits = table([Span("行政诉讼", 1, 5)], list(results), list("12345"))
    assert values(lawsuits) == {}  # which kind of lawsuit is not said: certainly no 行政复议


def test_blank_row_before_the_figures() -> None:
    results = [Span("行政复议", 1, 5)], ["结果维持", "结果纠正", "其他结果", "尚未审结", "总计"]
    made = table(*map(list, results), [""] * 5, list("12306"))
    assert values(made)["reviews.reconsideration.total"] == 6
    assert "printed_twice" not in checks(made)


# One fact for an item


def test_printed_twice() -> None:
    again = [*DOCUMENTS[:2], ["规章", "1", "0", "0"]]
    found, findings = read(table(*DOCUMENTS), table(*again, place="table 2"))
    assert found["disclosure.rules.issued"].value == 0
    assert [(f.check, f.level, f.items) for f in findings] == [
        ("printed_twice", "warning", ("disclosure.rules.issued",))
    ]


def test_a_summary_before_the_table_does_not_win() -> None:
    summary = table(["项目", "2019年", "总计"], ["本年新收政府信息公开申请数量", "331", "565"])
    whole = requests(
        *(line(label, 1, 1, 1, 1, 1, 1, 6) for label in ("一、本年新收政府信息公开申请数量", "（一）予以公开"))
    )
    found, findings = read(summary, whole)
    assert found["requests.new_requests.total"].value == 6
    assert "printed_twice" in [f.check for f in findings]


# Units


@pytest.mark.parametrize(
    ("header", "cell", "unit"),
    [
        ("采购总金额", "6944.93", ""),
        ("采购总金额", "156764.6451万元", "万元"),
        ("采购总金额（亿元）", "3.58", "亿元"),
        ("采购总金额（单位：千元）", "3.58", "千元"),
        ("采购总金额（百万元）", "3.58", "百万元"),
        ("采购总金额（万元）", "251000元", "元"),
        ("采购总金额", "1.47亿", "亿元"),
    ],
)
def test_unit_as_printed(header: str, cell: str, unit: str) -> None:
    found, _ = read(table(["信息内容", "采购项目数量", header], ["政府集中采购", "1468", cell]))
    assert found["disclosure.procurement.amount"].unit == unit
    assert found["disclosure.procurement.projects"].unit == "个"


def test_place() -> None:
    found, _ = read(table(*DOCUMENTS, place="table 3"))
    assert str(found["disclosure.rules.repealed"].place) == "table 3, row 3, col 3"


# Hostile tables


def _many_headers() -> Grid:
    return table(*[["自然人", "总计"] for _ in range(15_000)])


def _many_rows() -> Grid:
    return table(["信息内容", "本年制发件数"], *[[f"第{n}类其他行政规范性文件", "1"] for n in range(8_000)])


def _many_cols() -> Grid:
    return table(*[["总计"] * 1000 for _ in range(50)])


def _long_label() -> Grid:
    return table(["信息内容", "本年制发件数"], ["规章" * 500_000, "1"])


def _plain() -> Grid:
    return table(*[["甲", "1"] for _ in range(15_000)])


@pytest.mark.parametrize("make", [_many_headers, _many_rows, _many_cols, _long_label, _plain])
def test_huge_tables_end(make: Callable[[], Grid]) -> None:
    started = time.process_time()
    read(make())
    assert time.process_time() - started < 10


# --- before 2019 ------------------------------------------------------------------------------------------------------

STATISTICS = """
<table><tr><th>统计指标</th><th>单位</th><th>统计数</th></tr>
<tr><td>一、主动公开情况</td><td>——</td><td>————</td></tr>
<tr><td>（一）主动公开政府信息数<br>（不同渠道和方式公开相同信息计1条）</td><td>条</td><td>1,509</td></tr>
<tr><td>其中：主动公开规范性文件数</td><td>条</td><td></td></tr>
<tr><td colspan="3">三、依申请公开情况</td></tr>
<tr><td>（一）收到申请数</td><td>件</td><td>8</td></tr>
<tr><td>1．当面申请数</td><td>件</td><td>1</td></tr><tr><td>2．传真申请数</td><td>件</td><td>0</td></tr>
<tr><td>3．网络申请数</td><td>件</td><td>6</td></tr><tr><td>4．信函申请数</td><td>件</td><td>2</td></tr>
<tr><td>四、行政复议数量</td><td>件</td><td>3</td></tr>
<tr><td>（一）维持具体行政行为数</td><td>件</td><td>1</td></tr>
<tr><td>（二）被依法纠错数</td><td>件</td><td>2</td></tr><tr><td>（三）其他情形数</td><td>件</td><td>0</td></tr>
<tr><td>五、行政诉讼数量</td><td>件</td><td>5</td></tr>
<tr><td>（一）维持具体行政行为或者驳回原告诉讼请求数</td><td>件</td><td>4</td></tr>
<tr><td>（二）被依法纠错数</td><td>件</td><td>0</td></tr><tr><td>（三）其他情形数</td><td>件</td><td>1</td></tr>
<tr><td>七、依申请公开信息收取的费用</td><td>元</td><td>120</td></tr>
<tr><td>（五）本区自设的一行</td><td>人次</td><td>77</td></tr>
</table>"""


def test_national_statistics_of_2014() -> None:
    found, findings = facts(html.read(Document("", b"", "html", STATISTICS)).grids)
    assert {f.item.removeprefix("statistics."): (f.value, f.unit, f.kind) for f in found if f.form == "stat_2014"} == {
        "proactive.items_total": (1509, "条", "number"),
        "proactive.normative_documents_disclosed": (None, "条", "blank"),
        "applications.received": (8, "件", "number"),
        "applications.received_in_person": (1, "件", "number"),
        "applications.received_fax": (0, "件", "number"),
        "applications.received_online": (6, "件", "number"),
        "applications.received_letter": (2, "件", "number"),
        "reconsideration.total": (3, "件", "number"),
        "reconsideration.upheld": (1, "件", "number"),
        "reconsideration.corrected": (2, "件", "number"),
        "reconsideration.other": (0, "件", "number"),
        "litigation.total": (5, "件", "number"),
        "litigation.upheld": (4, "件", "number"),
        "litigation.corrected": (0, "件", "number"),
        "litigation.other": (1, "件", "number"),
        "fees.request_fees_10k_cny": (120, "元", "number"),
    }
    (own,) = (f for f in found if f.form == "local")
    assert (own.item, own.value, own.unit) == ("local.statistics.本区自设的一行", 77, "人次")
    assert [f.check for f in findings] == ["row_unknown"]
    assert [f.check for f in equations.run(found) if f.level == "error"] == ["stat_received"]  # 1 + 0 + 6 + 2 = 9


def test_statistics_of_a_local_form_are_kept_line_by_line() -> None:
    """Fujian's: a year's number beside that of all years, lines of one name under different lines."""
    table = (
        "<table><tr><td>指标名称</td><td>计量单位</td><td>2015年度</td><td>历年累计</td></tr>"
        "<tr><td>公开的信息</td><td>条</td><td>4970</td><td>81916</td></tr>"
        "<tr><td>其中：1.当面</td><td>件</td><td>3</td><td>　</td></tr>"
        "<tr><td>其中：1.当面</td><td>件</td><td>0</td><td>1</td></tr>"
        "<tr><td>说明：无</td><td></td><td></td><td></td></tr></table>"
    )
    found, findings = facts(html.read(Document("", b"", "html", table)).grids)
    assert [(f.item.removeprefix("local.statistics."), f.text.strip(), f.value, f.unit) for f in found] == [
        ("公开的信息.2015年度", "4970", 4970, "条"),
        ("公开的信息.历年累计", "81916", 81916, "条"),
        ("当面.2015年度", "3", 3, "件"),
        ("当面.历年累计", "", None, "件"),
        ("当面~2.2015年度", "0", 0, "件"),
        ("当面~2.历年累计", "1", 1, "件"),
    ]
    assert [f.check for f in findings] == ["table_local"]


def test_a_col_that_the_form_does_not_have_is_kept_as_local_items() -> None:
    table = (
        "<table><tr><td>指标名称</td><td>计量单位</td><td>2015年度</td><td>历年累计</td></tr>"
        "<tr><td>主动公开政府信息数</td><td>条</td><td>4970</td><td>81916</td></tr>"
        "<tr><td>收到申请数</td><td>件</td><td>3</td><td></td></tr></table>"
    )
    found, findings = facts(html.read(Document("", b"", "html", table)).grids)
    assert [(f.item, f.value, f.unit) for f in found] == [
        ("statistics.proactive.items_total", 4970, "条"),
        ("statistics.applications.received", 3, "件"),
        ("local.statistics.主动公开政府信息数.历年累计", 81916, "条"),
        ("local.statistics.收到申请数.历年累计", None, "件"),
    ]
    assert [(f.check, f.items) for f in findings] == [("col_unknown", tuple(f.item for f in found[2:]))]
