"""OFD (GB/T 33190) → its characters and rules, of which `ruled` makes tables and prose."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from posixpath import dirname, join, normpath

from lxml import etree

from parsers import ruled
from parsers.model import Content, Document
from parsers.package import Package
from parsers.ruled import MAX_RULES, THIN, Char, Page, Rule

MAX_PAGES = 300  # a report has about ten
MAX_CHARS = 300_000  # a report has twenty thousand
MAX_PATH = 10_000  # characters; a longer path is a drawing
_POINT = 72 / 25.4  # to a millimetre, OFD's unit
_A4 = 297.0  # millimetres
_TEXT_MIDDLE = 0.36  # of a character's size, from its baseline up
_PATH = re.compile(r"([A-Za-z])|([-+]?(?:\d{1,9}\.?\d{0,9}|\.\d{1,9})(?:[eE][-+]?\d{1,2})?)")
_POINTS = {"S": 1, "M": 1, "L": 1, "Q": 2, "B": 3}  # how many points follow; the last is where the pen ends

Point = tuple[float, float]


@dataclass
class Drawing:
    """What one page, or a template under several, draws; in points from the page's own upper edge."""

    chars: list[Char] = field(default_factory=list)
    across: list[Rule] = field(default_factory=list)
    down: list[Rule] = field(default_factory=list)

    def add(self, other: "Drawing") -> None:
        self.chars += other.chars
        _check(len(self.chars))
        if len(self.across) + len(self.down) <= MAX_RULES:
            self.across += other.across
            self.down += other.down

    def page(self, offset: float) -> Page:
        if len(self.across) + len(self.down) > MAX_RULES:
            self.across, self.down = [], []
        return Page(
            [c._replace(y=c.y + offset) for c in self.chars],
            [r._replace(at=r.at + offset) for r in self.across],
            [r._replace(start=r.start + offset, end=r.end + offset) for r in self.down],
        )


def _check(chars: int) -> None:
    if chars > MAX_CHARS:
        raise ValueError(f"a text of more than {MAX_CHARS} characters")


def read(document: Document) -> Content:
    """Ruled tables and the prose around them."""
    return ruled.content(_pages(Package(document.content)))


def _pages(package: Package) -> Iterator[Page]:
    offset, count, chars = 0.0, 0, 0
    for root in package.xml("OFD.xml").iterfind("{*}DocBody/{*}DocRoot"):
        name = _resolved("", root.text)
        document = package.xml(name)
        places = {t.get("ID"): _resolved(name, t.get("BaseLoc")) for t in document.iterfind(".//{*}TemplatePage")}
        templates = {number: _drawing(package.xml(place)) for number, place in places.items()}
        for page in document.iterfind("{*}Pages/{*}Page"):
            count += 1
            if count > MAX_PAGES:
                raise ValueError(f"more than {MAX_PAGES} pages")
            content = package.xml(_resolved(name, page.get("BaseLoc")))
            drawing = Drawing()
            for used in content.iterfind("{*}Template"):
                drawing.add(templates.get(used.get("TemplateID"), Drawing()))
            drawing.add(_drawing(content))
            chars += len(drawing.chars)
            _check(chars)
            yield drawing.page(offset)
            offset += _height(content, document) * _POINT


def _resolved(base: str, place: str | None) -> str:
    """A path in the package: from its root, or from where the file `base` lies."""
    place = (place or "").strip()
    return normpath(place.lstrip("/") if place.startswith("/") else join(dirname(base), place))


def _height(*areas: etree._Element) -> float:
    for area in areas:
        box = area.findtext(".//{*}PhysicalBox") if area is not None else None
        numbers = _numbers(box)
        if len(numbers) == 4 and 0 < numbers[3] < 10_000:
            return numbers[3]
    return _A4


def _numbers(text: str | None) -> list[float]:
    return [float(number) for _, number in _PATH.findall(text or "") if number]


def _drawing(page: etree._Element) -> Drawing:
    drawing = Drawing()
    for thing in page.iter("{*}TextObject", "{*}PathObject"):
        if thing.get("Visible", "true") == "false":
            continue
        if etree.QName(thing).localname == "TextObject":
            drawing.add(Drawing(chars=list(_chars(thing))))
        else:
            _add_rules(drawing, thing)
    return drawing


