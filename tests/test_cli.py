"""The command as a user meets it: exit codes, one clear line for each mistake, nothing lost."""

import fcntl
import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from conftest import FAST, Command

from archive.cli import cli

REPORTS = Path(__file__).parent.parent / "sample_portals" / "reports"
PAGE = (
    "<html><head><title>通知</title></head><body><p>关于放假的通知</p><table><tr><td>1</td></tr></table></body></html>"
)


@pytest.fixture
def nianbao(nianbao: Command) -> Command:
    nianbao.alone = True
    return nianbao


def one_line(text: str) -> str:
    (line,) = text.splitlines()
    assert line.startswith("nianbao: ")
    return line


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_explains_itself(nianbao: Command, name: str) -> None:
    done = nianbao(name, "--help")
    assert done.returncode == 0
    assert cli.commands[name].help.split("\n")[0] in done.stdout.replace("\n  ", " ")  # type: ignore[union-attr]
    assert "--data" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("crawl", "nowhere"), "no portal 'nowhere' in the registry"),
        (("crawl", "--registry", "missing.toml"), "missing.toml: no such file or folder"),
        (("crawl", "-s", "DOWNLOAD_DELAY"), "-s takes NAME=VALUE"),
        (("crawl", "--fast"), "No such option"),
        (("fly",), "No such command 'fly'"),
        (("read",), "Missing argument 'FILES...'"),
        (("build",), "holds no archive; `nianbao crawl` makes one"),
        (("check",), "does not exist; `nianbao build` makes it"),
        (("serve",), "does not exist; `nianbao build` makes it"),
        (("verify",), "holds no archive"),
    ],
)
def test_wrong_use_is_said_in_one_line(nianbao: Command, arguments: tuple[str, ...], said: str) -> None:
    done = nianbao(*arguments)
    assert done.returncode == 2
    assert said in one_line(done.stderr)
    assert not nianbao.data.exists()


def test_an_unknown_registry_key_names_file_and_key(nianbao: Command, tmp_path: Path) -> None:
    path = tmp_path / "henan.toml"
    path.write_text('[410101]\nname = "x"\nslug = "x"\nhomepage = "http://x.gov.cn/"\n', "utf-8")
    done = nianbao("crawl", "--registry", path)
    assert done.returncode == 2
    assert "henan.toml, [410101]: unknown key 'homepage'" in one_line(done.stderr)


def test_no_visit_without_a_contact(nianbao: Command) -> None:
    done = nianbao("crawl", "licheng", NIANBAO_CONTACT="")
    assert done.returncode == 2
    assert "NIANBAO_CONTACT" in one_line(done.stderr)


@pytest.mark.parametrize("now", ["yesterday", "2026-03-01T00:00:00"])
def test_a_clock_that_is_no_time_is_refused(nianbao: Command, now: str) -> None:
    done = nianbao("crawl", "licheng", NIANBAO_NOW=now)
    assert (done.returncode, now in one_line(done.stderr)) == (2, True)


def test_the_clock_can_be_set(nianbao: Command) -> None:
    done = nianbao("crawl", "licheng", *FAST, NIANBAO_NOW="2026-03-01T00:00:00Z")
    assert done.returncode == 0, done.stderr
    (path,) = nianbao.data.glob("warc/*/*.warc.gz")
    assert path.name.startswith("370112-20260301")


def test_a_folder_in_use_is_left_alone(nianbao: Command) -> None:
    nianbao.data.mkdir()
    with (nianbao.data / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = nianbao("crawl", "licheng")
        assert (done.returncode, "in use by another run" in one_line(done.stderr)) == (3, True)
    assert os.listdir(nianbao.data) == [".lock"]


def test_read_gives_tables_and_json(nianbao: Command) -> None:
    table = nianbao("read", REPORTS / "licheng_2020.txt", COLUMNS="160")
    assert table.returncode == 0
    assert "济南市历城区人民政府 2020" in table.stdout
    assert "增5" in table.stdout
    done = nianbao("read", "--json", *sorted(REPORTS.glob("*.txt")))
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, [len(o["facts"]) for o in objects]) == (0, [198, 200, 198, 198, 198])
    keys = {"file", "title", "issuer", "year", "scope", "facts", "claims", "findings"}  # contract §4
    assert all(keys <= o.keys() for o in objects)
    assert objects[0]["facts"][0].keys() == {"form", "item", "text", "value", "unit", "kind", "place", "ocr"}
    assert objects[1]["claims"][0].keys() == {"text", "item", "value"}
    assert objects[1]["findings"][0].keys() == {"check", "level", "message", "items"}


def test_a_terminal_that_cannot_show_chinese_is_no_reason_to_fail(nianbao: Command) -> None:
    done = nianbao("read", REPORTS / "laiwu_2021.txt", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "66374" in done.stdout


def test_read_goes_on_after_a_file_that_is_no_report(nianbao: Command, tmp_path: Path) -> None:
    page, missing, junk = tmp_path / "page.html", tmp_path / "missing.pdf", tmp_path / "x.docx"
    page.write_text(PAGE, "utf-8")
    junk.write_bytes(b"PK\x03\x04 not a zip")
    done = nianbao("read", "--json", page, missing, junk, REPORTS / "laiwu_2021.txt")
    assert done.returncode == 1
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [sorted(o)[:2] == ["error", "file"] for o in objects] == [True, True, True, False]
    assert objects[3]["year"] == 2021
    assert len(done.stderr.splitlines()) == 3
    assert "Traceback" not in done.stderr


def test_check_is_worst_first(nianbao: Command, demo: Path) -> None:
    done = nianbao("check", "--data", demo)
    levels = [line.split()[0] for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert levels == sorted(levels, key=["error", "warning", "info"].index)
    assert levels[:2] == ["warning", "warning"]


def test_verify_finds_a_cut_and_a_missing_row(nianbao: Command, demo: Path) -> None:
    assert nianbao("verify", "--data", demo).returncode == 0
    data = shutil.copytree(demo, nianbao.data)
    (path,) = (data / "warc" / "370112").glob("*.warc.gz")
    path.write_bytes(path.read_bytes()[:-9])
    for command in ("verify", "build"):
        done = nianbao(command)
        assert done.returncode == 1
        assert path.name in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_port_in_use_is_said(nianbao: Command, demo: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = nianbao("serve", "--port", str(port), "--data", demo)
    assert done.returncode == 2
    assert f"port {port} is in use; choose another with --port" in one_line(done.stderr)


def test_the_demo_keeps_out_of_real_captures(nianbao: Command) -> None:
    assert nianbao("crawl", "licheng", *FAST).returncode == 0
    before = sorted(nianbao.data.rglob("*"))
    done = nianbao("demo", "--no-serve")
    assert done.returncode == 2
    assert "holds captures of real portals" in one_line(done.stderr)
    assert sorted(nianbao.data.rglob("*")) == before
