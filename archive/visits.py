"""Sends the crawler out: one Scrapy child process for each portal, so that none of them can take another with it."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from archive import disk, durable, registry
from archive.model import Portal

AT_ONCE = 4  # visits side by side; each waits seconds between two requests and talks to hosts of its own
GAP = 3.0  # seconds between two visits of one host, where DOWNLOAD_DELAY says nothing
LOG_SIZE = 256 << 10  # bytes; a visit writes some 10 KB
OLD_LOGS = 3
ENVIRONMENT = {"SCRAPY_SETTINGS_MODULE": "crawler.settings"}


def send(
    portals: Sequence[Portal],
    data: Path,
    settings: Mapping[str, str],
    environment: Mapping[str, str],
    held: Sequence[int] = (),
) -> str:
    """Visits all portals; returns why not all of them, where the disk is nearly full, or "".

    What came of it stands in the archive; the crawler's log in DATA/logs/<code>.log. The children hold the files
    `held`, too: the lock on the data folder, so that no other run begins before they have ended, if this process is
    killed.
    """
    durable.make_folder(data / "warc")  # of visits side by side one may make it, and another write before it is synced
    (data / "logs").mkdir(exist_ok=True)
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=16), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def say(line: str) -> None:
            console.print(line, soft_wrap=True, highlight=False)

        def visit(group: Sequence[Portal]) -> str:
            for number, portal in enumerate(group):
                if number:
                    time.sleep(float(settings.get("DOWNLOAD_DELAY", GAP)))
                if shortage := disk.shortage(data, settings):
                    return shortage
                if not console.is_terminal:
                    say(f"visiting {portal.name} ({portal.code}) {portal.home}")
                try:
                    _visit(portal, data, settings, environment, progress, held)
                except OSError as error:
                    say(f"nianbao: {portal.name} ({portal.code}): {error}")
            return disk.shortage(data, settings)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return next(filter(None, list(pool.map(visit, by_host(portals)))), "")


def by_host(portals: Iterable[Portal]) -> list[list[Portal]]:
    """Portals that share a host, directly or by a third, in one group: a host must have one visit at a time."""
    groups: list[tuple[set[str], list[Portal]]] = []
    for portal in portals:
        its, members, apart = hosts(portal), [portal], []
        for known, others in groups:
            if known & its:
                its, members = its | known, others + members
            else:
                apart.append((known, others))
        groups = [*apart, (its, members)]
    return [members for _, members in groups]


def hosts(portal: Portal) -> set[str]:
    """Without ports: behind two of them stands one machine."""
    return {urlsplit(f"//{host}").hostname or "" for host in registry.allowed_hosts(portal)}


def _visit(
    portal: Portal,
    data: Path,
    settings: Mapping[str, str],
    environment: Mapping[str, str],
    progress: Progress,
    held: Sequence[int],
) -> None:
    task = progress.add_task(f"{portal.name}", total=None)
    log = log_of(portal, data)
    given = command(portal, data, {"NIANBAO_PROGRESS": "1", **settings})
    env = {**os.environ, **environment, **ENVIRONMENT}
    with (
        log.open("ab") as errors,
        subprocess.Popen(given, stdout=subprocess.PIPE, stderr=errors, env=env, text=True, pass_fds=held) as child,
    ):
        assert child.stdout
        _follow(child.stdout, portal, progress, task)
    progress.update(task, total=1, completed=1)


def command(portal: Portal, data: Path, settings: Mapping[str, str]) -> list[str]:
    """What one visit is to the system; with ENVIRONMENT."""
    given = {"NIANBAO_DATA": str(data), "LOG_FILE": str(data / "logs" / f"{portal.code}.log"), **settings}
    start = [sys.executable, "-m", "scrapy", "crawl", "reports", "-a", f"portal={portal.code}"]
    return start + [word for name, value in given.items() for word in ("-s", f"{name}={value}")]


def log_of(portal: Portal, data: Path) -> Path:
    """The log that a visit adds to, not too long by now."""
    log = data / "logs" / f"{portal.code}.log"
    _turn(log)
    return log


def _turn(log: Path) -> None:
    """Puts a long log aside, as <code>.log.1, and the oldest away."""
    if log.exists() and log.stat().st_size > LOG_SIZE:
        handler = RotatingFileHandler(log, backupCount=OLD_LOGS, delay=True)
        handler.doRollover()
        handler.close()


def _follow(lines: Iterable[str], portal: Portal, progress: Progress, task: TaskID) -> None:
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # something else that the child printed
            so_far = json.loads(line)
            description = f"{portal.name}  captures {so_far['captures']}, bytes {so_far['bytes']:,}"
            progress.update(task, description=description)
