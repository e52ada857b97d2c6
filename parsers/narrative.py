"""Figures that the prose states again, and whether the tables agree.

A sentence may mean one of several equations ("收到" can be what was new, or new plus carried in), so a claim lists the
sums it may stand for and is contradicted only where every one of them could be worked out and none is equal.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from parsers import checks, form, numbers, percentages
from parsers.model import Claim, Fact, Finding

Sum = tuple[str, ...]

_REQUESTS = "requests.{}.total".format
_NEW, _IN, _DONE, _OUT = map(_REQUESTS, ("new_requests", "carried_in", "total_processed", "carried_out"))
_DIGITS = r"\d{1,9}"  # bounded: an endless run of digits must not be tried from each of its places
_NUMBER = rf"(?P<number>{_DIGITS})(?:件|起|宗)"
_GAP = r"[^，,。；;、\d]{0,%d}?"
_OFFICE = re.compile(r"办公室|政府办|本机关|本办(?![法理])")  # the office's own figures are not the district's
_DOES = re.compile(r"收到|受理|答复|办结|办理")
_CLAUSE = re.compile(r"[^,。;]*[,。;]?")
_OFFICE_DOES = re.compile(rf"(?:{_OFFICE.pattern})[^,。;]{{0,20}}(?:{_DOES.pattern})")
_NAMED = r"^[^,。;:、各\d]{1,16}(?:局|委|委员会|法院|街道|办事处|镇|乡)"  # one department; 各部门 are the district
_DEPARTMENT_DOES = re.compile(rf"{_NAMED}(?:共|全年|累计)?(?:{_DOES.pattern})")
_BELOW_DOES = re.compile(rf"^(?:全[区县市])?各(?:镇|乡|街道)[^,。;]{{0,16}}(?:{_DOES.pattern})")  # not the departments
_UP_TO = re.compile(r"^截[至止][^,。;]{0,16},$")  # since the beginning, where 累计 follows
_GROUPED = re.compile(r"(?<!\d)(\d{1,3}(?:,\d{3}){1,2})(?=件|起|宗)")  # 1,274
_OTHER_TIME = re.compile(
    r"去年|上年同期|同期(?!结转)|往年|历年|上年度?(?:共|全年)?(?:收到|受理|新收)|近[一二两三四五六七八九十\d]{1,2}年"
    r"|截[至止]|以来|[上下]半年|季度|\d{1,2}月?[至到\-](?!12月)\d{1,2}月(?!\d)"
)
_OF_PART = re.compile(
    r"网[上络]|在线|线上|信[函件]|邮[寄件箱]|当面|现场|传真|复议|诉讼|(?:其中|按时|延期|逾期)(?:答复|办结)"
)
_REVIEWED = re.compile(r"复议|诉讼|起诉")
_ALL_REVIEWS = re.compile(r"(?:审理|审结|办理|办结|受理|收到)(?:各类)?行政(?:复议|诉讼)")  # of all administration
_YEAR = re.compile(r"(20\d\d)年(?!度?结转|\d{1,2}月)")

_FLOW: tuple[tuple[re.Pattern[str], tuple[Sum, ...]], ...] = (
    (
        re.compile(r"(?:收到|受理|新收)" + _GAP % 14 + r"申请(?:共计?|合计)?" + _NUMBER),
        ((_NEW,), (_NEW, _IN), (_DONE, _OUT)),
    ),
    (re.compile(r"(?:上年度?|上一年度?|\d{4}年)结转" + _GAP % 14 + _NUMBER), ((_IN,),)),
    (re.compile(r"结转(?:至|到)?(?:下|次)(?:一)?年" + _GAP % 14 + _NUMBER), ((_OUT,),)),
    (re.compile(r"(?:答复|办结)" + _GAP % 14 + r"申请" + _NUMBER), ((_DONE,), (_DONE, _OUT))),
)
_OUTCOMES = {
    "予以公开": "granted_full",
    "部分公开": "granted_partial",
    "不予公开": "denied_",
    "无法提供": "unable_",
    "不予处理": "not_processed_",
    "其他处理": "other_",
}
_COUNT_AFTER = r"(?:的)?(?:申请)?(?:共|共计|有)?" + _NUMBER

_KINDS = {
    "未经复议": "litigation_direct",
    "复议后": "litigation_after_reconsideration",
    "行政复议": "reconsideration",
    "行政诉讼": "litigation",
}
_SUED = r"(?:被)?(?:提起)?(?:行政)?(?:起诉|诉讼)"
_KIND = rf"(?P<kind>未经复议直接{_SUED}|复议后{_SUED}|行政复议|行政诉讼)"
_RESULTS = {"维持": "upheld", "纠正": "corrected", "其他": "other_result", "未审结": "pending"}
_NO_AND = r"[^,。;、\d和及与]{0,25}?"
_NO_COUNT = r"(?!(?:案件|申请)?(?:的)?(?:共计?|合计)?\d)"  # "申请5件和行政复议3件": the 5 are no 行政复议
_REVIEW = re.compile(
    rf"(?<!复议[、和及与])(?<!新收){_KIND}(?:案件|申请)?(?:的)?(?:共计?|合计)?(?P<after>{_DIGITS})(?:件|起|宗)"
    rf"|(?<!\d)(?P<before>{_DIGITS})(?:件|起|宗){_NO_AND}{_KIND.replace('kind', 'kind2')}{_NO_COUNT}"
    rf"|{_KIND.replace('kind', 'kind3')}"
    r"|(?P<result>维持|纠正|其他|未审结)(?:结果)?(?:的)?(?P<count>\d{1,9})(?:件|起|宗)"
    r"|(?P<end>。)"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A paragraph, as printed and as far as it is of this report, and the figures in it with the sums each may be."""

    text: str
    bare: str
    figures: tuple[tuple[int, tuple[Sum, ...]], ...]


