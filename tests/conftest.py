"""What the tests share: the sample portals, and a data folder that was filled from them by the command itself."""

import fcntl
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest

from archive import cli
from sample_portals import SamplePortals

CONTACT = "mailto:operator@example.org"
FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that visit portals come first: none of them should be what one process is left with at the end."""
    visiting = {item.path for item in items if {"demo", "few", "portals"} & {*getattr(item, "fixturenames", ())}}
    items.sort(key=lambda item: item.path not in visiting)


class Command:
    """Runs `nianbao` with the sample portals as all there is of the web; every visit is a process of its own.

    `alone`: as a user does, the command is one too. Otherwise it runs in this process, where all of it is imported.
    """

    def __init__(self, data: Path, proxy: str, alone: bool = False) -> None:
        self.data = data
        self.alone = alone
        self.environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("NIANBAO_")}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # every process would compile all of us again
        self.environment |= {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": "", "NIANBAO_CONTACT": CONTACT}

    def __call__(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        given = [str(argument) for argument in arguments]
        if "--data" not in given and given[:1] not in (["read"], ["--help"], ["--version"]):
            given += ["--data", str(self.data)]
        return (_alone if self.alone else _here)(given, {**self.environment, **environment})


def _alone(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archive.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


def _here(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    output, errors = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "argv", ["nianbao", *arguments]),
        redirect_stdout(output),
        redirect_stderr(errors),
        pytest.raises(SystemExit) as end,
    ):
        cli.main()
    return subprocess.CompletedProcess(arguments, int(end.value.code or 0), output.getvalue(), errors.getvalue())


@pytest.fixture
def portals() -> Iterator[SamplePortals]:
    with SamplePortals() as portals:
        yield portals


@pytest.fixture
def nianbao(tmp_path: Path, portals: SamplePortals) -> Command:
    """The command over a data folder of its own; `portals` can be changed between two of its runs."""
    return Command(tmp_path / "data", portals.proxy_url)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The data folder that `nianbao demo --no-serve` fills, once for all test processes. Copy it to change it."""
    base = tmp_path_factory.getbasetemp()
    data = (base if worker_id == "master" else base.parent) / "demo"
    with data.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            done = Command(data, "", alone=True)("demo", "--no-serve")
            assert done.returncode == 0, done.stderr
    return data
