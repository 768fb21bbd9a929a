"""When the store, the disk or another process gets in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

from aiohttp import web

from hub.model.retry import Retry
from hub.testing.clock import ManualClock
from tests.outbound.conftest import Receiver, Rig, Rigs

SECOND = 1_000_000


async def test_an_attempt_that_could_not_be_logged_is_made_again(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    receiver.gate.clear()
    async with rigs(clock=clock, owner="first") as first:
        await first.subscribe(receiver.url)
        await first.publish({"n": 1})
        await receiver.until(1)
        await first.store.stop()
        receiver.gate.set()
        await first.outbound.settled()
        clock.advance(30)
    async with rigs(clock=clock, owner="second") as second:
        await receiver.until(2)
        await second.outbound.settled()
        assert receiver.got[0].id == receiver.got[1].id
        (delivery,) = await second.deliveries()
        assert (delivery.state, delivery.attempts, delivery.crashes) == ("delivered", 1, 1)


async def test_an_attempt_under_a_lease_that_was_lost_is_not_logged(still: Rig, receiver: Receiver) -> None:
    receiver.gate.clear()
    made = await still.subscribe(receiver.url)
    await still.publish({"n": 1})
    await receiver.until(1)
    later = still.clock.now() + 1_000 * SECOND
    wanted = {(still.org, made.record.id): 10}
    stolen = await still.store.outbound.claim("thief", later + SECOND, later, wanted)
    assert len(stolen.deliveries) == 1
    receiver.gate.set()
    await still.outbound.settled()
    assert await still.attempts(made.record.id) == []
    (delivery,) = await still.deliveries()
    assert (delivery.state, delivery.crashes) == ("pending", 1)


async def test_what_waits_under_a_lost_lease_is_not_sent(still: Rig, receiver: Receiver) -> None:
    receiver.gate.clear()
    made = await still.subscribe(receiver.url, concurrency=1)
    for number in range(3):
        await still.publish({"n": number})
    await receiver.until(1)
    later = still.clock.now() + 1_000 * SECOND
    wanted = {(still.org, made.record.id): 10}
    stolen = await still.store.outbound.claim("thief", later + SECOND, later, wanted)
    assert len(stolen.deliveries) == 3
    still.clock.advance(10)
    while still.outbound.under_way > 1:
        await still.store.outbound.pending(still.org, made.record.id, 1)
    receiver.gate.set()
    await still.outbound.settled()
    assert len(receiver.got) == 1


async def test_a_long_throttle_gives_the_rest_back_to_the_store(still: Rig, receiver: Receiver) -> None:
    receiver.gate.clear()
    made = await still.subscribe(receiver.url, concurrency=1)
    receiver.replies = [web.Response(status=503, headers={"Retry-After": "1000"})]
    for number in range(4):
        await still.publish({"n": number})
    await receiver.until(1)
    while still.outbound.under_way < 4:
        await still.store.outbound.pending(still.org, made.record.id, 1)
    receiver.gate.set()
    await still.outbound.settled()
    assert still.outbound.under_way == 0
    (when,) = (await still.store.outbound.backlog("other", still.clock.now())).values()
    assert when == still.clock.now() + 1_000 * SECOND
    still.clock.advance(1_000)
    await receiver.until(5)
    await still.outbound.settled()
    assert await still.states() == ["delivered"] * 4
    assert len(await still.attempts(made.record.id)) == 5


async def test_a_body_that_is_gone_is_told(still: Rig, receiver: Receiver, tmp_path: Path) -> None:
    made = await still.subscribe(receiver.url, retry=Retry(retries=1, initial_seconds=10))
    receiver.replies = [web.Response(status=500)]
    await still.publish({"text": "x" * 100_000})
    await still.outbound.settled()
    shutil.rmtree(tmp_path / "blobs")
    still.clock.advance(10)
    while len(await still.attempts(made.record.id)) < 2:
        await still.outbound.settled()
    (_, attempt) = await still.attempts(made.record.id)
    assert attempt.error.startswith("not sent: the body cannot be read")


async def test_work_that_another_process_added_is_found(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    async with rigs(clock=clock, owner="worker") as worker:
        await worker.subscribe(receiver.url)
        async with rigs(clock=clock, owner="other", start=False) as other:
            await other.publish({"n": 1})
        clock.advance(10)
        await receiver.until(1)
        await worker.outbound.settled()
        assert await worker.states() == ["delivered"]


async def test_a_store_that_is_gone_stops_nothing_else(rigs: Rigs, receiver: Receiver) -> None:
    """Claims, renewals and looks for work fail and are tried again."""
    clock = ManualClock()
    async with rigs(clock=clock) as rig:
        made = await rig.subscribe(receiver.url)
        await rig.store.stop()
        rig.outbound.wake(rig.org, made.record.id)
        for _ in range(4):
            clock.advance(11)
            await rig.outbound.settled()
    assert receiver.got == []
