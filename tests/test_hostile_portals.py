"""Portals that mean harm, or are merely broken: a visit ends by itself, in bounded memory, and takes no other with it.

All of them are visited by one `nianbao crawl`, together with two sample portals that behave. Each has a host of its own
on a server that sends what no web server should; what it sends stands beside the verdict that is expected of it.
"""

import gzip
import io
import itertools
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlite_utils
from conftest import FAST, Command

from sample_portals import EXPECTED, REGISTRY, Reply, Request
from sample_portals.messages import finish
from sample_portals.server import page

MB = 1 << 20
MOST_MEMORY = 500  # MB, of any one process of ours
PATIENCE = 5  # seconds; DOWNLOAD_TIMEOUT
MOST_ANSWERS = 600  # NIANBAO_MAX_ANSWERS: 5000 answers of an endless portal would only take longer

# An answer is a reply, or the pieces of a whole HTTP message, head and all, after which the connection is closed.
Answer = Reply | Iterable[bytes] | Callable[[], Reply]  # the last for what costs much to make
Portal = Callable[[str], Answer]  # by path and query


class Reset(Exception):
    """Raised between two pieces: the connection is reset (TCP RST) instead of closed."""


@dataclass(frozen=True)
class Case:
    """A portal, the verdict that its visit should end with, and words that the message should hold."""

    portal: Portal
    verdict: str
    says: str = ""
    exhaustive: bool = True
    finding: str = ""  # that one of its reports has


# --- pages ------------------------------------------------------------------------------------------------------------

TITLE = "样例市坏区人民政府{}年政府信息公开工作年度报告"
NOT_THERE = Reply(404, [("Content-Type", "text/plain")], b"not there\n")


def html(text: str | bytes, *headers: tuple[str, str], status: int = 200) -> Reply:
    body = text.encode() if isinstance(text, str) else text
    return Reply(status, [("Content-Type", "text/html; charset=utf-8"), *headers], body)


def shown(text: str) -> str:
    return f"<!DOCTYPE html><html><head><title>样例</title></head><body>{text}</body></html>"


def listed(years: Iterable[int], rest: str = "") -> str:
    return shown("".join(f'<li><a href="/nb/{y}0101{y}.html">{TITLE.format(y)}</a></li>' for y in years) + rest)


def redirect(to: str) -> Reply:
    return Reply(302, [("Location", to)])


def report(year: int, attachment: str = "") -> str:
    link = f'<a href="{attachment}">附件</a>' if attachment else ""
    return shown(f"<h1>{TITLE.format(year)}</h1><p>一、总体情况。二、主动公开。样例。</p>{link}")


HOME = html(shown('<a href="/nb/">政府信息公开年报</a>'))
LIST = html(listed([2020, 2021]))
GOOD = {
    "/": HOME,
    "/nb/": LIST,
    "/nb/202001012020.html": html(report(2020)),
    "/nb/202101012021.html": html(report(2021)),
}
SECOND = "/nb/202101012021.html"
COLUMN = "/nb/"


def site(**replaced: Answer) -> Portal:
    """A home, a column and two reports; `home`, `column` and `second` are answered with what is given instead."""
    names = {"home": "/", "column": COLUMN, "second": SECOND, "robots": "/robots.txt"}
    return pages({names[name]: answer for name, answer in replaced.items()})


def pages(replaced: dict[str, Answer]) -> Portal:
    return lambda path: (GOOD | replaced).get(path, NOT_THERE)


def made(pattern: str, answer: Callable[[int], Answer]) -> Portal:
    """A site of which each address that fits `pattern` is answered by its number (0 where it has none)."""

    def portal(path: str) -> Answer:
        match = re.fullmatch(pattern, path)
        return answer(int(match[1] or 0)) if match else GOOD.get(path, NOT_THERE)

    return portal


# --- bodies without end, and bombs ------------------------------------------------------------------------------------


