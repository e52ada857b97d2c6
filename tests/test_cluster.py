"""Several workers of one list: one visit of a host at a time whatever breaks, and the database of a single machine."""

import asyncio
import fcntl
import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import Command
from country import QUICK, Cluster, Country, ended, until
from crash import differences, rows
from postgres import Server, server
from procrastinate.jobs import Status

from archive import warc
from archive.cluster import todo
from archive.model import Portal
from sample_portals import SamplePortals

KILL_EVERY = 60.0  # seconds
NOTHING = {"vantage": "", **dict.fromkeys(("waiting", "offered", "running", "done", "failed"), 0)}
CONTACT = {"NIANBAO_CONTACT": "mailto:operator@example.org"}


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def postgres(running: Server) -> Server:
    running.empty()
    return running


def of_one_machine(cluster: Cluster, proxy: str) -> Path:
    """The data folder of `nianbao crawl` over the same portals."""
    crawl = Command(cluster.folder / "one", proxy)
    done = crawl("crawl", "--only-registry", "--registry", cluster.country.registry, *QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    return crawl.data


def merged(cluster: Cluster) -> Path:
    """The data folder with what all workers have shipped."""
    for name in cluster.workers:
        done = cluster.command(name)("ship", cluster.store)
        assert done.returncode == 0, done.stderr
    build = cluster.command("merged")
    done = build("build", "--from", cluster.store)
    assert done.returncode == 0, done.stderr
    assert build("verify").returncode == 0
    return build.data


def verdicts(data: Path) -> dict[str, list[str]]:
    with sqlite3.connect(data / "nianbao.db") as db:
        found: dict[str, list[str]] = {}
        for code, verdict in db.execute("select portal, verdict from runs order by started"):
            found.setdefault(code, []).append(verdict)
    return found


def asked(country: Country, worker: str, count: int) -> bool:
    """Whether a worker has asked for so many addresses: a visit asks for four, and for each report."""
    return len(country.asked_by(worker)) >= count


@pytest.mark.exhaustive
def test_a_worker_is_killed_and_another_put_to_sleep(portals: SamplePortals, postgres: Server, tmp_path: Path) -> None:
    """Their visits are made by the third; who wakes up ends itself without a word to the list."""
    country = Country(portals, tmp_path, 3, delay=0.1)
    with ended(Cluster(country, portals.proxy_url, postgres.conninfo, tmp_path)) as cluster:
        assert cluster.enqueue() == "3 visits wait, 0 did so before or are being made\n"
        assert cluster.enqueue() == "0 visits wait, 3 did so before or are being made\n"
        cluster.begin("killed", visits=1)
        cluster.begin("asleep", visits=1)
        until(lambda: asked(country, "killed", 3), 60)
        os.kill(cluster.workers["killed"].pid, signal.SIGKILL)  # and not its child
        until(lambda: asked(country, "asleep", 3), 60)
        os.kill(cluster.workers["asleep"].pid, signal.SIGSTOP)
        before = len(country.seen)
        time.sleep(5.1)
        cluster.begin("third")
        cluster.wait(120)
        assert len(country.seen) > before
        os.kill(cluster.workers["asleep"].pid, signal.SIGCONT)
        assert cluster.workers["asleep"].wait(10) == 1
        until(lambda: "did not reach PostgreSQL for 5 seconds" in cluster.said("asleep"), 5)
        assert {**cluster.status()["here"], "vantage": ""} == {**NOTHING, "done": 3}
        cluster.end()
        assert country.overlaps() == []
        found = merged(cluster)
        assert [visit[-1] for visit in verdicts(found).values()] == ["ok"] * 3
        assert differences(rows(found), rows(of_one_machine(cluster, portals.proxy_url))) == []


@pytest.mark.exhaustive
def test_postgresql_dies_and_a_worker_is_told_to_end(portals: SamplePortals, postgres: Server, tmp_path: Path) -> None:
    """PostgreSQL is back soon: the visit goes on. Late: the worker has ended itself; who begins anew waits for it."""
    country = Country(portals, tmp_path, 2, reports=24, delay=0.2)  # a visit is longer than a lease
    with ended(Cluster(country, portals.proxy_url, postgres.conninfo, tmp_path)) as cluster:
        cluster.enqueue()
        cluster.begin("first", visits=1)
        until(lambda: asked(country, "first", 2), 60)
        postgres.stop()
        postgres.start()
        until(lambda: cluster.status()["here"]["done"], 60)
        until(lambda: asked(country, "first", country.reports + 6), 60)
        postgres.stop()
        assert cluster.workers["first"].wait(30) == 1
        cluster.begin("second", visits=1)
        until(lambda: "PostgreSQL cannot be reached" in cluster.said("second"), 30)
        postgres.start()
        until(lambda: asked(country, "second", 6), 60)
        cluster.workers["second"].terminate()
        assert cluster.workers["second"].wait(30) == 0
        assert not cluster.status()["here"]["failed"]
        cluster.begin("third")
        cluster.wait(120)
        cluster.end()
        assert country.overlaps() == []
        again = country.asked_by("third") & country.asked_by(
            "second"
        )  # which it had shipped, so a report is left alone
        assert not {url for url in again if url.rpartition("/")[2].removesuffix(".html").isdigit()}
        assert {code: visits[-1] for code, visits in verdicts(merged(cluster)).items()} == dict.fromkeys(
            country.codes, "ok"
        )


def test_a_blocked_visit_is_offered_to_another_vantage(
    portals: SamplePortals, postgres: Server, tmp_path: Path
) -> None:
    """And only that: what robots.txt forbids is forbidden to all."""
    country = Country(portals, tmp_path, 3)
    country.turned_away = {("near", "www.p2.gov.cn")}
    country.robots["www.p1.gov.cn"] = b"User-agent: *\nDisallow: /\n"
    with ended(Cluster(country, portals.proxy_url, postgres.conninfo, tmp_path, lease=20)) as cluster:
        cluster.enqueue("p1", "p2", "--vantage", "jinan", "--vantage", "far away")
        cluster.begin("near", "jinan")
        until(lambda: cluster.status().get("far away"), 60)
        assert cluster.status()["far away"]["offered"] == 1
        until(lambda: cluster.status()["jinan"]["done"] == 2, 30)
        cluster.begin("far", "far away")
        cluster.wait(60)
        cluster.end()
        assert "100002 样二区: offered to far away" in cluster.said("near")
        data = merged(cluster)
        assert verdicts(data) == {"100001": ["blocked"], "100002": ["blocked", "ok"]}
        with sqlite3.connect(data / "nianbao.db") as db:
            sql = "select vantage from runs where portal = '100002' order by started"
            assert [vantage for (vantage,) in db.execute(sql)] == ["jinan", "far away"]
            assert db.execute("select count(*) from reports where portal = '100002'").fetchone() == (3,)


DRILL = int(os.environ.get("NIANBAO_DRILL", "200"))  # portals


@pytest.mark.exhaustive
def test_a_worker_is_killed_each_minute_and_all_of_them_once(
    portals: SamplePortals, postgres: Server, tmp_path: Path
) -> None:
    """No portal is left unvisited, no host has two visits at a time, the database is that of a single machine."""
    country = Country(portals, tmp_path, DRILL, reports=2)
    names = ("north", "east", "south")
    with ended(Cluster(country, portals.proxy_url, postgres.conninfo, tmp_path, lease=10)) as cluster:
        cluster.enqueue()
        turn = itertools.cycle(names)
        for name in names:
            cluster.begin(name)
        kills, due, halves = 0, time.monotonic() + KILL_EVERY, 0
        while any(row["waiting"] + row["running"] for row in cluster.status().values()):
            if not halves and cluster.status()["here"]["done"] > DRILL / 2:
                victims, halves = names, 1
            elif time.monotonic() > due:
                victims, due = (next(turn),), time.monotonic() + KILL_EVERY
            else:
                victims = ()
            for name in victims:
                cluster.workers[name].kill()
                kills += 1
            for name in names:  # as systemd would
                if cluster.workers[name].poll() is not None:
                    cluster.begin(name)
            time.sleep(1)
        cluster.end()
        assert halves and kills > len(names)
        assert country.overlaps() == []
        found = merged(cluster)
        ends = verdicts(found)
        assert {code: ends.get(code, ["unvisited"])[-1] for code in country.codes} == dict.fromkeys(country.codes, "ok")
        cut = sum(len(visits) - 1 for visits in ends.values())
        print(f"{DRILL} portals, {kills} kills, {cut} visits made again, {len(country.seen)} requests")
        assert differences(rows(found), rows(of_one_machine(cluster, portals.proxy_url))) == []


# Without workers


def test_of_a_visit_that_is_put_back_and_asked_for_anew_one_waits(postgres: Server) -> None:
    """A worker's late word counts for nothing, its visit being another's; and never do two of one portal wait."""

    async def nobody() -> None:
        pass

    async def story() -> None:
        portal = Portal("370101", "a", "a", "http://a.gov.cn/")
        with todo.Todo(postgres.conninfo) as found:
            assert found.enqueue([portal], todo.locks([portal]), ["here"], False) == 1
        async with todo.Agenda(postgres.conninfo, "here", nobody) as agenda:
            manager = agenda._app.job_manager
            first = await manager.register_worker()
            job = await manager.fetch_job(["here"], first)
            assert job and await agenda.renew(first)
            await manager.unregister_worker(first)
            assert not await agenda.renew(first)
            await agenda.offer(job.evolve(priority=1), ["here"])
            assert await agenda.sweep() == []  # it waits already
            assert states() == ["cancelled", "todo"]
            second = await manager.register_worker()
            again = await manager.fetch_job(["here"], second)
            assert again
            await manager.finish_job(again.evolve(worker_id=first), Status.FAILED, False)
            assert states() == ["cancelled", "doing"]
            await manager.retry_job(again)
            assert states() == ["cancelled", "todo"]

    def states() -> list[str]:
        with psycopg.connect(postgres.conninfo) as connection:
            rows = connection.execute("select status::text from procrastinate_jobs order by id").fetchall()
        return [state for (state,) in rows]

    asyncio.run(story())


def test_portals_on_one_host_have_one_lock() -> None:
    portals = [
        Portal("370101", "a", "a", "http://www.b.gov.cn/east/"),
        Portal("370102", "b", "b", "http://www.b.gov.cn:8080/", hosts=("a.gov.cn",)),
        Portal("370103", "c", "c", "https://c.gov.cn/"),
        Portal("370104", "d", "d"),
    ]
    assert todo.locks(portals) == {"370101": "a.gov.cn", "370102": "a.gov.cn", "370103": "c.gov.cn"}


def test_what_is_shipped_can_be_collected_and_is_checked(demo: Path, tmp_path: Path) -> None:
    nianbao, store = Command(tmp_path / "data", ""), tmp_path / "store"
    sent = nianbao("ship", store, "--data", demo)
    assert sent.returncode == 0, sent.stderr
    assert f"{len(warc.files(demo))} files copied" in sent.stdout
    assert "0 files copied" in nianbao("ship", store, "--data", demo).stdout
    assert nianbao("build", "--from", store).returncode == 0
    assert [p.read_bytes() for p in warc.files(nianbao.data)] == [p.read_bytes() for p in warc.files(demo)]
    assert differences(rows(nianbao.data), rows(demo)) == []
    lost = warc.files(nianbao.data)[0]
    lost.unlink()
    warc.index_path(lost).unlink()
    (copy,) = (store / lost.parent.name).glob("*.warc.gz")
    content = copy.read_bytes()
    copy.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    torn = nianbao("build", "--from", store)
    assert (torn.returncode, torn.stderr.count("\n")) == (1, 1)
    assert "is not what its name says" in torn.stderr
    assert not lost.exists()
    copy.write_bytes(content[:-9])
    assert "1 files copied" in nianbao("ship", store, "--data", demo).stdout  # its size gives it away
    assert nianbao("build", "--from", store).returncode == 0
    assert lost.exists()


def test_a_file_that_is_being_written_is_not_shipped(tmp_path: Path, demo: Path) -> None:
    from archive.cluster.store import Store

    path = warc.files(demo)[0]
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert list(Store(str(tmp_path)).ship([path])) == []
    assert list(Store(str(tmp_path)).ship([path])) == [path]


def test_errors_are_one_line(tmp_path: Path, portals: SamplePortals) -> None:
    nianbao = Command(tmp_path / "data", portals.proxy_url)
    for given, environment, code, said in (
        (["enqueue"], {}, 2, "NIANBAO_QUEUE"),
        (["work"], {}, 2, "NIANBAO_QUEUE"),
        (["cluster", "status"], {"NIANBAO_QUEUE": "nonsense"}, 2, "NIANBAO_QUEUE"),
        (["cluster", "status"], {"NIANBAO_QUEUE": f"postgresql://nobody@/x?host={tmp_path}"}, 1, "cannot be reached"),
        (["work"], {"NIANBAO_QUEUE": "postgresql:///x", "NIANBAO_LEASE": "0"}, 2, "NIANBAO_LEASE=0"),
        (["build", "--from", "nowhere://there"], {}, 2, "nowhere"),
    ):
        done = nianbao(*given, **environment)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), (given, done.stderr)
        assert said in done.stderr


def test_without_the_extra_the_commands_say_what_to_install(tmp_path: Path) -> None:
    """And all others know nothing of it."""
    hide = "import sys; sys.modules |= dict.fromkeys(('procrastinate', 'psycopg', 'fsspec')); "
    run = "from archive.cli import main; sys.argv = ['nianbao', *sys.argv[1:]]; main()"
    for given in (["enqueue"], ["work"], ["cluster", "status"], ["ship", "x"], ["build", "--from", "x"]):
        (tmp_path / "warc").mkdir(exist_ok=True)
        command = [sys.executable, "-c", hide + run, *given, "--data", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **CONTACT})
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert "pip install 'nianbao[cluster]'" in done.stderr
    seen = "import sys, archive.cli; print({'procrastinate', 'psycopg'} & {*sys.modules})"  # warcio tries fsspec
    assert subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout == "set()\n"
