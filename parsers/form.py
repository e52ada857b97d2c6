"""Lays grids over the prescribed forms: which block of which form a part of a table is, and the facts in it.

A part is recognised by its labels alone, never by the report's year or by the order of numbers (law 5).
The forms are data: `forms/form_*.toml`, variants of their labels `forms/labels.toml`.
"""

import difflib
import functools
import itertools
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from parsers import numbers
from parsers.model import Cell, Fact, Finding, Grid, Place

Path = tuple[str, ...]

_ENUMERATOR = re.compile(r"(?:[一二三四五六七八九十—]+[、.,]|\([一二三四五六七八九十\d]+\)|\d+[、.,])+")
_NOTE = re.compile(r"\([^()]*\)")
_QUOTES = re.compile("[\"'“”‘’]")
_MONEY_NOTE = re.compile(r"\([^()]*?(万元|亿元|元)\)")


@functools.cache
def label(text: str) -> str:
    """A label without what varies: white space, width, enumerator, notes in brackets, quotes, a number at its end."""
    bare = _NOTE.sub("", _ENUMERATOR.sub("", numbers.squash(text), count=1))
    return re.sub(r"\d+$", "", _QUOTES.sub("", bare))


@dataclass(frozen=True, slots=True)
class Block:
    """Rows × cols of a form under one header. A block without rows is one row without a label of its own."""

    form: str
    table: str
    label: str
    section: str
    rows: dict[str, str]
    cols: dict[str, str]
    unit: str
    units: dict[str, str]

    def item(self, row: str, col: str) -> str:
        return ".".join(filter(None, (self.table, row, col)))


@dataclass(frozen=True, slots=True)
class Form:
    name: str
    notice: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One blank of a form, as the public table `items` shows it. `position` counts from 1 in printed order.

    `row` is the form row within its table, `block` and `col` the block within its table and the col within its block,
    all from 0: a fact's place in a document follows the rows and the cols of blocks.
    """

    item: str
    form: str
    table: str
    table_label: str
    row_label: str
    col_label: str
    unit: str
    position: int
    row: int
    block: int
    col: int


@functools.cache
def forms() -> tuple[Form, ...]:
    """All forms, oldest first. An unknown key in a form file is an error that names file and key."""
    folder = files("parsers") / "forms"
    paths = sorted((p for p in folder.iterdir() if p.name.startswith("form_")), key=lambda p: p.name)
    return tuple(_form(p.name, tomllib.loads(p.read_text("utf-8"))) for p in paths)


def _form(filename: str, data: dict[str, object]) -> Form:
    blocks = []
    for entry in data.pop("blocks"):  # type: ignore[attr-defined]
        optional = {"section": "", "rows": {}, "units": {}}
        unknown = entry.keys() - Block.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"{filename}: unknown key {sorted(unknown)[0]!r} in a block")
        blocks.append(Block(form=str(data["name"]), **{**optional, **entry}))
    return Form(blocks=tuple(blocks), **data)  # type: ignore[arg-type]


@functools.cache
def items(form_name: str) -> tuple[Item, ...]:
    """Every item of a form in printed order."""
    found: list[Item] = []
    blocks = next(f.blocks for f in forms() if f.name == form_name)
    for table, members in itertools.groupby(blocks, key=lambda b: b.table):
        lines = [(n, b, row) for n, b in enumerate(members) for row in (b.rows or {"": ""}).items()]
        for row_number, (block_number, block, (row, row_label)) in enumerate(lines):
            for col_number, (col, col_label) in enumerate(block.cols.items()):
                *parents, leaf = col_label.split(">")
                row_text = row_label.replace(">", "/") or parents[-1]
                unit = block.units.get(col, block.unit)
                place = (len(found) + 1, row_number, block_number, col_number)
                found.append(Item(block.item(row, col), form_name, table, block.label, row_text, leaf, unit, *place))
    return tuple(found)


@functools.cache
def _same() -> dict[str, str]:
    labels = tomllib.loads((files("parsers") / "forms" / "labels.toml").read_text("utf-8"))
    return {label(k): label(v) for k, v in labels["same"].items()}


@functools.cache
def _path(labels: str) -> Path:
    """A form's label path in the shape in which printed labels are compared."""
    return tuple(_canonical(part) for part in labels.split(">"))


