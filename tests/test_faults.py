"""The disk is full, broken, or no file can be opened: one such fault at each place of our code that asks for something.

A command that meets one ends, says in one line what is wrong, and the next one without faults makes it good.
"""

import json
import random
import resource
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlite_utils
from conftest import Command
from crash import Rows, arguments, begun, differences, ends, kept, lost, publish, rows, twice
from power import events
from test_build import dump
from test_kills import contents
from test_power import SHIM

from archive import build
from archive.verify import verify
from sample_portals import SamplePortals

REPORTS = 2
PARTS = 12  # of all places and faults, so that they can be tested side by side
FAULTS = {  # what may happen to which call
    "ENOSPC": {"create", "write", "fsync", "mkdir", "replace"},
    "EIO": {"open", "create", "write", "fsync", "mkdir", "replace", "unlink", "truncate"},
    "EMFILE": {"open", "create"},
}
DOCUMENTED = {0, 1, 2}  # exit codes, docs/running.md
NO_ROOM = 4


class Undisturbed(NamedTuple):
    """Each place that asks for something, how often it does, and what; what the database says in the end."""

    places: dict[str, tuple[int, str]]
    rows: Rows


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    with SamplePortals() as portals:
        publish(portals, REPORTS)
        nianbao = Command(folder / "in" / "data", portals.proxy_url)
        nianbao.data.parent.mkdir()
        code, said = ends(begun(nianbao, arguments(nianbao), **watched(nianbao, NIANBAO_SHIM_LOG=folder / "log")))
        assert code == 0, said
    return Undisturbed(places(folder / "log"), rows(nianbao.data))


def places(log: Path) -> dict[str, tuple[int, str]]:
    noted = [event for event in events(log) if event["site"]]
    counted = Counter(event["site"] for event in noted)
    return {event["site"]: (counted[event["site"]], event["op"]) for event in noted}


def watched(nianbao: Command, **more: object) -> dict[str, str]:
    given = {"PYTHONPATH": SHIM, "NIANBAO_SHIM": nianbao.data.parent, **more}
    return {name: str(value) for name, value in given.items()}


def chosen(places: dict[str, tuple[int, str]], part: int | None) -> list[tuple[str, int, str]]:
    """(place, how many calls of it go well before, fault): a part of them all, or one taken at random."""
    chance = random.Random(8)
    every = [
        (place, chance.randrange(calls), fault)
        for place, (calls, op) in sorted(places.items())
        for fault, ops in FAULTS.items()
        if op in ops
    ]
    return chance.sample(every, 1) if part is None else every[part::PARTS]


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(PARTS))
def test_one_fault_at_each_place(
    nianbao: Command, portals: SamplePortals, undisturbed: Undisturbed, tmp_path: Path, part: int
) -> None:
    publish(portals, REPORTS)
    wrong = []
    for n, (place, number, fault) in enumerate(chosen(undisturbed.places, part)):
        folder = tmp_path / str(n)
        nianbao.data = folder / "in" / "data"
        nianbao.data.parent.mkdir(parents=True)
        given = {"site": place, "number": number, "errno": fault, "count": str(folder / "count")}
        code, said = ends(begun(nianbao, arguments(nianbao), **watched(nianbao, NIANBAO_SHIM_FAULT=json.dumps(given))))
        found = [] if (folder / f"count.{number}").exists() else ["was not met"]
        found += _after(nianbao, undisturbed, code, said, DOCUMENTED | ({NO_ROOM} if fault == "ENOSPC" else set()))
        wrong += [f"{fault} at call {number} of {place}: {what}" for what in found]
        shutil.rmtree(folder)
    assert wrong == []


def _after(nianbao: Command, undisturbed: Undisturbed, code: int, said: str, documented: set[int]) -> list[str]:
    """What is not as it should be once a fault has struck, and after a further run without any."""
    wrong = [] if code in documented else [f"exit code {code}"]
    wrong += [f"said: {said[-600:]}"] if "Traceback" in said or "fault of nianbao" in said else []
    if code == 0:
        return wrong + [f"exit code 0 with {line}" for line in differences(rows(nianbao.data), undisturbed.rows)[:3]]
    if not [line for line in said.splitlines() if not line.startswith("visiting ")]:
        wrong.append("nothing was said")
    before = kept(nianbao.data)
    code, said = ends(begun(nianbao, arguments(nianbao), 1))
    if code:
        return [*wrong, f"the next run ended with {code}: {said[-600:]}"]
    wrong += [f"lost: {path}" for path in lost(nianbao.data, before)]
    wrong += [f"archived {count} times: {url}" for url, count in twice(nianbao.data).items()]
    wrong += verify(nianbao.data)
    return wrong + differences(rows(nianbao.data), undisturbed.rows)[:3]


