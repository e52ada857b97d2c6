"""Lays grids over the prescribed forms: which block of which form a part of a table is, and the facts in it.

A part is recognised by its labels alone, never by the report's year or by the order of numbers (law 5).
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from parsers import form, local, numbers
from parsers.form import Block, Path
from parsers.model import Cell, Fact, Finding, Grid, Place

_MONEY_NOTE = re.compile(r"\([^()]*?(百万元|千元|万元|亿元|元)\)")
_ASIDE = frozenset(("单位", "序号"))  # cols beside a row's label that are no part of it
MAX_HEADER = 8  # rows; the form's deepest header has three
MAX_LABEL = 100  # characters; a longer text is compared with no label


@dataclass(slots=True)
class Part:
    """A header and the rows below it, up to the next header. `stacks[col]` holds the header cells over a col."""

    place: str
    stacks: list[list[Cell]]
    rows: list[tuple[Path, Sequence[Cell | None]]] = field(default_factory=list)

    def path(self, col: int) -> Path:
        words = [form.canonical(c.text) for c in self.stacks[col]]
        return tuple(w for i, w in enumerate(words) if w and words[i - 1 : i] != [w])

    def labels(self, row: Sequence[Cell | None], start: int) -> list[Cell | None]:
        """The cells of a row that hold its label: those before `start`, without number and unit of the line."""
        return [None if self.path(j)[-1:] and self.path(j)[-1] in _ASIDE else row[j] for j in range(start)]

    def unit(self, row: Sequence[Cell | None]) -> str:
        """The unit that a line of the table names in a col of its own."""
        cells = (row[j] for j in range(len(self.stacks)) if self.path(j)[-1:] == ("单位",))
        return next((numbers.squash(cell.text) for cell in cells if cell), "")


def facts(grids: Iterable[Grid]) -> tuple[list[Fact], list[Finding]]:
    """The facts of all grids and what is odd about the tables. One fact per item: a second one is a finding."""
    grids = list(grids)
    laid = [[_candidates(part) for part in _parts(grid)] for grid in grids]
    votes = Counter(best[0].form for parts in laid for best in parts if len(best) == 1 for _ in best[0].facts)
    preferred = votes.most_common(1)[0][0] if votes else form.forms()[-1].name
    chosen: list[Laid] = []
    findings: list[Finding] = []
    for grid, parts in zip(grids, laid, strict=True):
        read = [_choose(candidates, preferred) for candidates in parts if candidates]
        chosen += read or _of_no_form(grid)
    for part in chosen:
        findings += part.findings
    order = {f.item: n for n, f in enumerate(f for part in chosen for f in part.facts + part.local)}
    # A summary of a few rows may stand before the table itself: of two cells of one item the larger part's goes out.
    chosen.sort(key=lambda part: len(part.facts), reverse=True)
    found, twice = merge(f for part in chosen for f in part.facts + part.local)
    return sorted(found, key=lambda f: order[f.item]), findings + twice


def _of_no_form(grid: Grid) -> list["Laid"]:
    if kept := local.facts(grid):
        message = (
            f"{grid.place} 是地方统计表，逐行保留 / {grid.place} is of a local form; its lines are kept as they are"
        )
        return [Laid("local", local=kept, findings=[Finding("table_local", "info", message)])]
    if _has_numbers(grid):
        message = f"{grid.place} 不合任何已知格式，未读取 / {grid.place} fits no known form and was not read"
        return [Laid("", findings=[Finding("table_unknown", "info", message)])]
    return []


def merge(facts: Iterable[Fact]) -> tuple[list[Fact], list[Finding]]:
    """The first fact of each item, and a finding for each later one that prints something else."""
    found: dict[str, Fact] = {}
    findings: list[Finding] = []
    for fact in facts:
        first = found.setdefault(fact.item, fact)
        if numbers.squash(first.text) != numbers.squash(fact.text):
            findings.append(_printed_twice(first, fact))
    return list(found.values()), findings


def _printed_twice(first: Fact, second: Fact) -> Finding:
    message = (
        f"同一项印了两次：“{first.text}”（{first.place}）与“{second.text}”（{second.place}）"
        f" / printed twice: “{first.text}” ({first.place}) and “{second.text}” ({second.place})"
    )
    return Finding("printed_twice", "warning", message, (first.item,))


def _has_numbers(grid: Grid) -> bool:
    return any(c and numbers.read(c.text).kind == "number" for row in grid.rows for c in row)


def _parts(grid: Grid) -> Iterator[Part]:
    """Cuts a grid where a header begins. Data rows are told by their label first: 总计 is a row's and a col's."""
    part: Part | None = None
    last: Part | None = None  # its header holds on below a title across the table
    carried: dict[int, str] = {}
    for row in grid.rows:
        cells = _distinct(row)
        over = part or last
        start = _body_start(over) if over else None
        path = _row_path(over.labels(row, start), carried) if over and start else ()
        if over and path and path[-1] in form.row_leaves():
            part = last = part or Part(grid.place, over.stacks)
            part.rows.append((path, row))
        elif any(form.canonical(c.text) in form.header_words() for c in cells) and not _numeric(cells):
            if part and (part.rows or max(map(len, part.stacks)) == MAX_HEADER):
                yield part
                part = None
            part = last = part or Part(grid.place, [[] for _ in row])
            for stack, cell in zip(part.stacks, row, strict=True):
                if cell and cell not in stack:
                    stack.append(cell)
        elif part and len(cells) > 1 and start is not None:
            part.rows.append((path, row))
        elif part and cells:  # one cell across: the title of the next section
            yield part
            part = None
    if part:
        yield part


def _distinct(row: Sequence[Cell | None]) -> list[Cell]:
    return list(dict.fromkeys(c for c in row if c))


def _numeric(cells: Iterable[Cell]) -> bool:
    return any(numbers.read(c.text).kind == "number" for c in cells)


def _body_start(part: Part) -> int | None:
    """The first col whose header ends in a label of some form's col; the cols before it hold row labels."""
    leaves = form.col_leaves()
    return next((j for j in range(len(part.stacks)) if (p := part.path(j)) and p[-1] in leaves), None)


