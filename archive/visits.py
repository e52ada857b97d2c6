"""Sends the crawler out: one Scrapy child process for each portal, so that none of them can take another with it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from archive import durable
from archive.model import Portal

AT_ONCE = 4  # visits side by side; each waits seconds between two requests and talks to hosts of its own


def send(
    portals: Sequence[Portal],
    data: Path,
    settings: Mapping[str, str],
    environment: Mapping[str, str],
    held: Sequence[int] = (),
) -> None:
    """Visits all portals. What came of it stands in the archive; the crawler's log in DATA/logs/<code>.log.

    The children hold the files `held`, too: the lock on the data folder, so that no other run begins before they have
    ended, if this process is killed.
    """
    durable.make_folder(data / "warc")  # of visits side by side one may make it, and another write before it is synced
    (data / "logs").mkdir(exist_ok=True)
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=16), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def visit(portal: Portal) -> None:
            if not console.is_terminal:
                console.print(f"visiting {portal.name} ({portal.code}) {portal.home}", soft_wrap=True, highlight=False)
            try:
                _visit(portal, data, settings, environment, progress, held)
            except OSError as error:
                console.print(f"nianbao: {portal.name} ({portal.code}): {error}", soft_wrap=True, highlight=False)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(visit, portals))


def _visit(
    portal: Portal,
    data: Path,
    settings: Mapping[str, str],
    environment: Mapping[str, str],
    progress: Progress,
    held: Sequence[int],
) -> None:
    task = progress.add_task(f"{portal.name}", total=None)
    log = data / "logs" / f"{portal.code}.log"
    given = {"NIANBAO_DATA": str(data), "NIANBAO_PROGRESS": "1", "LOG_FILE": str(log), **settings}
    command = [sys.executable, "-m", "scrapy", "crawl", "reports", "-a", f"portal={portal.code}"]
    for name, value in given.items():
        command += ["-s", f"{name}={value}"]
    env = {**os.environ, **environment, "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
    with (
        log.open("ab") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=env, text=True, pass_fds=held) as child,
    ):
        assert child.stdout
        _follow(child.stdout, portal, progress, task)
    progress.update(task, total=1, completed=1)


def _follow(lines: Iterable[str], portal: Portal, progress: Progress, task: TaskID) -> None:
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):  # something else that the child printed
            so_far = json.loads(line)
            description = f"{portal.name}  captures {so_far['captures']}, bytes {so_far['bytes']:,}"
            progress.update(task, description=description)
