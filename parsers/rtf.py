"""RTF → tables and paragraphs, by a reader of our own: no library that is kept up reads its tables."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from parsers import numbers
from parsers.model import Content, Document
from parsers.rows import Shape, Stream

MAX_TOKENS = 1_000_000  # a report has fifty thousand
MAX_CELLS = 1000  # of a row
MAX_GROUPS = 1000  # one within the other
_TOKEN = re.compile(
    rb"\\(?:'([0-9a-fA-F]{2})|([a-zA-Z]{1,32})(-?\d{1,9})? ?|([^a-zA-Z]))|([{}])|[\r\n\0]+|([^\\{}\r\n\0]+)|\\",
    re.DOTALL,
)
_CODE_PAGES = {
    **{n: f"cp{n}" for n in (437, 850, 874, 932, 949, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)},
    936: "gb18030",
    950: "big5hkscs",
    10008: "gb18030",
    54936: "gb18030",
    65001: "utf-8",
}
_CHARSETS = {128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 204: 1251, 238: 1250}  # of fonts
_PAIRED = (932, 936, 949, 950)  # code pages that write a character in two bytes
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "endash": "–",
    "emdash": "—", "bullet": "•", "emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005",
}  # fmt: skip
_SYMBOLS = {b"~": "\xa0", b"_": "-"}
_SKIPPED = frozenset(  # groups that hold no text of the document itself
    re.findall(
        r"\w+",
        "colortbl stylesheet info pict header headerl headerr headerf footer footerl footerr footerf footnote fldinst "
        "filetbl private comment template nonshppict xe tc rxe objdata nonesttables ftnsep ftnsepc ftncn aftnsep "
        "aftnsepc aftncn pntxta pntxtb",
    )
)
_HIDING = frozenset(("v", "deleted", "strike", "striked"))


class State(NamedTuple):
    """What a group inherits from the one around it."""

    skipped: bool = False
    fonts: bool = False  # in the font table
    nested: bool = False  # in the properties of a row of an inner table
    hiding: frozenset[str] = frozenset()
    raised: bool = False
    font: int | None = None
    associated: int | None = None
    unicode_skip: int = 1
    in_table: bool = False
    depth: int | None = None


@dataclass(slots=True)
class Row:
    """A row's properties while they are being read."""

    left: int = 0
    merge: int = 0
    continues: bool = False
    deleted: bool = False
    shapes: list[Shape] = field(default_factory=list)

    def add(self, right: int) -> None:
        left = self.shapes[-1].right if self.shapes else self.left
        self.shapes.append(Shape(left, right, self.merge, self.continues))
        if len(self.shapes) > MAX_CELLS:
            raise ValueError(f"a row of more than {MAX_CELLS} cells")
        self.merge, self.continues = 0, False


