"""A command may be killed at any moment: what was kept stays, nothing is kept twice, and the next run goes on.

A kill stops programs and takes nothing that they have given to the system; tests/test_power.py takes that away, too.
"""

import contextlib
import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils
from conftest import Command
from crash import Kept, Rows, arguments, begun, differences, ends, kept, lost, publish, rows, twice
from test_build import dump

from archive import lock, warc
from archive.verify import verify
from sample_portals import SamplePortals

Moment = Callable[[], bool]


def some(few: int, complete: int) -> pytest.MarkDecorator:
    """(URLs, kills, seed)"""
    whole = [pytest.param(2000, 20, seed, marks=pytest.mark.exhaustive) for seed in range(complete)]
    return pytest.mark.parametrize(("urls", "kills", "seed"), [*((40, 2, seed) for seed in range(few)), *whole])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Rows]:
    """What the database says after a visit of so many URLs that nobody disturbed."""
    known: dict[int, Rows] = {}

    def of(urls: int) -> Rows:
        if urls not in known:
            with SamplePortals() as portals:
                nianbao = Command(tmp_path_factory.mktemp("undisturbed") / "data", portals.proxy_url)
                publish(portals, (urls - 10) // 2)
                code, said = ends(begun(nianbao, arguments(nianbao)))
                assert (code, len(portals.requests) >= urls) == (0, True), said
                assert twice(nianbao.data) == {}
            known[urls] = rows(nianbao.data)
        return known[urls]

    return of


def after_answers(portals: SamplePortals, count: int, chance: random.Random) -> Moment:
    """Within a visit: a moment after the portals have answered so many times more."""
    wanted, wait = len(portals.requests) + count, chance.uniform(0, 0.04)

    def has_come() -> bool:
        if len(portals.requests) >= wanted:
            time.sleep(wait)
        return len(portals.requests) >= wanted

    return has_come


def after_seconds(seconds: float) -> Moment:
    """Mostly before a visit has begun, or at its first records."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def after_visits(data: Path, seconds: float) -> Moment:
    """So many seconds after all visits have ended: within the build and what follows."""
    known, end = set(warc.files(data)), 0.0

    def has_come() -> bool:
        nonlocal end
        indexes = [warc.index_path(path) for path in warc.files(data) if path not in known]
        if not end and len(indexes) == 2 and all(i.exists() and warc.END.encode() in i.read_bytes() for i in indexes):
            end = time.monotonic() + seconds
        return bool(end) and time.monotonic() >= end

    return has_come


def a_moment(nianbao: Command, portals: SamplePortals, answers: int, is_late: bool, chance: random.Random) -> Moment:
    """Within a visit, so that all kills together are spread over it; late ones strike what comes after it."""
    if chance.random() < 0.15:
        return after_seconds(chance.uniform(0, 2))
    if is_late:
        return after_visits(nianbao.data, chance.uniform(0, 2))
    return after_answers(portals, chance.randrange(answers), chance)


def interrupt(process: subprocess.Popen[str], moment: Moment, chance: random.Random) -> bool:
    """Kills it at a moment, all of its processes or the first before the others; False where it has ended before."""
    try:
        while process.poll() is None and not moment():
            time.sleep(0.002)
    finally:
        is_running = process.poll() is None
        if is_running and chance.random() < 0.5:
            process.kill()
            time.sleep(chance.uniform(0, 0.5))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    ends(process)
    return is_running


def wait_for_children(data: Path) -> None:
    """Of a command that was killed alone: a visit ends by itself, and holds the folder until then."""
    end = time.monotonic() + 60
    while lock.is_held(data / ".lock"):
        assert time.monotonic() < end, "a visit has outlived its command by a minute"
        time.sleep(0.01)


@some(few=1, complete=25)
def test_a_crawl_killed_at_any_moment_goes_on(
    nianbao: Command,
    portals: SamplePortals,
    undisturbed: Callable[[int], Rows],
    urls: int,
    kills: int,
    seed: int,
) -> None:
    chance = random.Random(seed)
    publish(portals, (urls - 10) // 2)
    given, killed, runs = arguments(nianbao), 0, itertools.count()
    before: Kept = {}
    while killed < kills:
        moment = a_moment(nianbao, portals, 2 * urls // kills, killed >= 0.8 * kills, chance)
        killed += interrupt(begun(nianbao, given, next(runs)), moment, chance)
        wait_for_children(nianbao.data)
        assert lost(nianbao.data, before) == []
        before = kept(nianbao.data)
    code, said = ends(begun(nianbao, given, next(runs)))
    assert code == 0, said
    assert lost(nianbao.data, before) == []
    assert twice(nianbao.data) == {}
    assert list(verify(nianbao.data)) == []
    assert differences(rows(nianbao.data), undisturbed(urls)) == []


def test_a_second_run_leaves_while_visits_outlive_their_command(nianbao: Command, portals: SamplePortals) -> None:
    """The command alone is killed; until its visits have ended no other run may begin."""
    publish(portals, 30)
    given = arguments(nianbao)
    process = begun(nianbao, given)
    moment = after_answers(portals, 12, random.Random(0))
    while process.poll() is None and not moment():
        time.sleep(0.002)
    process.send_signal(signal.SIGSTOP)  # so that its visits do not end meanwhile
    before = sorted(path.name for path in nianbao.data.rglob("*"))
    code, said = ends(begun(nianbao, given))
    assert (code, "in use by another run" in said) == (3, True)
    assert sorted(path.name for path in nianbao.data.rglob("*")) == before
    process.kill()
    ends(process)
    wait_for_children(nianbao.data)
    code, said = ends(begun(nianbao, given, 1))
    assert code == 0, said
    assert twice(nianbao.data) == {}


@pytest.mark.parametrize("kills", [1, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_a_build_killed_at_any_moment_goes_on(nianbao: Command, demo: Path, kills: int) -> None:
    chance = random.Random(5)
    shutil.copytree(demo, nianbao.data)
    wanted = dump(nianbao.data)
    for number in range(kills):
        given = ["build", "--full"] if number % 2 else ["build"]
        if number % 3 == 0:  # so that also a plain build has something to do
            with sqlite_utils.Database(nianbao.data / "nianbao.db").conn as db:
                db.execute("update archives set bytes = 1")
        interrupt(begun(nianbao, given), after_seconds(chance.uniform(0.3, 4)), chance)
        wait_for_children(nianbao.data)
        with sqlite3.connect(nianbao.data / "nianbao.db") as db:
            assert db.execute("pragma integrity_check").fetchone() == ("ok",)
            assert db.execute("select count(*) from reports").fetchone() == (len(wanted["reports"]),)
    code, said = ends(begun(nianbao, ["build"]))
    assert code == 0, said
    assert dump(nianbao.data) == wanted
    assert not [path.name for path in nianbao.data.iterdir() if "journal" in path.name]


@pytest.mark.parametrize("kills", [2, pytest.param(60, marks=pytest.mark.exhaustive)])
def test_an_export_killed_at_any_moment_is_there_whole_or_not_at_all(
    nianbao: Command, demo: Path, tmp_path: Path, kills: int
) -> None:
    chance = random.Random(6)
    shutil.copytree(demo, nianbao.data)
    for number in range(kills):
        kind = ("wacz", "csv", "datapackage")[number % 3]
        whole, target = tmp_path / f"whole-{kind}", tmp_path / f"target-{kind}"
        if not whole.exists():
            began = time.monotonic()
            code, said = ends(begun(nianbao, ["export", kind, str(whole)]))
            assert code == 0, said
            took = time.monotonic() - began
        given = ["export", kind, str(target)]
        interrupt(begun(nianbao, given), after_seconds(chance.uniform(0.2, took)), chance)
        if target.exists():
            assert contents(target).keys() == contents(whole).keys()
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        code, said = ends(begun(nianbao, given))
        assert code == 0, said
        assert contents(target).keys() == contents(whole).keys()
        assert not list(tmp_path.glob(".*"))
        shutil.rmtree(target) if target.is_dir() else target.unlink()


def contents(exported: Path) -> dict[str, int]:
    """Name → bytes of what an export holds."""
    if exported.is_dir():
        return {str(path.relative_to(exported)): path.stat().st_size for path in exported.rglob("*")}
    with zipfile.ZipFile(exported) as file:
        assert file.testzip() is None
        return {name.filename: name.file_size for name in file.infolist()}
