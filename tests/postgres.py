"""A PostgreSQL of the tests' own, from Debian's package: an unprivileged one on a socket, thrown away in the end.

Without the package these tests are skipped, and say so; where CI runs they fail.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

DEBIAN = Path("/usr/lib/postgresql")


def program(name: str) -> str:
    found = sorted(DEBIAN.glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or _missing()


def _missing() -> NoReturn:
    reason = "needs PostgreSQL: apt-get install postgresql"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


class Server:
    """PostgreSQL, and a database in it."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._user: str | None = None
        if os.geteuid() == 0:  # it refuses to run as root
            self._user = "nobody"
            shutil.chown(folder, self._user)
        self._run("initdb", "--auth=trust", "--username=nianbao", "--no-sync", "--encoding=UTF8", "--locale=C")
        self.conninfo = f"postgresql://nianbao@/postgres?host={folder}"
        self._options = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=200"
        self._log = str(folder / "log")

    def start(self) -> None:
        self._run("pg_ctl", "start", "--wait", "--log", self._log, "--options", self._options)

    def stop(self, how: str = "immediate") -> None:
        """`immediate`: as after a crash."""
        self._run("pg_ctl", "stop", "--wait", "--mode", how)

    def empty(self) -> None:
        """Takes all tables away."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")

    def _run(self, name: str, *arguments: str) -> None:
        user = {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []} if self._user else {}
        command = [program(name), "--pgdata", str(self._data), *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False, **user)
        assert done.returncode == 0, done.stderr.decode()


@contextmanager
def server() -> Iterator[Server]:
    program("initdb")
    folder = Path(tempfile.mkdtemp(prefix="nianbao-pg-"))  # short, as the path of a socket must be
    made = Server(folder)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)
