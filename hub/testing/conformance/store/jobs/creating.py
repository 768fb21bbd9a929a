"""Creating jobs and reading them."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import Conflict, NotFound
from hub.model.stored.jobs import MOST_UNFINISHED
from hub.ports.store import Jobs
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.jobs.desk import JobDesk
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["JobCreationChecks"]


class JobCreationChecks(Conformance):
    """`create`, `get` and `list`."""

    @shows(Jobs.create, Jobs.get)
    async def test_a_job_is_read_back_whole(self, scene: StoreScene) -> None:
        """By its org only."""
        desk = JobDesk(scene)
        job = desk.new(
            params={"since": 1, "source": None, "deep": {"a": [1]}},
            state="running",
            total=9,
            done=3,
            failed=2,
            cursor="c",
            error="it broke",
        )

        await desk.jobs.create(job)

        assert await desk.get(job) == job
        for org, key in ((scene.org, scene.id()), (scene.id(), job.id)):
            with pytest.raises(NotFound):
                await desk.jobs.get(org, key)

    @shows(Jobs.list)
    async def test_jobs_are_listed_by_kind_and_state(self, scene: StoreScene) -> None:
        """Newest first, while jobs come; nothing of another org."""
        desk = JobDesk(scene)
        made = [desk.new(kind=kind) for kind in ("replay", "recover", "replay", "recover", "replay")]
        for job in made:
            await desk.jobs.create(job)
        await desk.jobs.steer(scene.org, made[0].id, "cancel", scene.clock.now())
        listed = desk.jobs.list

        async def more() -> None:
            await desk.jobs.create(desk.new(kind="late"))

        everything = await page_through(listed, scene.org, meanwhile=more)

        assert [job.id for job in everything] == [job.id for job in reversed(made)]
        recoveries = await page_through(listed, scene.org, kind="recover")
        assert [job.id for job in recoveries] == [made[3].id, made[1].id]
        counting = await page_through(listed, scene.org, kind="replay", state="counting")
        assert [job.id for job in counting] == [made[4].id, made[2].id]
        assert [job.id for job in await page_through(listed, scene.org, state="cancelled")] == [made[0].id]
        assert await page_through(listed, scene.id()) == []

    @shows(Jobs.create)
    async def test_a_job_that_is_to_be_alone_is_refused_beside_another(self, scene: StoreScene) -> None:
        """Of the same kind, whatever its org: while that is unfinished, and while it is to begin again."""
        desk = JobDesk(scene)
        other = await scene.store.access.create_org("other")
        first = await desk.running(kind="retention")

        async def second() -> None:
            await desk.jobs.create(desk.new(org=other.id, kind="retention"), alone=True)

        with pytest.raises(Conflict):
            await second()
        await desk.jobs.release(desk.new(id=first.id, state="done"), 1, again=scene.clock.now())
        with pytest.raises(Conflict):
            await second()
        [again] = await desk.claim()
        await desk.jobs.release(desk.new(id=first.id, state="done"), again.lease.fence)
        await second()

    @shows(Jobs.create)
    async def test_an_org_has_a_bounded_number_of_unfinished_jobs(self, scene: StoreScene) -> None:
        """Other orgs have their own, and a job that is to be alone is bounded by that."""
        desk = JobDesk(scene)
        other = await scene.store.access.create_org("other")
        made = [desk.new() for _ in range(MOST_UNFINISHED)]
        await asyncio.gather(*(desk.jobs.create(job) for job in made))

        with pytest.raises(Conflict, match=str(MOST_UNFINISHED)):
            await desk.jobs.create(desk.new())
        await desk.jobs.create(desk.new(org=other.id))
        await desk.jobs.create(desk.new(kind="retention"), alone=True)
        for job in made[:2]:
            await desk.jobs.steer(scene.org, job.id, "cancel", scene.clock.now())
        await desk.jobs.create(desk.new())
        with pytest.raises(Conflict):
            await desk.jobs.create(desk.new())
