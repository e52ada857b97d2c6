"""What the site offers in bulk: DATA/downloads, written by `nianbao publish` as of the database at that moment.

Each file is made aside and put in place whole, so that a reader who is being sent the last one gets all of it.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from archive import csvs, datapackage
from archive.about import about
from archive.output import placed

FOLDER = "downloads"
SUMS = "SHA256SUMS"
FILES = {  # name → what it is
    "nianbao-spreadsheet.zip": "CSV，供表格软件打开，公式已防护 / CSV for spreadsheets, safe against formulas",
    "nianbao-raw.zip": "CSV 原样，供程序读取 / raw CSV, for programs",
    "nianbao-datapackage.zip": "Frictionless 数据包：各列含义、主键、校验和 / data package: meanings, keys, checksums",
    "nianbao-sqlite.zip": "SQLite 数据库，全部数据 / the whole database",
}


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is there to be had. `made` is a POSIX time."""

    name: str
    what: str
    bytes: int
    made: float
    sha256: str


def write(data: Path) -> list[Path]:
    """Writes every file anew and SHA256SUMS; returns them. Raises NotWritten, and Busy where another is at it."""
    folder = data / FOLDER
    paths = [folder / name for name in FILES]
    with ExitStack() as stack:
        spreadsheet, raw, package, whole = (stack.enter_context(placed(path)) for path in paths)
        db = stack.enter_context(csvs.snapshot(data / "nianbao.db", whole.parent))
        found = about(db)
        _zip(whole, whole.parent, [whole.parent / "snapshot.db"], {"snapshot.db": "nianbao.db"})
        tables = spreadsheet.parent / "tables"
        csvs.write(tables, db, "", found, lambda name, rows: None)
        _zip(spreadsheet, tables, sorted(tables.glob("*.*")))
        _zip(raw, tables, [tables / "README.txt", *sorted(tables.glob("raw/*"))])
        datapackage.write(package.parent / "package", db, "", found, lambda name, rows: None)
        files = (path for path in (package.parent / "package").rglob("*") if path.is_file())
        _zip(package, package.parent / "package", sorted(files))
    with placed(folder / SUMS) as sums:
        sums.write_text("".join(f"{_sha256(path)}  {path.name}\n" for path in paths), "utf-8")
    return [*paths, folder / SUMS]


def _zip(target: Path, folder: Path, members: list[Path], renamed: dict[str, str] | None = None) -> None:
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as packed:
        for path in members:
            name = path.relative_to(folder).as_posix()
            packed.write(path, (renamed or {}).get(name, name))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def there(data: Path) -> Iterator[Download]:
    """What can be had now."""
    sums = data / FOLDER / SUMS
    lines = sums.read_text("utf-8").splitlines() if sums.is_file() else []
    known = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    for name, what in FILES.items():
        path = data / FOLDER / name
        if path.is_file():
            stat = path.stat()
            yield Download(name, what, stat.st_size, stat.st_mtime, known.get(name, ""))
