"""Lists that a script builds, in a real Chromium that must not reach the network; lists that are asked for by POST."""

import itertools
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import FAST, Command
from test_build import dump
from test_crawl import LAIWU, LAIWU_COLUMN, LAIWU_REPORT, broken, edited, html, records, rows, verdicts

from archive import warc
from crawler.browser import executable
from sample_portals import Reply, Request, SamplePortals

DELAY = 0.1
QUICK = (*FAST, "-s", "RETRY_TIMES=0")
ALIAS = LAIWU_COLUMN + "?open=zfxxgknb"
API = LAIWU + "api/list?page="
YEARS = (2021, 2020, 2019, 2018)
TRACKER = "https://hm.example.com/hm.js"

LIST = f"""<head><link rel="stylesheet" href="/own.css"><script src="{TRACKER}"></script>
<style>@font-face {{ font-family: own; src: url(/own.woff2) }} ul {{ font-family: own }}</style></head>
<img src="/logo.png"><ul id="list">正在加载</ul><button id="next">下一页</button>
<script>
let number = 1;
async function load() {{
  const data = await (await fetch("/api/list?page=" + number)).json();
  list.innerHTML = data.items.map(i => `<li><a href="${{i.url}}">${{i.title}}</a></li>`).join("");
  next.disabled = number >= data.pages;
}}
next.onclick = () => {{ number += 1; load(); }};
load();
fetch("http://foreign.example/beacon").catch(() => 0);
</script>"""


@pytest.fixture(scope="module", autouse=True)
def browser() -> None:
    try:
        import playwright  # noqa: F401
    except ImportError:
        there = ""
    else:
        there = executable(None)
    if not there:
        message = "no Playwright or no Chromium: NOTHING of the rendering of script-built lists is tested"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def report_url(year: int) -> str:
    return LAIWU_REPORT if year == 2021 else LAIWU_COLUMN + f"doc_{year}.html"


def title(year: int) -> str:
    return f"济南市莱芜区人民政府{year}年政府信息公开工作年度报告"


def as_json(data: object) -> Reply:
    return Reply(headers=[("Content-Type", "application/json")], body=json.dumps(data).encode())


def items(*years: int) -> list[dict[str, str]]:
    return [{"url": report_url(year), "title": title(year)} for year in years]


def plant(portals: SamplePortals, shell: str = LIST) -> None:
    """Four reports on two pages of a list that only a script shows."""
    portals.overrides |= {
        ALIAS: html("<ul></ul>"),
        LAIWU_COLUMN: html(shell),
        API + "1": as_json({"pages": 2, "items": items(*YEARS[:2])}),
        API + "2": as_json({"pages": 2, "items": items(*YEARS[2:])}),
    }
    portals.overrides |= {report_url(year): edited(LAIWU_REPORT, "2021年", f"{year}年") for year in YEARS[1:]}


@dataclass
class Visit:
    nianbao: Command
    requests: list[Request]

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.requests]


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Visit:
    with SamplePortals() as portals:
        plant(portals)
        nianbao = Command(tmp_path_factory.mktemp("render") / "data", portals.proxy_url)
        done = nianbao("crawl", "laiwu", *QUICK, "-s", f"DOWNLOAD_DELAY={DELAY}")
        assert done.returncode == 0, done.stdout + done.stderr
        return Visit(nianbao, portals.requests)


def found(data: Path) -> list[int]:
    return [r["year"] for r in rows(data, "select year from reports order by year desc")]


# --- what it finds, and how it goes about it --------------------------------------------------------------------------


def test_every_report_of_every_page_is_found(visit: Visit) -> None:
    data = visit.nianbao.data
    assert found(data) == [*YEARS]
    assert verdicts(data)["laiwu"] == ("ok", "")
    assert [r["url"] for r in rows(data, "select url from columns")][:1] == [LAIWU_COLUMN]


def test_only_what_a_list_needs_is_asked_for_and_each_once(visit: Visit) -> None:
    assert sorted(set(visit.urls)) == sorted(visit.urls)
    assert {API + "1", API + "2"} <= set(visit.urls)
    assert not [url for url in visit.urls if url.rpartition(".")[2] in ("css", "png", "woff2", "ico")]


