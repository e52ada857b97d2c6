# ruff: noqa: E501 (addresses of attackers)
"""What rude and hostile readers try on the public site, each a test; a real Datasette over HTTP, as it is published."""

import asyncio
import http.client
import json
import re
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup

from archive import csvs, public
from archive.site import pages, shelf
from archive.site.admission import LONGEST_QUERY, Door, Full, client_of
from bench import site as bench
from tests.test_site import Answer, Site, serving

SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "\"'><img src=x onerror=alert(1)>{{7*7}}"
INJECTIONS = (
    "'",
    "' or 1=1 --",
    "1; drop table reports",
    "') union select sql from sqlite_master --",
    "\x00",
    "%",
    "\ud800",
)
PAGES = ("/", "/events", "/search", "/compare", "/compare.svg", "/compare.csv", "/checks", "/checks/prose", "/status", "/data",
         "/data/dictionary", "/about", "/portal/370112", "/portal/X", "/report/X", "/event/X", "/feeds/X.atom", "/checks/X",
         "/downloads/X", "/nianbao", "/nianbao/reports", "/nianbao/reports/X", "/nianbao/X")  # fmt: skip
PARAMETERS = ("q", "page", "kind", "place", "year", "since", "before", "item", "portals", "from", "to", "level", "verdict",
              "lang", "_sort", "_facet", "_next", "_size", "_where", "_search", "_shape", "_col", "x")  # fmt: skip


@pytest.fixture(scope="module")
def published(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public copy of the samples, with what a hostile portal would have printed in every text."""
    data = tmp_path_factory.mktemp("attacked")
    shutil.copy(demo / "nianbao.db", data / "work.db")
    with closing(sqlite3.connect(data / "work.db")) as db, db:
        for table, columns in public.TEXTS.items():
            for column in {*columns} - {"items", "item"}:
                db.execute(f"update {table} set {column} = ? || coalesce({column}, '')", [SCRIPT + BREAKOUT])
        db.execute("update portals set name = name || ?", [SCRIPT])
        db.execute("update reports set url = 'javascript:alert(1)//' || url, issuer = issuer || ?", [SCRIPT])
        db.execute("update documents set url = 'javascript:alert(1)//' || url")
        cell = json.dumps({"text": SCRIPT, "value": None, "kind": "text"})
        db.execute("update sheets set cells = json_set(cells, '$[0]', json(?))", [cell])
    public.copy(data / "work.db", data / "nianbao.db", [])
    shutil.copytree(demo / "feeds", data / "feeds")
    shutil.copytree(demo / "public" / "downloads", data / "downloads")
    return data


@pytest.fixture(scope="module")
def site(published: Path) -> Iterator[Site]:
    with serving(published, is_public=True) as site:
        yield site


def raw(site: Site, request: bytes) -> bytes:
    """What the server answers to these very bytes."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def _own(site: Site) -> list[str]:
    report = quote(site.report("370112"), safe="")
    (event,) = site.rows("select id from events limit 1")
    found = (
        "/",
        "/portal/370112",
        "/compare?portals=370112,370115",
        "/events",
        "/checks",
        "/status",
        "/data",
        "/about",
    )
    proof = f"/report/{report}/proof/requests.new_requests.total"
    return [*found, f"/report/{report}", proof, f"/event/{event['id']}", "/search?q=alert", "/nianbao/reports"]


def test_nothing_that_a_portal_has_written_becomes_markup(site: Site) -> None:
    for path in _own(site):
        answer = site.get(path)
        assert answer.status == 200, path
        assert SCRIPT not in answer.text.partition("</head>")[2], path
        assert not answer.page.select("img[onerror], [href^='javascript:' i], [src^='javascript:' i]"), path
        assert "49&lt;" not in answer.text, path
        data = answer.page.select("script[type='application/ld+json']")
        assert all("<" not in s.text for s in data), path


@pytest.mark.parametrize("path", PAGES)
def test_no_parameter_becomes_markup_or_an_error_of_ours(site: Site, path: str) -> None:
    for address in _asking(path, quote(SCRIPT + BREAKOUT)):
        answer = site.get(address)
        assert _is_said(answer), address
        if answer.headers["content-type"].startswith("text/html"):
            assert SCRIPT not in answer.text, address
            assert not BeautifulSoup(answer.text, "lxml").select("img[onerror]"), address


def _is_said(answer: Answer) -> bool:
    """Datasette 0.65 calls it its own fault where there is no such column to sort by; and does no more than say so."""
    return answer.status in (200, 400, 403, 404) or (answer.status == 500 and "Cannot sort table by" in answer.text)


def _asking(path: str, value: str) -> list[str]:
    """The page with every parameter at once; and with each alone where Datasette would look no further than the first."""
    alone = PARAMETERS if path == "/nianbao/reports" else ()
    return [f"{path}?{'&'.join(f'{name}={value}' for name in names)}" for names in (PARAMETERS, *((n,) for n in alone))]


@pytest.mark.parametrize("value", INJECTIONS)
def test_no_parameter_is_sql(site: Site, value: str) -> None:
    told = quote(value.encode("utf-8", "surrogatepass"))
    for path in PAGES:
        for address in _asking(path, told):
            answer = site.get(address)
            assert _is_said(answer), address
            assert "syntax error" not in answer.text or path.startswith("/nianbao"), address
        within = site.get(path.replace("X", told) if "X" in path else f"{path}/{told}")
        assert within.status in (302, 400, 404), path


def test_sql_is_closed(site: Site) -> None:
    bomb = "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c"
    asked = ("select 1", bomb, "attach '/tmp/x.db' as x", "pragma table_list", "select load_extension('x')",
             "delete from reports", "select * from pragma_database_list", "vacuum into '/tmp/x'")  # fmt: skip
    start = time.monotonic()
    for sql in asked:
        for form in (
            "/nianbao?sql={}",
            "/nianbao.json?sql={}",
            "/nianbao.csv?sql={}",
            "/_memory?sql={}",
            "/nianbao/-/query?sql={}",
        ):
            assert site.get(form.format(quote(sql))).status in (400, 403, 404), (form, sql)
        assert site.get(f"/nianbao/reports?_where={quote(sql)}").status in (400, 403), sql
    assert time.monotonic() - start < 30
    page = site.page("/nianbao")
    assert not page.select("textarea")


def test_the_database_is_not_written(site: Site, published: Path) -> None:
    before = (published / "nianbao.db").read_bytes()
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "GETX"):
        for path in ("/", "/nianbao", "/nianbao/reports", "/-/logout", "/-/permissions"):
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 7\r\n\r\nsql=bad"
            answer = raw(site, head.encode())
            assert answer.startswith((b"HTTP/1.1 405", b"HTTP/1.1 400")), (method, path, answer[:60])
    assert (published / "nianbao.db").read_bytes() == before