def read(document: Document) -> Content:
    """All tables in document order and the paragraphs outside of them."""
    return _Reader(document.content).read()


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._stream = Stream()
        self._state = State()
        self._around: list[State] = []
        self._text: list[str] = []  # of the paragraph
        self._bytes = bytearray()  # of the text, not decoded yet
        self._fallback = 0  # characters to leave out: they stand in for one that was read
        self._rows = {False: Row(), True: Row()}  # of outer and of inner tables
        self._code_page = 1252
        self._fonts: dict[int, int] = {}
        self._default_font: int | None = None

    def read(self) -> Content:
        at = 0
        for _ in range(MAX_TOKENS):
            token = _TOKEN.match(self._content, at)
            if not token:
                break
            at = token.end() + self._take(token)
        else:
            raise ValueError(f"an RTF file of more than {MAX_TOKENS} words")
        self._stream.line(self._paragraph(), 0)
        return self._stream.content()

    def _take(self, token: re.Match[bytes]) -> int:
        """Takes one token in; returns how many bytes after it are binary."""
        code, word, number, symbol, brace, text = token.groups()
        if code or text:
            self._add(bytes([int(code, 16)]) if code else text)
        elif brace:
            self._flush()
            self._group(brace)
        elif word:
            if word == b"bin":
                return max(int(number or 0), 0)
            self._word(word.decode(), int(number) if number else None)
        elif symbol:
            self._symbol(symbol)
        return 0

    def _group(self, brace: bytes) -> None:
        self._fallback = 0
        if brace == b"{":
            self._around.append(self._state)
            if len(self._around) > MAX_GROUPS:
                raise ValueError(f"RTF groups within groups, more than {MAX_GROUPS} deep")
        elif self._around:
            self._state = self._around.pop()

    def _add(self, content: bytes) -> None:
        taken = min(self._fallback, len(content))
        self._fallback -= taken
        if not self._state.skipped and not self._state.hiding:
            self._bytes += content[taken:]

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._set(skipped=True)  # until a word follows that we know
        elif symbol in b"{}\\":
            self._add(symbol)  # it may be the second byte of a character
        elif symbol in b"\r\n":
            self._end_line()
        elif symbol in _SYMBOLS:
            self._print(_SYMBOLS[symbol])

    def _set(self, **changes: Any) -> None:
        self._flush()
        self._state = self._state._replace(**changes)

    def _word(self, word: str, number: int | None) -> None:
        if word == "nesttableprops":
            self._set(skipped=self._around[-1].skipped if self._around else False, nested=True)
        elif word in _SKIPPED:
            self._set(skipped=True)
        elif word == "fonttbl":
            self._set(skipped=True, fonts=True)
        elif self._state.skipped:
            self._font(word, number)
        elif action := _ACTIONS.get(word):
            action(self, number)
        elif word in _HIDING:
            hiding = self._state.hiding
            self._set(hiding=hiding - {word} if number == 0 else hiding | {word})
        elif word in _CHARACTERS:
            self._print(_CHARACTERS[word])

    def _font(self, word: str, number: int | None) -> None:
        """A word in the font table: which charset the bytes of each font's text are in."""
        if self._state.fonts and word == "f":
            self._set(font=number)
        elif self._state.fonts and self._state.font is not None:
            if word == "fcharset" and number in _CHARSETS:
                self._fonts[self._state.font] = _CHARSETS[number]
            elif word == "cpg" and number in _CODE_PAGES:
                self._fonts[self._state.font] = number

    def _print(self, text: str) -> None:
        self._flush()
        if self._fallback:
            self._fallback -= 1
        elif not self._state.skipped and not self._state.hiding:
            self._text.append(text.translate(numbers.SUPERSCRIPT) if self._state.raised else text)

    def _flush(self) -> None:
        if self._bytes:
            content, self._bytes = bytes(self._bytes), bytearray()
            text = self._decoded(content)
            self._text.append(text.translate(numbers.SUPERSCRIPT) if self._state.raised else text)

    def _decoded(self, content: bytes) -> str:
        """By the first code page that fits: the font's, that of the font for Chinese beside it, the file's."""
        if content.isascii():
            return content.decode("ascii")
        font = self._default_font if self._state.font is None else self._state.font
        named = [self._fonts.get(f) for f in (font, self._state.associated) if f is not None]
        pages = [page for page in (*named, self._code_page) if page]
        pages.sort(key=lambda page: page not in _PAIRED)
        for page in (*pages, 936):
            try:
                return content.decode(_CODE_PAGES[page])
            except UnicodeDecodeError:
                continue
        return content.decode(_CODE_PAGES[pages[0]], "replace")

    def _unicode(self, number: int | None) -> None:
        self._fallback = 0
        self._print(chr((number or 0) & 0xFFFF))
        self._fallback = self._state.unicode_skip

    def _set_code_page(self, number: int | None) -> None:
        if number in _CODE_PAGES:
            self._code_page = number

    @property
    def _row(self) -> Row:
        return self._rows[self._state.nested]

    def _begin_row(self) -> None:
        self._rows[self._state.nested] = Row()

    def _end_cell(self, depth: int) -> None:
        self._stream.cell(self._paragraph(), depth)

    def _end_row(self, depth: int) -> None:
        self._paragraph()
        self._stream.row(self._row.shapes, depth, self._row.deleted)

    def _end_line(self) -> None:
        self._stream.line(self._paragraph(), self._depth)

    @property
    def _depth(self) -> int:
        """How many tables are around the paragraph."""
        return int(self._state.in_table) if self._state.depth is None else max(self._state.depth, 0)

    @property
    def _inner(self) -> int:
        return max(self._depth, 2)

    def _paragraph(self) -> str:
        """The text of the paragraph that ends here. Pairs of 16-bit characters are one."""
        self._flush()
        text = "".join(self._text)
        self._text = []
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_ACTIONS: dict[str, Callable[[_Reader, int | None], object]] = {
    "ansicpg": _Reader._set_code_page,
    "deff": lambda reader, number: setattr(reader, "_default_font", number),
    "f": lambda reader, number: reader._set(font=number),
    "af": lambda reader, number: reader._set(associated=number),
    "u": _Reader._unicode,
    "uc": lambda reader, number: reader._set(unicode_skip=min(max(number or 0, 0), 9)),
    "plain": lambda reader, _: reader._set(hiding=frozenset(), raised=False, font=None, associated=None),
    "super": lambda reader, number: reader._set(raised=number != 0),
    "nosupersub": lambda reader, _: reader._set(raised=False),
    "sub": lambda reader, _: reader._set(raised=False),
    "pard": lambda reader, _: reader._set(in_table=False, depth=None),
    "intbl": lambda reader, number: reader._set(in_table=number != 0),
    "itap": lambda reader, number: reader._set(depth=number),
    "par": lambda reader, _: reader._end_line(),
    "sect": lambda reader, _: reader._end_line(),
    "page": lambda reader, _: reader._end_line(),
    "cell": lambda reader, _: reader._end_cell(1),
    "nestcell": lambda reader, _: reader._end_cell(reader._inner),
    "row": lambda reader, _: reader._end_row(1),
    "nestrow": lambda reader, _: reader._end_row(reader._inner),
    "trowd": lambda reader, _: reader._begin_row(),
    "trleft": lambda reader, number: setattr(reader._row, "left", number or 0),
    "cellx": lambda reader, number: reader._row.add(number or 0),
    "clmgf": lambda reader, _: setattr(reader._row, "merge", 1),
    "clmrg": lambda reader, _: setattr(reader._row, "merge", 2),
    "clvmrg": lambda reader, _: setattr(reader._row, "continues", True),
    "trauthdel": lambda reader, _: setattr(reader._row, "deleted", True),
}
