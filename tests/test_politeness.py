"""How the crawler goes out, measured where it arrives: at the server."""

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlite_utils
from conftest import FAST, Command

from archive import values, visits
from crawler import guard, pacing, settings
from sample_portals import Reply, Request, SamplePortals

LICHENG = "http://www.licheng.gov.cn/"
ROBOTS = LICHENG + "robots.txt"
TITLE = "济南市历城区{}办公室2020年政府信息公开工作年度报告"


def html(text: str) -> Reply:
    return Reply(200, [("Content-Type", "text/html; charset=utf-8")], f"<html><body>{text}</body></html>".encode())


def pages(portals: SamplePortals, count: int) -> None:
    """A home page that is a hub, a column and a list of `count` reports."""
    portals.overrides[LICHENG] = html('<a href="/nb/">政府信息公开年报</a>')
    links = "".join(f'<a href="/nb/{n}.html">{TITLE.format(n)}</a>' for n in range(count))
    portals.overrides[LICHENG + "nb/"] = html(links)
    for n in range(count):
        portals.overrides[f"{LICHENG}nb/{n}.html"] = html(TITLE.format(n))


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(f'[370112]\nname = "济南市历城区"\nslug = "licheng"\nhome = "{LICHENG}"\n', "utf-8")
    return path


def gaps(portals: SamplePortals) -> list[float]:
    times = [request.time for request in portals.requests]
    return [after - before for before, after in itertools.pairwise(times)]


def crawl(nianbao: Command, registry: Path, *settings_given: str) -> dict[str, str]:
    given = [word for setting in settings_given for word in ("-s", setting)]
    nianbao("crawl", "licheng", "--only-registry", "--registry", registry, "-s", "AUTOTHROTTLE_ENABLED=0", *given)
    (run,) = sqlite_utils.Database(nianbao.data / "nianbao.db").query("select verdict, message from runs")
    return run


def test_one_request_at_a_time_with_the_gap_between(nianbao: Command, portals: SamplePortals, registry: Path) -> None:
    _measure_gaps(nianbao, portals, registry, 20, 0.1)


@pytest.mark.exhaustive
def test_the_gap_holds_over_two_thousand_requests(nianbao: Command, portals: SamplePortals, registry: Path) -> None:
    _measure_gaps(nianbao, portals, registry, 2000, 0.1)


def _measure_gaps(nianbao: Command, portals: SamplePortals, registry: Path, count: int, delay: float) -> None:
    pages(portals, count)
    in_flight: list[int] = [0]
    most: list[int] = []

    def slow(request: Request) -> Reply:
        in_flight[0] += 1
        most.append(in_flight[0])
        time.sleep(delay * 1.5)
        in_flight[0] -= 1
        return html("…")

    for n in range(0, count, 10):
        portals.overrides[f"{LICHENG}nb/{n}.html"] = slow
    portals.overrides[f"{LICHENG}nb/1.html"] = Reply(302, [("Location", "/nb/2.html")])
    portals.overrides[f"{LICHENG}nb/3.html"] = Reply(503)  # tried three times
    assert crawl(nianbao, registry, f"DOWNLOAD_DELAY={delay}")["verdict"] == "partial"
    assert portals.requests[0].url == ROBOTS
    assert len(portals.requests) >= count + 3
    assert max(most) == 1
    assert min(gaps(portals)) >= delay


def test_crawl_delay_is_kept(nianbao: Command, portals: SamplePortals, registry: Path) -> None:
    pages(portals, 2)
    portals.overrides[ROBOTS] = Reply(body=b"User-agent: *\nCrawl-delay: 0.3\n")
    crawl(nianbao, registry, "DOWNLOAD_DELAY=0.05")
    assert len(portals.requests) == 6
    assert min(gaps(portals)[1:]) >= 0.3


@pytest.mark.parametrize("status", [503, 429])
def test_robots_that_cannot_be_had_mean_stop(
    nianbao: Command, portals: SamplePortals, registry: Path, status: int
) -> None:
    portals.overrides[ROBOTS] = Reply(status)
    run = crawl(nianbao, registry, "DOWNLOAD_DELAY=0")
    assert (run["verdict"], f"robots.txt answered HTTP {status}" in run["message"]) == ("unreachable", True)
    assert {request.url for request in portals.requests} == {ROBOTS}


def test_robots_that_do_not_exist_allow_all(nianbao: Command, portals: SamplePortals, registry: Path) -> None:
    pages(portals, 1)
    portals.overrides[ROBOTS] = Reply(404, [("Content-Type", "text/plain")], b"User-agent: *\nDisallow: /\n")
    assert crawl(nianbao, registry, "DOWNLOAD_DELAY=0")["verdict"] == "ok"


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_out(nianbao: Command, portals: SamplePortals, registry: Path, as_date: bool) -> None:
    pages(portals, 1)
    asked: list[float] = []

    def busy(request: Request) -> Reply:
        asked.append(request.time)
        if len(asked) > 1:
            return html(TITLE.format(0))
        later = datetime.fromtimestamp(time.time() + 2, UTC)  # written in whole seconds: one or two from now
        return Reply(503, [("Retry-After", format_datetime(later, usegmt=True) if as_date else "1")])

    portals.overrides[f"{LICHENG}nb/0.html"] = busy
    assert crawl(nianbao, registry, "DOWNLOAD_DELAY=0")["verdict"] == "ok"
    assert asked[1] - asked[0] >= 1


