"""Claims of jobs: leases, fences, takeovers, jobs that begin again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.errors import Fenced
from hub.ports.store import Jobs
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.jobs.desk import JobDesk
from hub.testing.conformance.store.scene import MINUTE, SECOND, StoreScene

__all__ = ["JobClaimChecks"]


class JobClaimChecks(Conformance):
    """Who works on what."""

    @shows(Jobs.create, Jobs.claim)
    async def test_a_job_is_claimed_once(self, scene: StoreScene) -> None:
        """A claim gives a lease under a new fence, and changes nothing else of the job."""
        desk = JobDesk(scene)
        job = desk.new()
        await desk.jobs.create(job)

        [won] = await desk.claim("two")

        assert won.job == job
        assert (won.lease.owner, won.lease.until, won.taken_over, won.crashes) == (
            "two", scene.clock.now() + MINUTE, False, 0,
        )  # fmt: skip
        assert await desk.claim("three") == ()

    @shows(Jobs.claim)
    async def test_two_processes_never_win_the_same_job(self, scene: StoreScene) -> None:
        """At the same moment."""
        desk = JobDesk(scene)
        made = [desk.new() for _ in range(30)]
        for job in made:
            await desk.jobs.create(job)

        async with scene.beside("two") as two:
            mine, theirs = await asyncio.gather(desk.claimed("one"), JobDesk(two).claimed("two"))

        assert sorted([*mine, *theirs]) == sorted(job.id for job in made)

    @shows(Jobs.create, Jobs.claim, Jobs.next_due)
    async def test_only_due_jobs_of_known_kinds_are_claimed(self, scene: StoreScene) -> None:
        """A lease counts as due when it ends."""
        desk = JobDesk(scene)
        now = scene.clock.now()
        await desk.jobs.create(desk.new(kind="of a newer version"))
        await desk.jobs.create(later := desk.new(), due=now + SECOND)
        await desk.jobs.create(desk.new(), lease=scene.lease("one", 5))

        assert await desk.claim() == ()
        assert await desk.jobs.next_due(["replay"]) == now + SECOND
        scene.clock.advance(1)
        assert await desk.claimed() == [later.id]
        assert await desk.jobs.next_due(["replay"]) == now + 5 * SECOND
        assert await desk.jobs.next_due(["of a newer version"]) == now
        assert await desk.jobs.next_due([]) is None

    @shows(Jobs.claim, Jobs.checkpoint, Jobs.release)
    async def test_a_job_whose_lease_ended_is_taken_over_and_its_former_owner_fenced(self, scene: StoreScene) -> None:
        """It goes on where its owner left it."""
        desk = JobDesk(scene)
        job = await desk.running(seconds=1)
        kept = replace(job, done=2, cursor="b")
        assert await desk.jobs.checkpoint(kept, 1) == "running"
        scene.clock.advance(1)

        [taken] = await desk.claim("two")

        assert (taken.job, taken.taken_over, taken.crashes) == (kept, True, 1)
        assert taken.lease.fence > 1
        for write in (desk.jobs.checkpoint, desk.jobs.release):
            with pytest.raises(Fenced):
                await write(replace(job, done=5, cursor="e"), 1)
        assert await desk.get(job) == kept

    @shows(Jobs.renew)
    async def test_a_renewed_lease_lasts(self, scene: StoreScene) -> None:
        """Only its owner renews it."""
        desk = JobDesk(scene)
        job, lost = await desk.running(seconds=1), await desk.running(seconds=1)
        until = scene.clock.now() + 2 * SECOND

        assert await desk.jobs.renew("two", [job.id], until + MINUTE) == frozenset()
        assert await desk.jobs.renew("one", [job.id, scene.id()], until) == {job.id}
        assert await desk.jobs.renew("one", [], until) == frozenset()

        scene.clock.advance(1)
        assert await desk.claimed() == [lost.id]
        assert await desk.jobs.renew("one", [job.id, lost.id], until) == {job.id}
        scene.clock.advance(1)
        assert await desk.claimed() == [job.id]

    @shows(Jobs.expire)
    async def test_the_leases_of_a_process_that_is_gone_end_at_once(self, scene: StoreScene) -> None:
        """Those of the others do not."""
        desk = JobDesk(scene)
        job = await desk.running()
        await desk.jobs.create(desk.new(), lease=scene.lease("two"))

        await desk.jobs.expire("one", scene.clock.now())

        assert [(each.job.id, each.taken_over) for each in await desk.claim("three")] == [(job.id, True)]

    @shows(Jobs.checkpoint, Jobs.claim)
    async def test_crashes_are_counted_until_there_is_progress(self, scene: StoreScene) -> None:
        """A change of counts or cursor is progress."""
        desk = JobDesk(scene)
        job = await desk.running(seconds=0)
        crashes, fence = [], 1
        for kept in (job, job, replace(job, cursor="b"), replace(job, cursor="b")):
            await desk.jobs.checkpoint(kept, fence)
            [taken] = await desk.claim()
            crashes.append(taken.crashes)
            fence = taken.lease.fence
            scene.clock.advance(60)

        assert crashes == [1, 2, 1, 2]

    @shows(Jobs.release, Jobs.claim)
    async def test_a_job_that_repeats_begins_again_as_a_new_one(self, scene: StoreScene) -> None:
        """At its time, however it ended; no crash of its last run counts."""
        desk = JobDesk(scene)
        job = await desk.running(seconds=0, kind="retention")
        [taken] = await desk.claim()
        ended = replace(job, state="failed", done=3, failed=1, error="it broke")
        again = scene.clock.now() + MINUTE
        assert await desk.jobs.release(ended, taken.lease.fence, again) == "failed"
        assert await desk.get(job) == ended
        assert await desk.claim() == ()
        assert await desk.jobs.next_due(["retention"]) == again

        scene.clock.advance(60)
        [won] = await desk.claim()

        assert won.job == replace(job, state="counting", total=0, done=0, cursor="", updated=scene.clock.now())
        assert (won.taken_over, won.crashes) == (False, 0)
        assert await desk.get(job) == won.job
