"""The power goes at any moment of a crawl or build: what was said to be kept is there, and the next run goes on.

What was not synced is lost, whole or in part, or is zeros; so are names in a folder that was not synced. Of the
database the last transaction stands, as SQLite promises for `synchronous = full` (asserted here).
"""

import random
import shutil
import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import Command
from crash import Rows, arguments, begun, differences, ends, kept, lost, publish, rows, twice
from power import Disk, Event, events, put

from archive import captures, repair, warc
from archive.verify import verify
from sample_portals import SamplePortals

SHIM = str(Path(__file__).parent / "shim")
REPORTS = 4


class Run(NamedTuple):
    """All that an undisturbed command did, in which folder, and what its database says."""

    root: Path
    events: list[Event]
    rows: Rows


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root, log = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("log") / "log"
    with SamplePortals() as portals:
        publish(portals, REPORTS)
        nianbao = Command(root / "in" / "data", portals.proxy_url)
        nianbao.data.parent.mkdir()
        watched = {"PYTHONPATH": SHIM, "NIANBAO_SHIM": str(root / "in"), "NIANBAO_SHIM_LOG": str(log)}
        code, said = ends(begun(nianbao, arguments(nianbao), **watched))
        assert code == 0, said
    return Run(root / "in", events(log), rows(nianbao.data))


def after(run: Run, moment: int, chance: random.Random, root: Path) -> None:
    """Puts into `root` what a power cut leaves before the event of that number."""
    disk = Disk(run.root)
    for event in run.events[:moment]:
        if event["op"] != "said" and Path(event["path"]).suffix != ".toml":
            disk.happens(event)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    put(disk.left(chance), root)


def said(run: Run, moment: int) -> set[str]:
    """The addresses whose answers were said to be kept by then."""
    return {event["url"] for event in run.events[:moment] if event["op"] == "said"}


def held(data: Path) -> set[str]:
    return {record.url for path in warc.files(data) for record in warc.index(path) if record.type in warc.ANSWERS}


@pytest.mark.parametrize("seed", range(4))
def test_the_model_tells_a_run_that_syncs_from_one_that_does_not(run: Run, tmp_path: Path, seed: int) -> None:
    assert said(run, len(run.events)) == held(run.root / "data")
    after(run, len(run.events), random.Random(seed), tmp_path / "left")
    for path in warc.files(run.root / "data"):
        assert (tmp_path / "left" / path.relative_to(run.root)).read_bytes() == path.read_bytes()
    unsynced = run._replace(events=[event for event in run.events if event["op"] != "fsync"])
    after(unsynced, len(unsynced.events), random.Random(seed), tmp_path / "left")
    assert held(tmp_path / "left" / "data") < said(run, len(run.events))


@pytest.mark.parametrize("count", [150, pytest.param(3000, marks=pytest.mark.exhaustive)])
def test_what_was_said_to_be_kept_is_there_after_a_power_cut(run: Run, tmp_path: Path, count: int) -> None:
    chance = random.Random(7)
    root = tmp_path / "left"
    for _ in range(count):
        moment = chance.randrange(len(run.events) + 1)
        after(run, moment, chance, root)
        repair.repair(warc.files(root / "data"))
        assert said(run, moment) <= held(root / "data"), moment
        assert [line for line in verify(root / "data") if "nianbao.db" not in line] == [], moment
        for folder in sorted((root / "data" / "warc").glob("*")):
            assert captures.load(folder.name, sorted(folder.glob("*.warc.gz"))).damage == []


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in range(1, 201))])
def test_the_next_run_goes_on_after_a_power_cut(nianbao: Command, portals: SamplePortals, run: Run, seed: int) -> None:
    chance = random.Random(seed)
    publish(portals, REPORTS)
    moment = chance.randrange(len(run.events) + 1)
    nianbao.data = nianbao.data.parent / "left" / "data"
    after(run, moment, chance, nianbao.data.parent)
    repaired = nianbao.data.parent.parent / "repaired"
    shutil.copytree(nianbao.data.parent, repaired)
    repair.repair(warc.files(repaired / "data"))
    before = {
        nianbao.data / path.relative_to(repaired / "data"): parts for path, parts in kept(repaired / "data").items()
    }
    code, output = ends(begun(nianbao, arguments(nianbao), 1))
    assert code == 0, (moment, output)
    assert lost(nianbao.data, before) == []
    assert said(run, moment) <= held(nianbao.data)
    assert twice(nianbao.data) == {}
    assert list(verify(nianbao.data)) == []
    assert differences(rows(nianbao.data), run.rows) == []


def test_the_database_is_synced_by_sqlite(run: Run) -> None:
    with sqlite3.connect(run.root / "data" / "nianbao.db") as db:
        assert db.execute("pragma synchronous").fetchone() == (2,)
        assert db.execute("pragma journal_mode").fetchone() == ("delete",)