def statements(lines: Iterable[str], year: int | None = None) -> list[Statement]:
    """The paragraphs that state figures of the tables again; what they say of other years than `year` is left out."""
    found = []
    for line in lines:
        bare = _GROUPED.sub(lambda match: match[1].replace(",", ""), numbers.squash(line))
        text = _of_the_report(bare, year)
        figures = tuple(dict.fromkeys([*_flow(text), *_outcomes(text), *_reviews(text)]))
        if figures or "%" in text:
            found.append(Statement(line.strip(), text, figures))
    return found


def _of_the_report(text: str, year: int | None) -> str:
    """The clauses that speak of the report's year and of the whole district.

    A year that begins a clause governs the sentence, and so does the office that received or answered something.
    """
    kept: list[str] = []
    elsewhere = False
    before = ""
    for clause in _CLAUSE.findall(text):
        years = {int(y) for y in _YEAR.findall(clause)} if "20" in clause else set()
        if years and _YEAR.match(clause):
            elsewhere = year is not None and year not in years
        if _DOES.search(clause) and _is_of_others(clause, before):
            elsewhere = True
        other = year is not None and bool(years) and year not in years
        kept.append(clause[-1:] if elsewhere or other or _OTHER_TIME.search(clause) else clause)
        if clause.endswith("。"):
            elsewhere = False
        before = clause
    return "".join(kept)


def _is_of_others(clause: str, before: str) -> bool:
    """Whether what is received or answered is not the whole district's of this year."""
    if clause.startswith("累计") and _UP_TO.match(before):
        return True
    return any(pattern.search(clause) for pattern in (_OFFICE_DOES, _DEPARTMENT_DOES, _BELOW_DOES))


def _flow(text: str) -> Iterator[tuple[int, tuple[Sum, ...]]]:
    for pattern, sums in _FLOW:
        for match in pattern.finditer(text):
            if not _of_part(text, match):
                yield int(match["number"]), sums


def _of_part(text: str, match: re.Match[str]) -> bool:
    """Whether a count is of one channel, of some of the replies, or of reviews and not of requests."""
    before = text[max(match.start() - 200, 0) : match.start()].rpartition("。")[2]
    reviews = "结转" in match[0] and _REVIEWED.search(before)
    return bool(reviews or _OF_PART.search(before.rpartition(",")[2][-4:] + match[0]))


def _outcomes(text: str) -> Iterator[tuple[int, tuple[Sum, ...]]]:
    if "申请" not in text and "予以公开" not in text and not text.startswith(tuple(_OUTCOMES)):
        return
    for label, pattern, sums in _patterns():
        if label in text:
            yield from ((int(match["number"]), sums) for match in pattern.finditer(text))


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str], tuple[Sum, ...]]]:
    """Printed label, the label with its count, and the sums that the count may be."""
    # "予以公开及部分公开258件" is a sum of two, not the second of them
    return [
        (label, re.compile(rf"(?<![及和与]){re.escape(label)}{_COUNT_AFTER}"), _row_sums(key))
        for label, key in _labels().items()
    ]


