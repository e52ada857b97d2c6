"""The list of visits to be made, in PostgreSQL (procrastinate). It is only that: what was visited, the archive says.

A visit waits in the queue of a vantage, under a lock that all portals on its hosts share: of one lock, one visit goes
on at a time in the whole cluster. A worker says every few seconds that it is there. One that was not heard for two
leases is struck off, and its visits wait again; it has ended them itself after one (archive.cluster.lease).
"""

import logging
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import procrastinate
import psycopg
from procrastinate import exceptions
from procrastinate.connector import BaseConnector
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from archive import values, visits
from archive.cluster.lease import RENEWALS, Lease
from archive.model import Portal

VISIT = "visit"  # the one task
KEPT = 7 * 24  # hours for which ended visits stay in the list
LEASE = "30"  # seconds, where NIANBAO_LEASE says nothing
CONNECT: dict[str, Any] = {"min_size": 1, "max_size": 4, "kwargs": {"connect_timeout": 10}}

_RENEW = "update procrastinate_workers set last_heartbeat = now() where id = %(worker)s returning id"
_AGAIN = """
    update procrastinate_jobs set status = 'todo', attempts = attempts + 1
    where status = 'doing' and worker_id is null returning args->>'portal' as portal"""
_END = """
    update procrastinate_jobs set status = %(status)s::procrastinate_job_status, attempts = attempts + 1
    where id = %(job)s and status = 'doing' and worker_id = %(worker)s"""
_TWICE = """
    update procrastinate_jobs j set status = 'cancelled'
    where status = 'doing' and (worker_id is null or id = %(job)s and worker_id = %(worker)s) and exists (
        select from procrastinate_jobs o where o.queueing_lock = j.queueing_lock and o.status = 'todo')
    returning id"""
_PRESENT = "select queue_name, args->>'portal' as portal from procrastinate_jobs where status in ('todo', 'doing')"
_STATUS = """
    select queue_name as vantage,
        count(*) filter (where status = 'todo') as waiting,
        count(*) filter (where status = 'todo' and priority < 0) as offered,
        count(*) filter (where status = 'doing') as running,
        count(*) filter (where status = 'succeeded') as done,
        count(*) filter (where status = 'failed') as failed
    from procrastinate_jobs group by queue_name order by queue_name"""
_RUNNING = """
    select queue_name as vantage, args->>'portal' as portal, status::text, attempts,
        extract(epoch from now() - (select max(at) from procrastinate_events e where e.job_id = j.id))::int as seconds
    from procrastinate_jobs j where status in ('doing', 'failed') order by status, id"""
_FORGET = """
    delete from procrastinate_jobs j where status in ('succeeded', 'failed', 'cancelled') and not exists (
        select from procrastinate_events e where e.job_id = j.id and at > now() - interval '1 hour' * %(hours)s)
    returning id"""

Error = (exceptions.ConnectorException, psycopg.Error)


def lease() -> float:
    """Seconds; the same on all machines."""
    return values.lease(os.environ.get("NIANBAO_LEASE") or LEASE)


def locks(portals: Iterable[Portal]) -> dict[str, str]:
    """code → lock, the same for all portals that share a host, directly or by a third."""
    groups = visits.by_host(portal for portal in portals if portal.home)
    names = {tuple(group): min(host for portal in group for host in visits.hosts(portal)) for group in groups}
    return {portal.code: name for group, name in names.items() for portal in group}