@pytest.mark.parametrize(
    "path",
    ["/-/versions", "/-/plugins.json", "/-/settings", "/-/metadata.json", "/-/threads.json", "/-/databases.json", "/-/config",
     "/-/actor.json", "/-/messages", "/-/permissions", "/-/allow-debug", "/-/patterns", "/-/auth-token", "/_internal",
     "/_memory", "/nianbao.db", "/-/VERSIONS", "/%2d/versions", "//-/versions", "/-%2Fversions"],
)  # fmt: skip
def test_nothing_tells_of_the_machine(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status in (403, 404) or (answer.status == 302 and not answer.text)
    assert str(site.data) not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/downloads/../nianbao.db", "/downloads/..%2Fnianbao.db", "/downloads/%2e%2e/nianbao.db", "/site/../plugins/nianbao.py",
     "/site/%2e%2e/plugins/nianbao.py", "/site/..%2f..%2fcli.py", "/-/static/../../app.py", "/feeds/../../etc/passwd.atom",
     "/feeds/%2e%2e%2fx.atom", "/site//etc/passwd", "/site/%00", "/report/..%2F..%2Fetc%2Fpasswd"],
)  # fmt: skip
def test_no_path_leads_out(site: Site, path: str) -> None:
    answer = raw(site, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ", 2)[1] in (b"302", b"400", b"403", b"404"), answer[:80]
    assert b"SQLite format" not in answer
    assert b"hookimpl" not in answer


def test_nobody_is_sent_elsewhere(site: Site) -> None:
    for path in ("//evil.example/", "/%2fevil.example/", "/\\evil.example", "/nianbao/?x", "//evil.example/nianbao/", "/portal//evil.example/",
                 "/compare?portals=370112&portals=370115&item=x//evil.example", "/?next=//evil.example", "/compare?portals=//evil.example&portals=x"):  # fmt: skip
        with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)) as connection:
            connection.putrequest("GET", path)
            connection.endheaders()
            answer = connection.getresponse()
            where = answer.getheader("location") or "/"
            assert not where.startswith(("//", "http", "/\\", "\\")), (path, where)


