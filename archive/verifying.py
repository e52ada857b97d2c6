"""`nianbao verify`: what is wrong with the archive, line by line."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from archive.options import Ended, existing, options


def _percent(_: click.Context, __: click.Parameter, given: str | None) -> float | None:
    if given is None:
        return None
    try:
        percent = float(given.removesuffix("%"))
    except ValueError:
        percent = 0
    if not 0 < percent <= 100:
        raise click.BadParameter(f"{given!r} is no percentage, such as 1%")
    return percent


@click.command("verify")
@click.option(
    "--sample", metavar="PERCENT", callback=_percent, help="Read so much of it (1%), each night another part."
)
@options
def verify(sample: float | None, data: Path | None, **_: Any) -> int:
    """Every WARC record, its line in the index, every database row's capture."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    from archive import metrics, show
    from archive.verify import Verification, tonight

    folder, console = existing(data), Console(stderr=True)
    columns = BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        given = tonight(sample) if sample else None
        verification = Verification(folder, given, lambda read: progress.advance(task, read))
        progress.update(task, total=verification.bytes)
        wrong = 0
        for line in verification.problems():
            click.echo(show.printable(line))
            wrong += 1
    for line in verification.said():
        click.echo(line)
    with suppress(OSError):  # of an archive that may only be read
        metrics.write_verified(folder, wrong)
    if wrong:
        raise Ended(1, f"things that are wrong: {wrong}; restore files that are named above from a copy")
    click.echo("nothing is wrong")
    return 0