def _labels() -> dict[str, str]:
    """Printed label → row key; a key that ends in "_" stands for the sum of all rows that begin with it."""
    rows = {
        label: key for f in form.forms() for b in f.blocks if b.table == "requests" for key, label in b.rows.items()
    }
    leaves = {form.label(label.split(">")[-1]): key for label, key in rows.items()}
    return {**{k: v for k, v in leaves.items() if len(k) > 3}, **_OUTCOMES}


def _row_sums(key: str) -> tuple[Sum, ...]:
    """The sum in each form that has the rows, alike ones once."""
    sums = []
    for f in form.forms():
        rows = [row for b in f.blocks if b.table == "requests" for row in b.rows]
        members = [row for row in rows if row == key or (key.endswith("_") and row.startswith(key))]
        sums.append(tuple(map(_REQUESTS, members)))
    return tuple(dict.fromkeys(s for s in sums if s))


def _reviews(text: str) -> Iterator[tuple[int, tuple[Sum, ...]]]:
    """行政复议 and 行政诉讼: a total sets what the results after it belong to.

    After totals of several kinds in one sentence, results may belong to the last of them or to all litigation.
    """
    if not _REVIEWED.search(text) or ("公开" not in text and _ALL_REVIEWS.search(text)):
        return
    kinds: list[str] = []
    sentence_over = False
    for match in _REVIEW.finditer(text):
        if match["end"]:
            sentence_over = True
            continue
        printed = match["kind"] or match["kind2"]
        if printed:
            if sentence_over:
                kinds = []
            kind = _kind(printed)
            kinds.append(kind)
            sentence_over = False
            yield int(match["after"] or match["before"]), (_review_sum(kind, "total"),)
        elif match["result"] and kinds:
            candidates = [kinds[-1], *(["litigation"] if "litigation" in kinds else [])]
            yield int(match["count"]), tuple(_review_sum(k, _RESULTS[match["result"]]) for k in candidates)


def _kind(printed: str) -> str:
    return next(kind for words, kind in _KINDS.items() if printed.startswith(words))


def _review_sum(kind: str, result: str) -> Sum:
    kinds = ("litigation_direct", "litigation_after_reconsideration") if kind == "litigation" else (kind,)
    return tuple(f"reviews.{k}.{result}" for k in kinds)


def compare(stated: Iterable[Statement], facts: Iterable[Fact]) -> tuple[list[Claim], list[Finding]]:
    """Claims with the sum that each was found to mean, and one finding for each paragraph that a table contradicts."""
    by_item = {f.item: f for f in facts}
    claims: list[Claim] = []
    findings: list[Finding] = []
    for statement in stated:
        wrong: list[tuple[int, Sum, float]] = []
        counted: list[Claim] = []
        for number, sums in statement.figures:
            known = [(s, value) for s in sums if (value := _value(s, by_item)) is not None]
            chosen = next((s for s, value in known if value == number), known[0][0] if known else sums[0])
            counted.append(Claim(statement.text, "+".join(chosen), number))
            if known and all(value != number for _, value in known):
                wrong.append((number, *known[0]))
        if wrong:
            findings.append(_contradiction(statement, wrong))
        claims += counted
        for one in (
            *percentages.shares(statement.bare, statement.text, by_item),
            *percentages.changes(statement.bare, statement.text, counted),
        ):
            claims += [one] if isinstance(one, Claim) else []
            findings += [one] if isinstance(one, Finding) else []
    return claims, findings


def _value(items: Sum, facts: Mapping[str, Fact]) -> float | None:
    values = [facts[i].value if i in facts else None for i in items]
    return None if None in values else sum(v for v in values if v is not None)


def _contradiction(statement: Statement, wrong: list[tuple[int, Sum, float]]) -> Finding:
    zh = "，".join(f"{checks.describe('+'.join(items))}：文字为 {n}，表中为 {value:g}" for n, items, value in wrong)
    en = ", ".join(f"{' + '.join(items)}: prose {n}, table {value:g}" for n, items, value in wrong)
    message = f"“{statement.text}” {zh} / {en}"
    return Finding("prose", "warning", message, tuple(dict.fromkeys(i for _, items, _ in wrong for i in items)))
