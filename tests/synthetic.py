"""Correct synthetic reports: the tables of two seeds with other numbers, all in accord, and true sentences about them.

Which cell holds which item is what the reader finds in the seeds, whose cells are all verified.
"""

import functools
import random
from collections.abc import Iterator
from dataclasses import replace

from parsers import form, lay, spans
from sample_portals.report_text import Cell, Paragraph, Table, read_report

Blocks = list[Paragraph | Table]
Numbers = dict[str, int]

SEEDS = {"form_2019": "licheng_2020", "form_2021": "laiwu_2021"}
PEOPLE = (
    "natural_person",
    "commercial_enterprise",
    "research_institution",
    "public_interest_organization",
    "legal_services_organization",
    "other_organization",
)
FLOW = ("new_requests", "carried_in", "total_processed", "carried_out")
REVIEWS = ("reconsideration", "litigation_direct", "litigation_after_reconsideration")
RESULTS = ("upheld", "corrected", "other_result", "pending")
GROUPS = {
    "予以公开": "granted_full",
    "部分公开": "granted_partial",
    "不予公开": "denied_",
    "无法提供": "unable_",
    "不予处理": "not_processed_",
    "其他处理": "other_",
}


@functools.cache
def places(name: str) -> dict[tuple[int, int, int], str]:
    """(table, row, col) of each cell of the form that holds an item."""
    tables = [b for b in read_report(SEEDS[name]) if isinstance(b, Table)]
    grids = [
        spans.grid([[spans.Span(c.text, c.rowspan, c.colspan) for c in row] for row in table.rows], str(n))
        for n, table in enumerate(tables)
    ]
    return {(int(f.place.grid), f.place.row - 1, f.place.col - 1): f.item for f in lay.facts(grids)[0]}


@functools.cache
def outcomes(name: str) -> list[str]:
    rows = (i.split(".")[1] for i in places(name).values() if i.startswith("requests."))
    return [row for row in dict.fromkeys(rows) if row not in FLOW]


# Numbers


def numbers(name: str, draw: random.Random) -> Numbers:
    size = draw.choice((0, 1, 3, 20, 300, 5000, 90_000, 1_200_000))
    made: Numbers = {}
    for who in PEOPLE:
        share = draw.choice((0, 0, 0.02, 0.5, 1)) if who != "natural_person" else 1
        column = {row: _count(draw, size * share) for row in outcomes(name)}
        done, out = sum(column.values()), _count(draw, size * share / 20)
        carried = draw.randint(0, min(done + out, max(1, int(size * share / 10))))
        column |= {
            "total_processed": done,
            "carried_out": out,
            "carried_in": carried,
            "new_requests": done + out - carried,
        }
        made |= {f"requests.{row}.{who}": n for row, n in column.items()}
    for row in (*FLOW, *outcomes(name)):
        made[f"requests.{row}.total"] = sum(made[f"requests.{row}.{who}"] for who in PEOPLE)
    for kind in REVIEWS:
        found = {result: _count(draw, draw.choice((0, 2, 40, 3000))) for result in RESULTS}
        made |= {f"reviews.{kind}.{result}": n for result, n in found.items()}
        made[f"reviews.{kind}.total"] = sum(found.values())
    return made


def _count(draw: random.Random, size: float) -> int:
    return 0 if draw.random() < 0.4 else round(size * draw.random())


def printed(item: str, made: Numbers, zero: str, draw: random.Random) -> str:
    if item in made:
        return str(made[item]) if made[item] else draw.choice(zero.split("|"))
    n = _count(draw, draw.choice((0, 9, 400, 70_000)))
    if item.endswith("items_change"):
        return draw.choice((f"+{n}", f"-{n}", f"增{n}", f"减{n}", "0", str(n)))
    if "amount" in item:
        return f"{n}.{draw.randrange(10**4):04}" + draw.choice(("", "万元" * item.endswith(".amount")))
    return str(n)


def tables(name: str, made: Numbers, draw: random.Random) -> list[Table]:
    zero = draw.choice(("0", "0", "0", "", "/", "-", "—", "0|", "0|/"))
    found = []
    for n, table in enumerate(b for b in read_report(SEEDS[name]) if isinstance(b, Table)):
        rows = [
            [replace(c, text=printed(item, made, zero, draw)) if (item := _item(name, n, i, c)) else c for c in row]
            for i, row in enumerate(table.rows)
        ]
        found.append(Table(rows, table.columns))
    return found


def _item(name: str, table: int, row: int, cell: Cell) -> str:
    return places(name).get((table, row, cell.column), "")


# True sentences


