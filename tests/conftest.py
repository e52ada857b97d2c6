"""What the tests share: the sample portals, and a data folder that was filled from them by the command itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sample_portals import SamplePortals

CONTACT = "mailto:operator@example.org"
FAST = ("-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False")


class Command:
    """Runs `nianbao` as a user does: a process of its own, with the sample portals as all there is of the web."""

    def __init__(self, data: Path, proxy: str) -> None:
        self.data = data
        self.timeout = 120
        self.environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("NIANBAO_")}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # every command would compile all of us again
        self.environment |= {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": "", "NIANBAO_CONTACT": CONTACT}

    def __call__(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "archive.cli", *map(str, arguments)]
        if "--data" not in arguments and arguments[:1] not in (("read",), ("--help",), ("--version",)):
            command += ["--data", str(self.data)]
        env = {k: v for k, v in {**self.environment, **environment}.items() if v is not None}
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=env,
            stdin=subprocess.DEVNULL,
            timeout=self.timeout,
            check=False,
        )


@pytest.fixture
def portals() -> Iterator[SamplePortals]:
    with SamplePortals() as portals:
        yield portals


@pytest.fixture
def nianbao(tmp_path: Path, portals: SamplePortals) -> Command:
    """The command over a data folder of its own; `portals` can be changed between two of its runs."""
    return Command(tmp_path / "data", portals.proxy_url)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder that `nianbao demo --no-serve` fills. Read only: copy it to change it."""
    data = tmp_path_factory.mktemp("demo") / "data"
    done = Command(data, "")("demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    return data