def test_foreign_hosts_are_refused_and_named(visit: Visit) -> None:
    assert {url.split("/")[2] for url in visit.urls} == {"www.laiwu.gov.cn"}
    refused = rows(visit.nianbao.data, "select url from failures where kind = 'refused' order by url")
    assert [r["url"] for r in refused] == ["http://foreign.example/beacon", TRACKER]


def test_every_exchange_of_the_browser_is_in_the_archive(visit: Visit) -> None:
    kept = [r.rec_headers.get_header("WARC-Target-URI") for r, _ in records(visit.nianbao.data)
            if r.rec_type == "response"]  # fmt: skip
    assert sorted(kept) == sorted(visit.urls)
    assert len(rows(visit.nianbao.data, "select * from captures")) == len(kept)


def test_the_browser_keeps_the_crawlers_pace_and_name(visit: Visit) -> None:
    times = [request.time for request in visit.requests]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= DELAY
    assert all("+mailto:operator@example.org" in request.headers["User-Agent"] for request in visit.requests)
    assert not any(name.lower().startswith("sec-") for request in visit.requests for name in request.headers)


def test_the_rendered_pages_are_conversions_of_the_response(visit: Visit) -> None:
    made = [(r.rec_headers, body) for r, body in records(visit.nianbao.data) if r.rec_type == "conversion"]
    (answer,) = (
        record.rec_headers
        for record, _ in records(visit.nianbao.data)
        if (record.rec_type, record.rec_headers.get_header("WARC-Target-URI")) == ("response", LAIWU_COLUMN)
    )
    assert len(made) == 2
    for headers, body in made:
        assert headers.get_header("WARC-Refers-To") == answer.get_header("WARC-Record-ID")
        assert headers.get_header("WARC-Target-URI") == LAIWU_COLUMN
        assert headers.get_header("Content-Type") == "text/html"
        assert body.startswith(b"<!DOCTYPE html>")
    assert [title(year).encode() in made[n][1] for n in (0, 1) for year in YEARS] == [1, 1, 0, 0, 0, 0, 1, 1]


def test_the_database_is_built_again_without_network_and_browser(visit: Visit) -> None:
    before = dump(visit.nianbao.data)
    dead = {"http_proxy": "http://127.0.0.1:1", "NIANBAO_BROWSER": "", "PATH": ""}
    assert visit.nianbao("build", "--full", **dead).returncode == 0
    assert dump(visit.nianbao.data) == before
    assert visit.nianbao("verify").returncode == 0


def test_the_index_of_conversions_is_what_the_file_says(visit: Visit) -> None:
    (path,) = warc.files(visit.nianbao.data)
    assert warc.index(path) == list(warc.scan(path))
    made = [r for r in warc.index(path) if r.type == "conversion"]
    assert {(r.url, r.mime, r.status) for r in made} == {(LAIWU_COLUMN, "text/html", 0)}


@pytest.mark.exhaustive
def test_a_second_visit_finds_what_is_new_in_the_rendered_list(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals)
    portals.overrides[API + "2"] = as_json({"pages": 2, "items": items(2019)})
    assert "3 new" in nianbao("crawl", "laiwu", *QUICK).stdout
    portals.overrides[API + "2"] = as_json({"pages": 2, "items": items(2019, 2018)})
    assert "1 new, 0 revised, 3 unchanged" in nianbao("crawl", "laiwu", *QUICK).stdout
    before = dump(nianbao.data)
    nianbao("build", "--full")
    assert dump(nianbao.data) == before


