"""What people have settled: TOML files kept in git, which builds obey. The archive stays as it is.

["sha1:3I42H3S6…"]                     # documents.digest
by = "李明"
date = 2026-11-21
why = "read from the scan, page 3"
["sha1:3I42H3S6…".cells]
"disclosure.rules.newly_made" = "0"    # as printed; "" where the cell is blank
"""

import datetime
import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

Decisions = Mapping[str, Mapping[str, str]]  # digest → item → text

_DIGEST = re.compile("sha1:[A-Z2-7]{32}")
_TYPES: dict[str, type] = {"by": str, "date": datetime.date, "why": str, "cells": dict}


class DecisionError(ValueError):
    """An entry is not as it must be. The text names file, digest and key."""


def load(data: Path) -> Decisions:
    """The bundled decisions and those of the data folder; a later entry replaces an earlier. Raises DecisionError."""
    return {name: _cells(where, entry) for where, name, entry in entries(sources(data), _TYPES)}


def sources(data: Path, name: str = "decisions.toml") -> list[Path]:
    """The bundled file of this name, and that of the data folder."""
    return [path for path in (Path(str(files("archive"))) / name, data / name) if path.is_file()]


def entries(paths: Iterable[Path], types: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(where it stands, payload digest, what it says) of each table; `types` are its keys. Raises DecisionError."""
    for path in paths:
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DecisionError(f"{path}: {error}") from None
        for name, entry in tables.items():
            _check(f"{path}, [{name}]", name, entry, types)
            yield f"{path}, [{name}]", name, entry


def _check(where: str, name: str, entry: Any, types: Mapping[str, Any]) -> None:
    if not _DIGEST.fullmatch(name) or not isinstance(entry, dict):
        raise DecisionError(f'{where}: a table is named by the payload digest of a document, "sha1:" and 32 letters')
    for key in entry:
        if key not in types:
            raise DecisionError(f"{where}: unknown key {key!r}; known are {', '.join(types)}")
    for key, kind in types.items():
        if not isinstance(entry.get(key), kind):
            raise DecisionError(f"{where}: {key} is missing or has the wrong type")


def _cells(where: str, entry: dict[str, Any]) -> Mapping[str, str]:
    for item, text in entry["cells"].items():
        if item not in _items() and not item.startswith("local."):
            raise DecisionError(f"{where}: no form has an item {item!r} (the dots in it must stand in quotes)")
        if not isinstance(text, str):
            raise DecisionError(f"{where}: {item} is settled by its text as printed, in quotes")
    return dict(entry["cells"])


@functools.cache
def _items() -> frozenset[str]:
    from parsers import form  # which the command does not need to tell of a mistake

    return frozenset(item.item for one in form.forms() for item in form.items(one.name))
