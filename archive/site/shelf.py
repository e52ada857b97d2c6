"""Pages that were made before, kept in memory: the public copy does not change, so neither do they."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from archive.site import language
from archive.site.headers import Scope, Send

_MOST = 96_000_000  # bytes of all pages
_LARGEST = 1_500_000  # of one; home with every district of the country is the largest

# What our pages ask for; a test holds it against them. Anything else in an address changes no page, and is no new one.
PARAMETERS = frozenset(
    {"q", "page", "kind", "place", "year", "since", "before", "level", "verdict", "item", "portals", "from", "to"}
)

Key = tuple[bytes, bytes, bytes, bytes]
Answer = list[dict[str, Any]]


class Shelf:
    """Answers by what was asked, as long as `edition` says the same. The ones not asked for longest go first."""

    def __init__(self, edition: Callable[[], object]) -> None:
        self._edition = edition
        self._of: object = None
        self._answers: OrderedDict[Key, tuple[Answer, int]] = OrderedDict()
        self._bytes = 0

    async def give(self, scope: Scope, send: Send) -> bool:
        """Sends the answer, if it is there."""
        self._renew()
        key = _key(scope)
        if key not in self._answers:
            return False
        self._answers.move_to_end(key)
        for message in self._answers[key][0]:
            await send(message)
        return True

    def keeping(self, scope: Scope, send: Send) -> Send:
        """`send`, which puts the answer aside as well if it is a page, whole, and the same for everybody."""
        edition, heard, size = self._edition(), list[dict[str, Any]](), 0

        async def send_and_keep(message: Scope) -> None:
            nonlocal size
            size += len(message.get("body", b""))
            if size <= _LARGEST:
                heard.append(message)
            await send(message)
            is_whole = message["type"] == "http.response.body" and not message.get("more_body") and size <= _LARGEST
            if is_whole and _is_for_all(heard[0]) and edition == self._edition() == self._of:
                self._put(_key(scope), heard, size)

        return send_and_keep

    def _put(self, key: Key, answer: Answer, size: int) -> None:
        self._bytes += size - self._answers.pop(key, ([], 0))[1]
        self._answers[key] = answer, size
        while self._bytes > _MOST:
            _, (_, oldest) = self._answers.popitem(last=False)
            self._bytes -= oldest

    def _renew(self) -> None:
        edition = self._edition()
        if edition != self._of:
            self._answers.clear()
            self._of, self._bytes = edition, 0


def _key(scope: Scope) -> Key:
    """Also whom it was asked of, and in which language: pages print the one, and follow the other."""
    told = {name: value for name, value in scope["headers"] if name in (b"host", b"if-none-match")}
    pairs = parse_qsl(bytes(scope.get("query_string") or b"").decode("latin-1"), keep_blank_values=True)
    query = urlencode([(name, value) for name, value in pairs if name in PARAMETERS]).encode()
    asked = bytes(scope.get("raw_path") or scope["path"].encode()), query
    return *asked, told.get(b"host", b""), told.get(b"if-none-match", b"") + language.t("zh", "en").encode()


def _is_for_all(start: Scope) -> bool:
    names = {name.lower() for name, _ in start["headers"]}
    return start["status"] == 200 and b"set-cookie" not in names
