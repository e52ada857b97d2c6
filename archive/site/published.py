"""The public copy as Datasette sees it: a file that never changes, behind a pointer that `nianbao publish` moves."""

# Datasette comes without types:
# mypy: disable-error-code="import-untyped"

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from datasette.database import Database

_open = threading.local()


class Published(Database):  # type: ignore[misc]
    """Each thread opens the copy that the pointer leads to now, and lets go of the one before."""

    def edition(self) -> tuple[int, int]:
        stat = Path(self.path).stat()
        return stat.st_ino, stat.st_mtime_ns

    async def execute_fn(self, fn: Callable[[Any], Any]) -> Any:
        def in_thread() -> Any:
            edition = self.edition()
            if getattr(_open, "edition", None) != edition:
                if hasattr(_open, "connection"):
                    self._all_file_connections.remove(_open.connection)
                    _open.connection.close()
                _open.connection, _open.edition = self.connect(), edition
                self.ds._prepare_connection(_open.connection, self.name)
                self._cached_table_counts = self.cached_size = None
            return fn(_open.connection)

        return await asyncio.get_running_loop().run_in_executor(self.ds.executor, in_thread)


def follow(datasette: Datasette) -> None:
    """Has Datasette follow the pointer."""
    before = datasette.get_database("nianbao")
    after = Published(datasette, before.path, is_mutable=False)
    after.name, after.route = before.name, before.route
    datasette.databases = {**datasette.databases, before.name: after}
    before.close()
