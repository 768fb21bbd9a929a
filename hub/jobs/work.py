"""Working on one claimed job: its things are counted, then it goes step by step, and each step is stored."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import structlog

from hub.errors import Fenced, HubError, StoreUnavailable
from hub.jobs.kind import JobKind, JobStep, JobWait
from hub.model.ids import write_id
from hub.model.stored.jobs import WORKING_JOB, ClaimedJob, Job
from hub.ports.clock import Clock
from hub.ports.store import Jobs
from hub.ports.timed_event import TimedEvent

__all__ = ["JobWork"]

log = structlog.get_logger(__name__)

_MOST_CRASHES = 3
"""After so many crashes of the hub without progress the job is taken to be the cause, and fails."""
_UNEXPECTED = "an unexpected error ended the job: the log of the hub has the details"
_FIRST_PAUSE = 1_000_000
_LONGEST_PAUSE = 60_000_000
"""Delays between two tries while the database does not answer, microseconds."""


class JobWork:
    """Works on one claimed job until it ends, is paused or cancelled, its lease is lost, or the process stops.

    Args:
        claimed: The job and its lease.
        kind: Its kind.
        jobs: Stores its progress.
        clock: The hub's clock.

    Attributes:
        job: The job as this process stored it last.
        counted: Set once its things are counted, or the work has ended before that.
    """

    def __init__(self, claimed: ClaimedJob, kind: JobKind, jobs: Jobs, clock: Clock) -> None:
        self.job = claimed.job
        self.counted = asyncio.Event()
        self._fence = claimed.lease.fence
        self._crashes = claimed.crashes
        self._taken_over = claimed.taken_over
        self._kind = kind
        self._jobs = jobs
        self._clock = clock
        self._wakeup = TimedEvent(clock)
        self._stopping = False

    def stop(self) -> None:
        """End after the current step. The job goes on in another process or at the next start."""
        self._stopping = True
        self._wakeup.set()

    def look(self) -> None:
        """The job was paused, resumed or cancelled: look at it now."""
        self._wakeup.set()

    async def run(self) -> None:
        """Work on the job. Nothing is raised: an error fails the job, or is waited out if the database is away."""
        pause = _FIRST_PAUSE
        try:
            while not await self._settle():
                await self._wakeup.wait(self._clock.now() + pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                if self._stopping:
                    return
        finally:
            self.counted.set()

    async def _settle(self) -> bool:
        """Work on the job and give up its lease; False if the database did not answer, to be tried again."""
        try:
            try:
                end = await self._work()
            except (Fenced, StoreUnavailable):
                raise
            except HubError as error:
                end = replace(self.job, state="failed", error=str(error))
            except Exception:
                log.exception("job_fault", job=self._name, kind=self.job.kind)
                end = replace(
                    self.job,
                    state="failed",
                    error="an unexpected error ended the job: the log of the hub has the details",
                )
            await self._release(end)
        except Fenced:
            log.info("job_lost", job=self._name, kind=self.job.kind)
        except StoreUnavailable as error:
            log.warning("job_delayed", job=self._name, kind=self.job.kind, error=str(error))
            return False
        return True

    async def _work(self) -> Job:
        """Work until there is a reason to stop; the job as it is to be stored then."""
        if self._taken_over and self.job.state == "running":
            await self._recount()
        if self._crashes >= _MOST_CRASHES:
            error = f"the hub crashed {self._crashes} times at the same place of this job"
            return replace(self.job, state="failed", error=error)
        if self.job.state == "counting":
            counted = replace(self.job, state="running", total=await self._kind.count(self.job))
            if not await self._keep(counted):
                return self.job
        self.counted.set()
        if not self.job.params.get("dry_run"):
            async with aclosing(self._kind.work(self.job)) as steps:
                async for step in steps:
                    goes_on = await (self._rest(step) if isinstance(step, JobWait) else self._keep(self._after(step)))
                    if not goes_on:
                        return self.job
        return replace(self.job, state="done")

    async def _recount(self) -> None:
        """Add what the former owner of the job handled in its last step, which it could not store any more.

        If the things that are handled and those that are left do not add up to the total, the missing ones were handled
        in that step and are not found any more. Kinds whose things stay the same find them again, and repeat the step.
        """
        job = self.job
        missing = job.total - job.done - job.failed - await self._kind.count(job)
        self.job = replace(job, done=job.done + max(missing, 0))
        self._taken_over = False

    def _after(self, step: JobStep) -> Job:
        done, failed = self.job.done + step.done, self.job.failed + step.failed
        return replace(
            self.job,
            done=done,
            failed=failed,
            total=max(self.job.total, done + failed),
            cursor=step.cursor,
            error=step.error or self.job.error,
        )

    async def _keep(self, job: Job) -> bool:
        """Store the progress; whether to go on."""
        job = replace(job, updated=self._clock.now())
        state = await self._jobs.checkpoint(job, self._fence)
        self.job = job
        return state == job.state and not self._stopping

    async def _rest(self, wait: JobWait) -> bool:
        """Wait until there is something to do; whether to go on then."""
        await self._wakeup.wait(wait.until)
        current = await self._jobs.get(self.job.org, self.job.id)
        return current.state in WORKING_JOB and not self._stopping

    async def _release(self, job: Job) -> None:
        now = self._clock.now()
        again = None if self._kind.repeats is None else now + self._kind.repeats
        job = replace(job, updated=now)
        state = await self._jobs.release(job, self._fence, again)
        self.job = replace(job, state=state)
        counts = {"done": job.done, "failed": job.failed, "total": job.total}
        if state == "failed":
            log.warning("job_failed", job=self._name, kind=job.kind, error=job.error, **counts)
        else:
            log.info("job_released", job=self._name, kind=job.kind, state=state, **counts)

    @property
    def _name(self) -> str:
        return write_id("job", self.job.id)
