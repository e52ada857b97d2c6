"""`nianbao add`: what a person saved by hand, where a portal turns us away, goes into the archive, and is called so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from archive import clock, lock, message, registry
from archive.options import Ended, build_rows, folder_of, options

_FIRST = datetime(2008, 5, 1, tzinfo=UTC)  # the Regulation came into force: there is no earlier report


@click.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--url", required=True, help="Where FILE was saved from.")
@click.option("--portal", default="", help="Whose it is (code, slug or host), where several portals share the host.")
@click.option("--date", "saved", default="", help="When FILE was saved: 2026-03-01 or 2026-03-01T10:00+08:00 (now).")
@options
def add(
    file: Path,
    url: str,
    portal: str,
    saved: str,
    data: Path | None,
    registries: tuple[Path, ...],
    only_registry: bool,
    **_: Any,
) -> int:
    """Put FILE, which a person saved by hand from a portal, into the archive, then build."""
    from archive import add
    from parsers import document

    address, time, content = _address(url), _time(saved), _content(file)
    folder = folder_of(data)
    known = [*registry.load(registries, bundled=not only_registry).values(), *add.archived(folder)]
    chosen = add.choose(known, address, portal)
    given = document.identify(content, address)
    with lock.locked(folder):
        if held := add.held(folder, chosen, given, time):
            click.echo(f"{file} is in the archive already, from {held}; nothing was changed")
            return 0
        path = add.write(folder, chosen, file.name, given, time)
        damaged = build_rows(folder, full=False)
    became, is_part = add.outcome(folder, chosen, given, path)
    if is_part:
        click.echo(f"{chosen.code} {chosen.name}: {add.SAVED}: {became}")
    else:
        click.echo(f"nianbao: {file} is kept ({path.name}), but cannot be read as a report: {became}", err=True)
    return int(not is_part or bool(damaged))


def _address(url: str) -> str:
    from parsers import anchors

    address = anchors.address(url, "") if registry.is_http(url) else None
    if not address:
        raise Ended(2, f"{url!r} is not an http address; --url takes the one that the file was saved from")
    return address


def _time(saved: str) -> datetime:
    """When the file was saved. A day alone is one in China, and stands for 8 o'clock there: the same day in UTC."""
    now = clock.now()
    if not saved:
        return now
    try:
        moment = datetime.fromisoformat(saved)
    except ValueError:
        raise Ended(2, f"--date {saved} is no date; write it as 2026-03-01 or 2026-03-01T10:00+08:00") from None
    if len(saved) == len("2026-03-01"):
        begins = moment.replace(tzinfo=clock.BEIJING)
        moment = begins + timedelta(hours=8) if begins > now else min(begins + timedelta(hours=8), now)
    if moment.tzinfo is None:
        raise Ended(2, f"--date {saved} names no time zone; write it as 2026-03-01T10:00+08:00")
    if not _FIRST <= moment <= now:
        raise Ended(2, f"--date {saved} cannot be: a file was saved before now, and after reports began in 2008")
    return moment


def _content(file: Path) -> bytes:
    if not file.is_file():
        raise Ended(2, f"{file}: there is no such file")
    size = file.stat().st_size
    if not 0 < size <= message.MAX_BODY:
        raise Ended(2, f"{file} holds {size:,} bytes; a file of 1 to {message.MAX_BODY:,} can be added")
    return file.read_bytes()
