"""A long failure is announced, a longer one disables."""

from __future__ import annotations

from aiohttp import web

from hub.model.retry import Retry
from hub.outbound.delivery.health import HealthThresholds
from hub.testing.clock import ManualClock
from tests.outbound.conftest import Receiver, Rig, Rigs, serving

RULE = HealthThresholds(note_after=60, warn_after=600, disable_after=6_000)


async def fail(rig: Rig, receiver: Receiver) -> None:
    """One more failing attempt."""
    count = len(receiver.got)
    await rig.publish()
    await receiver.until(count + 1)
    await rig.outbound.settled()


async def test_from_failing_to_disabled(rigs: Rigs) -> None:
    clock = ManualClock()
    bad, watcher = Receiver(), Receiver()
    bad.always = lambda: web.Response(status=500)
    async with serving([bad, watcher]), rigs(clock=clock, health=RULE) as rig:
        made = await rig.subscribe(bad.url, retry=Retry(retries=0))
        await rig.subscribe(watcher.url, "hub.subscription.failing", "hub.subscription.disabled")
        start = clock.now()
        await fail(rig, bad)
        assert rig.current(made).failing_since is None
        assert rig.outbound.failing_since(rig.current(made)) == start
        clock.advance(60)
        await fail(rig, bad)
        assert rig.current(made).failing_since == start
        assert watcher.got == []
        clock.advance(540)
        await fail(rig, bad)
        await fail(rig, bad)
        (told,) = await watcher.until(1)
        assert told.json()["type"] == "hub.subscription.failing"
        assert rig.current(made).spec.enabled
        clock.advance(5_400)
        await fail(rig, bad)
        told = (await watcher.until(2))[1]
        assert told.json()["type"] == "hub.subscription.disabled"
        record = rig.current(made)
        assert not record.spec.enabled
        assert "all attempts have failed for a long time" in record.disabled_reason
        await rig.outbound.registry.update(record, made.record.spec)
        assert (rig.current(made).failing_since, rig.current(made).disabled_reason) == (None, "")
        assert rig.outbound.failing_since(rig.current(made)) is None


async def test_one_success_makes_it_well(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    receiver.replies = [web.Response(status=500), web.Response(status=500)]
    async with rigs(clock=clock, health=RULE) as rig:
        made = await rig.subscribe(receiver.url, retry=Retry(retries=0))
        await fail(rig, receiver)
        clock.advance(100)
        await fail(rig, receiver)
        assert rig.current(made).failing_since is not None
        await fail(rig, receiver)
        assert rig.current(made).failing_since is None
        assert rig.outbound.failing_since(rig.current(made)) is None
        clock.advance(10_000)
        receiver.replies = [web.Response(status=500)]
        await fail(rig, receiver)
        assert rig.current(made).spec.enabled


async def test_a_restart_does_not_forget_a_long_failure(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    receiver.always = lambda: web.Response(status=500)
    async with rigs(clock=clock, health=RULE) as first:
        made = await first.subscribe(receiver.url, retry=Retry(retries=0))
        await fail(first, receiver)
        clock.advance(100)
        await fail(first, receiver)
    clock.advance(6_000)
    async with rigs(clock=clock, health=RULE) as second:
        await fail(second, receiver)
        assert not second.store.snapshot.subscriptions[made.record.id].spec.enabled


async def test_a_failure_of_fifteen_minutes_is_announced_without_a_further_attempt(rigs: Rigs) -> None:
    """The next attempt of the default schedule is half an hour away; one event comes per spell of failures."""
    clock = ManualClock()
    bad, watcher = Receiver(), Receiver()
    bad.always = lambda: web.Response(status=500)
    async with serving([bad, watcher]), rigs(clock=clock) as rig:
        await rig.subscribe(bad.url)
        await rig.subscribe(watcher.url, "hub.subscription.failing")
        await rig.publish()
        for count, wait in ((1, 6), (2, 360)):
            await bad.until(count)
            await rig.outbound.settled()
            clock.advance(wait)
        await bad.until(3)
        await rig.outbound.settled()
        clock.advance(530)
        assert watcher.got == []
        clock.advance(10)
        (told,) = await watcher.until(1)
        assert told.json()["data"]["reason"] == "the receiver answered 500"
        clock.advance(3_600)
        await bad.until(4)
        await rig.outbound.settled()
        bad.always = None
        await rig.publish()
        await bad.until(5)
        await rig.outbound.settled()
        assert len(watcher.got) == 1