class Prose:
    def __init__(self, name: str, made: Numbers, draw: random.Random) -> None:
        self.draw, self.made = draw, made
        self.year = 2020 if name == "form_2019" else draw.choice((2021, 2022, 2023, 2024))
        self.new, self.carried, self.done, self.out = (made[f"requests.{row}.total"] for row in FLOW)
        self.rows = {row: made[f"requests.{row}.total"] for row in outcomes(name)}
        self.groups = {
            label: sum(n for row, n in self.rows.items() if row == key or (key.endswith("_") and row.startswith(key)))
            for label, key in GROUPS.items()
        }
        self.labels = {
            key: form.label(text.split(">")[-1])
            for f in form.forms()
            if f.name == name
            for block in f.blocks
            for key, text in block.rows.items()
        }

    def one(self, *sentences: str) -> str:
        return self.draw.choice(sentences)

    def paragraphs(self) -> list[str]:
        made = [self.received(), self.answered(), *self.shares(), *self.details(), *self.reviews()]
        made += [self.elsewhere(), self.last_year(), self.part(), self.beside()]
        if self.draw.random() < 0.3:
            self.draw.shuffle(made)
        return [line for line in made if line]

    def change(self, now: int) -> str:
        before = self.draw.randint(1, 2 * now + 3)
        percent = 100 * (now - before) / before
        if not now or not round(percent, 1):
            return ""
        way = self.one("增长", "增加", "上升") if percent > 0 else self.one("减少", "下降", "降低")
        return self.one("，", ",") + self.one("同比", "较上年", "比去年", "较上年同期") + f"{way}{abs(percent):.1f}%"

    def received(self) -> str:
        year, new, carried, both = self.year, self.new, self.carried, self.new + self.carried
        return self.one(
            f"{year}年，全区共收到政府信息公开申请{new}件{self.change(new)}；"
            f"处理{year - 1}年结转政府信息公开申请{carried}件。",
            f"{year}全区各单位各部门共收到信息公开申请{new}件{self.change(new)}。",
            f"{year}年全区共收到政府信息公开申请{new}件，上年度结转{carried}件。主要涉及征地补偿、房屋拆迁等方面。",
            f"本年度，全区共受理政府信息公开申请{both}件（含上年度结转{carried}件），办结{self.done}件，结转下年度办理{self.out}件。",
            f"{year}年，全区共受理政府信息公开申请{both}件，其中上年结转{carried}件，本年新收到{new}件。",
            f"本年新收政府信息公开申请{new}件,叠加上年结转{carried}件,全年累计办理{both}件。",
            f"{year}年，全区政府信息公开申请合计{both}件,上年结转{carried}件,已回复{self.done}件,{self.out}件正在办理中。",
            f"{year}年1月1日至12月31日，全区各级行政机关新收政府信息公开申请{new}宗，上年结转{carried}宗。",
            f"全年收到依申请公开{new}件，其中网络申请{new // 2}件，信函申请{new - new // 2}件，当面申请0件。",
            f"全年共收到政府信息公开申请{new}件（自然人{self.who('natural_person')}件，商业企业"
            f"{self.who('commercial_enterprise')}件）。",
        )

    def who(self, kind: str) -> int:
        return self.made[f"requests.new_requests.{kind}"]

    def answered(self) -> str:
        return self.one(
            f"{self.year}年，全区答复政府信息公开申请{self.done}件，结转下年度继续办理的申请{self.out}件。在答复的申请中：",
            f"本年度，全区各部门单位答复政府信息公开申请{self.done}件。在答复的申请中：",
            f"共办结申请{self.done}件，结转至下一年度继续办理{self.out}件，按时答复率100%。",
            f"答复{self.done}件(含上年结转{self.carried}件),{self.out}件结转下年办理。",
            "",
        )

    def share(self, n: int, whole: int) -> str:
        if not whole or not n:
            return ""
        percent = f"{100 * n / whole:.{self.draw.choice((0, 1, 1, 2))}f}"
        return self.one("，占", "，占比", "，约占", "，占总数的", "，占申请总量的", ",占比约") + f"{percent}%"

    def shares(self) -> list[str]:
        whole = self.draw.choice((self.done, self.new, self.new + self.carried, 0))
        ends = self.one("；", "，", "。", "\n")
        parts = [
            f"{label}{n}件{self.share(n, whole)}" for label, n in self.groups.items() if n or self.draw.random() < 0.5
        ]
        head = self.one("在答复的申请中：", "其中，", "从办理结果看，")
        return (head + ends.join(parts) + "。").split("\n")

    def details(self) -> Iterator[str]:
        for label, key in GROUPS.items():
            rows = {row: n for row, n in self.rows.items() if row.startswith(key) and key.endswith("_") and n}
            if len(rows) > 1 and self.draw.random() < 0.7:
                parts = [f"{self.labels[row]}{self.one('的', '', '申请')}{n}件" for row, n in rows.items()]
                whole = self.groups[label]
                yield self.one("在", "") + f"{label}的{whole}件中，" + self.one("，", "、").join(parts) + "。"

    def results(self, *kinds: str) -> str:
        names = {
            "upheld": self.one("结果维持", "维持"),
            "corrected": self.one("结果纠正", "纠正"),
            "other_result": self.one("其他结果", "其他"),
            "pending": self.one("尚未审结", "未审结"),
        }
        found = {r: sum(self.made[f"reviews.{kind}.{r}"] for kind in kinds) for r in RESULTS}
        parts = [f"{names[r]}{n}件" for r, n in found.items() if n]
        return "，".join(parts) and self.one("，其中", "。其中，", "，") + self.one("、", "，").join(parts)

    def reviews(self) -> Iterator[str]:
        first, direct, after = (self.made[f"reviews.{kind}.total"] for kind in REVIEWS)
        yield self.one(
            f"{self.year}年,我区发生{first}起因政府信息公开引发的行政复议案件{self.results(REVIEWS[0])}。",
            f"全区以信息公开为案由被提起行政复议案件共{first}件{self.results(REVIEWS[0])}。",
            f"全区各部门单位因政府信息公开被申请行政复议{first}件{self.change(first)}{self.results(REVIEWS[0])}。",
            f"因政府信息公开引发的行政复议案件{first}件、行政诉讼案件{direct + after}件。",
        )
        yield self.one(
            f"{self.year}年,我区发生{direct + after}起因政府信息公开引发的行政诉讼案件，未经复议直接起诉的{direct}件，"
            f"复议后起诉的{after}件{self.results(*REVIEWS[1:])}。",
            f"未经复议直接被提起行政诉讼共{direct}件{self.results(REVIEWS[1])}；复议后被提起诉讼{after}件"
            f"{self.results(REVIEWS[2])}。",
            f"未经复议直接提起行政诉讼{direct}件{self.change(direct)}{self.results(REVIEWS[1])}。",
            "",
        )

    def elsewhere(self) -> str:
        """What is of the government's office alone."""
        n = self.draw.randrange(1, 90)
        office = self.one("区政府办公室", "区政府办", "本机关", "本办")
        return self.one(
            f"其中，{office}共收到政府信息公开申请{n}件，予以公开{n // 2}件，不予公开{n - n // 2}件。",
            f"{self.year}年，{office}受理政府信息公开申请{n}件，答复申请{n}件，结转下年度继续办理0件。",
            f"{office}办理行政复议{n}件，维持{n}件。",
            "",
        )

    def last_year(self) -> str:
        n, year = self.draw.randrange(1, 900), self.year - 1
        return self.one(
            f"{year}年，全区共收到政府信息公开申请{n}件，答复申请{n}件。",
            f"较{year}年收到申请{n}件，有所变化。",
            f"上年同期收到政府信息公开申请{n}件。",
            f"去年全区发生行政复议案件{n}件、行政诉讼案件{n + 2}件。",
            "",
        )

    def part(self) -> str:
        """What is of some of the requests: a department's, a channel's, a season's, some of the replies."""
        n, half = self.draw.randrange(1, 900), self.new // 3
        return self.one(
            f"其中，区自然资源局收到申请{n}件，区住建局收到申请{n + 3}件。",
            f"区市场监督管理局共受理政府信息公开申请{n}件，占{n % 97}.4%。",
            f"网上受理申请{half}件，信函申请{self.new - half}件。",
            f"上半年收到政府信息公开申请{half}件，下半年收到政府信息公开申请{self.new - half}件。",
            f"1至6月收到申请{half}件。",
            f"近三年共收到政府信息公开申请{self.new + 4000}件。",
            f"上年度收到政府信息公开申请{self.new + 7}件。",
            f"其中按时答复申请{self.done // 2}件，延期答复申请{self.done - self.done // 2}件。",
            f"办理行政复议期间，各方配合，上年结转{n + self.carried}件均已审结。",
            "",
        )

    def beside(self) -> str:
        n = self.draw.randrange(2, 9000)
        return self.one(
            f"全年主动公开政府信息{n}条，公开规范性文件{n % 9}件，回复市民网上来信{n}件。",
            f"共承办人大代表建议{n}件、政协委员提案{n + 8}件，满意率、办复率均达100%。",
            f"全年受理热线诉求{n}件，同比增长7.89%，按时办结率99%。",
            f"作出行政许可决定{n}件，行政处罚决定{n + 3}件，政府集中采购项目{n}个。",
            f"组织培训{n % 7 + 1}次，在办理工作中纠正错误{n % 5 + 1}处。",
        )


def report(seed: int) -> Blocks:
    """A correct report; each seed another one."""
    draw = random.Random(seed)
    name = draw.choice(list(SEEDS))
    made = numbers(name, draw)
    prose = Prose(name, made, draw)
    first, second, third = tables(name, made, draw)
    opening = f"本报告所列数据的统计期限自{prose.year}年1月1日至12月31日。"
    return [
        Paragraph(f"济南市历城区{prose.year}年政府信息公开工作年度报告", "title"),
        *(
            Paragraph(line, "text")
            for line in (opening, "一、总体情况", *prose.paragraphs(), "二、主动公开政府信息情况")
        ),
        first,
        Paragraph("三、收到和处理政府信息公开申请情况", "heading"),
        second,
        Paragraph("四、政府信息公开行政复议、行政诉讼情况", "heading"),
        third,
        Paragraph("五、存在的主要问题及改进情况", "heading"),
    ]