@pytest.mark.exhaustive
def test_a_list_in_a_frame_is_found_with_its_own_base(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals, '<iframe src="/inner/list.html"></iframe>')
    relative = f'<a href="../{report_url(2020).removeprefix(LAIWU)}">{title(2020)}</a>'
    portals.overrides[LAIWU + "inner/list.html"] = html(f"<script>document.write({relative!r})</script>")
    nianbao("crawl", "laiwu", *QUICK)
    assert found(nianbao.data) == [2020]


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_without_a_browser_the_visit_is_partial_and_says_what_to_do(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals)
    done = nianbao("crawl", "laiwu", *QUICK, NIANBAO_BROWSER="/nowhere/chromium")
    assert (done.returncode, done.stderr.count("Traceback")) == (1, 0)
    (failure,) = rows(nianbao.data, "select url, kind, reason from failures")
    assert (failure["url"], failure["kind"]) == (LAIWU_COLUMN, "error")
    assert "built by script; install nianbao[browser] and Chromium to read it" in failure["reason"]
    assert verdicts(nianbao.data)["laiwu"][0] == "partial"
    assert "Traceback" not in (nianbao.data / "logs" / "370116.log").read_text()


def test_robots_are_obeyed_by_the_browser_too(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals)
    portals.overrides[LAIWU + "robots.txt"] = Reply(body=b"User-agent: *\nDisallow: /api/list?page=2\n")
    nianbao("crawl", "laiwu", *QUICK)
    assert [request.url for request in portals.requests if "/api/" in request.url] == [API + "1"]
    (failure,) = rows(nianbao.data, "select * from failures where kind = 'blocked'")
    assert failure["url"] == API + "2"
    assert verdicts(nianbao.data)["laiwu"] == ("partial", f"{API}2: {failure['reason']}")
    assert found(nianbao.data) == [*YEARS[:2]]


@pytest.mark.exhaustive
def test_a_list_that_robots_forbid_is_blocked(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals)
    portals.overrides[LAIWU + "robots.txt"] = Reply(body=b"User-agent: *\nDisallow: /api/\n")
    nianbao("crawl", "laiwu", *QUICK)
    assert not [request.url for request in portals.requests if "/api/" in request.url]
    (failure,) = rows(nianbao.data, "select * from failures where kind = 'blocked'")
    assert verdicts(nianbao.data)["laiwu"] == ("blocked", f"{API}1: {failure['reason']}")


@pytest.mark.exhaustive
def test_a_page_of_the_list_that_fails_makes_the_visit_partial(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals)
    portals.overrides[API + "2"] = broken
    nianbao("crawl", "laiwu", *QUICK)
    assert found(nianbao.data) == [*YEARS[:2]]
    assert verdicts(nianbao.data)["laiwu"][0] == "partial"
    assert [r["url"] for r in rows(nianbao.data, "select url from failures where kind = 'unreachable'")] == [API + "2"]


ENDLESS = """<ul id="list"></ul><button id="next">下一页</button><script>
let year = 0;
next.onclick = () => { year += 1;
  list.innerHTML = `<a href="/r${year}.html">济南市莱芜区${year}镇2020年政府信息公开工作年度报告</a>`; };
next.onclick();
</script>"""


@pytest.mark.exhaustive
def test_an_endless_pager_ends_by_itself(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals, ENDLESS)
    portals.overrides |= {LAIWU + f"r{n}.html": html("<h1>x</h1>") for n in range(20)}
    nianbao("crawl", "laiwu", *QUICK, "-s", "NIANBAO_MAX_PAGES=4")
    verdict, message = verdicts(nianbao.data)["laiwu"]
    assert (verdict, message) == ("partial", f"{LAIWU_COLUMN}: the list is longer than 4 pages")
    assert len([r for r in portals.requests if "/r" in r.url and r.url.endswith(".html")]) == 4


def test_an_endless_list_of_links_ends_by_itself(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals)
    for number in range(9):
        listing = f'<a href="{report_url(2020)}">{title(2020)}</a><a href="{LAIWU_COLUMN}p{number}.html">下一页</a>'
        portals.overrides[LAIWU_COLUMN + (f"p{number - 1}.html" if number else "")] = html(listing)
    nianbao("crawl", "laiwu", *QUICK, "-s", "NIANBAO_MAX_PAGES=4")
    assert len([r for r in portals.requests if r.url.startswith(LAIWU_COLUMN + "p")]) == 3
    assert verdicts(nianbao.data)["laiwu"] == (
        "partial", f"{LAIWU_COLUMN}: the list is longer than 4 pages (NIANBAO_MAX_PAGES)",
    )  # fmt: skip


