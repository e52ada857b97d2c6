"""The house stands as README draws it: which room may import which, and which room each package lives in."""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "crawler": {"archive", "parsers"},
    "archive": {"parsers"},
    "parsers": set(),
    "sample_portals": set(),
}
# The demo starts the sample portals; nothing else knows of them.
EXCEPTIONS = {("archive/cli.py", "sample_portals")}
PACKAGES = {
    "scrapy": "crawler",
    "twisted": "crawler",
    "tldextract": "crawler",
    "warcio": "archive",
    "sqlite_utils": "archive",
    "datasette": "archive",
    "click": "archive",
    "pebble": "archive",
    "procrastinate": "archive",
    "psycopg": "archive",
    "fsspec": "archive",
    "pygal": "archive",
    "rich": "archive",
    "bs4": "parsers",
    "lxml": "parsers",
    "selectolax": "parsers",
    "trafilatura": "parsers",
    "olefile": "parsers",
    "pypdfium2": "parsers",
    "w3lib": "parsers",
    "rapidocr": "parsers",
    "numpy": "parsers",
    "cv2": "parsers",
    "PIL": "parsers",
    "xlrd": "parsers",
}
OUTSIDE = {"socket", "http", "urllib.request", "sqlite3", "subprocess"}  # what a parser has no business with


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@functools.cache
def imports(path: Path) -> frozenset[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return frozenset(plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module})


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str) -> None:
    for path in modules(room):
        name = path.relative_to(ROOT).as_posix()
        used = {module.split(".")[0] for module in imports(path)} & ROOMS.keys() - {room}
        allowed = ROOMS[room] | {other for file, other in EXCEPTIONS if file == name}
        assert used <= allowed, f"{name} imports {used - allowed}"


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_has_one_room(package: str) -> None:
    found = {
        room
        for room in ("crawler", "archive", "parsers")
        for path in modules(room)
        for m in imports(path)
        if m.split(".")[0] == package
    }
    assert found == {PACKAGES[package]}


def test_parsers_have_no_network_no_files_no_database() -> None:
    for path in modules("parsers"):
        text = path.read_text("utf-8")
        assert not OUTSIDE & imports(path), path
        assert "open(" not in text.replace("_open(", ""), f"{path} opens a file"


def test_modules_fit_in_a_head() -> None:
    long = {
        p.relative_to(ROOT).as_posix(): n
        for room in ROOMS
        for p in modules(room)
        if (n := len(p.read_text("utf-8").splitlines())) > 400
    }
    assert not long


def test_the_readme_and_its_twin_name_every_command() -> None:
    from archive.cli import cli

    for readme in ("README.md", "README.zh.md"):
        text = (ROOT / readme).read_text("utf-8")
        assert {name for name in cli.commands if f"| `nianbao {name}" not in text} == set(), readme


def test_the_house_map_names_every_module() -> None:
    text = (ROOT / "docs" / "house.md").read_text("utf-8")
    for room in ("crawler", "archive", "parsers"):
        section = text.split(f"## {room}/")[1].split("\n## ")[0]
        named = set(re.findall(r"[\w/]+\.py", section))
        there = {p.relative_to(ROOT / room).as_posix() for p in modules(room) if p.name != "__init__.py"}
        assert {name for name in there if not name.startswith("site/")} == {
            n for n in named if not n.startswith("site/")
        }