def test_a_host_that_keeps_failing_is_left_alone(nianbao: Command, portals: SamplePortals, registry: Path) -> None:
    pages(portals, 30)
    for n in range(30):
        portals.overrides[f"{LICHENG}nb/{n}.html"] = Reply(503)
    run = crawl(nianbao, registry, "DOWNLOAD_DELAY=0")
    assert run["verdict"] == "partial"
    assert len(portals.requests) <= 3 + pacing.FAILURES + settings.CONCURRENT_REQUESTS


def test_a_night_window_keeps_the_crawler_in(nianbao: Command, portals: SamplePortals, registry: Path) -> None:
    nianbao.environment["NIANBAO_NOW"] = "2026-03-01T04:00:00Z"  # noon in Beijing
    run = crawl(nianbao, registry, "DOWNLOAD_DELAY=0", "NIANBAO_NIGHT=22-6")
    assert run["verdict"] == "unreachable"
    assert "22-6" in run["message"]
    assert portals.requests == []


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "0.0.0.0",
     "224.0.0.1", "240.0.0.1", "::1", "fd00::1", "fe80::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
     "2002:7f00:1::", "::"],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "122.137.242.24", "2400:3200::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_are_public(address: str) -> None:
    assert guard.is_public(address)


@pytest.fixture
def canary() -> Iterator[tuple[int, list[str]]]:
    """(port, addresses asked for) of a server on 127.0.0.1 that nothing may reach."""
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, hits
        server.shutdown()


def test_the_operators_own_network_is_out_of_reach(
    nianbao: Command, tmp_path: Path, canary: tuple[int, list[str]]
) -> None:
    """Even where the registry names the host, in whatever spelling, and without a proxy in between."""
    port, hits = canary
    path = tmp_path / "canary.toml"
    urls = [f"http://{host}:{port}/" for host in ("127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1")]
    hosts = [url.split("/")[2] for url in urls]
    entry = f'name = "x区"\nslug = "x"\nhome = "{urls[0]}"\ncolumns = {urls[1:]}\nhosts = {hosts}\n'
    path.write_text(f"[990101]\n{entry}", "utf-8")
    nianbao.environment.update(http_proxy="", https_proxy="")
    done = nianbao("crawl", "--only-registry", "--registry", path, *FAST, "-s", "RETRY_TIMES=0")
    assert done.returncode == 1
    assert ": unreachable;" in done.stdout
    failures = sqlite_utils.Database(nianbao.data / "nianbao.db").query("select url, kind from failures")
    kinds = ("refused", "unreachable", "refused", "unreachable", "unreachable")  # a literal address; a name for one
    assert {row["url"]: row["kind"] for row in failures} == dict(zip(urls, kinds, strict=True))
    assert hits == []


def test_a_test_can_map_a_host(nianbao: Command, tmp_path: Path, canary: tuple[int, list[str]]) -> None:
    port, hits = canary
    path = tmp_path / "mapped.toml"
    path.write_text(f'[370112]\nname = "x区"\nslug = "x"\nhome = "http://portal.test:{port}/"\n', "utf-8")
    nianbao.environment.update(http_proxy="", https_proxy="")
    mapped = ("-s", "NIANBAO_MAP_HOSTS=portal.test=127.0.0.1")
    nianbao("crawl", "x", "--only-registry", "--registry", path, *FAST, *mapped)
    assert hits[:2] == ["/robots.txt", "/"]


# --- small ones -------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 1, 0, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("Sun, 01 Mar 2026 00:02:00 GMT", 120),
        ("Sat, 28 Feb 2026 00:00:00 GMT", 0),
        ("soon", 0),
    ],
)
def test_retry_after_in_both_forms(header: str, seconds: float) -> None:
    assert pacing.retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("hours", "hour_in_beijing", "inside"),
    [
        ("22-6", 23, True),
        ("22-6", 5, True),
        ("22-6", 6, False),
        ("22-6", 12, False),
        ("1-5", 1, True),
        ("1-5", 5, False),
    ],
)
def test_windows_of_hours(hours: str, hour_in_beijing: int, inside: bool) -> None:
    start_and_end = values.hours(hours)
    assert start_and_end
    moment = datetime(2026, 3, 1, hour_in_beijing, 30, tzinfo=pacing.BEIJING)
    assert pacing.in_window(start_and_end, moment) is inside


def test_the_default_gap_is_three_seconds_at_least() -> None:
    mean = pacing.mean_delay(settings.DOWNLOAD_DELAY)
    assert mean * (1 - pacing.JITTER) >= 3
    assert pacing.mean_delay(0) == 0
    assert visits.GAP == settings.DOWNLOAD_DELAY
