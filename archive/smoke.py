"""Whether a public copy is fit to be seen: a server of its own shows each kind of page on loopback."""

import http.client
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from archive import downloads, serve

_FIXED = ("/", "/compare", "/events", "/checks", "/status", "/data", "/data/dictionary", "/about", "/robots.txt")
_PATIENCE = 60  # seconds for the server to come up, and for a page
_STOPS = ("/-/versions", "/nianbao?sql=select+1", "/nianbao.db")  # what must not be had


def problems(data: Path) -> list[str]:
    """What is wrong with the public copy in a folder, a line each."""
    with closing(sqlite3.connect(f"{(data / 'nianbao.db').as_uri()}?mode=ro", uri=True)) as db:
        (state,) = db.execute("pragma quick_check(1)").fetchone()
        whole = "current and id not in (select report from withheld)"
        report = db.execute(f"select id, portal, title from reports where {whole} limit 1").fetchone()  # noqa: S608
        item = db.execute("select item from facts where report = ? limit 1", report[:1]).fetchone() if report else None
    if state != "ok":
        return [f"the database is damaged: {state}"]
    wanted = [
        *_FIXED,
        *(f"/downloads/{name}" for name in (downloads.SUMS,)),
        "/feeds/all.atom",
        "/nianbao/reports.json",
    ]
    if report:
        key = quote(report[0], safe="")
        wanted += [f"/portal/{report[1]}", f"/report/{key}", f"/search?q={quote(report[2][:4])}"]
        wanted += [f"/report/{key}/proof/{quote(item[0], safe='')}"] if item else []
    with _serving(data) as port:
        asked = {path: _status(port, path) for path in (*wanted, *_STOPS)}
    wrong = [f"{path} gives {asked[path]}" for path in wanted if asked[path] != 200]
    return wrong + [f"{path} gives {asked[path]}, and is not to be had" for path in _STOPS if asked[path] == 200]


def _status(port: int, path: str) -> int | str:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({error})"


@contextmanager
def _serving(data: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "datasette", *serve.arguments(data, port, is_public=True)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + _PATIENCE
            while serve.port_is_free("127.0.0.1", port) and server.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()
