"""docs/running.md: what it promises an operator is so."""

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command
from prometheus_client.parser import text_string_to_metric_families

from archive import warc
from archive.cli import cli

TEXT = (Path(__file__).parent.parent / "docs" / "running.md").read_text("utf-8")
UNITS = dict(re.findall(r"`(nianbao-[a-z]+\.(?:service|timer))`\n\n```ini\n(.*?)```", TEXT, re.DOTALL))
CRON = re.findall(r"```cron\n(.*?)```", TEXT, re.DOTALL)[0]


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.fixture
def data(nianbao: Command, demo: Path) -> Path:
    return shutil.copytree(demo, nianbao.data)


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_0_done(nianbao: Command, data: Path) -> None:
    assert nianbao("build").returncode == 0


def test_1_something_is_wrong(nianbao: Command, data: Path) -> None:
    flip(warc.files(data)[0], 900)
    assert nianbao("verify").returncode == 1


def test_2_wrong_use(nianbao: Command) -> None:
    assert nianbao("crawl", "licheng", NIANBAO_MIN_FREE="plenty").returncode == 2


def test_3_in_use(nianbao: Command, data: Path) -> None:
    with (data / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert nianbao("build").returncode == 3


def test_4_no_room(nianbao: Command) -> None:
    done = nianbao("crawl", "licheng", NIANBAO_MIN_FREE="9000T")
    assert (done.returncode, done.stderr.splitlines()[-1].endswith("nothing that was received is lost")) == (4, True)


def test_every_exit_code_is_told() -> None:
    assert re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE) == ["0", "1", "2", "3", "4"]


# --- when to go out -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    assert sorted(UNITS) == [
        f"nianbao-{n}.{kind}" for n in ("crawl", "recheck", "verify") for kind in ("service", "timer")
    ]
    program = Path(sys.executable).with_name("nianbao")
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text.replace("/opt/nianbao/bin/nianbao", str(program)), "utf-8")
    for name in UNITS:
        command = ["systemd-analyze", "verify", "--man=no", tmp_path / name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert [line for line in done.stderr.splitlines() if "nianbao" in line] == []
    for calendar in re.findall("OnCalendar=(.*)", "".join(UNITS.values())):
        subprocess.run(["systemd-analyze", "calendar", calendar], check=True, capture_output=True)


def test_cron_lines_are_whole_and_the_same_commands() -> None:
    lines = [line for line in CRON.splitlines() if "=" not in line]
    found = [
        re.fullmatch(r"(\d+) (\d+) (\S+) (\S+) ([\d*])\s+nianbao\s+/opt/nianbao/bin/nianbao (.*)", line)
        for line in lines
    ]
    assert all(found)
    commands = {match[6].replace("\\%", "%") for match in found if match}
    units = {command.replace("%%", "%") for command in re.findall("ExecStart=/opt/nianbao/bin/nianbao (.*)", TEXT)}
    assert commands == units
    assert {command.split()[0] for command in commands} <= cli.commands.keys()


# --- metrics --------------------------------------------------------------------------------------------------------


def samples(path: Path) -> dict[str, dict[tuple[str, ...], float]]:
    """name → the values of its labels → value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(path.read_text("utf-8")):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_metrics_say_what_the_archive_holds(nianbao: Command, data: Path) -> None:
    assert nianbao("verify").returncode == 0
    figures = samples(data / "metrics.prom") | samples(data / "verify.prom")
    names = re.findall(r"^\| `(nianbao_\w+)`", TEXT, re.MULTILINE)
    assert sorted(figures) == sorted(set(names) - {"nianbao_events"} | ({"nianbao_events"} & figures.keys()))
    codes = {
        ("370112", "licheng"),
        ("370115", "jiyang"),
        ("370116", "laiwu"),
        ("370305", "linzi"),
        ("370406", "shanting"),
    }
    assert {labels: value for labels, value in figures["nianbao_reports"].items() if value} == dict.fromkeys(codes, 1)
    verdicts = figures["nianbao_last_verdict"]
    assert {labels for labels, value in verdicts.items() if value} == {(*code, "ok") for code in codes}
    assert len(verdicts) == 5 * len(codes)
    assert figures["nianbao_last_success_timestamp_seconds"] == figures["nianbao_last_visit_timestamp_seconds"]
    assert figures["nianbao_events"]["370112", "new", "licheng"] == 1
    sizes = [path.stat().st_size for path in data.glob("warc/*/*")]
    assert figures["nianbao_archive_bytes"][()] == sum(sizes)
    assert figures["nianbao_verify_problems"][()] == 0


def test_a_problem_is_a_metric(nianbao: Command, data: Path) -> None:
    flip(warc.files(data)[0], 900)
    nianbao("verify")
    assert samples(data / "verify.prom")["nianbao_verify_problems"][()] > 0
