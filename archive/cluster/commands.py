"""`nianbao enqueue`, `work`, `cluster status`, `ship`. What needs the extra `cluster` is imported where it is used."""

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive import lock, registry, warc
from archive.options import Ended, existing, first_capture, folder_of, need_contact, options

if TYPE_CHECKING:
    from archive.cluster.store import Store
    from archive.cluster.todo import Todo

HERE = "here"  # the vantage of who has named none
_EXTRA = ("fsspec", "procrastinate", "psycopg")


def need_extra() -> None:
    if missing := [name for name in _EXTRA if not _is_there(name)]:
        raise Ended(2, f"this needs {', '.join(missing)}: pip install 'nianbao[cluster]'")


def _is_there(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


@contextmanager
def reached() -> "Iterator[Todo]":
    """The list of visits, of the database that NIANBAO_QUEUE names."""
    need_extra()
    from archive.cluster import todo

    try:
        with todo.Todo(_queue()) as found:
            yield found
    except todo.Error as error:
        raise Ended(1, f"the list of visits cannot be reached: {' '.join(str(error).split())}") from None


def _queue() -> str:
    queue = os.environ.get("NIANBAO_QUEUE", "")
    if queue.startswith(("postgresql://", "postgres://")):
        return queue
    raise Ended(
        2, "set NIANBAO_QUEUE to the PostgreSQL database of the cluster: postgresql://nianbao@db.example.org/nianbao"
    )


def _vantage(settings: Mapping[str, str]) -> str:
    return settings.get("NIANBAO_VANTAGE") or os.environ.get("NIANBAO_VANTAGE") or HERE


@click.command()
@click.argument("portals", nargs=-1)
@click.option(
    "--vantage",
    "vantages",
    multiple=True,
    help="Where from; of several, each takes over where the one before is blocked.",
)
@click.option("--recheck", is_flag=True, help="Ask again for all reports and list pages, however lately they were had.")
@options
def enqueue(
    portals: tuple[str, ...],
    vantages: tuple[str, ...],
    recheck: bool,
    registries: tuple[Path, ...],
    only_registry: bool,
    settings: dict[str, str],
    **_: Any,
) -> None:
    """Have PORTALS (code, slug or host; none = all) visited by the workers of a cluster."""
    known = registry.load(registries, bundled=not only_registry)
    chosen = registry.find(portals, known)
    with reached() as found:
        from archive.cluster import todo

        added = found.enqueue(chosen, todo.locks(known.values()), vantages or (_vantage(settings),), recheck)
    click.echo(f"{added} visits wait, {len(chosen) - added} did so before or are being made")


@click.command()
@click.option(
    "--visits", "side_by_side", type=click.IntRange(1, 256), default=4, show_default=True, help="Side by side."
)
@click.option("--store", envvar="NIANBAO_STORE", metavar="URL", help="Where all workers bring what they have received.")
@options
def work(
    side_by_side: int,
    store: str | None,
    data: Path | None,
    registries: tuple[Path, ...],
    only_registry: bool,
    settings: dict[str, str],
) -> None:
    """Make the visits that wait for this vantage, until told to end (Ctrl-C, SIGTERM)."""
    need_contact()
    need_extra()
    from archive import repair
    from archive.cluster import todo
    from archive.cluster.work import Worker

    folder, queue = folder_of(data), _queue()
    todo.lease()
    if path := first_capture(folder, sample=True):
        raise Ended(2, f"{folder} holds sample captures ({path.name}); choose another folder with --data")
    given = {
        "NIANBAO_REGISTRY": os.pathsep.join(str(p.absolute()) for p in registries),
        "NIANBAO_ONLY_REGISTRY": str(int(only_registry)),
    }
    known = registry.load(registries, bundled=not only_registry)
    with lock.locked(folder) as held:
        for line in repair.repair(warc.files(folder)):
            _say(line)
        place = _vantage(settings)
        worker = Worker(queue, place, known, folder, given | settings, held, _store(store) if store else None, _say)
        _say(f"visits for {place}, {side_by_side} side by side, into {folder}")
        worker.run(side_by_side)
    if worker.shortage:
        raise Ended(4, f"{folder}: {worker.shortage}; make room and begin again; nothing that was received is lost")


def _say(line: str) -> None:
    from archive import show

    click.echo(f"nianbao: {show.printable(line)}", err=True)


def _store(url: str) -> "Store":
    need_extra()
    from archive.cluster.store import NotCopied, Store

    try:
        return Store(url)
    except NotCopied as error:
        raise Ended(2, str(error)) from None


@click.command()
@click.argument("store", envvar="NIANBAO_STORE")
@options
def ship(store: str, data: Path | None, **_: Any) -> None:
    """Copy what was received to STORE (a folder, or an address that fsspec knows), and look at what arrived."""
    from archive import repair

    folder, target = existing(data), _store(store)
    with lock.locked(folder):
        for line in repair.repair(warc.files(folder)):
            _say(line)
        copied = _copied(target.ship(warc.files(folder)))
    click.echo(f"{store}: {len(copied)} files copied, {sum(path.stat().st_size for path in copied):,} bytes")


def collect(stores: tuple[str, ...], folder: Path) -> None:
    """Brings what other machines have shipped into a data folder that is locked."""
    for store in stores:
        copied = _copied(_store(store).collect(folder))
        click.echo(f"{store}: {len(copied)} files new here")


def _copied(files: Iterator[Path]) -> list[Path]:
    from archive.cluster.store import NotCopied

    try:
        return list(files)
    except NotCopied as error:
        raise Ended(1, str(error)) from None


@click.command()
@click.argument("what", type=click.Choice(["status"]))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a vantage.")
@options
def cluster(as_json: bool, **_: Any) -> None:
    """How the list of visits stands, by vantage: waiting, offered, running, done and failed in the last week."""
    with reached() as found:
        vantages, visits = found.status()
    if as_json:
        for row in vantages:
            click.echo(json.dumps({**row, "visits": [v for v in visits if v["vantage"] == row["vantage"]]}))
        return
    for row in vantages:
        said = ", ".join(f"{row[name]} {name}" for name in ("waiting", "offered", "running", "done", "failed"))
        click.echo(f"{row['vantage']}: {said}")
    for row in visits:
        word = {"doing": "running"}.get(row["status"], row["status"])
        click.echo(f"{row['portal']} at {row['vantage']}: {word} for {row['seconds']} s, attempt {row['attempts'] + 1}")
