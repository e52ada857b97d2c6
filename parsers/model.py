"""The nouns that the parsers make. All are plain values: frozen, comparable, without behaviour of their own."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["number", "blank", "not_applicable", "text"]
Level = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes plus what they really are.

    `media_type` is one of `html docx doc pdf ofd odt rtf xlsx xls text image unknown`; `text` is the decoded text
    of html and text; of unknown it may say why; else "".
    """

    url: str
    content: bytes
    media_type: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a page leads, worth following. `kind` is one of those in `parsers.links`; `body` is the form that a list
    asks for by POST, "" for a plain GET. `platform` is the module of `parsers.platforms` that gave it, `sent` how the
    page itself sends its reader there (redirect, frame)."""

    url: str
    text: str
    kind: str
    body: str = ""
    platform: str = ""
    sent: str = ""


class Cell(NamedTuple):
    """One cell as printed. Every place that a spanning cell covers holds this same object."""

    text: str
    row: int
    col: int


class Place(NamedTuple):
    """Where a cell stands in its document: the grid's place, row and col counted from 1."""

    grid: str
    row: int
    col: int

    def __str__(self) -> str:
        return f"{self.grid}, row {self.row}, col {self.col}"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as found, made rectangular. A place that no cell covers holds None. `place` says where: "table 2"."""

    rows: tuple[tuple[Cell | None, ...], ...]
    place: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a reader finds in one document: its tables, and its prose outside of them, a paragraph a line.

    `labels` is what a page says of itself in tags: <meta name=… content=…>, <title> under "title", <h1> under "h1".
    `pictures` counts the pages that are pictures, of which `parsers.picture` may tell more.
    """

    grids: tuple[Grid, ...]
    lines: tuple[str, ...]
    labels: dict[str, str] = field(default_factory=dict)
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """One item of one report, as printed. `value` is None unless `kind` is number; `place` leads to the cell in the
    report's document number `document` (0 is the page). `ocr`: read from a picture, and confirmed."""

    form: str
    item: str
    text: str
    value: float | int | None
    unit: str
    kind: Kind
    place: Place
    document: int = 0
    ocr: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure stated in prose: the sentence, the item it speaks of (sums joined by "+"), the figure.

    `kind` is count; or share, a percentage of the item; or change, the percentage by which the item changed in a year.
    """

    text: str
    item: str
    value: float | int
    kind: str = "count"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has to say. `message` is for readers: Chinese, then English after " / "."""

    check: str
    level: Level
    message: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """What a report says of itself. `published` is an ISO date, `index_number` the 索引号; an unknown is None."""

    title: str | None = None
    issuer: str | None = None
    year: int | None = None
    scope: str | None = None
    published: str | None = None
    index_number: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything read from one report: its page and its attachments together. `pictures` are the numbers of the
    documents that are pictures, or have pages that are, read or not."""

    heading: Heading
    prose: str = ""
    facts: tuple[Fact, ...] = ()
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    pictures: tuple[int, ...] = ()
