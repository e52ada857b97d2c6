"""The prescribed forms as data: `forms/*_<year>.toml`, variants of their labels `forms/labels.toml`."""

import functools
import itertools
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from parsers import numbers

Path = tuple[str, ...]

MAX_LABEL = 100  # characters; a longer text is compared with no label, nor kept

_DATED = re.compile(r"_(\d{4})\.toml$")

_ENUMERATOR = re.compile(r"^(?:[一二三四五六七八九十—]+[、.,]|\([一二三四五六七八九十\d]+\)|\d+[、.,])+")
_AMONG = re.compile(r"^其中:")
_YEAR = re.compile(r"20\d\d年度?|本年度?(?:数|实际)?")  # heads the numbers in local variants of the statistics
_NOTE = re.compile(r"\([^()]*\)")
_QUOTES = re.compile("[\"'“”‘’]")


def label(text: str) -> str:
    """A label without what varies: white space, width, enumerator, notes in brackets, quotes, a number at its end."""
    bare = _NOTE.sub("", _ENUMERATOR.sub("", _AMONG.sub("", numbers.squash(text))))
    return re.sub(r"\d+$", "", _QUOTES.sub("", bare))


@dataclass(frozen=True)
class Block:
    """Rows × cols of a form under one header. A block without rows is one row without a label of its own.

    `units` has the units of rows and cols whose unit is not that of the block.
    """

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

    @functools.cached_property
    def row_paths(self) -> dict[str, Path]:
        return {key: path(text) for key, text in self.rows.items()}

    @functools.cached_property
    def col_paths(self) -> dict[str, Path]:
        return {key: path(text) for key, text in self.cols.items()}

    @functools.cached_property
    def rows_by_leaf(self) -> dict[str, list[str]]:
        """A row's own label → the keys of the rows that have it."""
        return _by_leaf(self.row_paths)

    @functools.cached_property
    def cols_by_leaf(self) -> dict[str, list[str]]:
        return _by_leaf(self.col_paths)

    @functools.cached_property
    def row_headings(self) -> frozenset[str]:
        """The labels that stand over those of other rows."""
        return frozenset(word for own in self.row_paths.values() for word in own[:-1])

    def unit_of(self, row: str, col: str) -> str:
        return self.units.get(col, self.units.get(row, self.unit))


def _by_leaf(paths: dict[str, Path]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, own in paths.items():
        found.setdefault(own[-1], []).append(key)
    return found


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
    paths = sorted((p for p in folder.iterdir() if _DATED.search(p.name)), key=lambda p: _DATED.findall(p.name))
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
                unit = block.unit_of(row, col)
                place = (len(found) + 1, row_number, block_number, col_number)
                found.append(Item(block.item(row, col), form_name, table, block.label, row_text, leaf, unit, *place))
    return tuple(found)


@functools.cache
def _same() -> dict[str, str]:
    labels = tomllib.loads((files("parsers") / "forms" / "labels.toml").read_text("utf-8"))
    return {label(k): label(v) for k, v in labels["same"].items()}


@functools.cache
def path(labels: str) -> Path:
    """A form's label path in the shape in which printed labels are compared."""
    return tuple(canonical(part) for part in labels.split(">"))


def canonical(text: str) -> str:
    """A printed label in the form's own words."""
    return _canonical(text) if len(text) <= MAX_LABEL else _canonical.__wrapped__(text)


@functools.lru_cache(4096)
def _canonical(text: str) -> str:
    bare = label(text)
    return "统计数" if _YEAR.fullmatch(bare) else _same().get(bare, bare)


@functools.cache
def header_words() -> frozenset[str]:
    return frozenset(w for f in forms() for b in f.blocks for c in b.cols.values() for w in path(c))


@functools.cache
def row_leaves() -> frozenset[str]:
    return frozenset(path(r)[-1] for f in forms() for b in f.blocks for r in b.rows.values())


@functools.cache
def col_leaves() -> frozenset[str]:
    return frozenset(path(c)[-1] for f in forms() for b in f.blocks for c in b.cols.values())