def head(*lines: str, status: str = "200 OK") -> bytes:
    given = (f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", *lines)
    return "".join(f"{line}\r\n" for line in given).encode() + b"\r\n"


class Stream:
    """Pieces that are made anew for each request."""

    def __init__(self, make: Callable[[], Iterator[bytes]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[bytes]:
        return self._make()


def stream(*first: bytes, piece: bytes = b"", times: int = 0, pause: float = 0) -> Stream:
    """`first`, then `piece` so many times."""

    def make() -> Iterator[bytes]:
        yield from first
        for _ in range(times):
            time.sleep(pause)
            yield piece

    return Stream(make)


def broken_off(*pieces: bytes) -> Stream:
    def make() -> Iterator[bytes]:
        yield from pieces
        time.sleep(0.05)  # so that what was sent arrives before the reset
        raise Reset

    return Stream(make)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


FILLER = b"<p>" + b"x" * (MB - 3)
ENDLESS_CHUNKS = stream(head("Transfer-Encoding: chunked"), piece=chunk(FILLER), times=300)
ENDLESS_TO_CLOSE = stream(head("Connection: close"), piece=FILLER, times=300)
ENDLESS_STATED = stream(head(f"Content-Length: {300 * MB}"), piece=FILLER, times=300)
_SMALL = report(2021).encode()
HEAD_9999 = head("Content-Length: 9999")
LONGER_THAN_STATED = stream(head(f"Content-Length: {len(_SMALL)}"), _SMALL, piece=FILLER, times=300)
ENDLESS_HEAD = stream(head()[:-2], piece=b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(1000)), times=300)


def bomb(wbits: int, size: int) -> bytes:
    """A compressed body of so many zeros. A block that was made once stands in it over and over."""
    deflate = zlib.compressobj(9, wbits=wbits)
    first = deflate.compress(bytes(MB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(bytes(MB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return first + again * (size // MB - 1) + deflate.flush()  # its checksum is wrong: nobody gets that far


def bombed(encoding: str = "gzip", media_type: str = "text/html", size: int = 400 * MB) -> Callable[[], Reply]:
    def make() -> Reply:
        body = bomb(15 if encoding == "deflate" else 31, size)
        return encoded(gzip.compress(body) if "," in encoding else body, encoding, media_type)

    return cache(make)


def encoded(body: bytes, encoding: str = "gzip", media_type: str = "text/html") -> Reply:
    return Reply(200, [("Content-Type", media_type), ("Content-Encoding", encoding)], body)


def with_attachment(name: str, file: Answer) -> Portal:
    return pages({SECOND: html(report(2021, f"/nb/{name}")), f"/nb/{name}": file})


def docx(
    xml: bytes = b"", times: int = 1, end: bytes = b"", edit: Callable[[bytes], bytes] = bytes
) -> Callable[[], Reply]:
    """A DOCX whose document is `xml` so many times and then `end`; `edit` spoils the package."""

    def make() -> Reply:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file, file.open(DOCUMENT, "w") as document:
            for part in (*itertools.repeat(xml, times), end):
                document.write(part)
        return encoded(gzip.compress(edit(buffer.getvalue()), 1), media_type="application/octet-stream")

    return cache(make)


def stated_small(content: bytes) -> bytes:
    """The package says of its document that it is 1000 bytes long."""
    size = struct.pack("<I", 100 * MB)
    assert content.count(size) == 2
    return content.replace(size, struct.pack("<I", 1000))


def crowded(content: bytes) -> bytes:
    """The package's directory of 60 MB names its document a million times."""
    at, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    directory = content[at:end] * (60 * MB // (end - at))
    return content[:at] + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 65535, 65535, len(directory), at, 0)


DOCUMENT = "word/document.xml"
WORD = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
WORD_END = b"</w:body></w:document>"

# --- lists without end ------------------------------------------------------------------------------------------------


def calendar(address: str) -> Portal:
    """Each page of the list has a 下一页."""
    pattern = re.escape(address).replace(re.escape("{}"), r"(\d+)") + "|/nb/"

    def list_page(number: int) -> Reply:
        return html(listed([2020, 2021], f'<a href="{address.format(number + 1)}">下一页</a>'))

    return made(pattern, list_page)


def tree(deeper: bool) -> Portal:
    """Each column leads to another: below it, or beside it."""

    def portal(path: str) -> Answer:
        if path in GOOD and path != COLUMN:
            return GOOD[path]
        if deeper:
            return html(listed([2020, 2021], f'<a href="{path}2019/">2019年</a>'))
        number = int(re.sub(r"\D", "", path) or 0)
        return html(listed([2020, 2021], f'<a href="/nb{number + 1}/">2019年年报</a>'))

    return lambda path: portal(path) if path == "/" or path.startswith("/nb") or path in GOOD else NOT_THERE


def many_links(count: int) -> str:
    return listed([2020], "".join(f'<li><a href="/r/{n:07}.html">{TITLE.format(2021)}</a>' for n in range(count)))


# --- the cases --------------------------------------------------------------------------------------------------------


def every_second() -> Portal:
    turn = itertools.count()
    return lambda path: Reply(503) if path != "/robots.txt" and next(turn) % 2 == 0 else GOOD.get(path, NOT_THERE)


def refresh(to: str) -> Reply:
    return html(f'<html><head><meta http-equiv="refresh" content="0;url={to}"></head></html>')


def replace(to: str) -> Reply:
    return html(f'<html><script>location.replace("{to}")</script></html>')


def fat_reports(path: str) -> Answer:
    """Sixty reports, each of 7 MB."""
    if not re.fullmatch(r"/nb/\d+\.html", path):
        return html(listed(range(1961, 2021))) if path == COLUMN else GOOD.get(path, NOT_THERE)
    return encoded(gzip.compress(report(int(path[-9:-5])).encode() + b"<!--" + b"x" * (7 * MB) + b"-->", 1))


COOKIES = [("Set-Cookie", f"c{n}=1") for n in range(10_000)]
LINK = '<a href="/nb/">政府信息公开年报</a>'


def padded(text: str, unit: str, size: int = 60 * MB) -> Callable[[], Reply]:
    """A page of `text` and then as many `unit` as make up its size, which travels compressed."""
    body = f"<!DOCTYPE html><html><body>{text}".encode()
    return cache(lambda: encoded(gzip.compress(body + unit.encode() * (size // len(unit)), 1)))


def fat_list(number: int) -> Answer:
    """One of thirty pages of a list, each of 10 MB."""
    following = f'<a href="/nb/{number + 1}/">下一页</a>' if number < 30 else ""
    return padded(listed([2020, 2021], following) + "<!--", "x", 10 * MB)


# What the messages say.
TOO_LONG = "DOWNLOAD_MAXSIZE"
TOO_BIG = "a page of"
TOO_MANY = f"more than {MOST_ANSWERS} answers"
CUT_OFF = "cut off"
SLOW = "took longer"
CIRCLE = "redirects go round in a circle"

CASES = {
    # bodies without end
    "chunks": Case(site(column=ENDLESS_CHUNKS), "partial", "larger than", exhaustive=False),
    "toclose": Case(site(second=ENDLESS_TO_CLOSE), "partial", "larger than"),
    "stated": Case(site(second=ENDLESS_STATED), "partial", "larger than"),
    "longer": Case(site(second=LONGER_THAN_STATED), "ok"),
    "endlessrobots": Case(site(robots=ENDLESS_CHUNKS), "unreachable", "robots.txt could not be had"),
    "drip": Case(site(second=stream(HEAD_9999, piece=b"x", times=9999, pause=1)), "partial", SLOW),
    "driphead": Case(site(home=stream(head()[:-2], piece=b"X: y\r\n", times=9999, pause=0.5)), "unreachable", SLOW),
    "silent": Case(site(column=stream(piece=b"", times=100, pause=1)), "partial", SLOW),
    # bombs
    "bomb": Case(site(column=bombed()), "partial", TOO_LONG, exhaustive=False),
    "gzip": Case(site(column=bombed(size=10_000 * MB)), "partial", TOO_LONG),
    "deflate": Case(site(column=bombed("deflate")), "partial", TOO_LONG),
    "gzipgzip": Case(site(column=bombed("gzip, gzip")), "partial", TOO_LONG),
    "gziprobots": Case(site(robots=bombed(media_type="text/plain")), "unreachable", "robots.txt"),
    "gzipfile": Case(with_attachment("a.pdf", bombed(media_type="application/pdf")), "partial", TOO_LONG),
    "zip": Case(with_attachment("a.docx", docx(bytes(MB), 200)), "ok", finding="unreadable"),
    "zipliar": Case(with_attachment("a.docx", docx(bytes(MB), 100, edit=stated_small)), "ok", finding="unreadable"),
    "zipentries": Case(with_attachment("a.docx", docx(edit=crowded)), "ok", finding="unreadable"),
    "zipnodes": Case(with_attachment("a.docx", docx(WORD + b"<w:p/>" * (31 * MB // 6), end=WORD_END)), "ok"),
    # lists without end
    "calendar": Case(calendar("/nb/?from={}"), "partial", "longer than 100 pages", exhaustive=False),
    "calendarpage": Case(calendar("/nb/?page={}"), "partial", "longer than 100 pages"),
    "calendarfile": Case(calendar("/nb/index_{}.html"), "partial", "longer than 100 pages"),
    "tree": Case(tree(deeper=False), "partial", TOO_MANY),
    "deep": Case(tree(deeper=True), "partial", "characters"),
    # sent on without end
    "loop": Case(
        pages({COLUMN: redirect("/a"), "/a": redirect("/b"), "/b": redirect("/a")}), "partial", CIRCLE, exhaustive=False
    ),
    "selfloop": Case(site(column=redirect(COLUMN)), "partial", CIRCLE),
    "homeloop": Case(site(home=redirect("/")), "unreachable", CIRCLE),
    "chain": Case(made(r"/nb/(?:(\d+)/)?", lambda n: redirect(f"/nb/{n + 1}/")), "partial", "max redirections"),
    "metaloop": Case(pages({COLUMN: refresh("/x/"), "/x/": refresh(COLUMN)}), "empty", "no annual-report column"),
    "metachain": Case(made(r"/nb/(?:(\d+)/)?", lambda n: refresh(f"/nb/{n + 1}/")), "partial", TOO_MANY),
    "scriptloop": Case(pages({COLUMN: replace("/x/"), "/x/": replace(COLUMN)}), "empty", "no annual-report column"),
    "scriptchain": Case(made(r"/nb/(?:(\d+)/)?", lambda n: replace(f"/nb/{n + 1}/")), "partial", TOO_MANY),
    # bodies cut short
    "short": Case(site(second=stream(HEAD_9999, _SMALL)), "partial", CUT_OFF),
    "shortchunk": Case(site(second=stream(head("Transfer-Encoding: chunked"), chunk(_SMALL)[:-9])), "partial", CUT_OFF),
    "shortgzip": Case(site(second=encoded(gzip.compress(_SMALL)[:-20])), "partial", CUT_OFF, exhaustive=False),
    "shortgzipcolumn": Case(site(column=encoded(gzip.compress(LIST.body)[:-30])), "partial", CUT_OFF),
    # servers that fail
    "storm": Case(lambda path: Reply(503), "unreachable", "HTTP 503", exhaustive=False),
    "stormhome": Case(lambda path: NOT_THERE if path == "/robots.txt" else Reply(503), "unreachable", "HTTP 503"),
    "second": Case(every_second(), "ok"),
    "reset": Case(site(second=broken_off(HEAD_9999, _SMALL)), "partial", CUT_OFF),
    "resetall": Case(lambda path: broken_off(), "unreachable", "robots.txt could not be had"),
    "resethome": Case(site(home=broken_off()), "unreachable", "Error"),
    "garbage": Case(site(second=stream(bytes(range(128, 256)) * 9)), "partial", "Error"),
    "endlessgarbage": Case(site(second=stream(piece=bytes(range(128, 256)) * 999, times=2000)), "partial", "Error"),
    # heads
    "longline": Case(site(second=stream(head(f"X-A: {'x' * MB}", "Content-Length: 0"))), "partial", "Error"),
    "lines": Case(site(second=html(_SMALL, *((f"X-{n}", str(n)) for n in range(10_000)))), "ok"),
    # the cookies make our requests longer than the server takes
    "cookies": Case(site(home=html(HOME.body, *COOKIES)), "partial", "HTTP 431"),
    "endlesshead": Case(site(second=ENDLESS_HEAD), "partial", "head of the answer"),
    # pages
    "nested": Case(site(home=padded(LINK, "<div>")), "partial", TOO_BIG),
    "nestedlinks": Case(site(home=padded(LINK, '<a href="/x/">')), "partial", TOO_BIG),
    "astral": Case(site(home=padded(LINK + "\N{GRINNING FACE}", "<p>x</p>")), "partial", TOO_BIG),
    "bighub": Case(
        pages({"/": html(shown('<a href="/gk/">政府信息公开</a>')), "/gk/": padded(LINK, "<p>x</p>")}),
        "partial",
        TOO_BIG,
    ),
    "bigcolumn": Case(site(column=padded(listed([2020, 2021]), "<p>x</p>")), "partial", TOO_BIG),
    "bigreport": Case(site(second=padded(report(2021), "<p>x</p>", 8 * MB - 4096)), "partial", TOO_BIG),
    "fatlist": Case(made(r"/nb/(?:(\d+)/)?", fat_list), "ok"),
    "fatreports": Case(fat_reports, "ok"),
    "links": Case(site(column=cache(lambda: html(many_links(20_000)))), "partial", TOO_MANY),
    "manylinks": Case(site(column=cache(lambda: html(many_links(100_000)))), "partial", TOO_BIG),
}  # fmt: skip


# --- the server -------------------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """A forward proxy that answers for the hostile portals itself, and for the sample portals."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        case = CASES.get(parts.netloc.removesuffix(".hostile.test"))
        if not case:
            request = Request(time.monotonic(), self.command, self.path, self.headers, body)
            self._send(finish(request, page(self.path, body)))
            return
        answer = case.portal(parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = answer() if callable(answer) else answer
        if isinstance(answer, Reply):
            self._send(answer)
        else:
            self._pour(answer)

    do_POST = do_GET  # noqa: N815

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value.decode("latin-1") if isinstance(value, bytes) else value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(reply.body)

    def _pour(self, pieces: Iterable[bytes]) -> None:
        self.close_connection = True
        try:
            for piece in pieces:
                self.connection.sendall(piece)
        except ConnectionError:
            pass  # the crawler has seen enough
        except Reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """The address of the proxy."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# --- memory -----------------------------------------------------------------------------------------------------------


def own_processes(pid: int) -> Iterator[int]:
    """A process and all that it started, but for the browser."""
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"chrom" not in command and b"playwright" not in command:
            yield pid
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                for child in children.read_text().split():
                    yield from own_processes(int(child))


def peaks(process: subprocess.Popen[str]) -> dict[str, int]:
    """The most memory, in MB, that each process used at any one moment, until all have ended."""
    found: dict[str, int] = {}
    while process.poll() is None:
        for pid in own_processes(process.pid):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                used = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
                name = next((word for word in words if word.startswith("portal=")), "".join(words[3:4]))
                found[name] = max(found.get(name, 0), int(used[1]) >> 10 if used else 0)
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class Outcome:
    """What came of a crawl."""

    nianbao: Command
    cases: tuple[str, ...]
    code: int
    output: str
    seconds: float
    memory: dict[str, int]

    def rows(self, sql: str) -> list[dict[str, str]]:
        return list(sqlite_utils.Database(self.nianbao.data / "nianbao.db").query(sql))


def run(nianbao: Command, *arguments: str | Path) -> tuple[int, str, float, dict[str, int]]:
    """(exit code, output, seconds, memory by process) of a command."""
    began = time.monotonic()
    command = [sys.executable, "-m", "archive.cli", *map(str, arguments), "--data", str(nianbao.data)]
    log = nianbao.data.with_suffix(".log")
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, stdout=output, stderr=output, env=nianbao.environment, stdin=subprocess.DEVNULL, text=True
        ) as process,
    ):
        memory = peaks(process)
    return process.returncode, log.read_text("utf-8"), time.monotonic() - began, memory


def crawl(folder: Path, cases: Iterable[str], *settings: str) -> Outcome:
    entry = '[98{0:04}]\nname = "样例市坏{0}区"\nslug = "{1}"\nhome = "http://{1}.hostile.test/"\n'
    registry = folder / "hostile.toml"
    registry.write_text("".join(entry.format(n, slug) for n, slug in enumerate(cases, 1)), "utf-8")
    given = [word for setting in settings for word in ("-s", setting)]
    with served() as proxy:
        nianbao = Command(folder / "data", proxy)
        done = run(
            nianbao, "crawl", *GOOD_PORTALS, *cases, "--registry", registry, "--registry", REGISTRY, *FAST, *given
        )
    return Outcome(nianbao, tuple(cases), *done)


GOOD_PORTALS = ("licheng", "trs2-sample")
SETTINGS = (f"DOWNLOAD_TIMEOUT={PATIENCE}", f"NIANBAO_MAX_ANSWERS={MOST_ANSWERS}")


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    cases = [name for name, case in CASES.items() if not case.exhaustive]
    return crawl(tmp_path_factory.mktemp("few"), cases, *SETTINGS, "RETRY_TIMES=0", "NIANBAO_BROWSER=")


@pytest.fixture(scope="module")
def all_of_them(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return crawl(tmp_path_factory.mktemp("all"), CASES, *SETTINGS)


@pytest.fixture(params=["few", pytest.param("all_of_them", marks=pytest.mark.exhaustive)])
def outcome(request: pytest.FixtureRequest) -> Outcome:
    return request.getfixturevalue(request.param)


# --- what holds -------------------------------------------------------------------------------------------------------


def test_the_others_complete(outcome: Outcome) -> None:
    found = {
        (r["slug"], r["verdict"]) for r in outcome.rows("select slug, verdict from runs join portals on code = portal")
    }
    assert {(slug, "ok") for slug in GOOD_PORTALS} <= found
    reports = {r["url"] for r in outcome.rows("select url from reports where portal in ('370112', '990002')")}
    assert EXPECTED["990002"] < reports
    assert len(reports) == len(EXPECTED["990002"]) + 1


def test_the_crawl_ends_by_itself(outcome: Outcome) -> None:
    assert outcome.code == 1
    assert outcome.seconds < (120 if len(outcome.cases) < 12 else 1200)
    assert "Traceback" not in outcome.output
    assert {
        r["slug"] for r in outcome.rows("select slug from portals join runs on code = portal where finished <> ''")
    } == {*GOOD_PORTALS, *outcome.cases}


def test_memory_is_bounded(outcome: Outcome) -> None:
    assert len(outcome.memory) >= len(outcome.cases) + 3
    assert {name: used for name, used in outcome.memory.items() if used >= MOST_MEMORY} == {}


def test_the_archive_is_whole(outcome: Outcome) -> None:
    warcs = [str(path) for path in outcome.nianbao.data.glob("warc/*/*.warc.gz")]
    assert len(warcs) == len(outcome.cases) + 2
    assert subprocess.run(["gzip", "-t", *warcs], capture_output=True, check=False).stderr == b""
    checked = subprocess.run(
        [Path(sys.executable).with_name("warcio"), "check", *warcs], capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, b"")


@pytest.mark.parametrize(
    "command", [("verify",), pytest.param(("build", "--full"), marks=pytest.mark.exhaustive)], ids=" ".join
)
def test_what_reads_the_archive_is_bounded_too(outcome: Outcome, command: tuple[str, ...]) -> None:
    before = outcome.rows("select * from reports") + outcome.rows("select * from findings")
    code, output, _, memory = run(outcome.nianbao, *command)
    assert (code, "Traceback" in output) == (0, False), output
    assert max(memory.values()) < MOST_MEMORY
    assert outcome.rows("select * from reports") + outcome.rows("select * from findings") == before


def verdicts(outcome: Outcome) -> dict[str, tuple[str, str]]:
    found = outcome.rows("select slug, verdict, message from runs join portals on code = portal")
    return {r["slug"]: (r["verdict"], r["message"]) for r in found}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.exhaustive])
def test_each_has_its_verdict(few: Outcome, name: str) -> None:
    _check_verdict(few, name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CASES)
def test_each_of_all_has_its_verdict(all_of_them: Outcome, name: str) -> None:
    _check_verdict(all_of_them, name)


def _check_verdict(outcome: Outcome, name: str) -> None:
    verdict, message = verdicts(outcome)[name]
    case = CASES[name]
    assert (verdict, case.says in message) == (case.verdict, True), (verdict, message)
    sql = f"""select check_name from findings f join reports r on r.id = report join portals p on p.code = r.portal
              where slug = '{name}'"""
    assert not case.finding or case.finding in {r["check_name"] for r in outcome.rows(sql)}
