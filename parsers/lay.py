"""Lays grids over the prescribed forms: which block of which form a part of a table is, and the facts in it.

A part is recognised by its labels alone, never by the report's year or by the order of numbers (law 5).
"""

import difflib
import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from parsers import form, local, numbers
from parsers.form import Block, Path
from parsers.model import Cell, Fact, Finding, Grid, Place
from parsers.parts import Part, distinct, has_numbers, parts_of


def facts(grids: Iterable[Grid]) -> tuple[list[Fact], list[Finding]]:
    """The facts of all grids and what is odd about the tables. One fact per item: a second one is a finding."""
    grids = list(grids)
    matched = [[_candidates(part) for part in parts] for parts in parts_of(grids)]
    sure = [best[0].laid for parts in matched for best in parts if len(best) == 1]
    votes = Counter(one.form for one in sure for _ in one.facts)
    preferred = votes.most_common(1)[0][0] if votes else form.forms()[-1].name
    chosen: list[Laid] = []
    findings: list[Finding] = []
    for grid, parts in zip(grids, matched, strict=True):
        read = [_choose(candidates, preferred) for candidates in parts if candidates]
        chosen += read or _of_no_form(grid)
    for part in chosen:
        findings += part.findings
    order = {f.item: n for n, f in enumerate(f for part in chosen for f in part.facts + part.local)}
    # A summary of a few rows may stand before the table itself: of two cells of one item the larger part's goes out.
    chosen.sort(key=lambda part: (any(f.text.strip() for f in part.facts), len(part.facts)), reverse=True)
    found, twice = merge(f for part in chosen for f in part.facts + part.local)
    return sorted(found, key=lambda f: order[f.item]), findings + twice


def _of_no_form(grid: Grid) -> list["Laid"]:
    if kept := local.facts(grid):
        message = (
            f"{grid.place} 是地方统计表，逐行保留 / {grid.place} is of a local form; its lines are kept as they are"
        )
        return [Laid("local", local=kept, findings=[Finding("table_local", "info", message)])]
    if any(has_numbers(distinct(row)) for row in grid.rows):
        message = f"{grid.place} 不合任何已知格式，未读取 / {grid.place} fits no known form and was not read"
        return [Laid("", findings=[Finding("table_unknown", "info", message)])]
    return []


def merge(facts: Iterable[Fact]) -> tuple[list[Fact], list[Finding]]:
    """The first fact of each item, and a finding for each later one that prints something else."""
    found: dict[str, Fact] = {}
    findings: list[Finding] = []
    for fact in facts:
        first = found.setdefault(fact.item, fact)
        if first is not fact and numbers.squash(first.text) != numbers.squash(fact.text):
            findings.append(_printed_twice(first, fact))
    return list(found.values()), findings


def _printed_twice(first: Fact, second: Fact) -> Finding:
    message = (
        f"同一项印了两次：“{first.text}”（{first.place}）与“{second.text}”（{second.place}）"
        f" / printed twice: “{first.text}” ({first.place}) and “{second.text}” ({second.place})"
    )
    return Finding("printed_twice", "warning", message, (first.item,))


@dataclass(slots=True)
class Laid:
    """What was read of a part, or of a grid of no form."""

    form: str
    facts: list[Fact] = field(default_factory=list)
    local: list[Fact] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class Match:
    """A part beside a block: which cols and rows of the part are the block's. It is read only where it is chosen."""

    part: Part
    block: Block
    cols: dict[str, list[int]]
    rows: list[tuple[str | None, Path, Sequence[Cell | None]]]

    @functools.cached_property
    def claimed(self) -> int:
        """The cells that an item has, readable or not."""
        rows = [row for key, _, row in self.rows if key is not None]
        return sum(any(row[j] for j in places) for row in rows for places in self.cols.values())

    @functools.cached_property
    def laid(self) -> Laid:
        return _lay(self)


