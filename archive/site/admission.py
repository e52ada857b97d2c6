"""Who is let in to the public site: pages before questions that cost, each client in its turn, nobody without end.

A page of ours is a handful of look-ups. What Datasette makes of a table (filters, facets, JSON, CSV) may take SQLite
all of its time limit; and a file for download, as long as its reader likes. So each of the three has a door of its own.
"""

import asyncio
import ipaddress
import os
import re
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from archive.site.headers import App, Scope, Send
from archive.site.shelf import Shelf

LONGEST_QUERY = 4000  # bytes: every district of a province in the form of /compare
_LONGEST_PATH = 1000
_FACETS = 3
# Whose values are few and short. A facet on any other col groups all of a table's text, for nobody's use.
_FACETED = frozenset(
    {
        *("portal", "year", "scope", "current", "revision", "timeliness", "withdrawn", "form", "table_name", "kind"),
        *("unit", "item", "document", "ocr", "level", "check_name", "verdict", "state", "indicator", "ranked", "side"),
        *("status", "type", "mime", "media_type", "sample", "by_hand", "platform", "score", "run"),
    }
)
_HEAVY = re.compile(rb"/nianbao(?:[./]|$)")
_FILES = re.compile(rb"/downloads/")
_STATIC = re.compile(rb"/(?:-/static|-/static-plugins|site)/|/favicon\.ico$")
_INNER = re.compile(rb"/(?:-|_internal|_memory)(?:[./]|$)")  # Datasette's own state: paths, versions, threads
_CORES = os.cpu_count() or 1


class Full(Exception):
    """No room, and no place to wait."""


class Door:
    """Lets in `slots` at a time. Who waits is served client by client, in turn, however much each of them asks."""

    def __init__(self, slots: int, each: int, waiting: int, patience: float) -> None:
        self._free = slots
        self._each = each  # of one client, at work or waiting
        self._room = waiting
        self._patience = patience  # seconds
        self._clients: dict[str, int] = {}
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def passed(self, client: str) -> AsyncIterator[None]:
        """Raises Full where there is no room now, nor soon."""
        if self._clients.get(client, 0) >= self._each:
            raise Full
        self._clients[client] = self._clients.get(client, 0) + 1
        try:
            await self._enter(client)
            try:
                yield
            finally:
                self._leave()
        finally:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]

    async def _enter(self, client: str) -> None:
        if self._free:
            self._free -= 1
            return
        if self._room <= 0:
            raise Full
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(client, deque()).append(turn)
        self._room -= 1
        try:
            await asyncio.wait_for(asyncio.shield(turn), self._patience)
        except BaseException as error:
            if turn.done():  # it was let in at the very moment in which it gave up
                self._leave()
            else:
                self._forget(client, turn)
            raise Full from error if isinstance(error, TimeoutError) else None
        finally:
            self._room += 1

    def _forget(self, client: str, turn: "asyncio.Future[None]") -> None:
        turn.cancel()
        self._queues[client].remove(turn)
        if not self._queues[client]:
            del self._queues[client]

    def _leave(self) -> None:
        if not self._queues:
            self._free += 1
            return
        client, queue = self._queues.popitem(last=False)
        queue.popleft().set_result(None)
        if queue:
            self._queues[client] = queue  # last in turn again


class Admission:
    """The three doors, and what is turned away before any of them."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        # Pages are made by one thread of Python, and wait for SQLite in turn: more at once would only make each slower.
        self._pages = Door(slots=4, each=60, waiting=300, patience=10)
        # SQLite runs beside Python. Half of the cores stay with the pages.
        self._heavy = Door(slots=max(1, _CORES // 2), each=2, waiting=8, patience=4)
        self._files = Door(slots=16, each=2, waiting=0, patience=0)

    def guard(self, app: App) -> App:
        """The app, for those who are let in."""

        async def guarded(scope: Scope, receive: Any, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
            elif refusal := _refused(scope):
                await _say(send, *refusal)
            elif _STATIC.match(_path(scope)):
                await app(scope, receive, send)
            else:
                await self._let_in(app, scope, receive, send)

        return guarded

    async def _let_in(self, app: App, scope: Scope, receive: Any, send: Send) -> None:
        path = _path(scope)
        is_heavy, is_file = bool(_HEAVY.match(path)), bool(_FILES.match(path))
        door = self._heavy if is_heavy else self._files if is_file else self._pages
        is_kept = scope["method"] == "GET" and not is_heavy and not is_file
        if is_kept and await self._shelf.give(scope, send):
            return
        try:
            async with door.passed(client_of(scope)):
                if not is_kept:
                    await app(scope, receive, send)
                elif not await self._shelf.give(scope, send):  # another reader may have asked for it meanwhile
                    await app(scope, receive, self._shelf.keeping(scope, send))
        except Full:
            await _say(send, 503, "此刻问的人太多，请稍后再来", "too many questions at this moment; come back soon")


def _path(scope: Scope) -> bytes:
    return bytes(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]


def client_of(scope: Scope) -> str:
    """By whom a request counts: his address, as a proxy that FORWARDED_ALLOW_IPS trusts tells; of IPv6 his network."""
    host = str((scope.get("client") or ("", 0))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:100]
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _refused(scope: Scope) -> tuple[int, str, str] | None:
    """Why a request is not even looked at."""
    path, query = _path(scope), bytes(scope.get("query_string") or b"")
    if scope["method"] not in ("GET", "HEAD"):
        return 405, "本站只供阅读", "this site is for reading: GET and HEAD"
    if len(query) > LONGEST_QUERY or len(path) > _LONGEST_PATH:
        return 414, "地址太长", "the address is too long"
    if _INNER.match(path) and not _STATIC.match(path):
        return 404, "没有这一页", "there is no such page"
    if _HEAVY.match(path) and _too_many_facets(query):
        return 400, "不能这样分组统计", f"facets: {_FACETS} at most, on columns with few values"
    return None


def _too_many_facets(query: bytes) -> bool:
    facets = [pair for pair in parse_qsl(query.decode("latin-1")) if "facet" in pair[0] and pair[0] != "_nofacet"]
    named = [value for name, value in facets if name == "_facet"]
    others = [name for name, _ in facets if name not in ("_facet", "_facet_size")]
    return bool(others) or len(named) > _FACETS or not _FACETED.issuperset(named)


async def _say(send: Send, status: int, zh: str, en: str) -> None:
    text = f"{zh}。整份数据可从 /data 下载。\n{en}. All of the data can be had at /data.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    headers += [(b"retry-after", b"5")] if status == 503 else [(b"allow", b"GET, HEAD")] if status == 405 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