def test_no_header_is_written_by_a_reader(site: Site) -> None:
    for path in PAGES:
        for address in (
            f"{path}%0d%0aX-Evil:%20yes",
            f"{path}?q=%0d%0aX-Evil:%20yes&item=%0d%0aX-Evil:yes&portals=%0d%0aX-Evil:1&portals=2",
        ):
            answer = raw(site, f"GET {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert b"\r\nx-evil" not in answer.partition(b"\r\n\r\n")[0].lower()


def test_another_host_is_named_to_nobody_else(site: Site) -> None:
    """What one reader was told of his host must not be kept for the next."""
    for host in ("evil.example", "evil.example/<script>", "a" * 300):
        assert site.get("/data", Host=host).status in (200, 400)
        assert "evil" not in site.get("/data").text
    assert "<script>" not in site.get("/data", Host="x<script>").text.partition("</head>")[2]
    assert "evil" not in site.get("/data", **{"X-Forwarded-Host": "evil.example"}).text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (f"/search?{'q=x&' * LONGEST_QUERY}", 414),
        (f"/nianbao/reports?{'year__gt=1&' * 390}", 414),
        (f"/report/{'x' * 2000}", 414),
        ("/nianbao/reports?_facet=year&_facet=portal&_facet=scope&_facet=current", 400),
        ("/nianbao/prose?_facet=text", 400),
        ("/nianbao/sheets?_facet=cells", 400),
        ("/nianbao/findings?_facet_array=items", 400),
        ("/nianbao/reports?_facet_date=first_seen", 400),
        ("/nianbao/reports?_facet=year", 200),
        ("/nianbao/facts.csv?_stream=on&_size=max", 400),
        ("/nianbao/facts?_next=999999999", 200),
        ("/events?before=x~y", 200),
        ("/search?q=x&page=99999999999", 200),
        ("/checks/prose?page=-1", 200),
        ("/nianbao/reports?_trace=1", 200),
        ("/nianbao/reports?_context=1", 200),
    ],
)
def test_what_is_too_much_is_refused_or_bounded(site: Site, address: str, status: int) -> None:
    start = time.monotonic()
    answer = site.get(address)
    assert answer.status == status
    assert "_trace" not in answer.headers["content-type"]
    assert time.monotonic() - start < 10
    if status >= 400 and answer.headers["content-type"].startswith("text/plain"):
        assert "/data" in answer.text


def test_as_many_rows_as_we_say(site: Site) -> None:
    for size in ("max", "500"):
        assert len(json.loads(site.get(f"/nianbao/facts.json?_size={size}").text)["rows"]) == 500
    assert site.get("/nianbao/facts.json?_size=100000").status == 400
    assert len(site.get("/nianbao/facts.csv?_size=max").text.splitlines()) >= 500


@pytest.mark.parametrize("path", ["/downloads/nianbao-raw.zip", "/downloads/SHA256SUMS", "/", "/site/nianbao.css"])
@pytest.mark.parametrize(
    "asked", ["bytes=0-0", "bytes=-1", "bytes=9999999999-", "bytes=0-1,2-3,4-5", "bytes=" + "0-1," * 1000, "x"]
)
def test_ranges_do_no_harm(site: Site, path: str, asked: str) -> None:
    answer = raw(site, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nRange: {asked}\r\n\r\n".encode())
    assert answer.split(b" ", 2)[1] in (b"200", b"206", b"416")


def test_nothing_of_ours_is_framed_sniffed_or_run(site: Site) -> None:
    for path in (*_own(site), "/downloads/nianbao-raw.zip", "/downloads/SHA256SUMS", "/feeds/all.atom", "/nianbao/facts.csv", "/nowhere",
                 "/-/versions", "/compare.csv", "/site/nianbao.css"):  # fmt: skip
        headers = site_headers(site, path)
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["x-frame-options"] == "DENY", path
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy, (
            path
        )
        assert "unsafe" not in policy or path.startswith(("/nianbao", "/-")), path
        assert "access-control-allow-origin" not in headers, path
    for path in ("/downloads/nianbao-raw.zip", "/compare.csv"):
        assert site_headers(site, path)["content-disposition"].startswith("attachment"), path


def site_headers(site: Site, path: str) -> dict[str, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)) as connection:
        connection.request("GET", path)
        return {name.lower(): value for name, value in connection.getresponse().getheaders()}


