"""Imported by each Python process of a command under test: notes what it does to files, or lets one such call fail.

NIANBAO_SHIM names the folder that is watched, NIANBAO_SHIM_LOG a file of JSON lines, NIANBAO_SHIM_FAULT is JSON of
which call fails, and how. `open` becomes that of _pyio, which does all it does through the os module. What
SQLite writes is not seen: a transaction that it has committed counts as synced, as its documentation says.
"""

import _pyio
import base64
import builtins
import errno
import functools
import io
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_ROOM = str(Path(__file__).parent.parent.parent) + os.sep
_OURS = (_ROOM + "archive" + os.sep, _ROOM + "crawler" + os.sep)
_ROOT = os.environ.get("NIANBAO_SHIM", "/nowhere") + os.sep
_LOG = os.environ.get("NIANBAO_SHIM_LOG", "")
_FAULT = json.loads(os.environ.get("NIANBAO_SHIM_FAULT", "null"))
_real = {name: getattr(os, name) for name in ("open", "write", "close", "lseek", "fstat", "path")}
_open_files: dict[int, str] = {}
_log: list[int] = []


def _site(op: str) -> str:
    """The call, and our innermost lines that led to it; "" where none of them is ours."""
    frame, lines = sys._getframe(2), []
    while frame and len(lines) < 4:
        code = frame.f_code
        if code.co_filename.startswith(_OURS):
            lines.append(f"{code.co_filename.removeprefix(_ROOM)}:{frame.f_lineno}")
        frame = frame.f_back
    return f"{op} < {' < '.join(lines)}" if lines else ""


def _note(**event: Any) -> None:
    if not _LOG:
        return
    if not _log:
        _log.append(_real["open"](_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
    _real["write"](_log[0], json.dumps(event).encode() + b"\n")


def _fail(site: str) -> None:
    """Raises at the chosen call, once in all processes: a file for each call that came before is the count."""
    if not _FAULT or site != _FAULT["site"]:
        return
    number = 0
    while True:
        try:
            _real["close"](_real["open"](f"{_FAULT['count']}.{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            number += 1
    if number == _FAULT["number"]:
        code = getattr(errno, _FAULT["errno"])
        raise OSError(code, os.strerror(code))


def _is_watched(path: Any) -> bool:
    return isinstance(path, (str, os.PathLike)) and (os.path.abspath(path) + os.sep).startswith(_ROOT)


def _os_open(path: Any, flags: int, *given: Any, **named: Any) -> int:
    if not _is_watched(path):
        return _real["open"](path, flags, *given, **named)
    path = os.path.abspath(path)
    site, is_new = _site("open"), flags & os.O_CREAT and not os.path.lexists(path)
    _fail(site)
    descriptor = _real["open"](path, flags, *given, **named)
    _open_files[descriptor] = path
    _note(op="create" if is_new else "open", path=path, site=site, writes=bool(flags & (os.O_WRONLY | os.O_RDWR)))
    if flags & os.O_TRUNC and not is_new:
        _note(op="truncate", path=path, size=0, site="")
    return descriptor


def _os_close(descriptor: int) -> None:
    _open_files.pop(descriptor, None)
    _real["close"](descriptor)


def _os_write(descriptor: int, content: Any) -> int:
    path = _open_files.get(descriptor)
    if not path:
        return _real["write"](descriptor, content)
    site = _site("write")
    _fail(site)
    written = _real["write"](descriptor, content)
    start = _real["lseek"](descriptor, 0, os.SEEK_CUR) - written
    _note(op="write", path=path, at=start, content=base64.b64encode(bytes(content)[:written]).decode(), site=site)
    return written


def _of_file(op: str, real: Callable[..., Any], target: Any, *given: Any) -> Any:
    """fsync, truncate and their kin, of a descriptor or a path."""
    descriptor = target if isinstance(target, int) else target.fileno() if hasattr(target, "fileno") else None
    path = _open_files.get(descriptor) if descriptor is not None else os.path.abspath(target)
    if not path or not (path + os.sep).startswith(_ROOT):
        return real(target, *given)
    site = _site(op)
    _fail(site)
    answer = real(target, *given)
    _note(op=op, path=path, site=site, **({"size": given[0]} if op == "truncate" else {}))
    return answer


def _of_name(op: str, real: Callable[..., Any], path: Any, *given: Any, **named: Any) -> Any:
    """mkdir, unlink, replace and their kin."""
    if not _is_watched(path) or named.get("dir_fd") is not None:
        return real(path, *given, **named)
    site = _site(op)
    _fail(site)
    answer = real(path, *given, **named)
    _note(
        op=op, path=os.path.abspath(path), site=site, **({"to": os.path.abspath(given[0])} if op == "replace" else {})
    )
    return answer


def _any_open(real: Callable[..., Any], file: Any, *given: Any, **named: Any) -> Any:
    return (_pyio.open if _is_watched(file) else real)(file, *given, **named)


def _print(real: Callable[..., Any], *given: Any, **named: Any) -> None:
    real(*given, **named)
    if given and str(given[0]).startswith('{"captures"'):
        _note(op="said", url=json.loads(given[0])["url"], site="")


class _Connection(sqlite3.Connection):
    """Notes the content of the database whenever a transaction has ended that changed it."""

    def __init__(self, path: Any, *given: Any, **named: Any) -> None:
        is_new = _is_watched(path) and not os.path.exists(path)
        super().__init__(path, *given, **named)
        self._path = os.path.abspath(path) if _is_watched(path) else ""
        self._was = b"" if is_new else self._content()[24:28]
        if is_new:
            _note(op="create", path=self._path, site="")

    def _content(self) -> bytes:
        try:
            descriptor = _real["open"](self._path or os.devnull, os.O_RDONLY)
        except FileNotFoundError:
            return b""
        try:
            return os.read(descriptor, 1 << 30)
        finally:
            _real["close"](descriptor)

    def _look(self) -> None:
        if self._path and _LOG and not self.in_transaction and (content := self._content())[24:28] != self._was:
            self._was = content[24:28]
            _note(op="content", path=self._path, content=base64.b64encode(content).decode(), site="")

    def execute(self, *given: Any) -> Any:
        answer = super().execute(*given)
        self._look()
        return answer

    def executescript(self, *given: Any) -> Any:
        answer = super().executescript(*given)
        self._look()
        return answer

    def commit(self) -> None:
        super().commit()
        self._look()

    def __exit__(self, *given: Any) -> Any:
        answer = super().__exit__(*given)
        self._look()
        return answer

    def close(self) -> None:
        self._look()
        super().close()


def _connect(real: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return real(*given, **{"factory": _Connection, **named})


if "NIANBAO_SHIM" in os.environ:
    os.open, os.close, os.write = _os_open, _os_close, _os_write
    for op, names in {"fsync": ("fsync", "fdatasync"), "truncate": ("truncate", "ftruncate")}.items():
        for name in names:
            setattr(os, name, functools.partial(_of_file, op, getattr(os, name)))
    for op, names in {"mkdir": ("mkdir",), "unlink": ("unlink", "remove"), "replace": ("replace", "rename")}.items():
        for name in names:
            setattr(os, name, functools.partial(_of_name, op, getattr(os, name)))
    io.open = functools.partial(_any_open, io.open)
    builtins.print = functools.partial(_print, builtins.print)
    builtins.open = io.open
    sqlite3.connect = sqlite3.dbapi2.connect = functools.partial(_connect, sqlite3.connect)
