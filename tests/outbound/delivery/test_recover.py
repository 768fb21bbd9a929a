"""Sending a subscription again what it missed."""

from __future__ import annotations

import pytest
from aiohttp import web

from hub.errors import Conflict, Invalid, NotFound
from hub.model.ids import new_id
from hub.model.retry import Retry
from hub.outbound.registry.registry import SavedSubscription
from tests.outbound.conftest import Receiver, Rig, Rigs

ONCE = Retry(retries=0)


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


async def test_what_is_dead_is_counted_and_sent_again(rig: Rig, receiver: Receiver) -> None:
    made = await miss(rig, receiver, 5)
    job = await rig.outbound.recovery.recover(rig.org, made.record.id, 0)
    assert job.total == 5
    got = await receiver.until(10)
    await rig.outbound.recovery.settled()
    await rig.outbound.settled()
    done = await rig.store.access.job(rig.org, job.id)
    assert (done.state, done.done, done.failed) == ("done", 5, 0)
    assert await rig.states() == ["delivered"] * 5
    assert sorted(each.id for each in got[:5]) == sorted(each.id for each in got[5:])


async def test_what_was_skipped_while_disabled_is_sent(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url, enabled=False)
    await rig.publish({"n": 1})
    spec = made.record.spec.model_copy(update={"enabled": True})
    await rig.outbound.registry.update(rig.current(made), spec)
    job = await rig.outbound.recovery.recover(rig.org, made.record.id, made.record.created)
    assert job.total == 1
    await receiver.until(1)
    await rig.outbound.recovery.settled()


async def test_only_the_span_asked_for_is_recovered(rig: Rig, receiver: Receiver) -> None:
    made = await miss(rig, receiver, 2)
    now = rig.clock.now()
    job = await rig.outbound.recovery.recover(rig.org, made.record.id, now + 1_000_000, now + 2_000_000)
    assert job.total == 0
    with pytest.raises(Invalid):
        await rig.outbound.recovery.recover(rig.org, made.record.id, now, now)
    with pytest.raises(NotFound):
        await rig.outbound.recovery.recover(rig.org, new_id(), 0)


async def test_a_job_keeps_few_in_the_queue_and_can_be_paused_and_cancelled(rig: Rig, receiver: Receiver) -> None:
    made = await miss(rig, receiver, 420)
    receiver.gate.clear()
    recovery = rig.outbound.recovery
    job = await recovery.recover(rig.org, made.record.id, 0)
    await receiver.until(421)
    paused = await recovery.pause(rig.org, job.id)
    assert paused.state == "paused"
    assert paused.done < 420
    with pytest.raises(Conflict):
        await recovery.resume(rig.org, (await recovery.resume(rig.org, job.id)).id)
    cancelled = await recovery.cancel(rig.org, job.id)
    assert cancelled.state == "cancelled"
    receiver.gate.set()
    await rig.outbound.settled()
    states = await rig.states()
    assert 0 < states.count("dead") < 420
    with pytest.raises(Conflict):
        await recovery.cancel(rig.org, job.id)


async def test_a_job_goes_on_after_a_restart(rigs: Rigs, receiver: Receiver) -> None:
    async with rigs(owner="first") as first:
        made = await miss(first, receiver, 420)
        receiver.gate.clear()
        job = await first.outbound.recovery.recover(first.org, made.record.id, 0)
        await receiver.until(421)
        await first.outbound.recovery.stop()
        receiver.gate.set()
    async with rigs(owner="second") as second:
        await second.outbound.recovery.settled()
        await second.outbound.settled()
        done = await second.store.access.job(second.org, job.id)
        assert (done.state, done.done, done.total) == ("done", 420, 420)
        assert set(await second.states()) == {"delivered"}
