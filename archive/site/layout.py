"""A prescribed table as the form prints it: which label stands where, and over how many rows and cols.

Made from the forms (`parsers.form`): the label path "本年度办理结果>不予公开>属于国家秘密" becomes nested cells.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from parsers import checks, form

_NUMERALS = "一二三四五六七八九十"
_ENUMERATORS = ("{zh}、", "（{zh}）", "{digit}.")  # of the form's rows, by depth
_NOTES = {"部分公开": "（区分处理的，只计这一情形，不计其他情形）"}  # the form prints it; it is no part of the label


@dataclass(frozen=True, slots=True)
class Cell:
    """A label, or the blank of an item. `scope` is HTML's, "" for a blank."""

    label: str = ""
    item: str = ""
    scope: str = ""
    rowspan: int = 1
    colspan: int = 1
    number: str = ""
    note: str = ""


Row = list[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """`number` is that of the report's section that holds it; `groups` are the rows that belong together."""

    form: str
    name: str
    number: str
    label: str
    head: list[Row]
    groups: list[list[Row]]


@dataclass(frozen=True, slots=True)
class _Node:
    label: str
    children: "list[_Node]"

    def leaves(self) -> int:
        return sum(child.leaves() for child in self.children) or 1

    def height(self) -> int:
        return 1 + max((child.height() for child in self.children), default=0)


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a label stands: from `level` over `across` levels, from leaf `at` over `along` leaves."""

    node: _Node
    number: str
    level: int
    across: int
    at: int
    along: int


def tables(form_name: str) -> list[Table]:
    """The tables of a form in printed order; the first stands in section 二 of a report."""
    blocks = next(f.blocks for f in form.forms() if f.name == form_name)
    grouped = [list(members) for _, members in itertools.groupby(blocks, key=lambda b: b.table)]
    return [_table(members, _NUMERALS[n]) for n, members in enumerate(grouped, 1)]


def _table(blocks: Sequence[form.Block], number: str) -> Table:
    head, groups = _sections(blocks) if blocks[0].section else _plain(blocks[0])
    return Table(blocks[0].form, blocks[0].table, number, blocks[0].label, head, groups)


def _sections(blocks: Sequence[form.Block]) -> tuple[list[Row], list[list[Row]]]:
    """Blocks under one another, each with its section and header; the last col fills a shorter block."""
    width = max(len(block.cols) for block in blocks)
    groups = []
    for block in blocks:
        spans = [1] * (len(block.cols) - 1) + [width - len(block.cols) + 1]
        rows = [[Cell(block.section, scope="rowgroup", colspan=width + 1)]]
        cols = [Cell(c, scope="col", colspan=s) for c, s in zip(block.cols.values(), spans, strict=True)]
        rows.append([Cell("信息内容", scope="col"), *cols])
        for key, label in block.rows.items():
            blanks = [Cell(item=block.item(key, c), colspan=s) for c, s in zip(block.cols, spans, strict=True)]
            rows.append([Cell(label, scope="row"), *blanks])
        groups.append(rows)
    return [], groups


def _plain(block: form.Block) -> tuple[list[Row], list[list[Row]]]:
    """One header over all rows; both are trees of labels."""
    cols = _tree(label.split(">") for label in block.cols.values())
    deep = max(node.height() for node in cols)
    head: list[Row] = [[] for _ in range(deep)]
    for span in _spans(cols, deep):
        head[span.level].append(Cell(span.node.label, scope="col", rowspan=span.across, colspan=span.along))
    rows = _tree(label.split(">") for label in block.rows.values())
    wide = max((node.height() for node in rows), default=0)
    if wide:
        corner = f"（本列数据的勾稽关系为：{checks.catalogue()['requests_balance'].zh}）"
        head[0].insert(0, Cell(note=corner, rowspan=deep, colspan=wide))
    body: list[Row] = [[] for _ in block.rows or [""]]
    for span in _spans(rows, wide):
        note = _NOTES.get(span.node.label, "")
        cell = Cell(span.node.label, "", "row", span.along, span.across, span.number, note)
        body[span.at].append(cell)
    for row, key in zip(body, block.rows or [""], strict=True):
        row += [Cell(item=block.item(key, col)) for col in block.cols]
    return head, [body]


def _tree(paths: Iterable[Sequence[str]]) -> list[_Node]:
    """Paths that stand together and begin alike share a node."""
    groups = [(label, list(members)) for label, members in itertools.groupby(paths, key=lambda p: p[0])]
    return [_Node(label, _tree(path[1:] for path in members if path[1:])) for label, members in groups]


def _spans(nodes: Sequence[_Node], room: int, level: int = 0, at: int = 0, depth: int = 0) -> Iterator[_Span]:
    """Each label with its place; what its deepest branch leaves of the levels is its own."""
    for n, node in enumerate(nodes):
        across = room - max((child.height() for child in node.children), default=0)
        number = _ENUMERATORS[depth].format(zh=_NUMERALS[n], digit=n + 1)
        yield _Span(node, number, level, across, at, node.leaves())
        yield from _spans(node.children, room - across, level + across, at, depth + 1)
        at += node.leaves()
