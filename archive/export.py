"""`nianbao export`: the archive as WACZ, the data as CSV or as a data package."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from archive import disk, registry, warc
from archive.options import Ended, database, options


@click.command("export")
@click.argument("kind", type=click.Choice(("wacz", "csv", "datapackage")))
@click.argument("dest", type=click.Path(path_type=Path))
@click.option("--portal", default="", help="One portal alone: its code, slug or host.")
@options
def export(kind: str, dest: Path, portal: str, data: Path | None, **_: Any) -> int:
    """Take the archive (wacz, a file) or the data (csv, datapackage, a folder) elsewhere, to DEST."""
    from archive.output import NotWritten

    path, target = database(data), dest.resolve()
    _need_room(target, kind)
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            code = _code(db, portal) if portal else ""
            if kind == "wacz":
                return _archive(path.parent, db, code, target)
        _data(kind, path, code, target)
    except NotWritten as error:
        raise Ended(4 if disk.is_full(error.__cause__) else 1, str(error)) from None
    return 0


def _need_room(target: Path, kind: str) -> None:
    if kind == "wacz" and target.is_dir():
        raise Ended(2, f"{target} is a folder; name a file, such as {target / 'nianbao.wacz'}")
    if target.is_file():
        raise Ended(2, f"{target} is there already; name another {'file' if kind == 'wacz' else 'folder'}")
    if target.is_dir() and any(target.iterdir()):
        raise Ended(2, f"{target} is not empty; name another folder")


def _code(db: sqlite3.Connection, name: str) -> str:
    """The code of a portal by its name, as the archive knows it."""
    found = db.execute("select code, name, slug, home from portals").fetchall()
    portals = {
        row[0]: registry.from_dict(dict(zip(("code", "name", "slug", "home"), row, strict=True))) for row in found
    }
    return registry.find([name], portals)[0].code


def _archive(data: Path, db: sqlite3.Connection, code: str, target: Path) -> int:
    from archive import wacz
    from archive.about import about
    from archive.output import placed

    warcs = [path for path in warc.files(data) if not code or path.parent.name == code]
    found = about(db, code)
    with placed(target) as whole, _progress(sum(path.stat().st_size for path in warcs)) as progress:
        damaged = wacz.write(whole, warcs, db, found, lambda size: progress(size, ""))
    for line in damaged:
        click.echo(f"nianbao: {line}; it is left out", err=True)
    click.echo(f"{target}: {len(warcs)} WARC files, {found.reports} reports, {target.stat().st_size:,} bytes")
    return int(bool(damaged))


def _data(kind: str, path: Path, code: str, target: Path) -> None:
    from archive import csvs, datapackage
    from archive.about import about
    from archive.output import placed

    write = {"csv": csvs.write, "datapackage": datapackage.write}[kind]
    counts: dict[str, int] = {}

    with placed(target) as whole, _progress(len(csvs.NAMES)) as progress:

        def step(name: str, rows: int) -> None:
            progress(int(name not in counts), f"{name}, rows {rows:,}")
            counts[name] = rows

        with csvs.snapshot(path, whole.parent) as db:
            found = about(db, code)
            write(whole, db, code, found, step)
    click.echo(f"{target}: {len(counts)} tables, {found.reports} reports, {counts['facts']:,} facts")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, str], None]]:
    """On a terminal shows how far it is: told how much more is done, and what it is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    parts = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*parts, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("export", total=total)

        def further(done: int, what: str) -> None:
            progress.update(task, advance=done, description=what or "export")

        yield further
