"""Jobs: who works on them, and how far they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.execution import Lease
from hub.model.stored.jobs import ClaimedJob, Job, JobAction, JobState
from hub.ports.store.page import Page

__all__ = ["Jobs"]


class Jobs(Protocol):
    """Claims, progress and reads of jobs.

    A job that is counting or running belongs to the process that has its lease, or to nobody yet. Pausing and
    cancelling change the state at once, whichever process asks; the owner learns of it from its next `checkpoint`,
    which still counts what it had under way.
    """

    async def create(
        self, job: Job, *, lease: Lease | None = None, due: int | None = None, alone: bool = False
    ) -> None:
        """Keep a new job.

        Args:
            job: A counting or running one.
            lease: For the process that works on it from the start; without one anybody may claim it.
            due: From when on it may be claimed, microseconds UTC; None: at once.
            alone: Refuse it beside another one of its kind, of any org, that is unfinished or begins again.

        Raises:
            Conflict: Such a one exists; or, for a job that need not be alone, the org has `MOST_UNFINISHED` jobs.
        """
        ...

    async def get(self, org: Id, job: Id) -> Job:
        """One job.

        Raises:
            NotFound: The org has no such job.
        """
        ...

    async def list(
        self, org: Id, *, kind: str | None = None, state: str | None = None, limit: int, cursor: str | None = None
    ) -> Page[Job]:
        """Jobs of the org, or of one kind, or in one state."""
        ...

    async def claim(self, owner: str, until: int, now: int, kinds: Collection[str]) -> tuple[ClaimedJob, ...]:
        """Win every job of these kinds, of all orgs, that is due and has no owner, or whose lease has ended.

        A lease that ended was given up by nobody: the job is taken over, which counts as a crash until its next
        progress. A job that has ended and begins again is counting from now on, with the counts, cursor and error of a
        new job. Paused and cancelled jobs are never won.

        Args:
            owner: Id of the process.
            until: End of the leases.
            now: What is due by then is won.
            kinds: Jobs of other kinds are left alone.
        """
        ...

    async def next_due(self, kinds: Collection[str]) -> int | None:
        """When the next job of these kinds may be claimed; ends of leases count. None: there is none."""
        ...

    async def renew(self, owner: str, jobs: Sequence[Id], until: int) -> frozenset[Id]:
        """Let the leases of `owner` on these jobs end at `until`; returns the jobs that it still owns."""
        ...

    async def expire(self, owner: str, now: int) -> None:
        """End the leases of `owner` at `now`: its process is known to be gone."""
        ...

    async def checkpoint(self, job: Job, fence: int) -> JobState:
        """Keep how far a job is: its state, counts, cursor, error and the time of the update.

        The state is kept unless the job was paused or cancelled meanwhile; everything else is kept in any case. A
        change of counts or cursor is progress, which sets the crashes back to none.

        Returns:
            The state in which the job now is. Another one than `job.state` means: stop.

        Raises:
            Fenced: The lease was lost or given up; nothing was kept.
        """
        ...

    async def release(self, job: Job, fence: int, again: int | None = None) -> JobState:
        """Keep how far a job is as `checkpoint` does, and give up its lease.

        A job that is counting or running after that may be claimed at once.

        Args:
            job: As it is to be kept.
            fence: That of the lease.
            again: When a job that has ended begins again; None: never.

        Returns:
            The state in which the job now is.

        Raises:
            Fenced: The lease was lost or given up; nothing was kept.
        """
        ...

    async def steer(self, org: Id, job: Id, action: JobAction, now: int) -> Job:
        """Pause, resume or cancel a job, and return it as it is now.

        A job that is counting or running can be paused, a paused one resumed, an unfinished one cancelled. A resumed
        job may be claimed at once unless its owner has not noticed the pause; then that goes on.

        Raises:
            NotFound: The org has no such job.
            Conflict: The state of the job does not allow it; says which one.
        """
        ...
