"""Search in titles, issuers and prose by words of two characters and more.

SQLite's own tokenizers take a whole Chinese sentence for one word, or find no word of two characters. So the index
gets every two neighbouring characters as a word, 政府信 as 政府 府信 信, Latin words and numbers as they are, and what
is asked for becomes a phrase of the same. The index holds no text: what a reader is shown comes from `prose`.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import sqlite_utils

TABLE = "search"
LONGEST = 64  # characters of what is asked for
_WORDS = 6  # of them, at most
_AROUND = 36  # characters shown on either side of what was found

_CREATE = (
    f"create virtual table {TABLE} using fts5(title, issuer, prose, content = '', "
    "tokenize = 'unicode61 remove_diacritics 0')"
)
_INDEXED = """
select p.number, r.title, r.issuer, p.text from prose p join reports r on r.id = p.report where r.portal = ?
"""

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_TOKEN = re.compile(rf"(?=([{_HAN}]{{1,2}}|(?<![^\W_{_HAN}])[^\W_{_HAN}]+))")
_GAP = re.compile(rf"(?<=[{_HAN}])[ \t\u3000]+(?=[{_HAN}])")
# Every character stays one, so that what was found stands at the same place in the text as printed.
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_FOLD |= {code: code + 0x20 for code in range(ord("A"), ord("Z") + 1)}
_FOLD |= {code: code - 0xFEE0 + 0x20 for code in range(0xFF21, 0xFF3B)}

Piece = tuple[str, bool]  # of a snippet, and whether it is what was asked for


def create(db: sqlite_utils.Database) -> None:
    db.execute(_CREATE)


def number(code: str, rows: Iterable[dict[str, Any]]) -> None:
    """Gives each row of a portal's `prose` the number by which the index knows it; always the same ones."""
    for place, row in enumerate(rows):
        row["number"] = int(code) * 1_000_000 + place


def within(place: str) -> tuple[int, int]:
    """The numbers of a place's reports, from the first to before the second; of "", all there can be."""
    step = 10 ** (6 - len(place))
    first = int(place or "0") * step
    return first * 1_000_000, (first + step) * 1_000_000


def remove(db: sqlite_utils.Database, code: str) -> None:
    """Takes a portal's reports out of the index; while their rows are there still, as it must be told what it holds."""
    columns = f"{TABLE}, rowid, title, issuer, prose"
    for found in list(_tokens_of(db, code)):
        db.execute(f"insert into {TABLE} ({columns}) values ('delete', ?, ?, ?, ?)", found)  # noqa: S608


def add(db: sqlite_utils.Database, code: str) -> None:
    """Puts a portal's reports into the index, once their rows are there."""
    for found in list(_tokens_of(db, code)):
        db.execute(f"insert into {TABLE} (rowid, title, issuer, prose) values (?, ?, ?, ?)", found)  # noqa: S608


def _tokens_of(db: sqlite_utils.Database, code: str) -> Iterator[tuple[Any, ...]]:
    for place, *texts in db.execute(_INDEXED, [code]):
        yield place, *(" ".join(tokens(text or "")) for text in texts)


def tokens(text: str) -> list[str]:
    """What the index holds of a text: 公开 62 件 as 公开, 开, 62, 件."""
    return _TOKEN.findall(_GAP.sub("", text.translate(_FOLD)))


def _pairs(run: str) -> list[str]:
    return [run[n : n + 2] for n in range(len(run))] if re.match(f"[{_HAN}]", run) else [run]


def words(asked: str) -> tuple[list[str], list[str]]:
    """The words that are asked for, and those that are too short: a single Chinese character stands everywhere."""
    found = dict.fromkeys(word for word in asked[:LONGEST].split() if _RUN.search(word))
    short = [word for word in found if re.fullmatch(f"[{_HAN}]", "".join(_RUN.findall(word)))]
    return [word for word in found if word not in short][:_WORDS], short


def phrases(words: Iterable[str]) -> str:
    """The words as a query of FTS5: each a phrase, all of them in the report. Nothing of them is syntax."""
    return " AND ".join(map(_phrase, words))


def _phrase(word: str) -> str:
    *firsts, last = _RUN.findall(word.translate(_FOLD))
    pairs = _pairs(last)
    is_half = len(pairs) == 1 and bool(re.match(f"[{_HAN}]", last))  # 62件: 件 may begin 件申
    pairs = pairs if len(pairs) == 1 else pairs[:-1]
    known = [*itertools.chain.from_iterable(map(_pairs, firsts)), *pairs]
    return f'"{" ".join(known)}"' + (" *" if is_half else "")


def marked(text: str, words: Iterable[str]) -> list[Piece]:
    """A short text cut at what was asked for."""
    return _cut(text, _spans(text, words), 0, len(text))


def snippets(text: str, words: Iterable[str]) -> list[list[Piece]]:
    """Where the words stand first, with what is around them; nothing for those that stand elsewhere."""
    words = list(words)
    found: list[list[Piece]] = []
    shown_to = -1
    firsts = sorted(span for word in words for span in _spans(text, [word])[:1])
    every = _spans(text, words)
    for start, end in firsts:
        if start < shown_to:
            continue
        begin = max(start - _AROUND, text.rfind("\n", 0, start) + 1)
        line_end = text.find("\n", end)
        shown_to = min(end + _AROUND, len(text) if line_end < 0 else line_end)
        pieces = _cut(text, every, begin, shown_to)
        cut_before, cut_after = (
            begin > text.rfind("\n", 0, start) + 1,
            shown_to < (line_end if line_end > 0 else len(text)),
        )
        found.append([*([("…", False)] if cut_before else []), *pieces, *([("…", False)] if cut_after else [])])
    return found


def _spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where any of the words stands, in order, none over another."""
    patterns = [_pattern(word) for word in words]
    if not patterns:
        return []
    return [match.span() for match in re.finditer("|".join(patterns), text.translate(_FOLD))]


def _pattern(word: str) -> str:
    runs = _RUN.findall(word.translate(_FOLD))
    return r"[\W_]{0,9}".join(
        r"[ \t\u3000]{0,9}".join(run) if re.match(f"[{_HAN}]", run) else rf"(?<![^\W_{_HAN}]){run}(?![^\W_{_HAN}])"
        for run in runs
    )


def _cut(text: str, spans: Iterable[tuple[int, int]], begin: int, end: int) -> list[Piece]:
    pieces: list[Piece] = []
    at = begin
    for start, stop in spans:
        if begin <= start and stop <= end:
            pieces += [(text[at:start], False), (text[start:stop], True)]
            at = stop
    return [piece for piece in (*pieces, (text[at:end], False)) if piece[0]]
