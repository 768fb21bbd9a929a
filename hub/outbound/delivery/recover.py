"""Sending a subscription again what it missed since a time: a job that counts first and works in small steps."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import structlog

from hub.errors import Conflict, HubError, Invalid, NotFound, Problem
from hub.model.ids import Id, new_id, read_id, write_id
from hub.model.stored.access import Job
from hub.outbound.delivery.dispatch import Dispatcher
from hub.outbound.delivery.resting import Resting
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["KIND", "Recovery"]

log = structlog.get_logger(__name__)

KIND = "recover"
"""Kind of these jobs."""
_STEP = 100
_CROWD = 200
_WAIT = 250_000


class Recovery:
    """Runs recovery jobs; what is dead or was skipped is made pending again, oldest first.

    A job keeps few deliveries in the queue at a time, so that what is published meanwhile does not wait behind it, and
    its progress is that of what has been sent.

    Args:
        store: Where jobs and deliveries are.
        dispatcher: Sends them.
        clock: The hub's clock.
    """

    def __init__(self, store: Store, dispatcher: Dispatcher, clock: Clock) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._running: dict[Id, asyncio.Task[None]] = {}
        self._resting = Resting()

    async def start(self) -> None:
        """Go on with the jobs that a stop or crash interrupted."""
        for job in await self._store.access.open_jobs():
            if job.kind == KIND and job.state in ("counting", "running"):
                self._run(job)

    async def stop(self) -> None:
        """Interrupt all jobs; they go on at the next start."""
        await self._resting.stop(tuple(self._running.values()))
        self._running.clear()

    async def recover(self, org: Id, subscription: Id, since: int, until: int | None = None) -> Job:
        """Begin to send again what a subscription missed.

        Args:
            org: Whose subscription it is.
            subscription: Its id.
            since: Of messages accepted from then on, microseconds UTC.
            until: Of messages accepted before then; now, if left out.

        Raises:
            NotFound: No such subscription.
            Invalid: The span is empty.
        """
        record = self._store.snapshot.subscriptions.get(subscription)
        if record is None or record.org != org:
            raise NotFound("no such subscription")
        now = self._clock.now()
        end = now if until is None else until
        if since >= end:
            raise Invalid("there is nothing to recover", (Problem("/since", "must be before `until`"),))
        job = Job(
            org=org,
            id=new_id(),
            kind=KIND,
            params={"subscription": write_id("sub", subscription), "since": since, "until": end},
            state="counting",
            total=0,
            done=0,
            failed=0,
            cursor="",
            created=now,
            updated=now,
        )
        job = await self._count(job)
        self._run(job)
        return job

    async def pause(self, org: Id, job: Id) -> Job:
        """Interrupt a job until `resume`. Raises `NotFound`, `Conflict` when it has ended."""
        return await self._interrupt(org, job, "paused")

    async def cancel(self, org: Id, job: Id) -> Job:
        """End a job; what it has queued is sent. Raises `NotFound`, `Conflict` when it has ended."""
        return await self._interrupt(org, job, "cancelled")

    async def resume(self, org: Id, job: Id) -> Job:
        """Go on with a paused job. Raises `NotFound`, `Conflict` when it is not paused."""
        current = await self._job(org, job)
        if current.state != "paused":
            raise Conflict(f"the job is {current.state}")
        resumed = await self._put(replace(current, state="running"))
        self._run(resumed)
        return resumed

    async def settled(self) -> None:
        """Return once no job runs."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _job(self, org: Id, job: Id) -> Job:
        found = await self._store.access.job(org, job)
        if found.kind != KIND:
            raise NotFound("no such job")
        return found

    async def _interrupt(self, org: Id, job: Id, state: Any) -> Job:
        task = self._running.pop(job, None)
        if task is not None:
            await self._resting.stop((task,))
        current = await self._job(org, job)
        if current.state not in ("counting", "running", "paused"):
            raise Conflict(f"the job is {current.state}")
        return await self._put(replace(current, state=state))

    def _run(self, job: Job) -> None:
        task = asyncio.create_task(self._work(job), name="hub-outbound-recover")
        self._running[job.id] = task
        task.add_done_callback(lambda done: self._ended(job.id, done))

    def _ended(self, job: Id, task: asyncio.Task[None]) -> None:
        if self._running.get(job) is task:
            del self._running[job]

    async def _work(self, job: Job) -> None:
        try:
            if job.state == "counting":
                job = await self._count(job)
            while job.state == "running":
                with self._resting.rest():
                    await asyncio.sleep(0)
                job = await self._step(job)
        except HubError as error:
            log.warning("recovery_failed", job=write_id("job", job.id), error=str(error))
            with contextlib.suppress(HubError):
                await self._put(replace(job, state="failed", error=str(error)))

    async def _count(self, job: Job) -> Job:
        subscription, since, until = _params(job)
        total = await self._store.outbound.count_recoverable(job.org, subscription, since, until)
        return await self._put(replace(job, state="running", total=total))

    async def _step(self, job: Job) -> Job:
        subscription, since, until = _params(job)
        outbound = self._store.outbound
        while await outbound.pending(job.org, subscription, _CROWD) >= _CROWD:
            with self._resting.rest():
                await self._clock.sleep_until(self._clock.now() + _WAIT)
        ids, cursor = await outbound.recoverable(job.org, subscription, since, until, limit=_STEP, cursor=job.cursor)
        if not ids:
            return await self._put(replace(job, state="done"))
        changed = await outbound.requeue(job.org, ids, self._clock.now())
        self._dispatcher.due(job.org, subscription, self._clock.now())
        missed = len(ids) - len(changed)
        return await self._put(replace(job, done=job.done + len(changed), failed=job.failed + missed, cursor=cursor))

    async def _put(self, job: Job) -> Job:
        job = replace(job, updated=self._clock.now())
        await self._store.access.put_job(job)
        return job


def _params(job: Job) -> tuple[Id, int, int]:
    subscription = read_id("sub", str(job.params["subscription"]))
    if subscription is None:
        raise NotFound("no such subscription")
    return subscription, int(job.params["since"]), int(job.params["until"])
