"""Jobs in short, for the tests of a store."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hub.model.ids import Id
from hub.model.stored.jobs import ClaimedJob, Job
from hub.testing.conformance.store.scene import MINUTE, StoreScene

__all__ = ["JobDesk"]


class JobDesk:
    """Makes and claims jobs over a scene.

    Attributes:
        jobs: The operations of the scene's store.
    """

    def __init__(self, scene: StoreScene) -> None:
        self.scene = scene
        self.jobs = scene.store.jobs

    def new(self, **fields: Any) -> Job:
        """A job that no store knows yet; one that counts unless `fields` say otherwise."""
        now = self.scene.clock.now()
        job = Job(self.scene.org, self.scene.id(), "replay", {"since": 1}, "counting", 0, 0, 0, "", now, now)
        return replace(job, **fields)

    async def running(self, seconds: int = 60, **fields: Any) -> Job:
        """A running job with progress, which process `one` owns for so long, under fence 1."""
        job = self.new(**{"state": "running", "total": 9, "done": 1, "cursor": "a", **fields})
        await self.jobs.create(job, lease=self.scene.lease(seconds=seconds))
        return job

    async def claim(self, owner: str = "two", *kinds: str) -> tuple[ClaimedJob, ...]:
        """Claim for a minute."""
        now = self.scene.clock.now()
        return await self.jobs.claim(owner, now + MINUTE, now, kinds or ("replay", "retention"))

    async def claimed(self, owner: str = "two") -> list[Id]:
        """The ids of what a claim wins."""
        return [each.job.id for each in await self.claim(owner)]

    async def get(self, job: Job) -> Job:
        """The job as the store has it."""
        return await self.jobs.get(job.org, job.id)
