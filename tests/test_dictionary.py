"""docs/checks.md and docs/data.md say what the code says."""

import itertools
from pathlib import Path

import pytest
import sqlite_utils

from archive import dictionary, search, tables
from parsers import checks, form

DOCS = Path(__file__).parent.parent / "docs"
PAGES = dictionary.pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name], "run `make docs`"


def test_written_as_read(tmp_path: Path) -> None:
    dictionary.write(tmp_path)
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == PAGES


def lines(page: str, heading: str) -> list[str]:
    """The lines of the first table under a heading, without its head."""
    after = PAGES[page].split(f"\n{heading}\n", 1)[1].splitlines()
    table = itertools.dropwhile(lambda line: not line.startswith("| ---"), after)
    return list(itertools.takewhile(lambda line: line.startswith("|"), table))[1:]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").replace("\\|", "¦").split("|")]


def test_every_check_is_told_in_both_languages_with_an_example() -> None:
    told = [cells(line) for line in lines("checks.md", "# The checks 核对规则")]
    assert [row[0] for row in told] == [f"`{name}`" for name in checks.catalogue()]
    assert all(len(row) == 4 and all(row) for row in told)


def test_every_table_and_view_is_told_with_its_columns() -> None:
    db = sqlite_utils.Database(memory=True)
    tables.create(db)
    assert {name for name in db.table_names() if not name.startswith(search.TABLE)} == tables.TABLES.keys()
    for name in (*tables.TABLES, *db.view_names()):
        source = db.view(name) if name in db.view_names() else db.table(name)
        told = [cells(line)[0].removesuffix(" (key)") for line in lines("data.md", f"### {name}")]
        assert told == [f"`{column.name}`" for column in source.columns], name


@pytest.mark.parametrize("name", [one.name for one in form.forms()])
def test_the_lines_of_a_form_spell_all_its_items(name: str) -> None:
    spelt: list[str] = []
    cols = ""
    for pattern, _, own, _ in map(cells, lines("data.md", f"### {name}")):
        cols = cols if own == "〃" else own
        pattern = pattern.strip("`")
        keys = [col.split(" ")[0] for col in cols.split(" · ")] if pattern.endswith("…") else [""]
        spelt += [pattern.removesuffix("…") + key for key in keys]
    assert spelt == [item.item for item in form.items(name)]


def test_every_column_has_a_meaning() -> None:
    told = (cells(line) for line in PAGES["data.md"].split("## Indicators")[0].splitlines() if line.startswith("| `"))
    assert [row[0] for row in told if not row[2]] == []
