"""The runner: begins, claims and steers jobs of every kind in the same way, in one process or several."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

import structlog

from hub.errors import Conflict, HubError
from hub.jobs.kind import JobKind, JobOrder
from hub.jobs.work import JobWork
from hub.model.ids import Id, new_id
from hub.model.stored.execution import Lease
from hub.model.stored.jobs import ClaimedJob, Job, JobAction
from hub.model.times import SECOND
from hub.ports.clock import Clock
from hub.ports.store import Jobs
from hub.ports.timed_event import TimedEvent

__all__ = ["JobRunner"]

log = structlog.get_logger(__name__)

_PATIENCE = 5 * SECOND
"""How often to look for jobs that other processes created or left, microseconds."""
_FIRST_RUN = 60 * SECOND
"""Delay of the first run of a job that repeats, microseconds: a hub that starts has more urgent work."""
_PARTICIPLES: Final[dict[JobAction, str]] = {"pause": "paused", "resume": "resumed", "cancel": "cancelled"}


class JobRunner:
    """Runs the jobs of all orgs.

    A job is worked on by one process at a time, which holds its lease and renews it. Progress is stored after every
    step, under the fence of the lease. When the process ends, another one (or the next start) continues after the last
    stored step.

    Args:
        jobs: Stores jobs.
        kinds: The kinds that this process works on. Jobs of other kinds are left to other processes.
        clock: The hub's clock.
        owner: Id of this process in leases.
        lease_seconds: Life of a lease without renewal.
        stop_seconds: How long `stop` waits for the steps under way.
    """

    def __init__(
        self,
        jobs: Jobs,
        kinds: Iterable[JobKind],
        clock: Clock,
        *,
        owner: str,
        lease_seconds: float = 30.0,
        stop_seconds: float = 10.0,
    ) -> None:
        self._jobs = jobs
        self._kinds = {kind.name: kind for kind in kinds}
        self._clock = clock
        self._owner = owner
        self._lease = round(lease_seconds * SECOND)
        self._stop_seconds = stop_seconds
        self._works: dict[Id, JobWork] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._claim_wanted = TimedEvent(clock)
        self._renewal_ends = TimedEvent(clock)
        self._stopping = True

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds."""
        return tuple(self._kinds)

    def may(self, kind: str) -> frozenset[JobAction]:
        """What people may do to a job of that kind."""
        return self._kinds[kind].may if kind in self._kinds else frozenset()

    async def start(self, org: Id) -> None:
        """Start working on jobs. Jobs that repeat are created, in `org`, unless they exist.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        for kind in self._kinds.values():
            if kind.repeats is not None:
                now = self._clock.now()
                job = Job(org, new_id(), kind.name, {}, "counting", 0, 0, 0, "", now, now)
                with contextlib.suppress(Conflict):
                    await self._jobs.create(job, due=now + _FIRST_RUN, alone=True)
        self._stopping = False
        self._loops = [
            asyncio.create_task(self._claim(), name="hub-jobs-claim"),
            asyncio.create_task(self._renew(), name="hub-jobs-renew"),
        ]

    async def stop(self) -> None:
        """Let each job finish its current step, then give the jobs up to other processes or the next start."""
        self._stopping = True
        for work in self._works.values():
            work.stop()
        self._claim_wanted.set()
        self._renewal_ends.set()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops.clear()
        tasks = tuple(self._tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=self._stop_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settled(self) -> None:
        """Return once this process is working on no job."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def begin(self, org: Id, order: JobOrder) -> Job:
        """Begin a job and return it once its things are counted. It goes on even if the caller does not wait.

        Raises:
            Conflict: The kind allows one job at a time and there is one, or the org has too many unfinished jobs.
            StoreUnavailable: The commit failed and there is no job.
        """
        kind = self._kinds[order.kind]
        now = self._clock.now()
        job = Job(org, new_id(), kind.name, order.params, "counting", 0, 0, 0, "", now, now)
        if self._stopping:
            await self._jobs.create(job, alone=kind.alone)
            return job
        lease = Lease(self._owner, now + self._lease)
        await self._jobs.create(job, lease=lease, alone=kind.alone)
        work = self._work_on(ClaimedJob(job, lease))
        await work.counted.wait()
        return work.job

    async def steer(self, org: Id, job: Id, action: JobAction) -> Job:
        """Pause, resume or cancel a job, in whichever process it runs. The current step is finished and counted.

        Raises:
            NotFound: The org has no such job.
            Conflict: Its kind or its state does not allow this.
        """
        found = await self._jobs.get(org, job)
        if action not in self.may(found.kind):
            raise Conflict(f"a job of the kind {found.kind} cannot be {_PARTICIPLES[action]}: it runs to its end")
        steered = await self._jobs.steer(org, job, action, self._clock.now())
        if job in self._works:
            self._works[job].look()
        self._claim_wanted.set()
        return steered

    async def take_over(self, owner: str) -> None:
        """Claim at once the jobs of the process `owner`, which is known to have ended. Raises `StoreUnavailable`."""
        await self._jobs.expire(owner, self._clock.now())
        self._claim_wanted.set()

    def _work_on(self, claimed: ClaimedJob) -> JobWork:
        job = claimed.job
        work = JobWork(claimed, self._kinds[job.kind], self._jobs, self._clock)
        if self._stopping:  # `stop` was called during the commit or the claim
            work.stop()
        task = asyncio.create_task(work.run(), name=f"hub-job-{job.kind}")
        self._works[job.id] = work
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(job.id, work, ended))
        return work

    def _ended(self, job: Id, work: JobWork, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._works.get(job) is work:  # otherwise its lease ended, and this process claimed it again
            del self._works[job]
        self._claim_wanted.set()  # the job may have been resumed just before its lease was given up

    async def _claim(self) -> None:
        while not self._stopping:
            until = self._clock.now() + _PATIENCE
            try:
                due = await self._jobs.next_due(self._kinds)
                now = self._clock.now()
                if due is not None and due <= now:
                    for claimed in await self._jobs.claim(self._owner, now + self._lease, now, self._kinds):
                        self._work_on(claimed)
                    continue
                until = until if due is None else min(due, until)
            except HubError as error:
                log.warning("no_jobs_claimed", error=str(error))
            await self._claim_wanted.wait(until)

    async def _renew(self) -> None:
        while not self._stopping:
            await self._renewal_ends.wait(self._clock.now() + self._lease // 3)
            held = tuple(self._works)
            if not held:
                continue
            try:
                kept = await self._jobs.renew(self._owner, held, self._clock.now() + self._lease)
            except HubError as error:
                log.warning("job_leases_not_renewed", error=str(error))
                continue
            for job in held:
                if job not in kept and job in self._works:
                    self._works[job].stop()
