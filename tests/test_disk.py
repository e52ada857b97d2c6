"""A disk that fills up: what was received is kept, nothing more is asked for, and the exit code says why."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils
from conftest import FAST, Command

from archive import disk
from archive.verify import verify
from crawler import settings
from sample_portals import Reply, Request, SamplePortals

HOME = "http://www.licheng.gov.cn/"
REPORTS = 14
MEGABYTE = 1 << 20
OWN_MOUNTS = ("unshare", "-Urm")


def html(text: str) -> Reply:
    return Reply(200, [("Content-Type", "text/html; charset=utf-8")], f"<html><body>{text}</body></html>".encode())


@pytest.fixture
def registry(portals: SamplePortals, tmp_path: Path) -> Path:
    """Two portals; the first has fourteen reports of a megabyte each."""
    links = "".join(
        f'<li><a href="/nb/{n}.pdf">济南市历城区{2000 + n}年政府信息公开工作年度报告</a>' for n in range(REPORTS)
    )
    portals.overrides[HOME] = html('<a href="/nb/">政府信息公开年报</a>')
    portals.overrides[HOME + "nb/"] = html(links)
    for n in range(REPORTS):
        portals.overrides[f"{HOME}nb/{n}.pdf"] = Reply(body=b"%PDF-1.4 " + random.Random(n).randbytes(MEGABYTE))
    path = tmp_path / "two.toml"
    path.write_text(
        f'[370112]\nname = "济南市历城区"\nslug = "licheng"\nhome = "{HOME}"\n'
        '[370116]\nname = "济南市莱芜区"\nslug = "laiwu"\nhome = "http://www.laiwu.gov.cn/"\n',
        "utf-8",
    )
    return path


def runs(data: Path) -> list[dict[str, object]]:
    return list(sqlite_utils.Database(data / "nianbao.db").query("select * from runs"))


def is_kept(data: Path, portals: SamplePortals) -> None:
    """Every answer that was given stands in the archive, once, and the visit says how it ended."""
    assert list(verify(data)) == []
    found = sqlite_utils.Database(data / "nianbao.db").query("select url from captures order by timestamp, offset")
    assert sorted(row["url"] for row in found) == sorted(request.url for request in portals.requests)
    (run,) = runs(data)
    assert (run["verdict"], bool(run["finished"])) == ("partial", True)


def test_where_too_little_is_free_no_visit_begins(nianbao: Command, portals: SamplePortals, registry: Path) -> None:
    done = nianbao("crawl", "--only-registry", "--registry", registry, *FAST, NIANBAO_MIN_FREE="1000T")
    assert done.returncode == 4
    assert "the disk is nearly full" in done.stderr.splitlines()[-1]
    assert "make room and run the same command again" in done.stderr
    assert ["less than 1000T (NIANBAO_MIN_FREE)" in line for line in done.stdout.splitlines()] == [True] * 2
    assert portals.requests == []


def test_a_disk_that_fills_up_ends_the_visit(
    nianbao: Command, portals: SamplePortals, registry: Path, tmp_path: Path
) -> None:
    free, ballast = disk.free(tmp_path), tmp_path / "ballast"
    if free < 2 << 30:
        pytest.skip("less than 2 GB free here: this test fills half a gigabyte")
    (tmp_path / "data").mkdir()

    def fill(request: Request) -> Reply:
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 512 * MEGABYTE)
        return Reply(body=b"%PDF-1.4 the one that came last")

    portals.overrides[HOME + "nb/3.pdf"] = fill
    floor = f"{(free >> 20) - 256}M"
    command = ("crawl", "--only-registry", "--registry", registry, *FAST, "-s", f"NIANBAO_MIN_FREE={floor}")
    done = nianbao(*command, "licheng")
    ballast.unlink()
    assert (done.returncode, "nearly full" in done.stderr) == (4, True)
    is_kept(nianbao.data, portals)
    assert HOME + "nb/3.pdf" in {request.url for request in portals.requests}
    assert len(portals.requests) < REPORTS
    assert "the visit ended early: the disk is nearly full" in str(runs(nianbao.data)[0]["message"])
    assert nianbao(*command, "licheng").returncode == 0  # there is room again: the same command goes on
    assert [run["verdict"] for run in runs(nianbao.data)] == ["partial", "ok"]


@pytest.fixture
def small(nianbao: Command, registry: Path) -> Callable[..., int]:
    """Runs a shell script in a file system of 12 MB, $SMALL; what stands in $SMALL/data is then in the data folder."""
    try:
        subprocess.run([*OWN_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system can be mounted here, not even in a name space of one's own (unshare -Urm)")
    folder = nianbao.data.parent / "small"
    folder.mkdir()
    given = {"SMALL": str(folder), "DATA": str(nianbao.data), "PY": sys.executable, "REGISTRY": str(registry)}

    def run(script: str, **environment: str) -> int:
        env = {**nianbao.environment, **given, **environment}
        mounted = f'mount -t tmpfs -o size=12m tmpfs "$SMALL" || exit 99\n{script}\ncode=$?\n'
        whole = mounted + 'cp -a "$SMALL/data" "$DATA"\nexit $code'
        return subprocess.run([*OWN_MOUNTS, "sh", "-c", whole], env=env, check=False, capture_output=True).returncode

    return run


CRAWL = f"""
"$PY" -m archive.cli crawl licheng --only-registry --registry "$REGISTRY" --data "$SMALL/data" {" ".join(FAST)}
"""


def test_below_the_floor_a_visit_ends(small: Callable[..., int], nianbao: Command, portals: SamplePortals) -> None:
    assert small(CRAWL, NIANBAO_MIN_FREE="5M") == 4
    is_kept(nianbao.data, portals)
    assert "the visit ended early: the disk is nearly full" in str(runs(nianbao.data)[0]["message"])


def test_without_a_floor_a_full_disk_costs_the_answers_that_came_last(
    small: Callable[..., int], nianbao: Command, portals: SamplePortals
) -> None:
    assert small(CRAWL, NIANBAO_MIN_FREE="0") == 1
    known = {row["url"] for row in sqlite_utils.Database(nianbao.data / "nianbao.db").table("captures").rows}
    lost = [request for request in portals.requests if request.url not in known]
    assert 1 <= len(lost) <= settings.CONCURRENT_REQUESTS  # what waits in Scrapy's queue cannot be called back
    portals.requests[:] = [request for request in portals.requests if request.url in known]
    is_kept(nianbao.data, portals)
    assert "No space left on device" in str(runs(nianbao.data)[0]["message"])


def test_a_build_on_a_full_disk_says_so_and_leaves_the_database(
    small: Callable[..., int], nianbao: Command, demo: Path
) -> None:
    fill = 'cp -a "$DEMO" "$SMALL/data"\ndd if=/dev/zero of="$SMALL/ballast" bs=4k\n'
    build = '"$PY" -m archive.cli build --full --data "$SMALL/data"'
    assert small(fill + build, DEMO=str(demo)) == 4
    assert list(verify(nianbao.data)) == []


def test_free_space_is_that_of_the_data_folder(tmp_path: Path) -> None:
    assert disk.shortage(tmp_path, {"NIANBAO_MIN_FREE": "0"}) == ""
    assert "1000T" in disk.shortage(tmp_path, {"NIANBAO_MIN_FREE": "1000T"})
    assert abs(disk.free(tmp_path) - shutil.disk_usage(tmp_path).free) < 256 * MEGABYTE