@pytest.mark.exhaustive
def test_a_visit_has_a_bound(nianbao: Command, portals: SamplePortals) -> None:
    plant(portals)
    nianbao("crawl", "laiwu", *QUICK, "-s", "CLOSESPIDER_PAGECOUNT=5")
    verdict, message = verdicts(nianbao.data)["laiwu"]
    assert (verdict, message) == ("partial", "the visit ended early: more than 5 answers (CLOSESPIDER_PAGECOUNT)")
    assert len(portals.requests) <= 8
    assert "Traceback" not in (nianbao.data / "logs" / "370116.log").read_text()


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "trap",
    [
        "setTimeout(() => { while (true) ; }, 300)",
        "setInterval(() => fetch('/api/poll').catch(() => 0), 200)",
        "location.reload(); window.open('/api/poll'); alert(1)",
    ],
)
def test_a_hostile_page_costs_a_bounded_time(trap: str, nianbao: Command, portals: SamplePortals) -> None:
    plant(portals, f"<script>{trap}</script>")
    portals.overrides[LAIWU + "api/poll"] = as_json({})
    nianbao("crawl", "laiwu", *QUICK)  # ends before Command's own 120 s
    assert len(portals.requests) < 250
    assert verdicts(nianbao.data)["laiwu"][0] in ("partial", "empty")
    assert "Traceback" not in (nianbao.data / "logs" / "370116.log").read_text()


# --- the canary -------------------------------------------------------------------------------------------------------


class Canary:
    """Listens on loopback, HTTP over TCP and anything over UDP, and counts who comes."""

    def __init__(self) -> None:
        self.hits: list[str] = []
        canary = self

        class Server(ThreadingHTTPServer):
            def verify_request(self, request: object, client: object) -> bool:
                canary.hits.append(f"tcp {client}")
                return True

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.hits.append(self.path)
                self.send_error(404)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.udp.settimeout(0.1)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def ports(self) -> tuple[int, int]:
        return self.server.server_port, self.udp.getsockname()[1]

    def close(self) -> None:
        self.udp.close()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    with closing(Canary()) as canary:
        yield canary


def lure(tcp: int, udp: int) -> str:
    at = f"http://127.0.0.1:{tcp}"
    return f"""<head><link rel="icon" href="{at}/icon"><link rel="preconnect" href="{at}">
<link rel="dns-prefetch" href="//localhost:{tcp}"><link rel="prefetch" href="{at}/prefetch">
<link rel="preload" as="fetch" href="{at}/preload"><link rel="modulepreload" href="{at}/module.js">
<script type="speculationrules">{{"prerender": [{{"urls": ["{at}/prerender", "/moved"]}}]}}</script></head>
<iframe src="{at}/frame"></iframe><iframe src="/moved"></iframe><object data="{at}/object"></object>
<iframe src="file:///etc/passwd"></iframe><img src="{at}/image"><video src="{at}/video"></video>
<form id="form" method="post" target="_blank" action="{at}/form"></form><a id="ping" ping="{at}/ping" href="#">a</a>
<script src="{at}/script.js"></script><script>
const attempt = f => {{ try {{ f(); }} catch (e) {{}} }};
attempt(() => fetch("{at}/fetch", {{mode: "no-cors"}}).catch(() => 0));
attempt(() => fetch("{at}/keep", {{mode: "no-cors", keepalive: true}}).catch(() => 0));
attempt(() => fetch("/moved").catch(() => 0));
attempt(() => fetch("http://localhost:{tcp}/name", {{mode: "no-cors"}}).catch(() => 0));
attempt(() => fetch("http://[::ffff:127.0.0.1]:{tcp}/mapped", {{mode: "no-cors"}}).catch(() => 0));
attempt(() => navigator.sendBeacon("{at}/beacon", "x"));
attempt(() => new WebSocket("ws://127.0.0.1:{tcp}/socket"));
attempt(() => new EventSource("{at}/events"));
attempt(() => new WebTransport("https://127.0.0.1:{udp}/transport"));
attempt(() => new Worker(URL.createObjectURL(new Blob(["fetch('{at}/worker'); importScripts('{at}/imported')"]))));
attempt(() => new SharedWorker(URL.createObjectURL(new Blob(["fetch('{at}/shared')"]))));
attempt(() => navigator.serviceWorker.register("/worker.js"));
attempt(() => window.open("{at}/opened"));
attempt(() => document.getElementById("form").submit());
attempt(() => document.getElementById("ping").click());
attempt(async () => {{
  const peer = new RTCPeerConnection({{iceServers: [
    {{urls: "stun:127.0.0.1:{udp}"}},
    {{urls: "turn:127.0.0.1:{tcp}?transport=tcp", username: "a", credential: "b"}}]}});
  peer.createDataChannel("x");
  await peer.setLocalDescription(await peer.createOffer());
}});
setTimeout(() => {{ location.href = "{at}/location"; }}, 3000);
</script>"""


