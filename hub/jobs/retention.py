"""Removing what is old, every hour: one small step at a time, with a line in the log for what is gone.

At the end the disk space of what was removed is given back, in small steps too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

import structlog

from hub.jobs.kind import JobKind, JobStep, JobWait
from hub.model.stored.jobs import Job
from hub.ports.clock import Clock
from hub.ports.store import Retention
from hub.ports.store.retention import RETENTION_KINDS, RetentionKind
from hub.settings import Settings

__all__ = ["RemoveOld", "days_kept"]

log = structlog.get_logger(__name__)

_DAY = 86_400_000_000
_DAYS_OF_ANSWERS = 2
"""An answer under an idempotency key is kept for at least a day."""
_HOUR = 3_600_000_000


def days_kept(settings: Settings) -> Mapping[RetentionKind, int]:
    """For how many days each kind is kept; 0 means forever. Finished jobs are kept as long as the audit log."""
    return {
        "requests": settings.retain_requests_days,
        "executions": settings.retain_executions_days,
        "messages": settings.retain_deliveries_days,
        "audit": settings.retain_audit_days,
        "jobs": settings.retain_audit_days,
        "answers": _DAYS_OF_ANSWERS,
    }


class RemoveOld(JobKind):
    """Counts what is older than its kind is kept, then removes it.

    The instance has one such job, which begins again an hour after its end. Its counts are those of the last run.

    Args:
        retention: Removes old things.
        days: For how many days each kind is kept; 0 keeps it forever.
        clock: The hub's clock.
    """

    name = "retention"
    may = frozenset()
    alone = True
    repeats = _HOUR

    def __init__(self, retention: Retention, days: Mapping[RetentionKind, int], clock: Clock) -> None:
        self._retention = retention
        self._days = days
        self._clock = clock
        self._sweep_due = 0

    async def count(self, job: Job) -> int:
        """See `JobKind`."""
        total = 0
        for kind in self._kinds(job):
            total += await self._retention.count(kind, self._before(kind))
        return total

    async def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """See `JobKind`. The cursor is `<kind>:<cursor of the retention port>`."""
        cursor: str | None = job.cursor.partition(":")[2] or None
        at = job.cursor
        for kind in self._kinds(job):
            before = self._before(kind)
            removed = blobs = 0
            while True:
                pruned = await self._retention.prune(kind, before, cursor=cursor)
                removed += pruned.removed
                blobs += pruned.blobs
                cursor = pruned.cursor
                at = f"{kind}:{cursor or ''}"
                yield JobStep(at, done=pruned.removed)
                if cursor is None:
                    break
            if removed:
                log.info("removed_what_is_old", kind=kind, removed=removed, blobs=blobs, days=self._days[kind])

        async for _ in self._swept_blobs():
            yield JobStep(at)
        while await self._retention.give_back():
            yield JobStep(at)

    async def _swept_blobs(self) -> AsyncGenerator[None, None]:
        """Remove the blobs that nothing refers to, a step at a time; once a day, since each of them is looked at."""
        now = self._clock.now()
        if self._sweep_due > now:
            return
        removed, cursor = 0, None
        while True:
            swept = await self._retention.sweep(cursor=cursor)
            removed += swept.blobs
            cursor = swept.cursor
            yield
            if cursor is None:
                break
        self._sweep_due = now + _DAY
        if removed:
            log.info("removed_unused_blobs", removed=removed)

    def _kinds(self, job: Job) -> list[RetentionKind]:
        """The kinds that are not kept for ever, from the one on that the job is at."""
        at = job.cursor.partition(":")[0]
        first = RETENTION_KINDS.index(at) if at in RETENTION_KINDS else 0
        return [kind for kind in RETENTION_KINDS[first:] if self._days.get(kind, 0) > 0]

    def _before(self, kind: RetentionKind) -> int:
        return self._clock.now() - self._days[kind] * _DAY
