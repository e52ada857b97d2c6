"""How fast portals are crawled and archived, beside bare Scrapy with the same settings and wget (docs/bench.md).

Run from the checkout: python bench/crawling.py [reports [rounds]]. A portal on loopback, in a process of its own, has
that many reports on lists of 60: once as Word puts them on a page (134 KB), once without a word processor's styles (44
KB). All three follow its links from its home and take turns. It measures, and fails nothing.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from reading import light_page, word_page  # noqa: E402

PAGE = 60  # reports on a page of the list
HOST = "www.licheng.gov.cn"
SETTINGS = {
    "DOWNLOAD_DELAY": "0",
    "AUTOTHROTTLE_ENABLED": "False",
    "CONCURRENT_REQUESTS": "16",
    "CONCURRENT_REQUESTS_PER_DOMAIN": "16",
    "CONCURRENT_ITEMS": "2",
    "ROBOTSTXT_OBEY": "True",
    "TELNETCONSOLE_ENABLED": "False",
    "LOG_LEVEL": "INFO",
}
SPIDER = """
import scrapy
from scrapy.linkextractors import LinkExtractor

class Bare(scrapy.Spider):
    name = "bare"
    links = LinkExtractor()

    def __init__(self, home):
        self.start_urls = [home]

    def parse(self, response):
        yield {"url": response.url, "bytes": len(response.body)}
        for link in self.links.extract_links(response):
            yield response.follow(link, self.parse)