def _candidates(part: Part) -> list[Match]:
    """The block that claims most of the part; several where blocks of two forms are alike."""
    leaves = {path[-1] for path in part.paths if path}
    alike = (b for f in form.forms() for b in f.blocks if not leaves.isdisjoint(b.cols_by_leaf))
    matches = [_match(part, block, cols) for block in alike if (cols := _match_cols(part, block))]
    most = max((one.claimed for one in matches), default=0)
    return [one for one in matches if most and one.claimed == most]


def _choose(candidates: list[Match], preferred: str) -> Laid:
    return next((one for one in candidates if one.block.form == preferred), candidates[-1]).laid


def _match(part: Part, block: Block, cols: dict[str, list[int]]) -> Match:
    exact = {_match_row(path, block) for path, _ in part.rows}
    match = Match(part, block, cols, [])
    before: str | None = None
    for path, row in _rows(part, block):
        key = _match_row(path, block, before)
        if key is None and (close := _close_row(path, block)) not in exact:
            key = close
        before = before if key is None else key
        match.rows.append((key, path, row))
    return match


def _lay(match: Match) -> Laid:
    part, block, cols = match.part, match.block, match.cols
    laid = Laid(block.form)
    start = min(j for places in cols.values() for j in places)
    for key, path, row in match.rows:
        if key is None:
            _keep_local(part, block, path, row, cols, laid)
            continue
        if block.rows and block.row_paths[key][-1] != path[-1]:
            laid.findings.append(_variant(path[-1], block.rows[key]))
        values = [cell if cell and cell.col >= start else None for cell in row]  # a label may reach into them
        unit = part.unit(row)
        for col, places in cols.items():
            _read_cell(part, block, block.item(key, col), unit or block.unit_of(key, col), values, places, laid)
    _drop_shared(laid)
    _keep_other_cols(part, block, cols, laid)
    return laid


def _rows(part: Part, block: Block) -> list[tuple[Path, Sequence[Cell | None]]]:
    """The rows to read; of a block that has a single row, blank ones only where there is no other."""
    filled = [(path, row) for path, row in part.rows if block.rows or any(c and c.text.strip() for c in row)]
    return filled or part.rows[:1]


def _drop_shared(laid: Laid) -> None:
    """One number printed across several items is none of theirs: which it belongs to is not to be told."""
    shared = Counter(fact.place for fact in laid.facts if fact.kind in ("number", "text"))
    places = {place: None for place, count in shared.items() if count > 1}
    for place in places:
        facts = [fact for fact in laid.facts if fact.place == place]
        message = (
            f"“{facts[0].text.strip()}”一格跨 {len(facts)} 项，无法判定 / one cell stands across {len(facts)} items"
        )
        laid.findings.append(Finding("cell_ambiguous", "warning", message, tuple(fact.item for fact in facts)))
    laid.facts = [fact for fact in laid.facts if fact.place not in places]


def _keep_other_cols(part: Part, block: Block, cols: dict[str, list[int]], laid: Laid) -> None:
    """A col of numbers that the form does not have is kept as local items, and said (law 8)."""
    read = {j for places in cols.values() for j in places}
    for j in range(min(read), len(part.stacks)):
        words = part.paths[j]
        if not words or j in read or not has_numbers(cell for _, row in part.rows if (cell := row[j])):
            continue
        name, kept = "/".join(words), []
        for path, row in part.rows:
            if cell := row[j]:
                item = ".".join(filter(None, ("local", block.table, "/".join(path), name)))
                kept.append(_fact(part, "local", item, part.unit(row), cell, [j]))
        message = f"表中有格式以外的一栏“{name}” / a column that the form does not have: “{name}”"
        laid.findings.append(Finding("col_unknown", "info", message, tuple(fact.item for fact in kept)))
        laid.local.extend(kept)