def _canonical(text: str) -> str:
    bare = label(text)
    return _same().get(bare, bare)


@functools.cache
def _header_words() -> frozenset[str]:
    return frozenset(w for f in forms() for b in f.blocks for c in b.cols.values() for w in _path(c))


@functools.cache
def _row_leaves() -> frozenset[str]:
    return frozenset(_path(r)[-1] for f in forms() for b in f.blocks for r in b.rows.values())


@dataclass(slots=True)
class Part:
    """A header and the rows below it, up to the next header. `stacks[col]` holds the header cells over a col."""

    place: str
    stacks: list[list[Cell]]
    rows: list[tuple[Path, Sequence[Cell | None]]] = field(default_factory=list)

    def path(self, col: int) -> Path:
        words = [_canonical(c.text) for c in self.stacks[col]]
        return tuple(w for i, w in enumerate(words) if w and words[i - 1 : i] != [w])


def facts(grids: Iterable[Grid]) -> tuple[list[Fact], list[Finding]]:
    """The facts of all grids and what is odd about the tables. One fact per item: a second one is a finding."""
    grids = list(grids)
    laid = [[_candidates(part) for part in _parts(grid)] for grid in grids]
    votes = Counter(best[0].form for parts in laid for best in parts if len(best) == 1 for _ in best[0].facts)
    preferred = votes.most_common(1)[0][0] if votes else forms()[-1].name
    found: dict[str, Fact] = {}
    findings: list[Finding] = []
    for grid, parts in zip(grids, laid, strict=True):
        chosen = [_choose(candidates, preferred) for candidates in parts if candidates]
        if not chosen and _has_numbers(grid):
            message = f"{grid.place} 不合任何已知格式，未读取 / {grid.place} fits no known form and was not read"
            findings.append(Finding("table_unknown", "info", message))
        for laid_part in chosen:
            findings += laid_part.findings
            for fact in laid_part.facts + laid_part.local:
                if fact.item not in found:
                    found[fact.item] = fact
                elif found[fact.item].text != fact.text:
                    findings.append(_printed_twice(found[fact.item], fact))
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
    carried: dict[int, str] = {}
    for row in grid.rows:
        cells = _distinct(row)
        start = _body_start(part) if part else None
        path = _row_path(row[:start], carried) if start else ()
        if part and path and path[-1] in _row_leaves():
            part.rows.append((path, row))
        elif any(_canonical(c.text) in _header_words() for c in cells) and not _numeric(cells):
            if part and part.rows:
                yield part
                part = None
            part = part or Part(grid.place, [[] for _ in row])
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
    leaves = {_path(c)[-1] for f in forms() for b in f.blocks for c in b.cols.values()}
    return next((j for j in range(len(part.stacks)) if (p := part.path(j)) and p[-1] in leaves), None)


def _row_path(cells: Sequence[Cell | None], carried: dict[int, str]) -> Path:
    """The labels before a row's values, outermost first.

    A blank label cell before the row's own label continues the one above (a vertical span that was not written);
    the row's own label is never carried.
    """
    own = [_canonical(c.text) if c else "" for c in cells]
    last = max((j for j, word in enumerate(own) if word), default=-1)
    words = [word or carried.get(j, "") for j, word in enumerate(own[: last + 1])]
    for j in range(len(own)):
        carried[j] = words[min(j, last)] if last >= 0 else ""
    return tuple(w for i, w in enumerate(words) if w and words[i - 1 : i] != [w])


@dataclass(slots=True)
class Laid:
    """A part laid over one block."""

    form: str
    facts: list[Fact] = field(default_factory=list)
    local: list[Fact] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _candidates(part: Part) -> list[Laid]:
    """The part laid over each block that claims the most of it; several where blocks of two forms are alike."""
    laid = [_lay(part, block) for form in forms() for block in form.blocks]
    most = max((len(one.facts) for one in laid), default=0)
    return [one for one in laid if most and len(one.facts) == most]