"""


def pages(report: bytes, count: int) -> dict[str, bytes]:
    """Address → page of a portal with so many reports, no two alike."""
    found = {"/": _page('<a href="/nb/">政府信息公开年报</a>'), "/robots.txt": b"User-agent: *\nDisallow:\n"}
    starts = range(0, count, PAGE)
    for number, start in enumerate(starts, 1):
        links = "".join(
            f'<li><a href="/nb/{n}.html">第{n}局2020年政府信息公开工作年度报告</a></li>'
            for n in range(start, min(start + PAGE, count))
        )
        following = f'<a href="/nb/index_{number + 1}.html">下一页</a>' if number < len(starts) else ""
        found["/nb/" if number == 1 else f"/nb/index_{number}.html"] = _page(links + following)
    for n in range(count):
        found[f"/nb/{n}.html"] = report.replace(b"</body>", f"<p>第{n}局</p></body>".encode())
    return found


def _page(body: str) -> bytes:
    return f'<html><head><meta charset="utf-8"></head><body>{body}</body></html>'.encode()


def serve(report: bytes, count: int, ready: Connection) -> None:
    """Answers from memory, so that it costs as little as may be beside what is measured."""
    known = pages(report, count)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            body = known.get(head.split(b" ", 2)[1].decode())
            status = "200 OK" if body is not None else "404 Not Found"
            kind = "text/plain" if head.startswith(b"GET /robots.txt") else "text/html; charset=utf-8"
            head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body or b'')}\r\n\r\n".encode()
            writer.write(head + (body or b""))
            await writer.drain()

    async def listen() -> None:
        server = await asyncio.start_server(_until_closed(talk), "127.0.0.1", 0, limit=1 << 16)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(listen())


def _until_closed(talk: Callable[..., object]) -> Callable[..., object]:
    async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)  # type: ignore[misc]
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return ended


def nianbao(port: int, folder: Path) -> list[str]:
    """One visit, as `nianbao crawl` sends it out: each exchange parsed for links, judged, synced to disk as WARC."""
    registry = folder / "portals.toml"
    registry.write_text(f'[370112]\nname = "济南市历城区"\nslug = "licheng"\nhome = "http://{HOST}:{port}/"\n', "utf-8")
    given = {
        **SETTINGS,
        "NIANBAO_DATA": folder / "data",
        "NIANBAO_REGISTRY": registry,
        "NIANBAO_ONLY_REGISTRY": "True",
        "NIANBAO_CONTACT": "mailto:bench@example.org",
        "NIANBAO_MAP_HOSTS": f"{HOST}=127.0.0.1",
        "NIANBAO_MAX_ANSWERS": "1000000",
        "NIANBAO_MAX_PAGES": "1000000",
        "NIANBAO_BROWSER": "",
        "LOG_FILE": folder / "log",
    }
    return [*_scrapy("crawl"), "reports", "-a", "portal=370112", *_set(given)]


def bare(port: int, folder: Path) -> list[str]:
    """Scrapy with the same settings: it follows each link of each page, and keeps nothing but a line for each."""
    (folder / "bare.py").write_text(SPIDER, "utf-8")
    given = {**SETTINGS, "LOG_FILE": folder / "log"}
    start = ["-a", f"home=http://127.0.0.1:{port}/"]
    return [*_scrapy("runspider"), str(folder / "bare.py"), *start, "-O", str(folder / "items.jsonl"), *_set(given)]


def wget(port: int, folder: Path) -> list[str]:
    options = ["--quiet", "--recursive", "--level=0", "--warc-file", str(folder / "wget"), "--warc-cdx"]
    return ["wget", *options, "--directory-prefix", str(folder / "pages"), f"http://127.0.0.1:{port}/"]


def _scrapy(command: str) -> list[str]:
    return [sys.executable, "-m", "scrapy", command]


def _set(settings: dict[str, object]) -> list[str]:
    return [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]


def measured(given: list[str], folder: Path) -> tuple[float, float, int]:
    """(seconds, seconds of processor time, peak of memory in KB) of a command and what it starts."""
    settings = {"SCRAPY_SETTINGS_MODULE": "crawler.settings"} if "reports" in given else {}
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(given, cwd=ROOT if settings else folder, env=_environment() | settings)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, used.ru_maxrss


def _environment() -> dict[str, str]:
    left_out = ("proxy", "nianbao_")
    return {name: value for name, value in os.environ.items() if not any(part in name.lower() for part in left_out)}


def fetched(name: str, folder: Path) -> int:
    """How many pages it has, by what it wrote."""
    if name == "bare Scrapy":
        return len((folder / "items.jsonl").read_text("utf-8").splitlines())
    if name == "wget, with WARC":
        return sum(1 for path in (folder / "pages").rglob("*.html"))
    lines = (line for path in folder.rglob("warc/*/*.jsonl") for line in path.read_text("utf-8").splitlines())
    return sum(json.loads(line).get("status") == 200 for line in lines)


def main(count: int, rounds: int) -> None:
    for report in (word_page(), _page(light_page())):
        found = compared(report, count, rounds)
        print(f"{count} reports of {len(report):,} bytes; {rounds} rounds, medians; start-up is counted\n")
        _print(found, count)


def compared(report: bytes, count: int, rounds: int) -> dict[str, list[tuple[float, float, int]]]:
    """Client → what each of its rounds took."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(report, count, theirs), daemon=True)
    server.start()
    port = ours.recv()
    clients = {"bare Scrapy": bare, "nianbao": nianbao}
    clients |= {"wget, with WARC": wget} if shutil.which("wget") else {}
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, command in clients.items():
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place)
                found[name].append(measured(command(port, folder), folder))
                got = fetched(name, folder)
                if got < count:
                    print(f"{name} has {got} pages of {count}: its figures say nothing", file=sys.stderr)
    server.terminate()
    return found


def _print(found: dict[str, list[tuple[float, float, int]]], count: int) -> None:
    print(
        "| client | pages/s | of bare Scrapy | processor ms per page | memory MB |\n| --- | ---: | ---: | ---: | ---: |"
    )
    floor = statistics.median(seconds for seconds, _, _ in found["bare Scrapy"])
    for name, rows in found.items():
        seconds, cpu, memory = (statistics.median(values) for values in zip(*rows, strict=True))
        figures = f"{count / seconds:.0f} | {floor / seconds:.2f} | {cpu / count * 1000:.2f} | {memory / 1024:.0f}"
        print(f"| {name} | {figures} |")
    print()


if __name__ == "__main__":
    main(*(int(given) for given in [*sys.argv[1:], "2000", "3"][:2]))
