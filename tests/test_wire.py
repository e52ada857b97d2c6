"""What a server sends stands in the archive byte for byte, however badly it is made.

A server of raw sockets sends what stands here, a page for each kind of answer; one `nianbao crawl` asks for all.
Then the WARC's records are held against the bytes that left the server.
"""

import gzip
import itertools
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import brotli
import pytest
import sqlite_utils
from conftest import FAST, Command
from warcio.archiveiterator import ArchiveIterator

from archive import captures, fixity, warc

HOST = "portal.test"
TITLE = "济南市历城区样例局{}年政府信息公开工作年度报告"
GBK_NAME = "年报（2020年）.docx".encode("gbk")
_NUMBERS = itertools.count(1000)


def content() -> bytes:
    """A page that no other is like: one that is would be kept as a revisit record."""
    return f"<!DOCTYPE html><h1>{TITLE.format(2020)}</h1>{'<p>样例。</p>' * 40}{next(_NUMBERS)}".encode()


SIZE = len(content())
LENGTH = f"Content-Length: {SIZE}"


@dataclass(frozen=True)
class Kind:
    """What the server sends, in pieces. `ends` says how the exchange does.

    whole: it is an answer, whose content is `content`. cut: it is one that ends too early, or cannot be read on.
    none: it is no HTTP answer. `before` and `after` are bytes around the answer, and no part of it.
    """

    answer: tuple[bytes, ...]
    content: bytes = b""
    ends: str = "whole"
    before: bytes = b""
    after: bytes = b""
    close: bool = False
    reset: bool = False

    @property
    def pieces(self) -> tuple[bytes, ...]:
        return tuple(filter(None, (self.before, *self.answer[:-1], self.answer[-1] + self.after)))


def head(*lines: str | bytes, status: str | bytes = "HTTP/1.1 200 OK", end: bytes = b"\r\n") -> bytes:
    encoded = (line.encode() if isinstance(line, str) else line for line in (status, *lines))
    return end.join((*encoded, b"", b""))


def page(*lines: str | bytes, status: str | bytes = "HTTP/1.1 200 OK", length: str = LENGTH, **how: Any) -> Kind:
    """A good page under an odd head."""
    text = content()
    lengths = [length] if length else []
    return Kind((head("Content-Type: text/html; charset=utf-8", *lines, *lengths, status=status) + text,), text, **how)


def encoded(encode: Callable[[bytes], bytes], encoding: str, undone: bool = True) -> Kind:
    text = content()
    sent = encode(text)
    lines = "Content-Type: text/html", f"Content-Encoding: {encoding}", f"Content-Length: {len(sent)}"
    return Kind((head(*lines) + sent,), text if undone else sent)


def chunks(text: bytes, size: int = 500, extension: bytes = b"", form: bytes = b"%x", end: bytes = b"\r\n") -> bytes:
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    return b"".join(form % len(part) + extension + end + part + end for part in parts) + b"0" + end


def chunked(
    *lines: str, encode: Callable[[bytes], bytes] = bytes, trailers: bytes = b"", ends: str = "whole", **how: Any
) -> Kind:
    text = content()
    lines = "Content-Type: text/html", "Transfer-Encoding: chunked", *lines
    return Kind((head(*lines) + chunks(encode(text), **how) + trailers + b"\r\n",), text, ends)


def cut(sent: bytes, *lines: str, **how: Any) -> Kind:
    """An answer that closes before its end."""
    return Kind((head("Content-Type: text/html", *lines) + sent,), ends="cut", close=True, **how)