def _row_path(cells: Sequence[Cell | None], carried: dict[int, str]) -> Path:
    """The labels before a row's values, outermost first.

    A blank label cell before the row's own label continues the one above (a vertical span that was not written);
    the row's own label is never carried.
    """
    own = [form.canonical(c.text) if c else "" for c in cells]
    last = max((j for j, word in enumerate(own) if word), default=-1)
    words = [word or carried.get(j, "") for j, word in enumerate(own[: last + 1])]
    for j in range(len(own)):
        carried[j] = words[min(j, last)] if last >= 0 else ""
    return tuple(w for i, w in enumerate(words) if w and words[i - 1 : i] != [w])


@dataclass(slots=True)
class Laid:
    """A part laid over one block. `claimed` counts the cells that an item has, readable or not."""

    form: str
    claimed: int = 0
    facts: list[Fact] = field(default_factory=list)
    local: list[Fact] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _candidates(part: Part) -> list[Laid]:
    """The part laid over the block that claims most of it; over several where blocks of two forms are alike."""
    laid = [_lay(part, block) for f in form.forms() for block in f.blocks]
    most = max((one.claimed for one in laid), default=0)
    return [one for one in laid if most and one.claimed == most]


def _choose(candidates: list[Laid], preferred: str) -> Laid:
    return next((one for one in candidates if one.form == preferred), candidates[-1])


def _lay(part: Part, block: Block) -> Laid:
    laid = Laid(block.form)
    cols = _match_cols(part, block)
    if not cols:
        return laid
    exact = {_match_row(path, block) for path, _ in part.rows}
    before: str | None = None
    for path, row in _rows(part, block):
        key = _match_row(path, block, before)
        if key is None and (close := _close_row(path, block)) not in exact:
            key = close
        before = before if key is None else key
        if key is None:
            _keep_local(part, block, path, row, cols, laid)
            continue
        if block.rows and form.path(block.rows[key])[-1] != path[-1]:
            laid.findings.append(_variant(path[-1], block.rows[key]))
        for col, places in cols.items():
            _read_cell(part, block, block.item(key, col), block.unit_of(key, col), row, places, laid)
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
        words = part.path(j)
        if not words or j in read or not _numeric(cell for _, row in part.rows if (cell := row[j])):
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
    paths = {key: form.path(text) for key, text in block.cols.items()}
    found: dict[str, list[int]] = {}
    for j in range(len(part.stacks)):
        printed = part.path(j)
        if not printed:
            continue
        keys = [key for key, path in paths.items() if path[-1] == printed[-1]]
        if len(keys) > 1:  # 结果维持 stands three times: the cell above decides
            keys = [key for key in keys if paths[key][-2] in printed]
        if len(keys) == 1:
            found.setdefault(keys[0], []).append(j)
    return found


def _match_row(path: Path, block: Block, before: str | None = None) -> str | None:
    """The key of the row with the form's own label, under no other row's heading.

    Of several it is the next below `before`, the row above: 被依法纠错数 stands under 行政复议 and under 行政诉讼.
    """
    if not block.rows or not path:
        return None if block.rows or path else ""
    paths = {key: form.path(text) for key, text in block.rows.items()}
    headings = {word for form_path in paths.values() for word in form_path[:-1]}
    keys = [k for k, p in paths.items() if p[-1] == path[-1] and headings & set(path[:-1]) <= set(p)]
    order = list(paths)
    below = [k for k in keys if before is not None and order.index(k) > order.index(before)]
    return next(iter(below or keys), None)


def _close_row(path: Path, block: Block) -> str | None:
    """The key of the one row whose label differs a little from what is printed. Short labels are too much alike."""
    if not path or len(path[-1]) > MAX_LABEL:
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
    cells = _distinct([row[j] for j in places])
    filled = [c for c in cells if numbers.squash(c.text)]
    if not cells:
        return
    laid.claimed += 1
    if len(filled) > 1:
        label = "/".join(part.path(places[0]))
        message = f"“{label}”之下有 {len(filled)} 个单元格，无法判定 / {len(filled)} cells under one label"
        laid.findings.append(Finding("cell_ambiguous", "warning", message, (item,)))
        return
    laid.facts.append(_fact(part, block.form, item, part.unit(row) or unit, (filled or cells)[0], places))


def _fact(part: Part, form_name: str, item: str, unit: str, cell: Cell, places: list[int]) -> Fact:
    """`unit` is that of the form or of the line; one in the header's brackets or beside the number goes before it."""
    reading = numbers.read(cell.text)
    header = numbers.squash("".join(c.text for c in part.stacks[places[0]]))
    note = _MONEY_NOTE.search(header)
    printed = numbers.MONEY.get(reading.unit) or (note and note[1])
    place = Place(part.place, cell.row + 1, cell.col + 1)
    return Fact(form_name, item, cell.text, reading.value, printed or unit, reading.kind, place)


def _keep_local(
    part: Part, block: Block, path: Path, row: Sequence[Cell | None], cols: dict[str, list[int]], laid: Laid
) -> None:
    """A row that no form line claims is kept as local items, and said (law 8). A row without numbers is a caption."""
    if not _numeric(_distinct(row)):
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
