"""Pages of characters and rules → ruled tables and prose (PDF, OFD).

Stages: the rules drawn on a page → the cells between them → each character into the cell its centre lies in → the parts
of a table on consecutive pages joined. Coordinates are points, y downwards, the pages one below the other.
"""

import itertools
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parsers import form, spans
from parsers.model import Content, Grid

MAX_RULES = 2000  # more rules on a page, or more places between them, are a drawing: no table of a form
THIN = 3.0  # a path no wider is a rule, whether it was stroked or filled
_SNAP = 3.0  # rules nearer than this are one rule
_SHIFT = 8.0  # how far a table's next part may stand from where it stood on the page before (seen: 2)
_PAGE_NUMBER = re.compile(r"[-—–·\s]*\d{1,3}[-—–·\s]*")
_UNBROKEN = frozenset("0123456789.,%％，。；：、）")
_ENUMERATED = re.compile(r"\s*(?:[一二三四五六七八九十]、|[（(]|\d\s*[.．、])")


class Char(NamedTuple):
    text: str
    x: float
    y: float
    left: float
    right: float
    height: float


class Rule(NamedTuple):
    """A line at the fixed coordinate `at`, from `start` to `end`."""

    at: float
    start: float
    end: float


class Box(NamedTuple):
    """A cell: where it is and what stands in it."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


@dataclass
class Table:
    boxes: list[Box]
    place: str

    def continues(self, other: "Table") -> bool:
        """Whether this table has the outer edges of `other`."""
        ours, theirs = ((min(b.left for b in t.boxes), max(b.right for b in t.boxes)) for t in (self, other))
        return all(abs(a - b) <= _SHIFT for a, b in zip(ours, theirs, strict=True))


class Page(NamedTuple):
    """What is drawn on a page: characters in the order of the file, horizontal and vertical rules. `picture`: what a
    reader sees of it is a picture."""

    chars: list[Char]
    across: list[Rule]
    down: list[Rule]
    picture: bool = False


def content(pages: Iterable[Page]) -> Content:
    """Ruled tables and the prose around them."""
    tables: list[Table] = []
    lines: list[str] = []
    room = math.inf  # what was left at the end of the last line
    open_table = False  # nothing but a page number has followed the last table yet
    pictures = 0
    for number, page in enumerate(pages, 1):
        pictures += page.picture
        found, prose = _read_page(page, number)
        first = min((b.top for t in found[:1] for b in t.boxes), default=0.0)
        if found and open_table and not any(c.y < first for c in prose) and found[0].continues(tables[-1]):
            tables[-1].boxes = _join(tables[-1].boxes, found.pop(0).boxes)
        tables += found
        last = max((b.bottom for t in tables[-1:] for b in t.boxes), default=0.0)
        open_table = bool(tables) and not any(c.y > last for c in prose)
        room = _add_paragraphs(lines, prose, room)
        room = math.inf if open_table else room
    return Content(tuple(_grid(t) for t in tables), tuple(line for line in lines if line), pictures=pictures)


def _read_page(page: Page, number: int) -> tuple[list[Table], list[Char]]:
    """(tables, the characters outside of them without page numbers)."""
    chars = page.chars
    tables = []
    for count, lattice in enumerate(lattices(page.across, page.down), 1):
        inside = [c for c in chars if lattice.holds(c)]
        chars = [c for c in chars if not lattice.holds(c)]
        tables.append(Table(lattice.boxes(inside), f"page {number}, table {count}"))
    lines = [line for line in _lines(chars) if not _PAGE_NUMBER.fullmatch("".join(c.text for c in line))]
    return tables, [c for line in lines for c in line]


@dataclass
class Lattice:
    """Rules that cross each other: the coordinates they make, and the rules themselves."""

    xs: list[float]
    ys: list[float]
    across: list[Rule]
    down: list[Rule]

    def holds(self, char: Char) -> bool:
        return self.xs[0] < char.x < self.xs[-1] and self.ys[0] < char.y < self.ys[-1]

    def boxes(self, chars: list[Char]) -> list[Box]:
        owner = self._owners()
        inside: dict[int, list[Char]] = {}
        for char in chars:
            place = bisect_right(self.ys, char.y) - 1, bisect_right(self.xs, char.x) - 1
            inside.setdefault(owner[place], []).append(char)
        places: dict[int, list[tuple[int, int]]] = {}
        for place, number in owner.items():
            places.setdefault(number, []).append(place)
        return [self._box(at, inside.get(number, [])) for number, at in places.items()]

    def _box(self, places: list[tuple[int, int]], chars: list[Char]) -> Box:
        rows, cols = zip(*places, strict=True)
        text = "\n".join("".join(c.text for c in line).strip(" ") for line in _lines(chars))
        return Box(self.xs[min(cols)], self.ys[min(rows)], self.xs[max(cols) + 1], self.ys[max(rows) + 1], text)

    def _owners(self) -> dict[tuple[int, int], int]:
        """(row, col) of each smallest rectangle → the number of its cell: no rule parts what is one cell."""
        owner: dict[tuple[int, int], int] = {}
        height, width = len(self.ys) - 1, len(self.xs) - 1
        down, across = _near(self.down, self.xs), _near(self.across, self.ys)
        for seed in ((i, j) for i in range(height) for j in range(width)):
            if seed in owner:
                continue
            number, todo = len(owner), [seed]
            while todo:
                i, j = todo.pop()
                if (i, j) in owner:
                    continue
                owner[i, j] = number
                x, y = (self.xs[j] + self.xs[j + 1]) / 2, (self.ys[i] + self.ys[i + 1]) / 2
                if j + 1 < width and not _parts(down[j + 1], y):
                    todo.append((i, j + 1))
                if j and not _parts(down[j], y):
                    todo.append((i, j - 1))
                if i + 1 < height and not _parts(across[i + 1], x):
                    todo.append((i + 1, j))
                if i and not _parts(across[i], x):
                    todo.append((i - 1, j))
        return owner


def _near(rules: list[Rule], values: list[float]) -> list[list[Rule]]:
    """For each of `values` the rules that stand there."""
    return [[rule for rule in rules if abs(rule.at - value) <= _SNAP] for value in values]


def _parts(rules: list[Rule], middle: float) -> bool:
    return any(rule.start <= middle <= rule.end for rule in rules)


def lattices(across: list[Rule], down: list[Rule]) -> Iterator[Lattice]:
    """Groups of rules that touch, top to bottom. Fewer than two each way are no table."""
    todo = sorted(across)
    verticals = list(down)
    while todo:
        group, sides = [todo.pop(0)], list[Rule]()
        new = group
        while new:
            crossed, verticals = _touching(verticals, new)
            new, todo = _touching(todo, crossed)
            sides += crossed
            group = group + new
        xs, ys = _snap(v.at for v in sides), _snap(h.at for h in group)
        if len(xs) > 1 and len(ys) > 1 and len(xs) * len(ys) <= MAX_RULES:
            yield Lattice(xs, ys, group, sides)


def _touching(rules: list[Rule], others: list[Rule]) -> tuple[list[Rule], list[Rule]]:
    """(those of `rules` that meet one of `others`, the rest)"""
    met: list[Rule] = []
    rest: list[Rule] = []
    for rule in rules:
        (met if any(_cross(rule, other) for other in others) else rest).append(rule)
    return met, rest


def _cross(h: Rule, v: Rule) -> bool:
    """Whether two rules meet, one across and one down, whichever is which."""
    return h.start - _SNAP <= v.at <= h.end + _SNAP and v.start - _SNAP <= h.at <= v.end + _SNAP


def _snap(values: Iterable[float]) -> list[float]:
    """Sorted, each group of near values once."""
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > _SNAP:
            kept.append(value)
    return kept


def _lines(chars: list[Char]) -> list[list[Char]]:
    """Characters in the order of the file, cut where the next one stands on another line."""
    lines: list[list[Char]] = []
    for char in chars:
        if lines and abs(char.y - lines[-1][-1].y) < max(char.height, lines[-1][-1].height, 4.0) * 0.7:
            lines[-1].append(char)
        else:
            lines.append([char])
    return lines


def _add_paragraphs(joined: list[str], chars: list[Char], room: float) -> float:
    """Adds the lines of a page, joined where the next is not indented and its first word had no room on the one before.

    `room` is what the last line above left free; returned is what the last of these does.
    """
    lines = _lines(chars)
    if not lines:
        return room
    left, right = min(line[0].left for line in lines), max(line[-1].right for line in lines)
    for line in lines:
        text = "".join(c.text for c in line).strip()
        em = max(c.height for c in line)
        if joined and line[0].left < left + em and _word(line) > room - em:
            joined[-1] += text
        else:
            joined.append(text)
        room = right - line[-1].right
    return room


def _word(line: list[Char]) -> float:
    """The width of what a line cannot break: one character, or a number and the mark behind it."""
    word = list(itertools.takewhile(lambda c: c.text in _UNBROKEN, line)) or line[:1]
    return word[-1].right - word[0].left


def _join(above: list[Box], below: list[Box]) -> list[Box]:
    """The boxes of both parts of a table; a row that the page break cut in two becomes one again."""
    floor, ceiling = max(b.bottom for b in above), min(b.top for b in below)
    below = _aligned(below, _snap(x for b in above for x in (b.left, b.right)), floor - ceiling)
    rest = [b for b in below if b.top - floor <= _SNAP]
    cut = [b for b in above if floor - b.bottom <= _SNAP]
    if not _is_rest(cut, rest):
        return above + below
    joined = [b for b in above if b not in cut]
    for box in cut:
        match = next((r for r in rest if abs(r.left - box.left) <= _SNAP and abs(r.right - box.right) <= _SNAP), None)
        if match:
            rest.remove(match)
            box = box._replace(bottom=match.bottom, text="\n".join(filter(None, (box.text, match.text))))
        joined.append(box)
    return joined + rest + [b for b in below if b.top - floor > _SNAP]


def _aligned(boxes: list[Box], xs: list[float], down: float) -> list[Box]:
    """The boxes moved down by `down`, their sides to the nearest of `xs` where one is near enough."""

    def near(x: float) -> float:
        best = min(xs, key=lambda other: abs(other - x))
        return best if abs(best - x) <= _SHIFT else x

    return [Box(near(b.left), b.top + down, near(b.right), b.bottom + down, b.text) for b in boxes]


def _is_rest(cut: list[Box], rest: list[Box]) -> bool:
    """Whether the first row below the break carries on the last one above: no place is filled twice but labels, and the
    label next to the values goes on without an enumerator of its own."""
    pairs = [(c, r) for c in cut for r in rest if abs(c.left - r.left) <= _SNAP and abs(c.right - r.right) <= _SNAP]
    filled = [(c, r) for c, r in pairs if c.text and r.text]
    labels = [r for r in rest if r.text and not r.text.strip().isdigit()]
    if any(form.canonical(c.text + r.text) in form.header_words() for c, r in filled):
        return True  # 结果维 | 持
    return bool(pairs) and len(filled) <= 2 and bool(labels) and not any(_ENUMERATED.match(r.text) for r in labels[-1:])


def _grid(table: Table) -> Grid:
    xs = _snap(x for b in table.boxes for x in (b.left, b.right))
    ys = _snap(y for b in table.boxes for y in (b.top, b.bottom))
    rows: list[list[spans.Span]] = [[] for _ in ys[:-1]]
    for box in sorted(table.boxes, key=lambda b: b.left):
        top, bottom = _index(ys, box.top), _index(ys, box.bottom)
        rows[top].append(spans.Span(box.text, bottom - top, _index(xs, box.right) - _index(xs, box.left)))
    return spans.grid(rows, table.place)


def _index(values: list[float], value: float) -> int:
    return bisect_right(values, value + _SNAP / 2) - 1
