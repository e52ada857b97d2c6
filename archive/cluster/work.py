"""Goes through the list of visits: each a Scrapy child of its own, recorded into the one data folder of this worker."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from procrastinate import JobContext

from archive import captures, disk, repair, visits, warc
from archive.captures import Holdings
from archive.cluster import todo
from archive.cluster.lease import Lease
from archive.cluster.store import NotCopied, Store
from archive.cluster.todo import Agenda, Unfinished
from archive.model import ENDED_EARLY, Portal

POLL = 2.0  # seconds between two looks at an empty list
ATTEMPTS = 3  # of a visit whose child breaks down
ROBOTS = "Forbidden by robots.txt"  # of a portal, and holds for every vantage

Say = Callable[[str], None]


class Worker:
    """Records into one data folder, so many visits side by side."""

    def __init__(
        self,
        conninfo: str,
        vantage: str,
        portals: Mapping[str, Portal],
        data: Path,
        settings: Mapping[str, str],
        held: int,
        store: Store | None,
        say: Say,
    ) -> None:
        self._portals, self._data, self._held = portals, data, held
        self._settings, self._store, self._say = {**settings, "NIANBAO_FENCED": "1"}, store, say
        self._agenda = Agenda(conninfo, vantage, self._visit)
        self._children: set[Process] = set()
        self._stopping = asyncio.Event()
        self.shortage = ""

    def run(self, side_by_side: int) -> None:
        """Until SIGTERM or SIGINT, or until the disk is nearly full (`shortage`)."""
        asyncio.run(self._run(side_by_side))

    async def _run(self, side_by_side: int) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop)
        await self._ship(warc.files(self._data))
        while not self._stopping.is_set():
            with contextlib.suppress(*todo.Error):
                async with self._agenda:
                    await asyncio.gather(self._sweep(), *(self._go() for _ in range(side_by_side)))
                return
            self._say("PostgreSQL cannot be reached; tried again until it can")
            await self._pause(5)

    def _stop(self) -> None:
        """Ends visits in order; they are put back and go on from where they were."""
        self._stopping.set()
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()

    async def _go(self) -> None:
        while not self._stopping.is_set():
            lease = Lease(self._agenda.lease, self._agenda.renew, self._say)
            working = asyncio.create_task(self._agenda.work_off(lease))
            stopped = asyncio.create_task(self._stopping.wait())
            await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
            working.cancel()
            stopped.cancel()
            with contextlib.suppress(asyncio.CancelledError, *todo.Error):
                await working
            lease.give_up()
            await self._pause(POLL)

    async def _sweep(self) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(*todo.Error):
                for code in await self._agenda.sweep():
                    self._say(f"{code}: its worker is gone; it waits again")
            await self._pause(self._agenda.lease / 2)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _visit(self, context: JobContext, portal: str, others: list[str], recheck: bool) -> None:
        """The task: what procrastinate tells PostgreSQL is how this ends."""
        entry = self._portals.get(portal)
        if not entry or not entry.home:
            self._say(f"{portal}: has no home in this worker's registry")
            raise KeyError(portal)
        lease: Lease = context.additional_context["lease"]
        assert context.job.worker_id is not None
        try:
            async with lease.visiting(context.job.worker_id):
                await self._collect(entry)
                holdings = await self._visited(entry, recheck, lease)
                await asyncio.sleep(float(self._settings.get("DOWNLOAD_DELAY", visits.GAP)))  # for the host's next
                await self._judge(context, entry, holdings, others)
        except (*todo.Error, TimeoutError) as error:
            raise Unfinished(str(error)) from error

    async def _visited(self, portal: Portal, recheck: bool, lease: Lease) -> Holdings:
        """What a visit brought home."""
        before = set(self._files(portal))
        if not self._stopping.is_set() and not self._is_full():
            await self._child(portal, recheck, lease)
        for line in await asyncio.to_thread(repair.repair, self._files(portal)):
            self._say(line)
        written = [path for path in self._files(portal) if path not in before]
        await self._ship(written)
        return await asyncio.to_thread(captures.load, portal.code, written)

    def _files(self, portal: Portal) -> list[Path]:
        return sorted((self._data / "warc" / portal.code).glob("*.warc.gz"))

    async def _child(self, portal: Portal, recheck: bool, lease: Lease) -> None:
        (self._data / "logs").mkdir(exist_ok=True)
        given = visits.command(portal, self._data, {**self._settings, "NIANBAO_RECHECK": str(int(recheck))})
        env = {**os.environ, **visits.ENVIRONMENT}
        with visits.log_of(portal, self._data).open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                *given, stdin=PIPE, stdout=DEVNULL, stderr=log, env=env, pass_fds=[self._held]
            )
        self._children.add(child)
        if self._stopping.is_set():  # meanwhile
            child.terminate()
        with lease.carried(child):
            await child.wait()
        self._children.discard(child)

    async def _judge(self, context: JobContext, portal: Portal, holdings: Holdings, others: list[str]) -> None:
        if self._is_full():
            self._stop()
        run = holdings.runs[-1] if holdings.runs else None
        said = f"{run.verdict}; {run.message}".removesuffix("; ") if run else "did not begin"
        self._say(f"{portal.code} {portal.name}: {said}")
        if self._stopping.is_set() and (not run or run.is_cut_short):
            raise Unfinished(said)
        if not run or not run.finished:
            raise Unfinished(said) if context.job.attempts + 1 < ATTEMPTS else RuntimeError(said)
        if others and _is_turned_away(holdings) and not run.message.startswith(ENDED_EARLY):
            self._say(f"{portal.code} {portal.name}: offered to {others[0]}")
            await self._agenda.offer(context.job, others)

    def _is_full(self) -> bool:
        self.shortage = self.shortage or disk.shortage(self._data, self._settings)
        return bool(self.shortage)

    async def _collect(self, portal: Portal) -> None:
        """What other workers have brought home of a portal is not asked for again."""
        if self._store:
            with self._told():
                await asyncio.to_thread(lambda: list(_of(self._store).collect(self._data, [portal.code])))

    async def _ship(self, files: list[Path]) -> None:
        if self._store:
            with self._told():
                await asyncio.to_thread(lambda: list(_of(self._store).ship(files)))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What cannot be copied now is copied when a worker of this folder begins, or by `nianbao ship`."""
        try:
            yield
        except NotCopied as error:
            self._say(str(error))


def _of(store: Store | None) -> Store:
    assert store
    return store


def _is_turned_away(holdings: Holdings) -> bool:
    """Whether a portal may answer somebody else: robots.txt says the same to all."""
    verdict, run = holdings.runs[-1].verdict, holdings.runs[-1].id
    reasons = [f["reason"] for f in holdings.failures if f["run"] == run and f["kind"] == "blocked"]
    return verdict == "unreachable" or (verdict == "blocked" and any(reason != ROBOTS for reason in reasons))
