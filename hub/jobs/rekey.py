"""Rotating the master key: a new one encrypts at once, then a job seals again what stands under older ones."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import structlog

from hub.errors import Conflict, HubError
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.access import Job
from hub.ports.clock import Clock
from hub.ports.store import Store
from hub.store.vault import Vault

__all__ = ["KIND", "MasterKey"]

log = structlog.get_logger(__name__)

KIND = "rotate-master-key"
"""Kind of these jobs."""


class MasterKey:
    """Rotates the key that everything secret is encrypted under.

    Args:
        vault: Has the keys.
        store: Seals again, and keeps the job.
        clock: The hub's clock.
    """

    def __init__(self, vault: Vault, store: Store, clock: Clock) -> None:
        self._vault = vault
        self._store = store
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on with a rotation that a stop or crash interrupted."""
        for job in await self._store.access.open_jobs():
            if job.kind == KIND:
                self._run(job)

    async def stop(self) -> None:
        """Interrupt; it goes on at the next start."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def settled(self) -> None:
        """Return once nothing is being sealed again."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def rotate(self, org: Id) -> Job:
        """Make a new master key and begin to seal everything again; `params.key` is its number.

        Args:
            org: Where the job is listed.

        Raises:
            Conflict: A rotation is under way.
        """
        if self._task is not None and not self._task.done():
            raise Conflict("the master key is being rotated already")
        number = await asyncio.to_thread(self._vault.rotate)
        now = self._clock.now()
        job = await self._put(Job(org, new_id(), KIND, {"key": number}, "running", 0, 0, 0, "", now, now))
        self._run(job)
        return job

    def _run(self, job: Job) -> None:
        self._task = asyncio.create_task(self._work(job), name="hub-master-key")

    async def _work(self, job: Job) -> None:
        try:
            while True:
                done, cursor = await self._store.resealing.step(job.cursor)
                job = replace(job, done=job.done + done, total=job.total + done, cursor=cursor or "")
                if cursor is None:
                    break
                job = await self._put(job)
            await self._put(replace(job, state="done"))
            log.info("master key rotated", key=job.params["key"], sealed_again=job.done)
        except HubError as error:
            log.warning("rotation failed", job=write_id("job", job.id), error=str(error))
            with contextlib.suppress(HubError):
                await self._put(replace(job, state="failed", error=str(error)))

    async def _put(self, job: Job) -> Job:
        job = replace(job, updated=self._clock.now())
        await self._store.access.put_job(job)
        return job
