"""How fast the public site answers, alone and under attack (docs/bench.md). On loopback only; takes minutes.

Run from the checkout: python bench/site.py [facts] [seconds] [folder]. The data are made up (synthetic_site.py), kept
where a folder is given. Pages alone are compared with a table page of a bare Datasette over the same file; the server's
processor time stands beside, which other work on the machine does not change.
"""

import asyncio
import itertools
import json
import multiprocessing
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402

from archive import public, serve  # noqa: E402
from bench import synthetic_site  # noqa: E402

READERS, EACH = 50, 5.0  # readers, and seconds from one page to the next
HOSTILE, AT_ONCE = 6, 4  # clients, and what each of them asks for at the same time
ALONE = 40  # times that each page is asked for alone
GOAL, GOAL_ALONE = 500, 100  # milliseconds, p95

ITEM = "requests.new_requests.total"
WORDS = ("政府", "公开", "申请", "征地", "信息公开 办理", "2021年", "不予公开")
Draw = random.Random  # the same addresses in every run
Kinds = dict[str, Callable[[Draw], str]]


class Server(NamedTuple):
    port: int
    pid: int

    def used(self) -> float:
        """Milliseconds of processor time, so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pages(database: Path) -> Kinds:
    """Kind of page → an address of it, another one each time."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
        codes = [code for (code,) in db.execute("select code from portals")]
        reports = [quote(key, safe="") for (key,) in db.execute("select id from reports")]
        events = [key for (key,) in db.execute("select id from events limit 1000")]

    def compared(draw: Draw) -> str:
        return f"item={ITEM}&portals={','.join(draw.sample(codes, min(6, len(codes))))}&from=2019&to=2023"

    return {
        "home": lambda draw: f"/?{draw.random()}",
        "district": lambda draw: f"/portal/{draw.choice(codes)}?{draw.random()}",
        "report": lambda draw: f"/report/{draw.choice(reports)}?{draw.random()}",
        "proof": lambda draw: f"/report/{draw.choice(reports)}/proof/{ITEM}?{draw.random()}",
        "compare": lambda draw: f"/compare?{compared(draw)}",
        "chart": lambda draw: f"/compare.svg?{compared(draw)}",
        "events": lambda draw: f"/events?place={draw.choice(codes)[:2]}&{draw.random()}",
        "event": lambda draw: f"/event/{draw.choice(events)}?{draw.random()}",
        "search": lambda draw: f"/search?q={quote(draw.choice(WORDS))}&{draw.random()}",
        "checks": lambda draw: f"/checks?{draw.random()}",
        "check": lambda draw: f"/checks/prose?page={draw.randrange(1, 50)}&{draw.random()}",
        "status": lambda draw: f"/status?place={draw.choice(codes)[:2]}&{draw.random()}",
        "data": lambda draw: f"/data?{draw.random()}",
        "dictionary": lambda draw: f"/data/dictionary?{draw.random()}",
        "about": lambda draw: f"/about?{draw.random()}",
    }


def attacks(of: Kinds) -> list[Callable[[Draw], str]]:
    """Every page, never the same address twice, and every question that costs."""
    tables = ("facts", "reports", "captures", "prose", "indicator_values", "sheets", "events", "findings")
    asked = (
        "{}?",
        "{}.json?_size=max&",
        "{}.csv?_size=max&",
        "{}.csv?_stream=on&",
        "{}?_facet=report&_facet=portal&",
        "{}?_facet=report&",
        "{}.json?_facet=year&",
        "{}?_facet_array=items&",
        "{}?report__contains=9&",
        "reports?_sort_desc=title&",
        "captures?_sort_desc=url&mime__contains=t&",
        "facts?_sort=text&",
        "{}?_next=900000&",
        "{}?_where=1&",
    )
    sql = "with+recursive+c(x)+as+(select+1+union+all+select+x%2B1+from+c)+select+count(*)+from+c"
    costly = [
        lambda draw, form=form: f"/nianbao/{form.format(draw.choice(tables))}_={draw.random()}"  # type: ignore[misc]
        for form in asked
    ]
    others = (
        "/nianbao",
        f"/nianbao?sql={sql}",
        f"/nianbao.json?sql={sql}",
        "/nianbao.db",
        "/-/threads",
        "/search?q=%E7%9A%84",
        f"/search?{'q=x&' * 2000}",
    )
    return [*costly, *of.values(), *(lambda draw, path=path: path for path in others)]  # type: ignore[misc]


async def alone(server: Server, of: Kinds, times: int) -> dict[str, tuple[list[float], float]]:
    """Of each page, one at a time: milliseconds, the first of a page not made before; mean processor time."""
    port, draw, took = server.port, Draw(1), {}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for name, address in of.items():
            before = server.used()
            found = [await _timed(client, address(draw)) for _ in range(times)]
            took[name] = found, (server.used() - before) / times
    return took


async def _timed(client: httpx.AsyncClient, path: str) -> float:
    start = time.perf_counter()
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return 1000 * (time.perf_counter() - start)