EVERY = [(kind, part) for kind in ("wacz", "csv", "datapackage") for part in range(PARTS)]


@pytest.mark.parametrize(
    ("kind", "part"), [("csv", None), *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in EVERY)]
)
def test_an_export_that_meets_a_fault_is_there_whole_or_not_at_all(
    nianbao: Command, demo: Path, tmp_path: Path, kind: str, part: int | None
) -> None:
    nianbao.data = shutil.copytree(demo, tmp_path / "in" / "data")
    given = ["export", kind, str(nianbao.data.parent / "export")]
    code, said = ends(begun(nianbao, given, **watched(nianbao, NIANBAO_SHIM_LOG=tmp_path / "log")))
    assert code == 0, said
    whole = contents(nianbao.data.parent / "export")
    wrong = []
    for n, (place, number, fault) in enumerate(chosen(places(tmp_path / "log"), part)):
        target = nianbao.data.parent / f"export-{n}"
        site = {"site": place, "number": number, "errno": fault, "count": str(tmp_path / f"count-{n}")}
        again = [*given[:2], str(target)]
        code, said = ends(begun(nianbao, again, **watched(nianbao, NIANBAO_SHIM_FAULT=json.dumps(site))))
        found = [] if (tmp_path / f"count-{n}.{number}").exists() else ["was not met"]
        found += [] if code in {0, 1, NO_ROOM if fault == "ENOSPC" else 1} else [f"exit code {code}"]
        found += [f"said: {said[-600:]}"] if "Traceback" in said or (code and "nianbao: " not in said) else []
        is_partial = kind == "wacz" and "it is left out" in said  # a record that cannot be read does not keep others in
        found += [f"{code}, and {target.name} is there"] if target.exists() != (code == 0 or is_partial) else []
        if is_partial:
            target.unlink()
        if code:
            code, said = ends(begun(nianbao, again))
        found += (
            [] if code == 0 and contents(target).keys() == whole.keys() else [f"the next ended with {code}: {said}"]
        )
        if not place.startswith("unlink"):  # or the folder aside is what could not be removed
            found += [f"left {path.name}" for path in nianbao.data.parent.glob(".*")]
        wrong += [f"{fault} at call {number} of {place}: {what}" for what in found]
        shutil.rmtree(nianbao.data.parent / f".{target.name}.part", ignore_errors=True)
    assert wrong == []


FEW = [("RLIMIT_FSIZE", 310_000), ("RLIMIT_NOFILE", 12)]
MORE = [
    *(("RLIMIT_FSIZE", size) for size in range(0, 580_000, 20_000)),
    *(("RLIMIT_NOFILE", count) for count in range(5, 30) if count != 12),
]


@pytest.mark.parametrize(("kind", "limit"), [*FEW, *(pytest.param(*one, marks=pytest.mark.exhaustive) for one in MORE)])
@pytest.mark.parametrize("given", [("build",), ("build", "--full")], ids=" ".join)
def test_a_build_that_may_not_write_or_open_more_leaves_the_database_as_it_was(
    demo: Path, tmp_path: Path, given: tuple[str, ...], kind: str, limit: int
) -> None:
    """What SQLite and the children write is bounded by the system itself: no more bytes in a file, no more files."""
    data = shutil.copytree(demo, tmp_path / "data")
    with sqlite_utils.Database(data / "nianbao.db").conn as db:
        db.execute("update archives set bytes = 1")  # so that there is something to build
    before = dump(data)
    resources = getattr(resource, kind), (limit, limit)
    done = subprocess.run(
        [sys.executable, "-m", "archive.cli", *given, "--data", str(data)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(*resources),
        check=False,
        timeout=120,
    )
    if done.returncode == 0:
        assert {**dump(data), "archives": []} == {**before, "archives": []}
    else:
        assert dump(data) == before
        assert done.returncode == 1
        assert not done.stderr or done.stderr.splitlines()[-1].startswith("nianbao: ")
        assert not list(data.glob("nianbao.db.new*"))
    assert build.build(data) == []
    assert {**dump(data), "archives": []} == {**before, "archives": []}