def _match_cols(part: Part, block: Block) -> dict[str, list[int]]:
    """col key → the grid cols under its label; a spanning header cell covers several."""
    found: dict[str, list[int]] = {}
    for j, printed in enumerate(part.paths):
        if not printed:
            continue
        keys = block.cols_by_leaf.get(printed[-1], [])
        if len(keys) > 1:  # 结果维持 stands three times: the cell above decides
            keys = [key for key in keys if block.col_paths[key][-2] in printed]
        if len(keys) == 1:
            found.setdefault(keys[0], []).append(j)
    return found


def _match_row(path: Path, block: Block, before: str | None = None) -> str | None:
    """The key of the row with the form's own label, under no other row's heading.

    Of several it is the next below `before`, the row above: 被依法纠错数 stands under 行政复议 and under 行政诉讼.
    """
    if not block.rows or not path:
        return None if block.rows or path else ""
    headings = block.row_headings & set(path[:-1])
    keys = [key for key in block.rows_by_leaf.get(path[-1], []) if headings.issubset(block.row_paths[key])]
    if len(keys) < 2:
        return keys[0] if keys else None
    order = list(block.rows)
    below = [k for k in keys if before is not None and order.index(k) > order.index(before)]
    return (below or keys)[0]


def _close_row(path: Path, block: Block) -> str | None:
    """The key of the one row whose label differs a little from what is printed. Short labels are too much alike."""
    if not path or len(path[-1]) > form.MAX_LABEL:
        return None
    leaves = {leaf: key for key, text in block.rows.items() if len(leaf := form.path(text)[-1]) > 4}
    close = difflib.get_close_matches(path[-1], leaves, n=2, cutoff=0.8)
    return leaves[close[0]] if len(close) == 1 else None


def _variant(printed: str, prescribed: str) -> Finding:
    leaf = prescribed.split(">")[-1]
    message = f"“{printed}”按“{leaf}”读取 / the label “{printed}” was read as “{leaf}”"
    return Finding("label_variant", "info", message)


def _read_cell(
    part: Part, block: Block, item: str, unit: str, row: Sequence[Cell | None], places: list[int], laid: Laid
) -> None:
    cells = [cell for j in places if (cell := row[j])]
    if len(cells) > 1:
        cells = distinct(cells)
    if not cells:
        return
    filled = [c for c in cells if numbers.squash(c.text)] if len(cells) > 1 else cells
    if len(filled) > 1:
        label = "/".join(part.paths[places[0]])
        message = f"“{label}”之下有 {len(filled)} 个单元格，无法判定 / {len(filled)} cells under one label"
        laid.findings.append(Finding("cell_ambiguous", "warning", message, (item,)))
        return
    laid.facts.append(_fact(part, block.form, item, unit, (filled or cells)[0], places))


def _fact(part: Part, form_name: str, item: str, unit: str, cell: Cell, places: list[int]) -> Fact:
    """`unit` is that of the form or of the line; one in the header's brackets or beside the number goes before it."""
    reading = numbers.read(cell.text)
    printed = numbers.MONEY.get(reading.unit) or part.money[places[0]]
    place = Place(part.place, cell.row + 1, cell.col + 1)
    return Fact(form_name, item, cell.text, reading.value, printed or unit, reading.kind, place)


def _keep_local(
    part: Part, block: Block, path: Path, row: Sequence[Cell | None], cols: dict[str, list[int]], laid: Laid
) -> None:
    """A row that no form line claims is kept as local items, and said (law 8). A row without numbers is a caption."""
    if not has_numbers(distinct(row)):
        return
    name = "/".join(path) or "(无标题)"
    kept = []
    for col, places in cols.items():
        cell = next((row[j] for j in places if row[j]), None)
        if cell:
            item = ".".join(filter(None, ("local", block.table, name, col)))
            kept.append(_fact(part, "local", item, part.unit(row) or block.unit_of("", col), cell, places))
    message = f"表中有格式以外的一行“{name}” / a row that the form does not have: “{name}”"
    laid.findings.append(Finding("row_unknown", "info", message, tuple(f.item for f in kept)))
    laid.local.extend(kept)