async def readers(port: int, of: Kinds, seconds: float, count: int = READERS) -> tuple[list[float], Counter[object]]:
    """What readers meet: milliseconds of each page, and how each ended."""
    end, took, ended = time.monotonic() + seconds, list[float](), Counter[object]()

    async def read(number: int) -> None:
        draw = Draw(number)
        async with _client(port, f"127.0.1.{number + 1}") as client:
            await asyncio.sleep(draw.random() * EACH)
            while time.monotonic() < end:
                start = time.perf_counter()
                ended[await _asked(client, draw.choice(list(of.values()))(draw))] += 1
                took.append(1000 * (time.perf_counter() - start))
                await asyncio.sleep(max(0.0, EACH - (time.perf_counter() - start)))

    await asyncio.gather(*(read(number) for number in range(count)))
    return took, ended


async def hammer(port: int, of: list[Callable[[Draw], str]], seconds: float, count: int = HOSTILE) -> Counter[object]:
    """Asks for everything, one thing after the other, without a pause; how that ended."""
    end, ended = time.monotonic() + seconds, Counter[object]()

    async def ask(number: int) -> None:
        draw = Draw(1000 + number)
        async with _client(port, f"127.0.2.{number // AT_ONCE + 1}") as client:
            for address in itertools.cycle(draw.sample(of, len(of))):
                if time.monotonic() >= end:
                    return
                ended[await _asked(client, address(draw))] += 1

    await asyncio.gather(*(ask(number) for number in range(count * AT_ONCE)))
    return ended


def _client(port: int, address: str) -> httpx.AsyncClient:
    """Each with an address of its own on loopback, as readers have."""
    # No TLS to be set up; and no connection used again just when the server, after 5 s, lets go of it.
    limits = httpx.Limits(keepalive_expiry=2)
    transport = httpx.AsyncHTTPTransport(local_address=address, verify=False, limits=limits)
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=30)


async def _asked(client: httpx.AsyncClient, path: str) -> object:
    try:
        return (await client.get(path)).status_code
    except httpx.HTTPError as error:
        return type(error).__name__


def hammering(port: int, database: Path, seconds: float, told: "multiprocessing.Queue[str]") -> None:
    """`hammer` in a process of its own, so that it takes no time from those who measure."""
    told.put(json.dumps({str(k): n for k, n in asyncio.run(hammer(port, attacks(pages(database)), seconds)).items()}))


@contextmanager
def serving(arguments: Callable[[int], list[str]]) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "datasette", *arguments(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while serve.port_is_free("127.0.0.1", port) and server.poll() is None:
                time.sleep(0.1)
            yield Server(port, server.pid)
        finally:
            server.terminate()


def p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20, method="inclusive")[-1]


def main(facts: int, seconds: float, folder: Path) -> None:
    database = folder / "public" / "nianbao.db"
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        if not (folder / "nianbao.db").exists():
            synthetic_site.write(folder / "nianbao.db", facts)
        public.copy(folder / "nianbao.db", database, [])
    of = pages(database)
    with serving(lambda port: ["serve", "-i", str(database), "--port", str(port)]) as server:
        bare: Kinds = {"bare": lambda draw: f"/nianbao/reports?_={draw.random()}"}
        floor = asyncio.run(alone(server, bare, ALONE))["bare"]
    with serving(lambda port: serve.arguments(database.parent, port, is_public=True)) as server:
        took = {"bare": floor} | asyncio.run(alone(server, of, ALONE))
        print(f"{'alone, ms':12}{'first':>8}{'median':>8}{'p95':>8}{'p95/bare':>10}{'processor':>11}{'proc/bare':>11}")
        for name, (times, used) in took.items():
            line = f"{name:12}{times[0]:8.0f}{statistics.median(times):8.0f}{p95(times):8.0f}"
            line += f"{p95(times) / p95(floor[0]):10.2f}"
            print(f"{line}{used:11.1f}{used / floor[1]:11.2f}")
        _report(server.port, of, seconds, None)
        _report(server.port, of, seconds, database)


def _report(port: int, of: Kinds, seconds: float, attacked: Path | None) -> None:
    """50 readers, and where a database is given the hostile ones as well."""
    told: multiprocessing.Queue[str] = multiprocessing.Queue()
    if attacked:
        hostile = multiprocessing.Process(target=hammering, args=(port, attacked, seconds, told))
        hostile.start()
    times, ended = asyncio.run(readers(port, of, seconds))
    print(f"\n{READERS} readers{f', {HOSTILE} hostile clients' if attacked else ' alone'}, {seconds:.0f} s:")
    print(f"  readers: median {statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms, {dict(ended)}")
    if attacked:
        print(f"  hostile: {told.get(timeout=120)}")
        hostile.join()


if __name__ == "__main__":
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        main(
            int(given[0]) if given else 1_000_000,
            float(given[1]) if len(given) > 1 else 60,
            Path(given[2]) if len(given) > 2 else Path(scratch),
        )
