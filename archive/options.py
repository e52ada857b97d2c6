"""What the commands share: how they end, their options, the data folder they are given."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from archive import clock, values, warc


class Ended(Exception):
    """Ends the command with one line and an exit code."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message)
        self.code = code


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command has."""

    @click.option("--data", type=click.Path(path_type=Path), envvar="NIANBAO_DATA", help="The data folder (data/).")
    @click.option(
        "--registry",
        "registries",
        type=click.Path(path_type=Path),
        multiple=True,
        help="Further portals: a TOML file or a folder of them; repeatable.",
    )
    @click.option("--only-registry", is_flag=True, help="Leave the bundled registry out.")
    @click.option("-s", "settings", multiple=True, metavar="NAME=VALUE", help="A Scrapy setting; repeatable.")
    @click.option("--debug", is_flag=True, help="Show tracebacks.")
    @functools.wraps(function)
    def command(debug: bool, **given: Any) -> Any:
        clock.now()  # a wrong NIANBAO_NOW is said before anything is done
        given["settings"] = dict(_setting(s) for s in given["settings"])
        values.check(given["settings"])
        return function(**given)

    return command


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"-s takes NAME=VALUE, not {text!r}")
    if name in ("NIANBAO_DATA", "NIANBAO_REGISTRY", "NIANBAO_ONLY_REGISTRY", "NIANBAO_SAMPLE", "NIANBAO_FENCED"):
        raise click.BadParameter(f"{name} is set by the command's own options")
    return name, value


def folder_of(data: Path | None, default: str = "data") -> Path:
    """The data folder, whole; it need not be there yet."""
    folder = (data or Path(default)).absolute()
    if folder.exists() and not folder.is_dir():
        raise Ended(2, f"{folder} is a file, not a folder; choose another with --data")
    return folder


def existing(data: Path | None) -> Path:
    """The data folder, which must hold an archive."""
    folder = folder_of(data)
    if not (folder / "warc").is_dir():
        raise Ended(2, f"{folder} holds no archive; `nianbao crawl` makes one, --data names another folder")
    return folder


def database(data: Path | None) -> Path:
    """The data folder's database, which must be there."""
    path = folder_of(data) / "nianbao.db"
    if not path.exists():
        raise Ended(2, f"{path} does not exist; `nianbao build` makes it, --data names another folder")
    return path


def first_capture(folder: Path, sample: bool) -> Path | None:
    """A WARC file of the folder that is (or is not) of the sample portals. One file speaks for its folder."""
    from archive import captures

    for path in warc.files(folder)[:1]:
        if any(run.sample is sample for run in captures.load(path.parent.name, [path]).runs):
            return path
    return None


def need_contact() -> None:
    if not os.environ.get("NIANBAO_CONTACT"):
        raise Ended(2, "set NIANBAO_CONTACT to a mail or web address where a portal's people can reach you")


def build_rows(data: Path, full: bool) -> list[str]:
    """Builds database and feeds, and says what is damaged."""
    from archive import build, feeds

    damaged = build.build(data, full)
    feeds.write(data, os.environ.get("NIANBAO_SITE", "").rstrip("/"))
    for line in damaged:
        click.echo(f"nianbao: {line}; `nianbao verify` tells more", err=True)
    return damaged
