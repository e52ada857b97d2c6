"""Many small portals and the workers that visit them; what the portals saw of it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conftest import Command

from archive.cluster.todo import Todo
from sample_portals import Reply, Request, SamplePortals

QUICK = ("-s", "DOWNLOAD_DELAY=0.05", "-s", "AUTOTHROTTLE_ENABLED=False")  # one by one: without delay Scrapy hurries
DIGITS = str.maketrans("0123456789", "〇一二三四五六七八九")


@dataclass(frozen=True)
class Seen:
    """A request as a portal saw it; `worker` is the contact in the user agent."""

    host: str
    url: str
    worker: str
    start: float
    end: float


class Country:
    """Portals with some reports each, four years of a body. The first two portals stand on one host."""

    def __init__(
        self, portals: SamplePortals, folder: Path, size: int, reports: int = 3, delay: float = 0.0, body: str = ""
    ) -> None:
        self.seen: list[Seen] = []
        self.turned_away: set[tuple[str, str]] = set()  # (worker, host): gets a block page
        self.robots: dict[str, bytes] = {}
        self._delay, self.reports, self._body = delay, reports, body
        self._pages: dict[str, bytes] = {}
        self.codes = [f"{100000 + number}" for number in range(size)]
        self.registry = folder / "country.toml"
        self.registry.write_text("".join(map(self._publish, range(size))), "utf-8")
        portals.overrides = self  # type: ignore[assignment]

    def _publish(self, number: int) -> str:
        name = f"样{str(number).translate(DIGITS)}区"
        home = f"http://www.p{max(number, 1)}.gov.cn/{'other/' if not number else ''}"
        links = ""
        for report in range(self.reports):
            body = f"第{str(report // 4).translate(DIGITS)}局" if report > 3 else ""
            title = f"{name}{body}{2020 + report % 4}年政府信息公开工作年度报告"
            links += f'<li><a href="{report}.html">{title}</a></li>'
            text = self._body or f"{'正文。' * 60}收到政府信息公开申请{number + report}件。"
            self._pages[f"{home}nb/{report}.html"] = _page(f"<h1>{title}</h1><p>{text}</p>")
        self._pages[f"{home}nb/"] = _page(links)
        self._pages[home] = _page('<a href="nb/">政府信息公开年报</a>')
        return f'[{100000 + number}]\nname = "{name}"\nslug = "p{number}"\nhome = "{home}"\n\n'

    def get(self, url: str) -> Callable[[Request], Reply]:
        return self._answer

    def _answer(self, request: Request) -> Reply:
        host = request.url.split("/")[2]
        worker = request.headers["User-Agent"].partition("mailto:")[2].partition("@")[0]
        time.sleep(self._delay)
        self.seen.append(Seen(host, request.url, worker, request.time, time.monotonic()))
        if request.url.endswith("/robots.txt") and host in self.robots:
            return Reply(200, [("Content-Type", "text/plain")], self.robots[host])
        body = self._pages.get(request.url)
        if body is None:
            return Reply(404)
        if (worker, host) in self.turned_away:
            return Reply(403, [("Content-Type", "text/html; charset=utf-8")], _page("访问被拒绝"))
        return Reply(200, [("Content-Type", "text/html; charset=utf-8")], body)

    def asked_by(self, worker: str) -> set[str]:
        return {seen.url for seen in self.seen if seen.worker == worker}

    @property
    def visited(self) -> set[str]:
        return {seen.host for seen in self.seen}

    def overlaps(self) -> list[str]:
        """Where a host had two visits at a time. A visit begins with robots.txt and asks for no address twice."""
        found = []
        for host in self.visited:
            visit: list[Seen] = []
            for seen in sorted((s for s in self.seen if s.host == host), key=lambda s: s.start):
                last = visit[-1:]
                if seen.url.endswith("/robots.txt"):
                    visit = []
                if any(other.worker != seen.worker for other in visit):
                    found.append(f"{seen.url} was asked for by {seen.worker} in a visit of {visit[0].worker}")
                if any(other.url == seen.url for other in visit):
                    found.append(f"{seen.url} was asked for twice in a visit of {seen.worker}")
                if last and last[0].end > seen.start:
                    found.append(f"{seen.url} was asked for before {last[0].url} was answered")
                visit.append(seen)
        return found


def _page(text: str) -> bytes:
    return f'<html><head><meta charset="utf-8"></head><body>{text}</body></html>'.encode()


class Cluster:
    """Workers, each with a data folder of its own, of one list and one store."""

    def __init__(self, country: Country, proxy: str, conninfo: str, folder: Path, lease: float = 5) -> None:
        self.country, self.folder, self.store = country, folder, folder / "store"
        self._proxy, self._conninfo, self._lease = proxy, conninfo, lease
        self.workers: dict[str, subprocess.Popen[str]] = {}
        self._outputs: dict[str, list[str]] = {}

    def command(self, name: str) -> Command:
        """`nianbao` as on the machine of a worker."""
        made = Command(self.folder / name, self._proxy)
        made.environment |= {
            "NIANBAO_QUEUE": self._conninfo,
            "NIANBAO_LEASE": str(self._lease),
            "NIANBAO_CONTACT": f"mailto:{name}@example.org",
        }
        return made

    @property
    def _registry(self) -> list[str]:
        return ["--only-registry", "--registry", str(self.country.registry)]

    def enqueue(self, *arguments: str) -> str:
        done = self.command("operator")("enqueue", *self._registry, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def begin(self, name: str, vantage: str = "", visits: int = 2, settings: tuple[str, ...] = QUICK) -> None:
        environment = self.command(name).environment | ({"NIANBAO_VANTAGE": vantage} if vantage else {})
        given = ["work", *self._registry, "--visits", str(visits), "--store", str(self.store), *settings]
        self.workers[name] = worker = subprocess.Popen(
            [sys.executable, "-m", "archive.cli", *given, "--data", str(self.folder / name)],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
            start_new_session=True,
        )
        lines = self._outputs.setdefault(name, [])
        threading.Thread(target=lambda: lines.extend(worker.stderr or ()), daemon=True).start()

    def said(self, name: str) -> str:
        return "".join(self._outputs[name])

    def status(self) -> dict[str, dict[str, int]]:
        """Vantage → how many visits wait, go on, are done, have failed."""
        with Todo(self._conninfo) as found:
            return {row["vantage"]: row for row in found.status()[0]}

    def wait(self, seconds: float) -> None:
        """Until nothing waits and nobody visits."""

        def is_done() -> bool:
            counts = self.status().values()
            return not any(row["waiting"] + row["running"] for row in counts)

        until(is_done, seconds, lambda: f"{self.status()} {json.dumps(self._outputs, ensure_ascii=False)[-3000:]}")

    def end(self) -> None:
        for worker in self.workers.values():
            if worker.poll() is None:
                worker.terminate()
        for worker in self.workers.values():
            worker.wait(30)


@contextmanager
def ended(cluster: Cluster) -> Iterator[Cluster]:
    """No worker outlives its test."""
    try:
        yield cluster
    finally:
        for worker in cluster.workers.values():
            if worker.poll() is None:
                os.kill(worker.pid, signal.SIGCONT)
                worker.kill()
            worker.wait()


def until(condition: Callable[[], object], seconds: float, said: Callable[[], object] = str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, said()
        time.sleep(0.1)
