"""The tables as a Frictionless Data Package: raw CSV, what each column means, keys, and a checksum for each file."""

import csv
import gzip
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

from archive import csvs, dictionary, tables
from archive.about import LICENCE, PACKAGE, SOFTWARE, About, readme
from archive.output import Hashed

_TYPES = {str: "string", int: "integer", float: "number"}


def write(folder: Path, db: sqlite3.Connection, code: str, found: About, step: csvs.Step) -> None:
    """Fills a new folder: datapackage.json, data/*.csv.gz, README.txt, SHA256SUMS."""
    (folder / "data").mkdir(parents=True)
    resources = [_resource(folder, db, name, code, step) for name in csvs.NAMES]
    sums = {resource["path"]: resource["hash"].removeprefix("sha256:") for resource in resources}
    package = json.dumps(_package(db, code, found, resources), ensure_ascii=False, indent=2) + "\n"
    about = readme(found, PACKAGE, csvs.NAMES)
    for name, text in (("datapackage.json", package), ("README.txt", about)):
        sums[name] = _written(folder / name, text)
    _written(folder / "SHA256SUMS", "".join(f"{sha256}  {path}\n" for path, sha256 in sums.items()))


def _written(path: Path, text: str) -> str:
    """The SHA-256 of a text that was written."""
    with path.open("xb") as file:
        hashed = Hashed(file)
        hashed.write(text.encode())
    return hashed.sha256


def _resource(folder: Path, db: sqlite3.Connection, name: str, code: str, step: csvs.Step) -> dict[str, Any]:
    path = f"data/{name}.csv.gz"
    with (folder / path).open("xb") as file:
        hashed = Hashed(file)
        with (
            gzip.GzipFile("", "wb", fileobj=hashed, mtime=0) as packed,
            io.TextIOWrapper(packed, "utf-8", newline="") as text,
        ):
            csv.writer(text).writerows(csvs.rows(db, name, code, step))
    return {
        "profile": "tabular-data-resource",
        "name": name,
        "path": path,
        "description": dictionary.told()[name]["description"],
        "format": "csv",
        "mediatype": "text/csv",
        "compression": "gz",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True},
        "bytes": hashed.bytes,
        "hash": f"sha256:{hashed.sha256}",
        "schema": _schema(name),
    }


def _schema(name: str) -> dict[str, Any]:
    _, columns, key, foreign = (tables.TABLES | tables.VIEWS)[name]
    meanings = dictionary.meanings_of(dictionary.told()[name].get("columns", {}), (), columns)
    return {
        "fields": [
            {"name": column, "type": _TYPES[kind], "description": meanings[column]} for column, kind in columns.items()
        ],
        "missingValues": [""],
        "primaryKey": list(key),
        "foreignKeys": [
            {"fields": [column], "reference": {"resource": table, "fields": [other]}}
            for column, table, other in foreign
        ],
    }


def _package(db: sqlite3.Connection, code: str, found: About, resources: list[dict[str, Any]]) -> dict[str, Any]:
    sql = "select name, home from portals where ?1 in ('', code) and home <> '' order by code"
    return {
        "profile": "tabular-data-package",
        "name": "nianbao",
        "title": found.title,
        "description": "空白不是 0，数字从不更正。 / A blank is not 0; no figure is ever corrected.",
        "created": found.made,
        "version": SOFTWARE.partition("/")[2],
        "licenses": [LICENCE],
        "sources": [{"title": name, "path": home} for name, home in db.execute(sql, [code])],
        "resources": resources,
    }