class Todo:
    """The list as whoever adds to it sees it, or asks how it stands. Raises Error."""

    def __init__(self, conninfo: str) -> None:
        connector = procrastinate.SyncPsycopgConnector(conninfo=conninfo, timeout=10, **CONNECT)
        self._app = procrastinate.App(connector=connector)
        self._conninfo = conninfo

    def __enter__(self) -> "Todo":
        psycopg.connect(self._conninfo, connect_timeout=10).close()  # a pool would not say what is wrong
        self._app.open()
        self._prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self._app.close()

    def _prepare(self) -> None:
        """Makes the tables, in a database that has none."""
        if not self._app.check_connection():
            try:
                self._app.schema_manager.apply_schema()
            except Error:
                if not self._app.check_connection():  # not that another one has just made them
                    raise

    def enqueue(
        self, portals: Sequence[Portal], locked: Mapping[str, str], vantages: Sequence[str], recheck: bool
    ) -> int:
        """Has these portals visited from the first vantage; returns how many were not waiting or being visited there.

        Where one turns out to be blocked or out of reach, the visit is offered to the next.
        """
        first, others = vantages[0], vantages[1:]
        present = {(row["queue_name"], row["portal"]) for row in self._query(_PRESENT)}
        added = 0
        for portal in portals:
            if (first, portal.code) in present:
                continue
            try:
                self._app.configure_task(VISIT, **options(portal.code, first, locked[portal.code])).defer(
                    portal=portal.code, others=[*others], recheck=recheck
                )
                added += 1
            except exceptions.AlreadyEnqueued:  # by another one, a moment ago
                pass
        self._query(_FORGET, hours=KEPT)
        self._app.connector.get_sync_connector().execute_query("analyze procrastinate_jobs")  # or the first waits long
        return added

    def status(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """How many visits each vantage has; which go on or have failed."""
        return self._query(_STATUS), self._query(_RUNNING)

    def _query(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        return self._app.connector.get_sync_connector().execute_query_all(query, **arguments)


def options(code: str, vantage: str, lock: str, priority: int = 0) -> Any:
    """How a visit waits. What is offered comes after all else: a waiting job holds up those of its lock that come later
    in order, also at vantages that somebody works for."""
    return {"queue": vantage, "lock": lock, "queueing_lock": f"{code}@{vantage}", "priority": priority}


class Agenda:
    """The list as a worker sees it. Raises Error."""

    def __init__(self, conninfo: str, vantage: str, visit: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self._conninfo, self._vantage = conninfo, vantage
        self.lease = lease()
        self._app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=conninfo, timeout=self.lease / RENEWALS, **CONNECT)
        )
        self._app.job_manager = _Manager(self._app.connector)
        self._app.task(name=VISIT, pass_context=True, retry=_Again())(visit)
        for name in ("procrastinate", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.CRITICAL)

    async def __aenter__(self) -> "Agenda":
        with Todo(self._conninfo):  # makes the tables
            pass
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    async def work_off(self, lease: Lease) -> None:
        """Makes the visits of the vantage one by one until none is left, as a worker with a number of its own.

        Cancelled, it makes the one that is under way the last.
        """
        await self._app.run_worker_async(
            queues=[self._vantage],
            wait=False,
            concurrency=1,
            listen_notify=False,
            install_signal_handlers=False,
            additional_context={"lease": lease},
            update_heartbeat_interval=self.lease / RENEWALS,
            stalled_worker_timeout=2 * self.lease,
        )

    async def renew(self, worker: int) -> bool:
        """Says that a worker is there; False where it was struck off."""
        return bool(await self._connector.execute_query_all_async(_RENEW, worker=worker))

    async def sweep(self) -> list[str]:
        """Strikes off workers that were not heard for two leases; returns the portals that wait again, as nobody visits
        them any more."""
        await self._app.job_manager.prune_stalled_workers(2 * self.lease)
        await self._connector.execute_query_all_async(_TWICE, job=0, worker=0)
        return [row["portal"] for row in await self._connector.execute_query_all_async(_AGAIN)]

    async def offer(self, job: Job, vantages: Sequence[str]) -> None:
        """Has a portal visited from another vantage."""
        code, recheck = job.task_kwargs["portal"], job.task_kwargs["recheck"]
        waits = options(str(code), vantages[0], str(job.lock), job.priority - 1)
        try:
            deferrer = self._app.configure_task(VISIT, **waits)
            await deferrer.defer_async(portal=code, others=list(vantages[1:]), recheck=recheck)
        except exceptions.AlreadyEnqueued:
            pass

    @property
    def _connector(self) -> BaseConnector:
        return self._app.connector


class _Manager(JobManager):
    """Takes the word of a worker on how a visit ended only while the visit is its own."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await self._end(job, status)

    async def retry_job(self, job: Job, *_: object, **__: object) -> None:
        """Puts a visit back, unless one of the same portal has come to wait since it began."""
        await self.connector.execute_query_all_async(_TWICE, job=job.id, worker=job.worker_id)
        await self._end(job, Status.TODO)

    async def _end(self, job: Job, status: Status) -> None:
        await self.connector.execute_query_async(_END, status=status.value, job=job.id, worker=job.worker_id)


class Unfinished(Exception):
    """A visit came to no end, and is put back."""


class _Again(procrastinate.BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        return procrastinate.RetryDecision() if isinstance(exception, Unfinished) else None
