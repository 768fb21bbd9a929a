"""Rotating the master key: a new key encrypts from then on, and what older keys encrypted is sealed again with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import structlog

from hub.jobs.kind import JobKind, JobOrder, JobStep, JobWait
from hub.model.stored.jobs import Job
from hub.model.times import SECOND
from hub.ports.clock import Clock
from hub.ports.store import Resealing
from hub.store.vault import Vault

__all__ = ["RotateMasterKey", "rotation_order"]

log = structlog.get_logger(__name__)


def rotation_order() -> JobOrder:
    """An order to rotate the master key."""
    return JobOrder(RotateMasterKey.name, {})


_END = "end"
_UNTIL_USED = 2 * SECOND
"""By then every process encrypts with the new key, for which it looks once a second, and has committed what it
encrypted with an older one, so that the walk over all values finds that."""


class RotateMasterKey(JobKind):
    """Counts the sealed values, creates a new master key and seals each value again with it.

    It cannot be paused or cancelled: halfway the hub would need the old keys for good.

    Args:
        vault: Has the keys.
        resealing: Seals again.
        clock: The hub's clock.
    """

    name = "rotate-master-key"
    may = frozenset()
    alone = True

    def __init__(self, vault: Vault, resealing: Resealing, clock: Clock) -> None:
        self._vault = vault
        self._resealing = resealing
        self._clock = clock

    async def count(self, job: Job) -> int:
        """See `JobKind`."""
        return 0 if job.cursor == _END else await self._resealing.count(job.cursor)

    async def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """See `JobKind`."""
        cursor = job.cursor
        if not cursor:
            # Only now, since the job in the store keeps a second rotation away. A crash before the first step is stored
            # leads to one more key, which does no harm.
            await asyncio.to_thread(self._vault.rotate)
            yield JobWait(self._clock.now() + _UNTIL_USED)
        sealed_again = 0
        while cursor != _END:
            step = await self._resealing.step(cursor)
            sealed_again += step.sealed_again
            cursor = step.cursor or _END
            yield JobStep(cursor, done=step.looked_at)
        log.info("master_key_rotated", key=self._vault.newest, sealed_again=sealed_again)
