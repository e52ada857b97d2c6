"""A disk as a power cut leaves it, from what the processes of a command did to it (tests/shim)."""

import base64
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]


@dataclass
class File:
    """What of a file is synced, and what was done to it since."""

    synced: bytes = b""
    since: list[Event] = field(default_factory=list)

    def left(self, chance: random.Random) -> bytes:
        """Of what is not synced all, nothing or a part is there; the last write torn, or its beginning or all zeros."""
        done = chance.choice([0, len(self.since), chance.randint(0, len(self.since))])
        content = _applied(self.synced, self.since[:done])
        if done < len(self.since) and (torn := self.since[done])["op"] == "write":
            piece = torn["content"]
            lost = chance.randrange(len(piece) + 1)
            part = chance.choice([b"", piece[:lost], bytes(lost) + piece[lost:], bytes(len(piece))])
            content = _written(content, torn["at"], part)
        return content


class Disk:
    """Names and files. A name stays once the folder that it stands in was synced; until then it may be as before."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._now: dict[Path, File | None] = {}  # None: a folder
        self._named: dict[Path, File | None] = {}  # what a power cut leaves for certain
        self._renamed: dict[Path, list[tuple[Path, File | None, bool]]] = {}  # folder → changes of names since its sync

    def happens(self, event: Event) -> None:
        path = Path(event["path"])
        match event["op"]:
            case "create":
                self._name(path, File())
            case "mkdir":
                self._name(path, None)
            case "unlink":
                self._name(path, self._now[path], is_there=False)
            case "replace":
                self._name(Path(event["to"]), self._now[path])
                self._name(path, self._now[path], is_there=False)
            case "content":
                self._now[path] = self._file(path)
                self._file(path).synced, self._file(path).since[:] = event["content"], []
            case "write" | "truncate":
                self._file(path).since.append(event)
            case "fsync" if self._now.get(path) is None:
                for name, file, is_there in self._renamed.pop(path, []):
                    _rename(self._named, name, file, is_there)
            case "fsync":
                file = self._file(path)
                file.synced, file.since = _applied(file.synced, file.since), []

    def left(self, chance: random.Random) -> dict[str, bytes | None]:
        """What a power cut at this moment leaves: name → content, None of a folder."""
        there = dict(self._named)
        for changes in self._renamed.values():
            done = chance.choice([0, len(changes), chance.randint(0, len(changes))])
            for change in changes[:done]:
                _rename(there, *change)
        found = {path: file and file.left(chance) for path, file in there.items()}
        return {str(p.relative_to(self._root)): found[p] for p in sorted(found) if self._hangs(p, there)}

    def _hangs(self, path: Path, there: dict[Path, File | None]) -> bool:
        """Whether all folders above it are there."""
        return all(above in there for above in path.parents if self._root in above.parents)

    def _file(self, path: Path) -> File:
        file = self._now[path]
        assert file is not None, path
        return file

    def _name(self, path: Path, file: File | None, is_there: bool = True) -> None:
        _rename(self._now, path, file, is_there)
        self._renamed.setdefault(path.parent, []).append((path, file, is_there))


def _rename(names: dict[Path, File | None], path: Path, file: File | None, is_there: bool) -> None:
    if is_there:
        names[path] = file
    else:
        names.pop(path, None)


def _applied(content: bytes, events: Iterable[Event]) -> bytes:
    for event in events:
        if event["op"] == "truncate":
            content = content[: event["size"]].ljust(event["size"], b"\0")
        else:
            content = _written(content, event["at"], event["content"])
    return content


def _written(content: bytes, at: int, piece: bytes) -> bytes:
    content = content.ljust(at, b"\0") if piece else content
    return content[:at] + piece + content[at + len(piece) :]


def events(log: Path) -> list[Event]:
    noted = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return [{**event, "content": base64.b64decode(event.get("content", ""))} for event in noted]


def put(left: dict[str, bytes | None], root: Path) -> None:
    for name, content in left.items():
        if content is None:
            (root / name).mkdir()
        else:
            (root / name).write_bytes(content)