def test_nothing_that_a_page_tries_gets_past_the_crawler(
    nianbao: Command, portals: SamplePortals, canary: Canary
) -> None:
    plant(portals, lure(*canary.ports))
    away = Reply(302, [("Location", f"http://127.0.0.1:{canary.ports[0]}/redirected")])
    portals.overrides[LAIWU + "moved"] = away
    portals.overrides[LAIWU + "worker.js"] = Reply(headers=[("Content-Type", "text/javascript")], body=b"fetch('/x')")
    nianbao("crawl", "laiwu", *QUICK)
    with suppress(TimeoutError):
        canary.hits.append(f"udp {canary.udp.recv(2000)!r}")
    assert canary.hits == []
    assert {request.url.split("/")[2] for request in portals.requests} == {"www.laiwu.gov.cn"}
    refused = {r["url"].rpartition("/")[2] for r in rows(nianbao.data, "select url from failures")}
    assert refused & {"location", "redirected", "frame"}  # Chromium stops most others before they are intercepted


# --- lists asked for by POST ------------------------------------------------------------------------------------------

FORM = "page={}&title=%E5%B9%B4%E6%8A%A5"
QUERY = LAIWU + "api/query"


def query(request: Request) -> Reply:
    years = {FORM.format(1): YEARS[:2], FORM.format(2): YEARS[2:]}
    return html("".join(f'<a href="{report_url(y)}">{title(y)}</a>' for y in years[request.body.decode()]))


SHELL_OF_POST = f"""<ul id="list"></ul><script>
for (const page of [1, 2]) fetch("{QUERY}", {{method: "POST", body: "{FORM}".replace("{{}}", page),
    headers: {{"Content-Type": "application/x-www-form-urlencoded"}}}})
  .then(answer => answer.text()).then(text => list.insertAdjacentHTML("beforeend", text));
</script>"""


@pytest.fixture
def posting(portals: SamplePortals) -> SamplePortals:
    plant(portals)
    portals.overrides[QUERY] = query
    return portals


def test_a_script_may_ask_for_its_list_by_post(nianbao: Command, posting: SamplePortals) -> None:
    posting.overrides[LAIWU_COLUMN] = html(SHELL_OF_POST)
    nianbao("crawl", "laiwu", *QUICK)
    assert found(nianbao.data) == [*YEARS]
    named = [
        r["url"] for r in rows(nianbao.data, "select url from captures where url like ? order by url", QUERY + "%")
    ]
    assert named == [f"{QUERY}?__wb_method=POST&{FORM.format(page)}" for page in (1, 2)]


def test_the_address_of_what_was_posted() -> None:
    assert warc.address("http://a/b") == "http://a/b"
    assert warc.address("http://a/b", b"x=1&y=%20") == "http://a/b?__wb_method=POST&x=1&y=%20"
    assert warc.address("http://a/b?c=1", b'{"p": "\xe5#"}') == 'http://a/b?c=1&__wb_method=POST&{"p":%20"%E5%23"}'
    assert warc.address("http://a/b", method="POST") == "http://a/b?__wb_method=POST&"
    for url in ("http://a/b", "http://a/b?c=1"):
        assert warc.url_of(warc.address(url, b"x=1")) == url
        assert warc.url_of(url) == url
