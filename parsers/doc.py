"""Word 97–2003 documents (.doc, and WPS's .wps, which are the same) → tables and paragraphs."""

import itertools
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from parsers import numbers
from parsers.model import Content, Document
from parsers.rows import Shape, Stream
from parsers.word import Sprm, Word

_PARAGRAPH_ENDS = frozenset("\r\x07\x0c")
_FIELD = frozenset("\x13\x14\x15")  # a field's begin, the mark between its code and its result, its end
_MARKS = str.maketrans(  # a picture, a note's place and their like are no text
    {**{chr(n): None for n in range(32)}, "\t": "\t", "\x0b": "\n", "\x0e": "\n", "\x1e": "-"}
)
_IN_TABLE, _ROW_END, _DEPTH, _INNER_CELL, _INNER_ROW_END = 0x2416, 0x2417, 0x6649, 0x244B, 0x244C
_TABLE_DEFINITION, _MERGE, _VERTICAL_MERGE = 0xD608, 0x5624, 0xD62B
_UNPRINTED = (0x083C, 0x0837, 0x2A53, 0x0800)  # hidden, struck, struck twice, deleted
_POSITION = 0x2A48  # 1: raised


@dataclass
class Paragraph:
    """What a paragraph's properties say of tables. `depth` 0 is outside of them."""

    depth: int = 0
    cell_end: bool = False
    row_end: bool = False
    shapes: list[Shape] = field(default_factory=list)


def read(document: Document) -> Content:
    """All tables in document order and the paragraphs outside of them."""
    word = Word(document.content)
    stream = Stream()
    for text, mark, paragraph in _paragraphs(word, _printed(word)):
        if not paragraph.depth:
            stream.line(text, 0)
        elif paragraph.row_end:
            stream.row(paragraph.shapes, paragraph.depth)
        elif paragraph.cell_end or mark == "\x07":
            stream.cell(text, paragraph.depth)
        else:
            stream.line(text, paragraph.depth)
    return stream.content()


def _paragraphs(word: Word, characters: list[str]) -> Iterator[tuple[str, str, Paragraph]]:
    """(text, the character that ends it, its properties) of each paragraph."""
    runs = word.paragraph_runs()
    starts = [run.fc for run in runs]
    known: dict[bytes, Paragraph] = {}
    begin = 0
    for cp, character in enumerate(characters):
        if character not in _PARAGRAPH_ENDS and cp + 1 < len(characters):
            continue
        at = bisect_right(starts, word.fc(cp)) - 1
        properties = runs[at].properties if at >= 0 else b""
        if properties not in known:
            known[properties] = _properties(word.sprms(properties))
        yield _text(characters[begin : cp + 1]), character, known[properties]
        begin = cp + 1


def _text(characters: list[str]) -> str:
    """Characters of 16 bits → text: pairs of them are one character."""
    text = "".join(characters).translate(_MARKS)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _printed(word: Word) -> list[str]:
    """The characters without what is not printed: field codes, hidden, struck and deleted text."""
    characters = word.characters()
    for cps, hidden in _changes(word):
        for cp in cps:
            if characters[cp] not in _PARAGRAPH_ENDS | _FIELD:
                characters[cp] = "" if hidden else characters[cp].translate(numbers.SUPERSCRIPT)
    depth = Counter[int]()
    for start, end in _field_codes(characters):
        depth[start] += 1
        depth[end] -= 1
    inside = 0
    for cp, character in enumerate(characters):
        inside += depth[cp]
        if inside and character not in _PARAGRAPH_ENDS:
            characters[cp] = ""
    return characters


def _field_codes(characters: list[str]) -> Iterator[tuple[int, int]]:
    """Where the code of each field begins and ends; a field without a result ends with its code."""
    begun: list[int | None] = []
    for cp, character in enumerate(characters):
        if character == "\x13":
            begun.append(cp)
        elif character in _FIELD and begun:
            start = begun.pop()
            if start is not None:
                yield start, cp
            if character == "\x14":
                begun.append(None)


def _changes(word: Word) -> Iterator[tuple[range, bool]]:
    """(characters, whether they are hidden; else they are raised)"""
    known: dict[bytes, tuple[bool, bool]] = {}
    changed: list[tuple[int, int, bool]] = []
    for run in word.character_runs():
        if run.properties not in known:
            known[run.properties] = _look(word.sprms(run.properties))
        hidden, raised = known[run.properties]
        start = max(run.fc, changed[-1][1]) if changed else run.fc
        if (hidden or raised) and start < run.end:
            changed.append((start, run.end, hidden))
    ends = [end for _, end, _ in changed]
    for piece in word.pieces:
        for start, end, hidden in itertools.islice(changed, bisect_right(ends, piece.fc), None):
            if start >= piece.at(piece.end):
                break
            yield piece.cps(start, end), hidden


def _look(sprms: Iterator[Sprm]) -> tuple[bool, bool]:
    """(not printed, raised)"""
    on = {sprm for sprm, operand in sprms if operand[:1] in (b"\x01", b"\x81")}
    return bool(on & set(_UNPRINTED)), _POSITION in on


def _properties(sprms: Iterator[Sprm]) -> Paragraph:
    found = Paragraph()
    in_table = False
    depth = 1
    for sprm, operand in sprms:
        number = int.from_bytes(operand, "little")
        if sprm == _IN_TABLE:
            in_table = bool(number)
        elif sprm == _DEPTH:
            depth = number
        elif sprm == _INNER_CELL:
            found.cell_end = bool(number)
        elif sprm in (_ROW_END, _INNER_ROW_END):
            found.row_end = bool(number)
        elif sprm == _TABLE_DEFINITION:
            found.shapes = _shapes(operand)
        elif sprm in (_MERGE, _VERTICAL_MERGE):
            _merge(found.shapes, sprm, operand)
    found.depth = max(depth, 1) if in_table else 0
    return found


def _shapes(operand: bytes) -> list[Shape]:
    """The cells of a TDefTable operand: two bytes of length, the count, the sides, 20 bytes for each cell."""
    count = operand[2] if len(operand) > 2 else 0
    if len(operand) < 3 + 2 * (count + 1):
        return []
    sides = struct.unpack_from(f"<{count + 1}h", operand, 3)
    shapes = []
    for n in range(count):
        at = 3 + 2 * (count + 1) + 20 * n
        flags = int.from_bytes(operand[at : at + 2], "little")
        shapes.append(Shape(sides[n], sides[n + 1], flags & 3, flags & 0x60 == 0x20))
    return shapes


def _merge(shapes: list[Shape], sprm: int, operand: bytes) -> None:
    if sprm == _MERGE and len(operand) == 2:
        for n in range(operand[0], min(operand[1], len(shapes))):
            shapes[n] = shapes[n]._replace(merge=1 if n == operand[0] else 2)
    elif sprm == _VERTICAL_MERGE and len(operand) == 3 and operand[1] < len(shapes):
        shapes[operand[1]] = shapes[operand[1]]._replace(continues=operand[2] == 1)