def zipped(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


def bare_deflate(text: bytes) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(text) + deflate.flush()


def zstd(text: bytes) -> bytes:
    """A frame whose size is given in two bytes, of one block that is not compressed."""
    sizes = struct.pack("<H", len(text) - 256) + struct.pack("<I", len(text) << 3 | 1)[:3]
    return b"\x28\xb5\x2f\xfd\x60" + sizes + text


def bytewise(kind: Kind) -> Kind:
    (sent,) = kind.answer
    return replace(kind, answer=(*(bytes((n,)) for n in sent[:200]), sent[200:]))


def too_short() -> Kind:
    """Its length is stated too small: what stands past that is none of the answer."""
    kind = page(length=f"Content-Length: {SIZE - 100}", close=True)
    (sent,) = kind.answer
    return replace(kind, answer=(sent[:-100],), content=kind.content[:-100], after=sent[-100:])


KINDS = {
    # heads
    "plain": page(),
    "cookies": page("Set-Cookie: a=1; path=/", "Set-Cookie: b=2", "X: y", "Set-Cookie: a=1; path=/"),
    "case": page("CONTENT-LANGUAGE: zh", "x-lower: 1", "eTag: W/x"),
    "order": page("Z: 1", "A: 2", "Server: x", "Z: 3"),
    "gbkreason": page(status="HTTP/1.1 200 成功".encode("gbk")),
    "utf8reason": page(status="HTTP/1.1 200 成功"),
    "emptyreason": page(status="HTTP/1.1 200 "),
    "noreason": page(status="HTTP/1.1 200"),
    "longreason": page(status="HTTP/1.1 200 " + "so far so good " * 100),
    "gbkname": page(b"Content-Disposition: inline; filename=" + GBK_NAME),
    "utf8name": page("Content-Disposition: inline; filename=年报.docx"),
    "percentname": page("Content-Disposition: inline; filename=%E5%B9%B4%E6%8A%A5.docx"),
    "rfc5987name": page("Content-Disposition: inline; filename*=UTF-8''%E5%B9%B4%E6%8A%A5.docx"),
    "rfc2047name": page("Content-Disposition: inline; filename==?utf-8?B?5bm05oql?="),
    "fold": page("X-Long: one\r\n two", "X-Other: 1\r\n\tand\r\n\tmore"),
    "blankfold": page("X-Long: one\r\n  \r\n two"),
    "nul": page(b"X-Nul: a\0b"),
    "controls": page(b"X-Controls: a\x01\x07\x1b[31m\x7fb"),
    "latin1": page("X-Latin: Grüße".encode("latin-1")),
    "nocolon": page("this line has none", "X: y"),
    "noname": page(": nobody's value", "X: y"),
    "spacedname": page("X-Odd : 1"),
    "twowords": page("Bad Name: 1"),
    "gbkheader": page("名称: 1".encode("gbk")),
    "novalue": page("X-Empty:", "X-Blank:   "),
    "spacedvalue": page("X-Spaced: \t  a  b \t "),
    "bareCR": page(b"X-CR: a\rb"),
    "longvalue": page("X-Long: " + "x" * 16000),
    "manyheaders": page(*(f"X-{n}: {n}" for n in range(800))),
    "lfonly": Kind((head("Content-Type: text/html", LENGTH, end=b"\n") + (text := content()),), text),
    "mixedends": Kind((f"HTTP/1.1 200 OK\nX: y\r\n{LENGTH}\n\r\n".encode() + (text := content()),), text),
    "twotypes": page("Content-Type: text/plain"),
    "twolengths": page(LENGTH),
    "listedlength": page(length=f"Content-Length: {SIZE}, {SIZE}"),
    "lowercase": page(status="http/1.1 200 ok"),
    "http10": page(status="HTTP/1.0 200 OK"),
    "http20": page(status="HTTP/2.0 200 OK"),
    "bytewise": bytewise(page()),
    # bodies
    "toclose10": page(status="HTTP/1.0 200 OK", length="", close=True),
    "toclose": page(length="", close=True),
    "closing": page("Connection: close", close=True),
    "empty": Kind((head("Content-Length: 0"),)),
    "chunked": chunked(),
    "smallchunks": chunked(size=1),
    "extension": chunked(extension=b";name=value"),
    "quotedextension": chunked(extension=b'; name="a; b" ;c'),
    "trailers": chunked(trailers=b"X-Checksum: abc\r\nX-Late: 1\r\n"),
    "uppersizes": chunked(form=b"%X"),
    "paddedsizes": chunked(form=b"%08x"),
    "chunkedcase": Kind((head("transfer-encoding: Chunked") + chunks(text := content()) + b"\r\n",), text),
    "chunkedgzip": chunked("Content-Encoding: gzip", encode=zipped),
    "chunkedandlength": chunked("Content-Length: 5"),
    "gzip": encoded(zipped, "gzip"),
    "deflate": encoded(zlib.compress, "deflate"),
    "baredeflate": encoded(bare_deflate, "deflate"),
    "br": encoded(brotli.compress, "br", undone=False),
    "zstd": encoded(zstd, "zstd", undone=False),
    "identity": encoded(bytes, "identity"),
    "nogzip": encoded(bytes, "gzip"),
    "gzipgzip": encoded(lambda text: zipped(zipped(text)), "gzip, gzip", undone=False),
    # statuses
    "status299": page(status="HTTP/1.1 299 Odd"),
    "status999": page(status="HTTP/1.1 999 Go away"),
    "status404": page(status="HTTP/1.1 404 Not Found"),
    "status500": page(status="HTTP/1.1 500 Oops"),
    "status206": page("Content-Range: bytes 0-9/10", status="HTTP/1.1 206 Partial Content"),
    "redirect": page("Location: /nb/plain.html", status="HTTP/1.1 302 Found"),
    # what does not belong to the answer
    "continue": page(before=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "earlyhints": page(before=head("Link: </a.css>; rel=preload", status="HTTP/1.1 103 Early Hints")),
    "processing": page(before=head(status="HTTP/1.1 102 Processing") * 3),
    "tooshort": too_short(),
    "surplus": page(after=b"\r\n\r\n<!-- 1 ms -->", close=True),
    "nocontent": Kind((head(status="HTTP/1.1 204 No Content"),), after=content(), close=True),
    # answers that break off
    "toolong": cut(content(), f"Content-Length: {SIZE + 100}"),
    "cutchunk": cut(chunks(content())[:-50], "Transfer-Encoding: chunked"),
    "nolastchunk": cut(chunks(content())[:-3], "Transfer-Encoding: chunked"),
    "noheadend": Kind((b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Half: a",), ends="cut", close=True),
    "statusonly": Kind((b"HTTP/1.1 200 OK",), ends="cut", close=True),
    "reset": cut(content(), "Content-Length: 99999", reset=True),
    # answers that the parser gives up
    "lfchunks": chunked(end=b"\n", ends="cut"),
    "badsize": cut(b"xyz\r\n" + content(), "Transfer-Encoding: chunked"),
    "twolengthsatodds": page("Content-Length: 5", ends="cut", close=True),
    "nolength": cut(content(), "Content-Length: many"),
    "nostatus": page(status="HTTP/1.1 abc", ends="cut"),
    "otherencoding": cut(content(), "Transfer-Encoding: gzip, chunked"),
    "longline": page("X-Long: " + "x" * 20000, ends="cut"),
    # no HTTP at all
    "http09": Kind((content(),), ends="none", close=True),
    "ssh": Kind((b"SSH-2.0-OpenSSH_9.2p1\r\n",), ends="none", close=True),
    "icy": page(status="ICY 200 OK", ends="none"),
    "blankfirst": page(status="\r\nHTTP/1.1 200 OK", ends="none"),
    "binary": Kind((bytes(range(256)) * 4,), ends="none", close=True),
    "nothing": Kind((b"",), ends="nothing", close=True),
}


class Server:
    """Sends what the kinds say, and keeps what it sent: by path, and how many exchanges each connection carried."""

    def __init__(self) -> None:
        self.sent: dict[str, bytes] = defaultdict(bytes)
        self.connections: list[list[str]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        links = "".join(f'<li><a href="/nb/{name}.html">{TITLE.format(2020)}</a>' for name in in_turn())
        self._pages = {
            "/": answer('<a href="/nb/">政府信息公开年报</a>'),
            "/nb/": answer(links),
        }
        self._pages |= {f"/nb/{name}.html": kind for name, kind in KINDS.items()}

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _talk(self, connection: socket.socket) -> None:
        carried: list[str] = []
        self.connections.append(carried)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), connection, connection.makefile("rb") as asked:
            while line := asked.readline():
                path = line.split()[1].decode()
                while asked.readline() not in (b"\r\n", b""):
                    pass
                carried.append(path)
                kind = self._pages.get(path, Kind((head("Content-Length: 0", status="HTTP/1.1 404 Not Found"),)))
                for piece in kind.pieces:
                    connection.sendall(piece)
                    self.sent[path] += piece
                    if len(kind.pieces) > 1:
                        time.sleep(0.0005)
                if kind.reset:
                    time.sleep(0.2)  # what was sent arrives before the reset does
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if kind.close:
                    return


def answer(text: str) -> Kind:
    body = text.encode()
    return Kind((head("Content-Type: text/html; charset=utf-8", f"Content-Length: {len(body)}") + body,), body)


def in_turn() -> Iterator[str]:
    """A failure only after two good answers: a host that fails five times in a row is left alone."""
    bad = [name for name, kind in KINDS.items() if kind.ends != "whole" or name == "status500"]
    good = [name for name in KINDS if name not in bad]
    for number, name in enumerate(good):
        yield name
        if number % 2 and bad:
            yield bad.pop()
    assert not bad


@contextmanager
def served() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve, daemon=True).start()
    yield server
    server.close()


@dataclass
class Visit:
    nianbao: Command
    server: Server
    records: dict[str, list[tuple[Any, bytes]]] = field(default_factory=dict)  # by path, of responses: head, block

    def of(self, name: str) -> list[tuple[Any, bytes]]:
        return self.records.get(f"/nb/{name}.html", [])

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return list(sqlite_utils.Database(self.nianbao.data / "nianbao.db").query(sql))


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Visit:
    folder = tmp_path_factory.mktemp("wire")
    with served() as server:
        entry = f'[990001]\nname = "样例市坏区"\nslug = "bad"\nhome = "http://{HOST}:{server.port}/"\n'
        (folder / "bad.toml").write_text(entry, "utf-8")
        nianbao = Command(folder / "data", "")
        only = ("--only-registry", "--registry", folder / "bad.toml", *FAST, "-s", "RETRY_TIMES=0")
        nianbao("crawl", "bad", *only, "-s", f"NIANBAO_MAP_HOSTS={HOST}=127.0.0.1", "-s", "NIANBAO_BROWSER=")
    visit = Visit(nianbao, server)
    for record, block in blocks(nianbao.data):
        if record.rec_type == "response":
            path = record.rec_headers.get_header("WARC-Target-URI").partition(f":{server.port}")[2]
            visit.records.setdefault(path, []).append((record.rec_headers, block))
    return visit


def blocks(data: Path) -> Iterable[tuple[Any, bytes]]:
    """Each record and its block as another reader gives it."""
    for path in warc.files(data):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, no_record_parse=True):
                yield record, record.raw_stream.read()


def received(visit: Visit) -> dict[str, list[bytes]]:
    """By the id of the answer that they came with, or their own: bytes that are no answer."""
    found: dict[str, list[bytes]] = {}
    for record, block in blocks(visit.nianbao.data):
        header = record.rec_headers.get_header
        if header("WARC-Target-URI") == warc.RECEIVED:
            found.setdefault(header("WARC-Concurrent-To") or header("WARC-Record-ID"), []).append(block)
    return found


def test_every_kind_was_asked_for(visit: Visit) -> None:
    assert len(KINDS) >= 60
    asked = [path for carried in visit.server.connections for path in carried]
    assert {f"/nb/{name}.html" for name in KINDS} <= set(asked)
    assert len(asked) - len(visit.server.connections) > 20  # exchanges that follow others on one connection


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.ends == "whole"])
def test_a_whole_answer_stands_as_it_was_sent(visit: Visit, name: str) -> None:
    kind = KINDS[name]
    ((header, block),) = visit.of(name)
    assert block == b"".join(kind.answer)
    assert header.get_header("WARC-Truncated") is None
    around = received(visit).get(header.get_header("WARC-Record-ID"), [])
    assert around == list(filter(None, (kind.before, kind.after)))
    assert kind.before + block + kind.after == visit.server.sent[f"/nb/{name}.html"]


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.ends == "cut"])
def test_an_answer_that_breaks_off_stands_as_far_as_it_came(visit: Visit, name: str) -> None:
    ((header, block),) = visit.of(name)
    assert block == visit.server.sent[f"/nb/{name}.html"]
    assert header.get_header("WARC-Truncated") in ("disconnect", "unspecified")
    (failure,) = visit.rows(f"select * from failures where url like '%/nb/{name}.html'")
    assert (failure["kind"], failure["record"]) == ("unreachable", header.get_header("WARC-Record-ID"))
    (row,) = visit.rows(f"select * from captures where url like '%/nb/{name}.html'")
    assert (row["truncated"], row["record"]) == (header.get_header("WARC-Truncated"), failure["record"])


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.ends == "none"])
def test_what_is_no_answer_is_kept_beside_the_failure(visit: Visit, name: str) -> None:
    assert visit.of(name) == []
    (failure,) = visit.rows(f"select * from failures where url like '%/nb/{name}.html'")
    assert received(visit)[failure["record"]] == [visit.server.sent[f"/nb/{name}.html"]]


