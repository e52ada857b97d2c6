"""`nianbao publish`: DATA/public, which the public site shows, made aside, tried, and put in place in one step.

DATA/public is a pointer to a folder of DATA/published. A server that follows it shows the old copy until the very
moment in which the pointer is moved, and the new one from then on; the copy before stays, to go back to.
"""

import os
import shutil
from pathlib import Path
from typing import Any

import click

from archive import clock, durable, lock
from archive.options import Ended, database, options

_KEPT = 2  # copies: the one that is shown and the one before


@click.command("publish")
@options
def publish(data: Path | None, **_: Any) -> None:
    """Make DATA/public: the public copy of the database as it is now, its feeds, its files for download."""
    for path in sorted(make(database(data).parent).rglob("*")):
        if path.is_file() and path.suffix not in (".atom", ".json"):
            click.echo(f"{path}: {path.stat().st_size:,} bytes")


def make(data: Path) -> Path:
    """Makes the public copy and shows it; returns its folder. Raises Ended where it is not fit, and nothing changes."""
    from archive import downloads, feeds, public, smoke, withheld
    from archive.output import NotWritten, placed

    entries, folder = withheld.load(data), data / "published"
    try:
        with lock.locked(folder):
            target = _new(folder)
            with placed(target) as whole:
                whole.mkdir()
                for line in public.copy(data / "nianbao.db", whole / "nianbao.db", entries):
                    click.echo(f"nianbao: {line}", err=True)
                downloads.write(whole)
                feeds.write(whole, os.environ.get("NIANBAO_SITE", "").rstrip("/"))
                if wrong := smoke.problems(whole):
                    raise Ended(1, f"not published, {'; '.join(wrong)}; what was shown stays")
            _point(data / "public", target)
            for old in sorted(path for path in folder.iterdir() if path.is_dir())[:-_KEPT]:
                shutil.rmtree(old, ignore_errors=True)
    except NotWritten as error:
        raise Ended(1, str(error)) from None
    return data / "public"


def _new(folder: Path) -> Path:
    """A name after all others."""
    stamp = f"{clock.now():%Y%m%dT%H%M%SZ}"
    last = max((path.name for path in folder.iterdir() if path.is_dir()), default="")
    return folder / (stamp if stamp > last else f"{last}.1")


def _point(pointer: Path, target: Path) -> None:
    if pointer.is_dir() and not pointer.is_symlink():
        raise Ended(1, f"{pointer} is a folder, not the pointer that nianbao makes; move it away and publish again")
    aside = pointer.with_name(f".{pointer.name}.part")
    aside.unlink(missing_ok=True)
    aside.symlink_to(target.relative_to(pointer.parent))
    os.replace(aside, pointer)
    durable.sync(pointer.parent)