def test_archived_bytes_are_not_served_to_the_public(site: Site) -> None:
    """They hold what the public copy masks; whoever serves his own archive to himself can have them (test_readers)."""
    assert site.get(f"/report/{site.report('370112')}/record/0").status == 404


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1+1",
        "＠x",
        " =1",
        "\u200b=1",
        "\ufeff=1",
    ],
)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert csvs.safe(cell).startswith("'")


def test_pages_are_told_apart_by_every_parameter_that_they_ask_for() -> None:
    """One that shelf.PARAMETERS lacks would show a reader what another had asked for."""
    found: set[str] = set()
    for path in sorted(Path(pages.__file__).parent.parent.rglob("*.*")):
        if path.suffix in (".py", ".html") and path.name not in ("admission.py", "shelf.py"):
            for call in re.findall(
                r"(?:asked\(request,|args\.(?:get|getlist)\(|args\[|in request\.args)([^)\]]*)", path.read_text("utf-8")
            ):
                assert '"' in call or call == "name", (path, call)  # one that this test does not understand
                found.update(re.findall(r'"(\w+)"', call))
    assert found | {"from", "to"} == shelf.PARAMETERS


def test_a_page_is_made_once_whatever_is_added_to_its_address(site: Site) -> None:
    first = site.get("/status").text
    assert site.get("/status?x=1&utm_source=y").text == first
    assert site.get("/status?verdict=ok").text != first
    assert site.get("/status", Cookie="a=b").text == first


# --- admission ------------------------------------------------------------------------------------------------------


def test_clients_take_turns_however_much_one_of_them_asks() -> None:
    async def scene() -> list[str]:
        door, order = Door(slots=1, each=50, waiting=100, patience=10), list[str]()

        async def ask(client: str) -> None:
            async with door.passed(client):
                order.append(client)
                await asyncio.sleep(0.001)

        await asyncio.gather(*(ask("rude") for _ in range(30)), ask("reader"), ask("other"))
        return order

    order = asyncio.run(scene())
    assert len(order) == 32
    assert {"reader", "other"} <= {*order[:5]}


def test_who_finds_no_room_is_told_so_at_once_and_room_comes_back() -> None:
    async def scene() -> None:
        door = Door(slots=1, each=2, waiting=2, patience=0.05)
        async with door.passed("a"):
            with pytest.raises(Full):  # he waits too long
                async with door.passed("b"):
                    pass
            waiting = [asyncio.create_task(_pass(door, name)) for name in "ab"]
            await asyncio.sleep(0)
            for name in "ac":  # one has his share, the other finds every place taken
                with pytest.raises(Full):
                    await _pass(door, name)
            waiting[0].cancel()  # a reader who goes away
            await asyncio.sleep(0.01)
        await waiting[1]
        for _ in range(3):
            await _pass(door, "d")

    asyncio.run(scene())


async def _pass(door: Door, client: str) -> None:
    async with door.passed(client):
        pass


@pytest.mark.parametrize(
    ("told", "counted"),
    [("198.51.100.7", "198.51.100.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("unix", "unix")],
)
def test_a_client_is_an_address_or_a_network(told: str, counted: str) -> None:
    assert client_of({"client": (told, 1)}) == counted


def test_readers_are_served_while_others_hammer(published: Path) -> None:
    """The small and cheap form of bench/site.py: no error for readers, 503 at worst for the others."""
    with serving(published, is_public=True) as site, ThreadPoolExecutor() as pool:
        of = bench.pages(published / "nianbao.db")
        hostile = pool.submit(lambda: asyncio.run(bench.hammer(site.port, bench.attacks(of), 4, count=3)))
        took, ended = asyncio.run(bench.readers(site.port, of, 4, count=8))
        refused = hostile.result()
        assert len(took) >= 3
        assert set(ended) == {200}
        assert {*refused} <= {200, 400, 403, 404, 414, 503}, refused
        assert site.get("/").status == 200


def test_a_refusal_says_when_to_come_back_and_where_all_of_it_is(site: Site) -> None:
    path = "/nianbao/facts?_sort=text&report__contains="
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: site.get(f"{path}{n}"), range(24)))
    full = [answer for answer in answers if answer.status == 503]
    assert full
    assert {answer.status for answer in answers} <= {200, 400, 503}
    assert all(answer.headers["retry-after"] == "5" and "/data" in answer.text for answer in full)
    assert all("content-security-policy" in answer.headers for answer in full)