def test_an_answer_that_never_came_is_a_failure(visit: Visit) -> None:
    (failure,) = visit.rows("select * from failures where url like '%/nb/nothing.html'")
    assert (failure["kind"], failure["record"]) == ("unreachable", "")


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.ends == "whole" and name != "br"])
def test_it_is_read_back_as_it_was_meant(visit: Visit, name: str) -> None:
    holdings = captures.load("990001", warc.files(visit.nianbao.data))
    (capture,) = [c for c in holdings.captures if c.record.url.endswith(f"/nb/{name}.html")]
    assert warc.read_payload(capture.warc, capture.record)[0] == KINDS[name].content


def test_answers_that_broke_off_are_taken_for_nothing(visit: Visit) -> None:
    holdings = captures.load("990001", warc.files(visit.nianbao.data))
    cut = [c.record.url for c in holdings.captures if c.record.truncated]
    assert len(cut) == sum(kind.ends == "cut" for kind in KINDS.values())
    assert {holdings.at(url, 0) for url in cut} | {holdings.latest(url) for url in cut} == {None}


def test_the_archive_is_whole(visit: Visit) -> None:
    warcs = warc.files(visit.nianbao.data)
    # warcio 1.8.1 breaks on brotli 1.2.
    check = "import sys; sys.modules['brotli'] = None; from warcio.cli import main; main()"
    checked = subprocess.run([sys.executable, "-c", check, "check", *warcs], capture_output=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, b"")
    assert [line for path in warcs for line in fixity.check(path).problems] == []
    assert all(list(warc.scan(path)) == warc.index(path) for path in warcs)
    assert visit.nianbao("verify").returncode == 0
