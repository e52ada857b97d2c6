"""What people settle, and what is said where they mistyped it."""

from pathlib import Path

import pytest
from conftest import Command

from archive import decisions, warc

NAME = warc.payload_digest(b"scan")
ENTRY = f"""
["{NAME}"]
by = "李明"
date = 2026-11-21
why = "read from the scan, page 3"
["{NAME}".cells]
"disclosure.rules.newly_made" = "0"
"local.requests.其他.total" = ""
"""


def test_an_entry(tmp_path: Path) -> None:
    (tmp_path / "decisions.toml").write_text(ENTRY, "utf-8")
    assert decisions.load(tmp_path) == {NAME: {"disclosure.rules.newly_made": "0", "local.requests.其他.total": ""}}


def test_the_bundled_decisions_are_sound(tmp_path: Path) -> None:
    assert [path.name for path in decisions.sources(tmp_path)] == ["decisions.toml"]
    decisions.load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("by =", "who =", "unknown key 'who'; known are by, date, why, cells"),
        ('by = "李明"', "", "by is missing or has the wrong type"),
        ("2026-11-21", '"2026-11-21"', "date is missing or has the wrong type"),
        ('newly_made" = "0"', 'newly_made" = 0', "disclosure.rules.newly_made is settled by its text as printed"),
        ("rules.newly", "rule.newly", "no form has an item 'disclosure.rule.newly_made'"),
        ('"disclosure.rules.newly_made"', "disclosure.rules.newly_made", "no form has an item 'disclosure'"),
        (f'["{NAME}"]', "[scan]", "a table is named by the payload digest of a document"),
        ("2026-11-21", "2026-11-", "decisions.toml: "),
    ],
)
def test_a_mistake_names_file_and_key(nianbao: Command, old: str, new: str, said: str) -> None:
    assert old in ENTRY
    nianbao.data.mkdir()
    (nianbao.data / "decisions.toml").write_text(ENTRY.replace(old, new, 1), "utf-8")
    with pytest.raises(decisions.DecisionError) as error:
        decisions.load(nianbao.data)
    assert said in str(error.value)
    assert str(nianbao.data / "decisions.toml") in str(error.value)


def test_a_mistake_is_said_before_anybody_is_visited(nianbao: Command) -> None:
    nianbao.data.mkdir()
    (nianbao.data / "decisions.toml").write_text("x = 1", "utf-8")
    done = nianbao("crawl", "laiwu")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not (nianbao.data / "warc").exists()
