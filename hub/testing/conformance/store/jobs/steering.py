"""Pausing, resuming and cancelling jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import Conflict, NotFound
from hub.model.stored.jobs import JOB_STATES, JobAction, JobState
from hub.ports.store import Jobs
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.jobs.desk import JobDesk
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["JobSteeringChecks"]

_ALLOWED: dict[JobAction, dict[JobState, JobState]] = {
    "pause": {"counting": "paused", "running": "paused"},
    "resume": {"paused": "running"},
    "cancel": {"counting": "cancelled", "running": "cancelled", "paused": "cancelled"},
}


class JobSteeringChecks(Conformance):
    """`steer`."""

    @shows(Jobs.steer)
    async def test_the_state_of_a_job_decides_what_may_be_done_to_it(self, scene: StoreScene) -> None:
        """Whether or not it has an owner; the refusal says the state."""
        desk = JobDesk(scene)
        now = scene.clock.now()
        for write in (desk.jobs.checkpoint, desk.jobs.release):
            for action, allowed in _ALLOWED.items():
                for state in JOB_STATES:
                    job = await desk.running()
                    await write(replace(job, state=state), 1)
                    if state in allowed:
                        steered = await desk.jobs.steer(scene.org, job.id, action, now + 7)
                        assert steered == replace(job, state=allowed[state], updated=now + 7)
                        assert await desk.get(job) == steered
                    else:
                        with pytest.raises(Conflict, match=f"the job is {state}"):
                            await desk.jobs.steer(scene.org, job.id, action, now)

    @shows(Jobs.steer)
    async def test_a_job_of_another_org_cannot_be_steered(self, scene: StoreScene) -> None:
        """It is not there."""
        desk = JobDesk(scene)
        job = await desk.running()

        for org, key in ((scene.id(), job.id), (scene.org, scene.id())):
            with pytest.raises(NotFound):
                await desk.jobs.steer(org, key, "cancel", scene.clock.now())
        assert await desk.get(job) == job

    @shows(Jobs.steer, Jobs.claim, Jobs.next_due)
    async def test_a_paused_job_waits_to_be_resumed(self, scene: StoreScene) -> None:
        """Even when its owner died; that counts as a takeover."""
        desk = JobDesk(scene)
        job = await desk.running(seconds=1)
        await desk.jobs.create(free := desk.new())
        for one in (job, free):
            await desk.jobs.steer(scene.org, one.id, "pause", scene.clock.now())
        scene.clock.advance(5)
        assert await desk.claim() == ()
        assert await desk.jobs.next_due(["replay"]) is None

        for one in (job, free):
            await desk.jobs.steer(scene.org, one.id, "resume", scene.clock.now())

        won = {each.job.id: each.taken_over for each in await desk.claim()}
        assert won == {job.id: True, free.id: False}

    @shows(Jobs.steer)
    async def test_a_job_that_was_paused_while_counting_counts_again(self, scene: StoreScene) -> None:
        """It has no total yet."""
        desk = JobDesk(scene)
        await desk.jobs.create(job := desk.new())
        await desk.jobs.steer(scene.org, job.id, "pause", scene.clock.now())

        assert (await desk.jobs.steer(scene.org, job.id, "resume", scene.clock.now())).state == "counting"
