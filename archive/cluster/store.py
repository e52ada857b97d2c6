"""A place that several machines reach (fsspec: a shared folder, S3, SFTP, …), to which finished WARC files are copied.

    STORE/<code>/<file>.<SHA-256 of the WARC file>.warc.gz
    STORE/<code>/<file>.<SHA-256 of the WARC file>.jsonl     its index

A name says what the file must hold, so a copy is checked by its name alone, and made again where it is torn.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fsspec

from archive import durable, lock, warc

_NAME = re.compile(r"([\w-]+)\.([0-9a-f]{64})\.warc\.gz")
_CODE = re.compile(r"[0-9]{6}")
_PIECE = 1 << 20


class NotCopied(Exception):
    """A file could not be copied. The text says which, and why."""


class Store:
    """Where finished WARC files of all workers come together."""

    def __init__(self, url: str) -> None:
        """Raises NotCopied for an address that nothing knows how to reach."""
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise NotCopied(f"store {url}: {error}") from None
        self._url = url

    def ship(self, files: Iterable[Path]) -> Iterator[Path]:
        """Copies files of a data folder that are not there yet, but for those still being written; yields them.

        Raises NotCopied.
        """
        there: dict[str, dict[tuple[str, int], str]] = {}
        for path in files:
            code = path.parent.name
            if lock.is_held(path):
                continue
            if code not in there:
                there[code] = {(stem, size): sha256 for stem, sha256, size in self._list(code)}
            if (_stem(path), path.stat().st_size) in there[code]:
                continue
            self._ship(path, code)
            yield path

    def _ship(self, path: Path, code: str) -> None:
        sha256 = _digest(path)
        target = f"{self._root}/{code}/{_stem(path)}.{sha256}"
        index = warc.index_path(path)
        with _said(path, self._url):
            self._files.makedirs(f"{self._root}/{code}", exist_ok=True)
            if index.exists():  # it goes first: where the WARC file is, all is
                self._files.put_file(str(index), f"{target}.jsonl")
                if self._files.cat_file(f"{target}.jsonl") != index.read_bytes():
                    raise NotCopied(f"{index}: another file than was sent arrived in {self._url}")
            self._files.put_file(str(path), f"{target}.warc.gz")
            with self._files.open(f"{target}.warc.gz", "rb") as copy:
                arrived = _sha256(copy)
        if arrived != sha256:
            raise NotCopied(f"{path}: another file than was sent arrived in {self._url}")

    def collect(self, data: Path, codes: Iterable[str] = ()) -> Iterator[Path]:
        """Copies into a data folder what it lacks, of some portals or of all; yields the files. Raises NotCopied."""
        for code in codes or self._codes():
            for stem, sha256, size in self._list(code):
                path = data / "warc" / code / f"{stem}.warc.gz"
                if not path.exists():
                    self._collect(path, sha256)
                    yield path
                elif path.stat().st_size != size:
                    raise NotCopied(f"{path} is {path.stat().st_size} bytes, its copy in {self._url} {size}")
                elif not warc.index_path(path).exists():
                    self._collect_index(path, sha256)

    def _collect(self, path: Path, sha256: str) -> None:
        source = f"{self._root}/{path.parent.name}/{_stem(path)}.{sha256}.warc.gz"
        aside = path.with_suffix(".part")
        durable.make_folder(path.parent)
        with _said(path, self._url):
            self._files.get_file(source, str(aside))
        if _digest(aside) != sha256:
            aside.unlink()
            raise NotCopied(f"{self._url}/{path.parent.name}: {_stem(path)} is not what its name says; ship it again")
        durable.sync(aside)
        os.replace(aside, path)
        durable.sync(path.parent)
        self._collect_index(path, sha256)

    def _collect_index(self, path: Path, sha256: str) -> None:
        """A file without an index is read all the same; one that was given has to come whole."""
        source = f"{self._root}/{path.parent.name}/{_stem(path)}.{sha256}.jsonl"
        index = warc.index_path(path)
        with _said(path, self._url):
            if not self._files.exists(source):
                return
            self._files.get_file(source, str(index.with_suffix(".part")))
        durable.sync(index.with_suffix(".part"))
        os.replace(index.with_suffix(".part"), index)
        durable.sync(path.parent)

    def _codes(self) -> list[str]:
        return [code for code in map(_last, self._ls(self._root)) if _CODE.fullmatch(code)]

    def _list(self, code: str) -> list[tuple[str, str, int]]:
        """(file, SHA-256, bytes) of all WARC files of a portal."""
        found = [(_NAME.fullmatch(_last(entry)), entry["size"]) for entry in self._ls(f"{self._root}/{code}")]
        return sorted((name[1], name[2], size) for name, size in found if name)

    def _ls(self, folder: str) -> list[dict[str, Any]]:
        with _said(Path(folder), self._url):
            self._files.invalidate_cache(folder)
            try:
                return list(self._files.ls(folder, detail=True))
            except FileNotFoundError:
                return []


@contextlib.contextmanager
def _said(path: Path, url: str) -> Iterator[None]:
    """Whatever a file system of whoever's making raises becomes NotCopied."""
    try:
        yield
    except NotCopied:
        raise
    except Exception as error:
        raise NotCopied(f"{path}: {url}: {type(error).__name__}: {error}") from error


def _last(entry: dict[str, Any]) -> str:
    return str(entry["name"]).rstrip("/").rpartition("/")[2]


def _stem(path: Path) -> str:
    return path.name.removesuffix(".warc.gz")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return _sha256(file)


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
