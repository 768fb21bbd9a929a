"""Sending a subscription again what it missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from hub.errors import Conflict, Invalid
from hub.jobs.recover import RecoverSubscription, recover_order
from hub.jobs.runner import JobRunner
from hub.model.ids import write_id
from hub.model.retry import Retry
from hub.model.stored.jobs import Job
from hub.outbound.registry.registry import SavedSubscription
from tests.outbound.conftest import Receiver, Rig, Rigs

ONCE = Retry(retries=0)


@asynccontextmanager
async def running(rig: Rig, owner: str = "here") -> AsyncIterator[JobRunner]:
    """The jobs of a process."""
    kind = RecoverSubscription(rig.store, rig.outbound.wake, rig.clock)
    runner = JobRunner(rig.store.jobs, [kind], rig.clock, owner=owner)
    await runner.start(rig.org)
    try:
        yield runner
    finally:
        await runner.stop()


@pytest.fixture
async def jobs(rig: Rig) -> AsyncIterator[JobRunner]:
    async with running(rig) as runner:
        yield runner


async def miss(rig: Rig, receiver: Receiver, count: int) -> SavedSubscription:
    """A subscription of which `count` deliveries are dead."""
    made = await rig.subscribe(receiver.url, retry=ONCE)
    receiver.always = lambda: web.Response(status=500)
    for number in range(count):
        await rig.publish({"n": number})
    await receiver.until(count)
    await rig.outbound.settled()
    receiver.always = None
    return made


async def recover(rig: Rig, jobs: JobRunner, made: SavedSubscription, since: int = 0, until: int | None = None) -> Job:
    return await jobs.begin(rig.org, recover_order(made.record.id, since=since, until=until, now=rig.clock.now()))


async def test_dead_deliveries_are_counted_and_sent_again(rig: Rig, jobs: JobRunner, receiver: Receiver) -> None:
    made = await miss(rig, receiver, 5)
    job = await recover(rig, jobs, made)
    assert job.total == 5
    got = await receiver.until(10)
    await jobs.settled()
    await rig.outbound.settled()
    done = await rig.store.jobs.get(rig.org, job.id)
    assert (done.state, done.done, done.failed) == ("done", 5, 0)
    assert await rig.states() == ["delivered"] * 5
    assert sorted(each.id for each in got[:5]) == sorted(each.id for each in got[5:])


async def test_what_was_skipped_while_disabled_is_sent(rig: Rig, jobs: JobRunner, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url, enabled=False)
    await rig.publish({"n": 1})
    spec = made.record.spec.model_copy(update={"enabled": True})
    await rig.outbound.registry.update(rig.current(made), spec)
    job = await recover(rig, jobs, made, made.record.created)
    assert job.total == 1
    await receiver.until(1)
    await jobs.settled()


async def test_only_the_span_asked_for_is_recovered(rig: Rig, jobs: JobRunner, receiver: Receiver) -> None:
    made = await miss(rig, receiver, 2)
    now = rig.clock.now()
    job = await recover(rig, jobs, made, now + 1_000_000, now + 2_000_000)
    assert job.total == 0
    with pytest.raises(Invalid):
        await recover(rig, jobs, made, now, now)


async def test_a_delivery_that_cannot_be_sent_again_is_counted_as_failed(
    rig: Rig, jobs: JobRunner, receiver: Receiver
) -> None:
    made = await rig.subscribe(receiver.url, retry=ONCE, template={"n": "{{ data.missing }}"})
    await rig.publish({"n": 1})
    [dead] = await rig.deliveries()
    job = await recover(rig, jobs, made)
    await jobs.settled()
    done = await rig.store.jobs.get(rig.org, job.id)
    assert (done.state, done.total, done.done, done.failed) == ("done", 1, 0, 1)
    assert done.error.startswith(f"{write_id('dlv', dead.id)} was not sent again: ")


async def test_a_job_fails_when_its_subscription_is_deleted(rig: Rig, jobs: JobRunner, receiver: Receiver) -> None:
    made = await miss(rig, receiver, 420)
    receiver.gate.clear()
    job = await recover(rig, jobs, made)
    await receiver.until(421)
    await rig.outbound.registry.delete(rig.current(made))
    await jobs.settled()
    failed = await rig.store.jobs.get(rig.org, job.id)
    assert (failed.state, failed.error) == ("failed", "the subscription was deleted")


async def test_a_job_keeps_few_in_the_queue_and_can_be_paused_and_cancelled(
    rig: Rig, jobs: JobRunner, receiver: Receiver
) -> None:
    made = await miss(rig, receiver, 420)
    receiver.gate.clear()
    job = await recover(rig, jobs, made)
    await receiver.until(421)
    paused = await jobs.steer(rig.org, job.id, "pause")
    assert paused.state == "paused"
    await jobs.settled()
    assert (await rig.store.jobs.get(rig.org, job.id)).done < 420
    await jobs.steer(rig.org, job.id, "resume")
    with pytest.raises(Conflict):
        await jobs.steer(rig.org, job.id, "resume")
    assert (await jobs.steer(rig.org, job.id, "cancel")).state == "cancelled"
    receiver.gate.set()
    await jobs.settled()
    await rig.outbound.settled()
    states = await rig.states()
    assert 0 < states.count("dead") < 420
    with pytest.raises(Conflict):
        await jobs.steer(rig.org, job.id, "cancel")


async def test_a_job_goes_on_after_a_restart(rigs: Rigs, receiver: Receiver) -> None:
    async with rigs(owner="first") as first, running(first, "first") as jobs:
        made = await miss(first, receiver, 420)
        receiver.gate.clear()
        job = await recover(first, jobs, made)
        await receiver.until(421)
        await jobs.stop()
        receiver.gate.set()
    async with rigs(owner="second") as second, running(second, "second") as jobs:
        await receiver.until(840)
        await jobs.settled()
        done = await second.store.jobs.get(second.org, job.id)
        assert (done.state, done.done, done.total) == ("done", 420, 420)
        await second.outbound.settled()
        assert set(await second.states()) == {"delivered"}


@pytest.mark.parametrize("cut", ["before it is kept", "before it is sent"])
async def test_a_crash_in_a_step_counts_each_delivery_once(rigs: Rigs, receiver: Receiver, cut: str) -> None:
    async with rigs(owner="first") as first, running(first, "first") as jobs:
        made = await miss(first, receiver, 150)
        order = recover_order(made.record.id, since=0, until=None, now=first.clock.now())
        begun = await jobs.begin(first.org, order)
        for task in (*jobs._loops, *jobs._tasks):
            task.cancel()
        await asyncio.gather(*jobs._loops, *jobs._tasks, return_exceptions=True)
        jobs._tasks.clear()
        jobs._works.clear()
        if cut == "before it is kept":
            missed, _ = await first.store.outbound.recoverable(
                first.org, made.record.id, 0, order.params["until"], limit=9
            )
            await first.store.outbound.requeue(first.org, missed, first.clock.now())
    async with rigs(owner="second") as second, running(second, "second") as jobs:
        await jobs.take_over("first")
        await receiver.until(300)
        await jobs.settled()
        done = await second.store.jobs.get(second.org, begun.id)
        assert (done.state, done.done, done.failed, done.total) == ("done", 150, 0, 150)


async def test_what_arrived_and_what_failed_is_counted(rig: Rig, jobs: JobRunner, receiver: Receiver) -> None:
    """Of 60 deliveries 7 arrive, the others fail for good."""
    made = await miss(rig, receiver, 60)
    receiver.replies = [web.Response() for _ in range(7)]
    receiver.always = lambda: web.Response(status=500)
    job = await recover(rig, jobs, made)
    await jobs.settled()
    done = await rig.store.jobs.get(rig.org, job.id)
    assert (done.state, done.total, done.done, done.failed) == ("done", 60, 7, 53)
    assert done.error == "the last delivery that failed: the receiver answered 500"


async def test_what_waits_for_a_retry_is_neither(rig: Rig, jobs: JobRunner, receiver: Receiver) -> None:
    made = await miss(rig, receiver, 5)
    spec = made.record.spec.model_copy(update={"retry": Retry(retries=1, initial_seconds=86_400, max_seconds=86_400)})
    await rig.outbound.registry.update(rig.current(made), spec)
    receiver.replies = [web.Response() for _ in range(2)]
    receiver.always = lambda: web.Response(status=500)
    job = await recover(rig, jobs, made)
    await jobs.settled()
    done = await rig.store.jobs.get(rig.org, job.id)
    assert (done.state, done.total, done.done, done.failed) == ("done", 5, 2, 0)
