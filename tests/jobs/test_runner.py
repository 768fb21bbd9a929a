"""One runner for every kind of job: counts, faults, steering, several processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import structlog

from hub.errors import Conflict, Invalid, NotFound, StoreUnavailable
from hub.jobs.kind import JobOrder, closed_span
from hub.model.ids import new_id
from hub.model.stored.jobs import Job, JobAction
from tests.jobs.conftest import HandleHourly, Process, Processes, World, eventually

if TYPE_CHECKING:
    from hub.testing.clock import ManualClock

NUMBERS = JobOrder("numbers", {})


def counts(job: Job) -> tuple[str, int, int, int]:
    return job.state, job.total, job.done, job.failed


async def test_a_job_counts_first_and_then_handles_every_thing_once(process: Process, world: World) -> None:
    world.hold(0)
    begun = await process.runner.begin(process.org, NUMBERS)
    assert counts(begun) == ("running", 10, 0, 0)

    world.doors[0].set()

    assert counts(await process.ended(begun)) == ("done", 10, 10, 0)
    assert world.handled == dict.fromkeys(range(10), 1)


async def test_a_thing_that_fails_is_counted_and_said(process: Process, world: World) -> None:
    world.bad = {3, 5}
    ended = await process.ended(await process.runner.begin(process.org, NUMBERS))
    assert (counts(ended), ended.error) == (("done", 10, 8, 2), "5 is odd")


async def test_things_that_turn_up_later_raise_the_total(process: Process, world: World) -> None:
    door = world.hold(0)
    job = await process.runner.begin(process.org, NUMBERS)
    await world.reached(0)
    await process.runner.steer(process.org, job.id, "pause")
    world.things += [10, 11]
    door.set()
    await process.ended(job)
    await process.runner.steer(process.org, job.id, "resume")
    await world.reached(11)
    assert counts(await process.ended(job)) == ("done", 12, 12, 0)


async def test_a_dry_run_counts_and_ends(process: Process, world: World) -> None:
    job = await process.runner.begin(process.org, JobOrder("numbers", {"dry_run": True}))
    assert counts(await process.ended(job)) == ("done", 10, 0, 0)
    assert not world.handled


async def test_a_kind_that_cannot_go_on_fails_its_job_with_a_sentence(process: Process, world: World) -> None:
    world.bad = {1}
    world.hold(2)
    job = await process.runner.begin(process.org, NUMBERS)
    await world.reached(2)
    world.fault = NotFound("the subscription was deleted")
    world.doors[2].set()
    ended = await process.ended(job)
    assert (counts(ended), ended.error) == (("failed", 10, 1, 1), "the subscription was deleted")
    with pytest.raises(Conflict, match="the job is failed"):
        await process.runner.steer(process.org, job.id, "cancel")


async def test_a_fault_of_the_hub_fails_the_job_and_is_logged_with_its_traceback(
    process: Process, world: World
) -> None:
    world.fault = ZeroDivisionError("secret detail")
    with structlog.testing.capture_logs() as logs:
        ended = await process.ended(await process.runner.begin(process.org, NUMBERS))
    assert (ended.state, ended.error) == (
        "failed",
        "an unexpected error ended the job: the log of the hub has the details",
    )
    [fault] = [line for line in logs if line["event"] == "job_fault"]
    assert fault["exc_info"]


async def test_a_database_that_does_not_answer_delays_a_job(process: Process, world: World, clock: ManualClock) -> None:
    world.hold(4)
    job = await process.runner.begin(process.org, NUMBERS)
    await world.reached(4)
    world.fault = StoreUnavailable("the disk is full")
    world.doors[4].set()
    await world.faulted.wait()
    assert (await process.get(job)).state == "running"
    clock.advance(1)
    assert counts(await process.ended(job)) == ("done", 10, 10, 0)
    assert world.handled[4] == 1


async def test_a_paused_job_stops_after_its_step_and_goes_on_behind_it(process: Process, world: World) -> None:
    world.hold(5)
    job = await process.runner.begin(process.org, NUMBERS)
    await world.reached(5)

    paused = await process.runner.steer(process.org, job.id, "pause")
    assert counts(paused) == ("paused", 10, 5, 0)
    world.doors[5].set()
    assert counts(await process.ended(job)) == ("paused", 10, 6, 0)

    assert counts(await process.runner.steer(process.org, job.id, "resume")) == ("running", 10, 6, 0)
    await world.reached(9)
    assert counts(await process.ended(job)) == ("done", 10, 10, 0)
    assert set(world.handled.values()) == {1}


async def test_a_cancelled_job_stops_after_its_step(process: Process, world: World) -> None:
    world.hold(5)
    job = await process.runner.begin(process.org, NUMBERS)
    await world.reached(5)
    await process.runner.steer(process.org, job.id, "cancel")
    world.doors[5].set()
    assert counts(await process.ended(job)) == ("cancelled", 10, 6, 0)
    assert sorted(world.handled) == list(range(6))


async def test_a_resting_job_wakes_by_itself_and_hears_that_it_is_cancelled(
    process: Process, world: World, clock: ManualClock
) -> None:
    world.rests = [clock.now() + 60_000_000]
    job = await process.runner.begin(process.org, NUMBERS)
    clock.advance(61)
    assert counts(await process.ended(job)) == ("done", 10, 10, 0)

    world.rests = [clock.now() + 60_000_000]
    world.resting.clear()
    world.handled.clear()
    job = await process.runner.begin(process.org, NUMBERS)
    await world.resting.wait()
    await process.runner.steer(process.org, job.id, "cancel")
    assert counts(await process.ended(job)) == ("cancelled", 10, 0, 0)
    assert not world.handled


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
async def test_a_kind_that_runs_to_its_end_says_so(process: Process, world: World, action: JobAction) -> None:
    world.hold(0)
    job = await process.runner.begin(process.org, JobOrder("alone", {}))
    with pytest.raises(Conflict, match=r"alone cannot be (paused|resumed|cancelled): it runs to its end"):
        await process.runner.steer(process.org, job.id, action)
    with pytest.raises(Conflict):
        await process.runner.begin(process.org, JobOrder("alone", {}))
    world.doors[0].set()
    assert (await process.ended(job)).state == "done"
    await process.runner.begin(process.org, JobOrder("alone", {}))


async def test_a_stop_ends_after_the_step_and_the_next_start_goes_on(processes: Processes, world: World) -> None:
    async with processes() as first:
        world.hold(5)
        job = await first.runner.begin(first.org, NUMBERS)
        await world.reached(5)
        stopping = asyncio.create_task(first.runner.stop())
        await asyncio.sleep(0)
        world.doors.pop(5).set()
        await stopping
        assert counts(await first.get(job)) == ("running", 10, 6, 0)
        late = await first.runner.begin(first.org, NUMBERS)
        assert late.state == "counting"
    async with processes("two") as second:
        await world.reached(9)
        await world.reached(9)
        assert counts(await second.ended(job)) == ("done", 10, 10, 0)
        assert counts(await second.ended(late)) == ("done", 10, 10, 0)
    assert set(world.handled.values()) == {2}


async def test_a_step_that_does_not_end_is_cut_off_by_a_stop(processes: Processes, world: World) -> None:
    async with processes() as process:
        process.runner._stop_seconds = 0.05
        world.hold(5)
        job = await process.runner.begin(process.org, NUMBERS)
        await world.reached(5)
        await process.runner.stop()
        assert counts(await process.get(job)) == ("running", 10, 5, 0)


@pytest.mark.parametrize("shrinking", [False, True], ids=["fixed", "shrinking"])
async def test_the_job_of_a_dead_process_moves_to_another(
    processes: Processes, world: World, clock: ManualClock, shrinking: bool
) -> None:
    world.shrinking = shrinking
    async with processes("one") as one, processes("two") as two:
        world.hold(5)
        job = await one.runner.begin(one.org, NUMBERS)
        await world.reached(5)
        await one.die()
        world.handled[5] += 1  # the step under way took effect, and was not kept
        world.doors.pop(5).set()
        assert counts(await two.get(job)) == ("running", 10, 5, 0)

        await two.runner.take_over("one")
        await world.reached(9)

        assert counts(await two.ended(job)) == ("done", 10, 10, 0)
    assert {number: times for number, times in world.handled.items() if times > 1} == ({} if shrinking else {5: 2})


async def test_without_word_of_a_death_the_lease_runs_out(
    processes: Processes, world: World, clock: ManualClock
) -> None:
    async with processes("one") as one, processes("two") as two:
        world.hold(5)
        job = await one.runner.begin(one.org, NUMBERS)
        await world.reached(5)
        await one.die()
        world.doors.pop(5).set()
        clock.advance(31)
        await world.reached(9)
        assert counts(await two.ended(job)) == ("done", 10, 10, 0)


async def test_a_live_process_keeps_its_lease(processes: Processes, world: World, clock: ManualClock) -> None:
    async with processes("one") as one, processes("two") as two:
        world.hold(5)
        job = await one.runner.begin(one.org, NUMBERS)
        await world.reached(5)
        for _ in range(24):
            clock.advance(5)
            await eventually(lambda: _leased(one, clock.now() + 10_000_000))
        assert not two.runner._works
        world.doors[5].set()
        assert counts(await one.ended(job)) == ("done", 10, 10, 0)
    assert set(world.handled.values()) == {1}


async def _leased(process: Process, until: int) -> bool:
    due = await process.store.jobs.next_due(["numbers"])
    return due is not None and due >= until


async def test_a_process_that_lost_its_lease_writes_nothing_more(
    processes: Processes, world: World, clock: ManualClock
) -> None:
    async with processes("one") as one, processes("two") as two:
        world.hold(5)
        job = await one.runner.begin(one.org, NUMBERS)
        await world.reached(5)
        await two.runner.take_over("one")  # it is said to be dead, and only slow
        await world.reached(5)
        world.doors[5].set()
        await one.runner.settled()
        assert counts(await two.ended(job)) == ("done", 10, 10, 0)
    assert {number: times for number, times in world.handled.items() if times > 1} == {5: 2}


@pytest.mark.parametrize(("action", "state"), [("pause", "paused"), ("cancel", "cancelled")])
async def test_what_another_process_asks_for_is_honoured(
    processes: Processes, world: World, action: JobAction, state: str
) -> None:
    async with processes("one") as one, processes("two") as two:
        world.hold(5)
        job = await one.runner.begin(one.org, NUMBERS)
        await world.reached(5)
        assert (await two.runner.steer(two.org, job.id, action)).state == state
        world.doors[5].set()
        assert counts(await one.ended(job)) == (state, 10, 6, 0)
        if action == "pause":
            await two.runner.steer(two.org, job.id, "resume")
            await world.reached(9)
            assert counts(await two.ended(job)) == ("done", 10, 10, 0)
    assert set(world.handled.values()) == {1}


async def test_a_job_that_kills_the_hub_again_and_again_fails(
    processes: Processes, world: World, clock: ManualClock
) -> None:
    door = world.hold(5)
    async with processes("first") as process:
        job = await process.runner.begin(process.org, NUMBERS)
        await world.reached(5)
        await process.die()
    for number in range(2):
        door.clear()
        clock.advance(31)
        async with processes(f"process {number}") as process:
            await world.reached(5)
            await process.die()
    clock.advance(31)
    async with processes("last") as process:
        await eventually(lambda: _is(process, job, "failed"))
        failed = await process.get(job)
    assert counts(failed) == ("failed", 10, 5, 0)
    assert failed.error == "the hub crashed 3 times at the same place of this job"


async def _is(process: Process, job: Job, state: str) -> bool:
    return (await process.get(job)).state == state


async def test_a_job_that_repeats_is_made_once_and_begins_again_by_itself(
    processes: Processes, world: World, clock: ManualClock
) -> None:
    hourly = HandleHourly(world)
    async with processes("one", hourly) as one, processes("two", hourly) as two:
        [job] = (await one.store.jobs.list(one.org, limit=9)).items
        assert (job.kind, *counts(job)) == ("hourly", "counting", 0, 0, 0)
        clock.advance(61)
        await world.reached(9)
        await one.runner.settled()
        await two.runner.settled()
        first = await one.get(job)
        assert counts(first) == ("done", 10, 10, 0)

        world.bad = {1}
        clock.advance(3_599)
        assert await one.get(job) == first
        clock.advance(2)
        await world.reached(9)
        await one.runner.settled()
        await two.runner.settled()
        assert counts(await two.get(job)) == ("done", 10, 9, 1)
        assert len((await one.store.jobs.list(one.org, limit=9)).items) == 1


async def test_jobs_of_a_kind_that_this_version_does_not_know_are_left_alone(process: Process) -> None:
    now = process.runner._clock.now()
    job = Job(process.org, new_id(), "of a newer version", {}, "running", 1, 0, 0, "", now, now)
    await process.store.jobs.create(job)
    with pytest.raises(Conflict, match="runs to its end"):
        await process.runner.steer(process.org, job.id, "cancel")
    assert await process.get(job) == job


async def test_only_jobs_of_the_org_are_steered(process: Process, world: World) -> None:
    world.hold(0)
    job = await process.runner.begin(process.org, NUMBERS)
    for org, key in ((new_id(), job.id), (process.org, new_id())):
        with pytest.raises(NotFound):
            await process.runner.steer(org, key, "cancel")


def test_a_span_ends_now_at_the_latest() -> None:
    assert closed_span(1, None, 9) == (1, 9)
    assert closed_span(1, 5, 9) == (1, 5)
    assert closed_span(1, 50, 9) == (1, 9)
    assert closed_span(20, 50, 9) == (20, 9)
    for since, until in ((9, None), (5, 5), (10, None)):
        with pytest.raises(Invalid) as caught:
            closed_span(since, until, 9)
        assert caught.value.problems[0].pointer == "/since"