@dataclass(frozen=True, slots=True)
class Frame:
    """Where an object's own coordinates lie on the page: its matrix, then its boundary's corner."""

    matrix: Sequence[float]
    left: float
    top: float

    def point(self, x: float, y: float) -> Point:
        a, b, c, d, e, f = self.matrix
        return (a * x + c * y + e + self.left) * _POINT, (b * x + d * y + f + self.top) * _POINT


def _frame(thing: etree._Element) -> Frame:
    matrix, boundary = _numbers(thing.get("CTM")), _numbers(thing.get("Boundary"))
    left, top = boundary[:2] if len(boundary) == 4 else (0.0, 0.0)
    return Frame(matrix if len(matrix) == 6 else (1, 0, 0, 1, 0, 0), left, top)


def _chars(thing: etree._Element) -> Iterator[Char]:
    frame = _frame(thing)
    size = next(iter(_numbers(thing.get("Size"))), 0.0)
    scale = next(iter(_numbers(thing.get("HScale"))), 1.0)
    height = math.dist(frame.point(0, 0), frame.point(0, size))
    x = y = 0.0
    for code in thing.iterfind("{*}TextCode"):
        x, y = (next(iter(_numbers(code.get(name))), old) for name, old in (("X", x), ("Y", y)))
        text = re.sub(r"[\r\n\t]", "", code.text or "")
        _check(len(text))
        across, down = (_steps(code.get(name), len(text)) for name in ("DeltaX", "DeltaY"))
        here_x, here_y = x, y
        for n, character in enumerate(text):
            width = size * scale * (1 if ord(character) > 0xFF else 0.5)
            middle_x, middle_y = frame.point(here_x + width / 2, here_y - size * _TEXT_MIDDLE)
            half = abs(frame.matrix[0]) * width / 2 * _POINT
            yield Char(character, middle_x, middle_y, middle_x - half, middle_x + half, height)
            here_x += across[n] if n < len(across) else 0.0 if down else width
            here_y += down[n] if n < len(down) else 0.0


def _steps(text: str | None, most: int) -> list[float]:
    """The distances between characters; "g 3 5.5" is 5.5 three times."""
    steps: list[float] = []
    tokens = iter((text or "").split())
    for token in tokens:
        times = 1
        if token == "g":  # noqa: S105
            times = int(next(iter(_numbers(next(tokens, "1"))), 1))
            token = next(tokens, "0")
        steps += [next(iter(_numbers(token)), 0.0)] * min(times, most - len(steps))
        if len(steps) >= most:
            break
    return steps


def _add_rules(drawing: Drawing, thing: etree._Element) -> None:
    """A part of a path that is thin as a whole is a rule, stroked or filled; of others each straight stroke is."""
    frame = _frame(thing)
    stroked = thing.get("Stroke", "true") != "false"
    data = thing.findtext("{*}AbbreviatedData") or ""
    for part in _parts(data if len(data) <= MAX_PATH else ""):
        if len(drawing.across) + len(drawing.down) > MAX_RULES:
            return
        points = [frame.point(*point) for point in part]
        if not _add_rule(drawing, points) and stroked:
            for pair in itertools.pairwise(points):
                _add_rule(drawing, pair)


def _add_rule(drawing: Drawing, points: Sequence[Point]) -> bool:
    xs, ys = zip(*points, strict=True)
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    if height <= THIN < width:
        drawing.across.append(Rule((min(ys) + max(ys)) / 2, min(xs), max(xs)))
    elif width <= THIN < height:
        drawing.down.append(Rule((min(xs) + max(xs)) / 2, min(ys), max(ys)))
    return bool(height <= THIN or width <= THIN)


def _parts(data: str) -> Iterator[list[Point]]:
    """The strokes of a path, pen down to pen up. A curve counts for its ends."""
    part: list[Point] = []
    for operator, numbers in _operations(data):
        if operator == "C":
            part += part[:1]
        elif operator == "A" and len(numbers) >= 7:
            part.append((numbers[5], numbers[6]))
        elif operator in _POINTS and len(numbers) >= 2 * _POINTS[operator]:
            if operator in "SM":
                if len(part) > 1:
                    yield part
                part = []
            end = 2 * _POINTS[operator]
            part.append((numbers[end - 2], numbers[end - 1]))
    if len(part) > 1:
        yield part


def _operations(data: str) -> Iterator[tuple[str, list[float]]]:
    operator, numbers = "", list[float]()
    for token in _PATH.finditer(data):
        if token[1]:
            yield operator, numbers
            operator, numbers = token[1], []
        else:
            numbers.append(float(token[2]))
    yield operator, numbers