def _choose(candidates: list[Laid], preferred: str) -> Laid:
    return next((one for one in candidates if one.form == preferred), candidates[-1])


def _lay(part: Part, block: Block) -> Laid:
    laid = Laid(block.form)
    cols = _match_cols(part, block)
    if not cols:
        return laid
    for path, row in part.rows:
        key, exact = _match_row(path, block)
        if key is None:
            _keep_local(part, block, path, row, cols, laid)
            continue
        if not exact:
            laid.findings.append(_variant(path[-1], block.rows[key]))
        for col, places in cols.items():
            _read_cell(part, block, block.item(key, col), col, row, places, laid)
    return laid


def _match_cols(part: Part, block: Block) -> dict[str, list[int]]:
    """col key → the grid cols under its label; a spanning header cell covers several."""
    paths = {key: _path(text) for key, text in block.cols.items()}
    found: dict[str, list[int]] = {}
    for j in range(len(part.stacks)):
        printed = part.path(j)
        if not printed:
            continue
        keys = [key for key, path in paths.items() if path[-1] == printed[-1]]
        if len(keys) > 1:  # 结果维持 stands three times: the cell above decides
            keys = [key for key in keys if paths[key][-2] in printed] or keys[:1]
        if keys:
            found.setdefault(keys[0], []).append(j)
    return found


def _match_row(path: Path, block: Block) -> tuple[str | None, bool]:
    """(row key or None, whether the label is the form's own)."""
    if not block.rows:
        return ("", True) if not path else (None, True)
    if not path:
        return None, True
    paths = {key: _path(text) for key, text in block.rows.items()}
    keys = [key for key, form_path in paths.items() if form_path[-1] == path[-1]]
    if len(keys) > 1:
        keys = [key for key in keys if set(paths[key][:-1]) <= set(path)]
    if keys:
        return keys[0], True
    leaves = {form_path[-1]: key for key, form_path in paths.items()}
    close = difflib.get_close_matches(path[-1], [leaf for leaf in leaves if len(leaf) > 4], n=2, cutoff=0.8)
    return (leaves[close[0]], False) if len(close) == 1 else (None, True)


def _variant(printed: str, prescribed: str) -> Finding:
    leaf = prescribed.split(">")[-1]
    message = f"“{printed}”按“{leaf}”读取 / the label “{printed}” was read as “{leaf}”"
    return Finding("label_variant", "info", message)


def _read_cell(
    part: Part, block: Block, item: str, col: str, row: Sequence[Cell | None], places: list[int], laid: Laid
) -> None:
    cells = _distinct([row[j] for j in places])
    filled = [c for c in cells if numbers.squash(c.text)]
    if not cells:
        return
    if len(filled) > 1:
        message = f"“{block.cols[col]}”之下有 {len(filled)} 个单元格，无法判定 / {len(filled)} cells under one label"
        laid.findings.append(Finding("cell_ambiguous", "warning", message, (item,)))
        return
    laid.facts.append(_fact(part, block, item, col, (filled or cells)[0], places))


def _fact(part: Part, block: Block, item: str, col: str, cell: Cell, places: list[int], form: str = "") -> Fact:
    reading = numbers.read(cell.text)
    header = numbers.squash("".join(c.text for c in part.stacks[places[0]]))
    printed = numbers.MONEY.get(reading.unit) or next(iter(_MONEY_NOTE.findall(header)), "")
    unit = printed or block.units.get(col, block.unit)
    place = Place(part.place, cell.row + 1, cell.col + 1)
    return Fact(form or block.form, item, cell.text, reading.value, unit, reading.kind, place)


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
            fact = _fact(part, block, f"local.{block.table}.{name}.{col}", col, cell, places, "local")
            kept.append(fact)
    message = f"表中有格式以外的一行“{name}” / a row that the form does not have: “{name}”"
    laid.findings.append(Finding("row_unknown", "info", message, tuple(f.item for f in kept)))
    laid.local.extend(kept)
