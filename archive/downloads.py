"""What the site offers in bulk, of the public copy: made anew by each `nianbao publish`."""

import hashlib
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from archive import csvs, datapackage
from archive.about import about

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


def write(data: Path) -> None:
    """Writes every file, and SHA256SUMS, of the public copy in a folder."""
    folder, database = data / FOLDER, data / "nianbao.db"
    folder.mkdir()
    spreadsheet, raw, package, whole = (folder / name for name in FILES)
    with (
        closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db,
        TemporaryDirectory(dir=data) as scratch,
    ):
        tables, packed, found = Path(scratch) / "tables", Path(scratch) / "package", about(db)
        csvs.write(tables, db, "", found, lambda name, rows: None)
        _zip(spreadsheet, tables, tables.glob("*.*"))
        _zip(raw, tables, [tables / "README.txt", *tables.glob("raw/*")])
        datapackage.write(packed, db, "", found, lambda name, rows: None)
        _zip(package, packed, (path for path in packed.rglob("*") if path.is_file()))
    _zip(whole, data, [database])
    sums = (f"{_sha256(folder / name)}  {name}\n" for name in FILES)
    (folder / SUMS).write_text("".join(sums), "utf-8")


def _zip(target: Path, folder: Path, members: Iterator[Path] | list[Path]) -> None:
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(members):
            packed.write(path, path.relative_to(folder).as_posix())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_of(data: Path) -> Path:
    """Where the files are: beside the public copy, which the site of an operator has in a folder below its own."""
    return data / "public" / FOLDER if (data / "public").is_dir() else data / FOLDER


def there(data: Path) -> Iterator[Download]:
    """What can be had now."""
    folder = folder_of(data)
    sums = folder / SUMS
    lines = sums.read_text("utf-8").splitlines() if sums.is_file() else []
    known = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    for name, what in FILES.items():
        path = folder / name
        if path.is_file():
            stat = path.stat()
            yield Download(name, what, stat.st_size, stat.st_mtime, known.get(name, ""))
