"""The guard of the disk: below a floor of free space no visit begins and none goes on.

The floor has to hold what visits that go on side by side may still receive, and the build that follows them.
"""

import errno
import os
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archive import values

FLOOR = "1G"  # where NIANBAO_MIN_FREE says nothing; "0" turns the guard off


def free(folder: Path) -> int:
    """Bytes that may still be written to the file system of a folder."""
    return shutil.disk_usage(folder).free


def is_full(error: BaseException | None) -> bool:
    """Whether a write failed for want of room."""
    no_room = getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT)
    return no_room or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL


def shortage(folder: Path, settings: Mapping[str, Any]) -> str:
    """What to say where less than NIANBAO_MIN_FREE is free, a setting or a variable of the environment; "" else."""
    floor = settings.get("NIANBAO_MIN_FREE") or os.environ.get("NIANBAO_MIN_FREE") or FLOOR
    left = free(folder)
    if left >= values.size(str(floor)):
        return ""
    return f"the disk is nearly full: {left / (1 << 20):,.1f} MB free, less than {floor} (NIANBAO_MIN_FREE)"
