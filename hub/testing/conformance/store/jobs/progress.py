"""What the owner of a job keeps of it, and giving it up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import Fenced
from hub.model.stored.jobs import JobAction, JobState
from hub.ports.store import Jobs
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.jobs.desk import JobDesk
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["JobProgressChecks"]

_STOPS: tuple[tuple[JobAction, JobState], ...] = (("pause", "paused"), ("cancel", "cancelled"))


class JobProgressChecks(Conformance):
    """`checkpoint` and `release`."""

    @shows(Jobs.checkpoint, Jobs.get)
    async def test_progress_outlasts_a_restart(self, scene: StoreScene) -> None:
        """State, counts, cursor, error and the time of the update."""
        desk = JobDesk(scene)
        await desk.jobs.create(job := desk.new(), lease=scene.lease())
        kept = replace(job, state="running", total=9, done=3, failed=1, cursor="c", error="it broke", updated=7)

        assert await desk.jobs.checkpoint(kept, 1) == "running"

        await scene.restart()
        assert await JobDesk(scene).get(job) == kept

    @shows(Jobs.release)
    async def test_a_job_that_is_given_up_is_anybodys(self, scene: StoreScene) -> None:
        """It is nobody's crash."""
        desk = JobDesk(scene)
        job = await desk.running()

        assert await desk.jobs.release(job, 1) == "running"

        with pytest.raises(Fenced):
            await desk.jobs.checkpoint(job, 1)
        [won] = await desk.claim("two")
        assert (won.job, won.taken_over, won.crashes) == (job, False, 0)

    @shows(Jobs.release)
    async def test_a_job_that_ended_is_claimed_no_more(self, scene: StoreScene) -> None:
        """And nobody has it."""
        desk = JobDesk(scene)
        for state in ("done", "failed"):
            job = await desk.running()
            ended = replace(job, state=state, error="it broke")
            assert await desk.jobs.release(ended, 1) == state
            assert await desk.get(job) == ended
            with pytest.raises(Fenced):
                await desk.jobs.release(job, 1)

        scene.clock.advance(3_600)
        assert await desk.claim() == ()
        assert await desk.jobs.next_due(["replay"]) is None

    @shows(Jobs.steer, Jobs.checkpoint, Jobs.release)
    async def test_an_owner_learns_that_its_job_was_stopped(self, scene: StoreScene) -> None:
        """What it had under way still counts."""
        desk = JobDesk(scene)
        for action, state in _STOPS:
            job = await desk.running()
            await desk.jobs.steer(scene.org, job.id, action, scene.clock.now())
            last = replace(job, done=2, cursor="b")

            assert await desk.jobs.checkpoint(last, 1) == state
            assert await desk.jobs.release(replace(last, state="done"), 1, again=scene.clock.now()) == state

            assert await desk.get(job) == replace(last, state=state)
        scene.clock.advance(3_600)
        assert await desk.claim() == ()

    @shows(Jobs.steer, Jobs.checkpoint, Jobs.release)
    async def test_a_job_that_is_resumed_before_its_owner_noticed_goes_on(self, scene: StoreScene) -> None:
        """With its owner, or, if that has noticed the pause and lets go, with anybody."""
        desk = JobDesk(scene)
        job = await desk.running()
        for action in ("pause", "resume"):
            await desk.jobs.steer(scene.org, job.id, action, scene.clock.now())
        assert await desk.jobs.checkpoint(job, 1) == "running"
        assert await desk.claim("two") == ()

        await desk.jobs.steer(scene.org, job.id, "pause", scene.clock.now())
        assert await desk.jobs.checkpoint(job, 1) == "paused"
        await desk.jobs.steer(scene.org, job.id, "resume", scene.clock.now())
        assert await desk.claim("two") == ()
        assert await desk.jobs.release(job, 1) == "running"
        assert [each.taken_over for each in await desk.claim("two")] == [False]
