"""From a published message to a logged delivery, over real sockets and a real file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from aiohttp import web

from hub.model.retry import Retry
from hub.model.stored.outbound import SubscriptionSpec
from hub.testing.clock import ManualClock
from tests.outbound.conftest import QUICK, Receiver, Rig, Rigs

SECOND = 1_000_000


async def test_a_message_arrives_and_is_logged(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url)
    published = await rig.publish({"id": 1})
    await receiver.until(1)
    await rig.outbound.settled()
    (attempt,) = await rig.attempts(made.record.id)
    assert published.deliveries == 1
    assert await rig.states() == ["delivered"]
    assert (attempt.number, attempt.status, attempt.error, attempt.address) == (1, 200, "", "127.0.0.1")
    assert attempt.response_body == "ok"


async def test_nobody_wants_it_and_it_is_kept(rig: Rig) -> None:
    published = await rig.publish()
    message, deliveries = await rig.store.outbound.message(rig.org, published.id)
    assert (message.type, deliveries) == ("order.created", ())
    account = await rig.store.outbound.account(rig.org, 0, rig.clock.now() + SECOND)
    assert (account.messages, account.unmatched) == (1, 1)


async def test_a_failure_is_tried_again_with_the_same_id_after_the_backoff(still: Rig, receiver: Receiver) -> None:
    made = await still.subscribe(receiver.url, retry=QUICK)
    receiver.replies = [web.Response(status=500), web.Response(status=502)]
    await still.publish({"n": 1})
    await still.outbound.settled()
    assert await still.states() == ["pending"]
    for retries in (1, 2):
        (delivery,) = await still.deliveries()
        assert 0 <= delivery.due - still.clock.now() <= 2 ** (retries - 1) * SECOND
        still.clock.set(delivery.due)
        await receiver.until(retries + 1)
        await still.outbound.settled()
    assert await still.states() == ["delivered"]
    assert len({each.id for each in receiver.got}) == 1
    assert len({each.body for each in receiver.got}) == 1
    assert [(each.number, each.status) for each in await still.attempts(made.record.id)] == [
        (1, 500), (2, 502), (3, 200),
    ]  # fmt: skip


async def test_after_five_retries_it_is_dead_and_kept(still: Rig, receiver: Receiver) -> None:
    await still.subscribe(receiver.url, retry=QUICK)
    receiver.always = lambda: web.Response(status=500)
    await still.publish()
    for count in range(1, 7):
        await receiver.until(count)
        await still.outbound.settled()
        (delivery,) = await still.deliveries()
        still.clock.set(max(delivery.due, still.clock.now()))
    assert (delivery.state, delivery.attempts) == ("dead", 6)
    assert delivery.error == "the receiver answered 500"


async def test_each_attempt_has_a_new_signature(still: Rig, receiver: Receiver) -> None:
    await still.subscribe(receiver.url, retry=Retry(retries=1, initial_seconds=100))
    receiver.replies = [web.Response(status=500)]
    await still.publish()
    await still.outbound.settled()
    still.clock.advance(100)
    first, second = await receiver.until(2)
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 100
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_retry_after_holds_the_whole_subscription_back(still: Rig, receiver: Receiver) -> None:
    await still.subscribe(receiver.url, concurrency=1)
    receiver.replies = [web.Response(status=429, headers={"Retry-After": "600"})]
    for number in range(5):
        await still.publish({"n": number})
    await still.outbound.settled()
    assert len(receiver.got) == 1
    still.clock.advance(599)
    await still.publish({"n": 5})
    await still.outbound.settled()
    assert len(receiver.got) == 1
    still.clock.advance(1)
    await receiver.until(7)
    await still.outbound.settled()
    assert await still.states() == ["delivered"] * 6


async def test_what_is_published_during_a_throttle_goes_when_it_ends(still: Rig, receiver: Receiver) -> None:
    """Though the delivery that brought the throttle about is dead and waits for nothing."""
    await still.subscribe(receiver.url, retry=Retry(retries=0))
    receiver.replies = [web.Response(status=503, headers={"Retry-After": "5"})]
    await still.publish({"n": 0})
    await still.outbound.settled()
    await still.publish({"n": 1})
    await still.outbound.settled()
    assert len(receiver.got) == 1
    still.clock.advance(5)
    await receiver.until(2)
    await still.outbound.settled()
    assert await still.states() == ["dead", "delivered"]


async def test_a_throttle_does_not_hold_others_back(
    still: Rig, serve: Callable[..., AbstractAsyncContextManager[str]]
) -> None:
    slow, well = Receiver(), Receiver()
    async with serve([slow, well]):
        slow.always = lambda: web.Response(status=503)
        await still.subscribe(slow.url)
        await still.subscribe(well.url)
        for number in range(3):
            await still.publish({"n": number})
        await well.until(3)
        await still.outbound.settled()


async def test_410_disables_and_says_so(rig: Rig, serve: Callable[..., AbstractAsyncContextManager[str]]) -> None:
    gone, watcher = Receiver(), Receiver()
    async with serve([gone, watcher]):
        gone.replies = [web.Response(status=410)]
        made = await rig.subscribe(gone.url)
        await rig.subscribe(watcher.url, "hub.subscription.disabled")
        await rig.publish()
        (told,) = await watcher.until(1)
        await rig.outbound.settled()
        record = rig.current(made)
        assert not record.spec.enabled
        assert "410" in record.disabled_reason
        assert told.json()["data"]["subscription"].startswith("sub_")
        assert "410" in told.json()["data"]["reason"]
        await rig.publish()
        await rig.outbound.settled()
        assert len(gone.got) == 1
        assert await rig.states() == ["dead", "delivered", "skipped"]


async def test_redirects_are_never_followed(rig: Rig, serve: Callable[..., AbstractAsyncContextManager[str]]) -> None:
    front, behind = Receiver(), Receiver()
    async with serve([front, behind]):
        front.always = lambda: web.Response(status=307, headers={"Location": behind.url})
        made = await rig.subscribe(front.url, retry=Retry(retries=0))
        await rig.publish()
        await front.until(1)
        await rig.outbound.settled()
        (attempt,) = await rig.attempts(made.record.id)
        assert attempt.status == 307
        assert "redirects are not followed" in attempt.error
        assert behind.got == []


async def test_messages_of_one_ordering_key_go_one_after_the_other(rig: Rig, receiver: Receiver) -> None:
    await rig.subscribe(receiver.url)
    receiver.gate.clear()
    for number in range(4):
        await rig.publish({"key": 1, "n": number}, ordering_key="order 1")
        await rig.publish({"key": 2, "n": number}, ordering_key="order 2")
    await receiver.until(2)
    assert {each.json()["data"]["key"] for each in receiver.got} == {1, 2}
    receiver.gate.set()
    got = [each.json()["data"] for each in await receiver.until(8)]
    await rig.outbound.settled()
    assert receiver.most == 2
    for key in (1, 2):
        assert [each["n"] for each in got if each["key"] == key] == [0, 1, 2, 3]
    assert await rig.states() == ["delivered"] * 8


async def test_order_holds_while_an_older_one_is_tried_again(still: Rig, receiver: Receiver) -> None:
    await still.subscribe(receiver.url, retry=Retry(retries=3, initial_seconds=50))
    receiver.replies = [web.Response(status=500), web.Response(status=500)]
    for number in range(3):
        await still.publish({"n": number}, ordering_key="k")
    await receiver.until(1)
    await still.outbound.settled()
    for count in (2, 3):
        still.clock.advance(100)
        await receiver.until(count)
        await still.outbound.settled()
    got = await receiver.until(5)
    await still.outbound.settled()
    assert [each.json()["data"]["n"] for each in got] == [0, 0, 0, 1, 2]


async def test_a_dead_delivery_lets_its_key_go_on(rig: Rig, receiver: Receiver) -> None:
    await rig.subscribe(receiver.url, retry=Retry(retries=0))
    receiver.replies = [web.Response(status=500)]
    for number in range(3):
        await rig.publish({"n": number}, ordering_key="k")
    await receiver.until(3)
    await rig.outbound.settled()
    assert await rig.states() == ["dead", "delivered", "delivered"]


async def test_no_more_attempts_at_once_than_the_subscription_allows(rig: Rig, receiver: Receiver) -> None:
    await rig.subscribe(receiver.url, concurrency=3)
    receiver.gate.clear()
    for number in range(20):
        await rig.publish({"n": number})
    await receiver.until(3)
    receiver.gate.set()
    await receiver.until(20)
    await rig.outbound.settled()
    assert receiver.most == 3


async def test_a_rate_limit_spreads_deliveries(still: Rig, receiver: Receiver) -> None:
    await still.subscribe(receiver.url, rate_limit={"requests": 2, "per_seconds": 10})
    for number in range(5):
        await still.publish({"n": number})
    for count in (2, 4, 5):
        await receiver.until(count)
        assert len(receiver.got) == count
        still.clock.advance(10)
    await still.outbound.settled()
    assert await still.states() == ["delivered"] * 5


async def test_a_backlog_larger_than_the_window_is_worked_off_in_order(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url, concurrency=1)
    receiver.gate.clear()
    for number in range(150):
        await rig.publish({"n": number})
    receiver.gate.set()
    got = await receiver.until(150)
    await rig.outbound.settled()
    assert [each.json()["data"]["n"] for each in got] == list(range(150))
    assert len(await rig.attempts(made.record.id)) == 150


async def test_queued_deliveries_use_the_new_url(
    still: Rig, serve: Callable[..., AbstractAsyncContextManager[str]]
) -> None:
    old, new = Receiver(), Receiver()
    async with serve([old, new]):
        made = await still.subscribe(old.url, retry=Retry(retries=1, initial_seconds=10))
        old.replies = [web.Response(status=500)]
        await still.publish()
        await still.outbound.settled()
        spec = made.record.spec.model_copy(update={"url": new.url})
        await still.outbound.registry.update(still.current(made), spec)
        still.clock.advance(10)
        await new.until(1)
        await still.outbound.settled()
        assert (len(old.got), await still.states()) == (1, ["delivered"])


async def test_disabling_pauses_and_enabling_goes_on(still: Rig, receiver: Receiver) -> None:
    made = await still.subscribe(receiver.url, retry=Retry(retries=1, initial_seconds=10))
    receiver.replies = [web.Response(status=500)]
    await still.publish()
    await still.outbound.settled()
    registry = still.outbound.registry
    off = made.record.spec.model_copy(update={"enabled": False})
    await registry.update(still.current(made), off)
    assert await still.states() == ["paused"]
    still.clock.advance(100)
    await still.publish()
    await still.outbound.settled()
    assert (len(receiver.got), await still.states()) == (1, ["paused", "skipped"])
    await registry.update(still.current(made), made.record.spec)
    await receiver.until(2)
    await still.outbound.settled()
    assert await still.states() == ["delivered", "skipped"]


async def test_an_attempt_under_way_is_logged_though_its_subscription_was_disabled(
    rig: Rig, receiver: Receiver
) -> None:
    made = await rig.subscribe(receiver.url)
    receiver.gate.clear()
    await rig.publish()
    await receiver.until(1)
    off = made.record.spec.model_copy(update={"enabled": False})
    await rig.outbound.registry.update(rig.current(made), off)
    receiver.gate.set()
    await rig.outbound.settled()
    assert await rig.states() == ["delivered"]
    assert len(await rig.attempts(made.record.id)) == 1


async def test_deleting_cancels_what_is_pending_and_keeps_the_log(still: Rig, receiver: Receiver) -> None:
    made = await still.subscribe(receiver.url)
    receiver.replies = [web.Response(status=500)]
    await still.publish()
    await still.outbound.settled()
    await still.outbound.registry.delete(still.current(made))
    still.clock.advance(1_000)
    await still.outbound.settled()
    assert (len(receiver.got), await still.states()) == (1, ["cancelled"])
    assert len(await still.attempts(made.record.id)) == 1


async def test_a_large_body_goes_out_whole(rig: Rig, receiver: Receiver) -> None:
    """Bodies over 64 KiB are kept in the blob store; those that wait are read from there."""
    await rig.subscribe(receiver.url, concurrency=1, scheme="plextrac" if rig.plugins.scheme("plextrac") else "github")
    text = "é" * 200_000
    for number in range(3):
        await rig.publish({"text": text, "n": number}, ordering_key="k")
    got = await receiver.until(3)
    await rig.outbound.settled()
    assert [each.json() for each in got] == [{"text": text, "n": number} for number in range(3)]


async def test_a_restart_goes_on_from_the_store(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    async with rigs(clock=clock, owner="first") as first:
        await first.subscribe(receiver.url, retry=Retry(retries=1, initial_seconds=10))
        receiver.replies = [web.Response(status=500)]
        await first.publish({"n": 1})
        await first.outbound.settled()
    clock.advance(10)
    async with rigs(clock=clock, owner="second") as second:
        await receiver.until(2)
        await second.outbound.settled()
        assert await second.states() == ["delivered"]


async def test_a_stop_gives_back_what_has_not_started(rigs: Rigs, receiver: Receiver) -> None:
    receiver.gate.clear()
    async with rigs(owner="first") as first:
        await first.subscribe(receiver.url, concurrency=1)
        for number in range(3):
            await first.publish({"n": number})
        await receiver.until(1)
        stopping = asyncio.create_task(first.outbound.stop())
        receiver.gate.set()
        await stopping
        assert await first.states() == ["delivered", "pending", "pending"]
    async with rigs(owner="second") as second:
        await receiver.until(3)
        await second.outbound.settled()
        assert [each.json()["data"]["n"] for each in receiver.got] == [0, 1, 2]


async def test_work_of_a_process_that_is_gone_is_taken_over_when_its_lease_ends(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    async with rigs(clock=clock, owner="gone", start=False) as gone:
        await gone.subscribe(receiver.url)
        await gone.publish({"n": 1})
        (key,) = (await gone.store.outbound.backlog("gone", clock.now())).keys()
        until = clock.now() + 20 * SECOND
        claim = await gone.store.outbound.claim("gone", until, clock.now(), {key: 10})
        assert len(claim.deliveries) == 1
    async with rigs(clock=clock, owner="heir") as heir:
        await heir.outbound.settled()
        assert receiver.got == []
        clock.advance(20)
        await receiver.until(1)
        await heir.outbound.settled()
        (delivery,) = await heir.deliveries()
        assert (delivery.state, delivery.crashes) == ("delivered", 1)


async def test_leases_are_renewed_while_an_attempt_waits_for_its_turn(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    receiver.gate.clear()
    async with rigs(clock=clock, owner="one") as one:
        await one.subscribe(receiver.url, concurrency=1)
        for number in range(3):
            await one.publish({"n": number})
        await receiver.until(1)
        for _ in range(6):
            clock.advance(7)
            renewed = clock.now() + 19 * SECOND
            while min((await one.store.outbound.backlog("other", clock.now())).values()) < renewed:
                assert len(receiver.got) == 1
        (key,) = {(each.org, each.subscription) for each in await one.deliveries()}
        stolen = await one.store.outbound.claim("other", clock.now() + SECOND, clock.now(), {key: 10})
        assert stolen.deliveries == ()
        receiver.gate.set()
        await receiver.until(3)
        await one.outbound.settled()
        assert len(receiver.got) == 3


async def test_changing_the_concurrency_takes_effect_at_once(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url, concurrency=1)
    receiver.gate.clear()
    for number in range(6):
        await rig.publish({"n": number})
    await receiver.until(1)
    wider = SubscriptionSpec.model_validate({**made.record.spec.model_dump(), "concurrency": 4})
    await rig.outbound.registry.update(rig.current(made), wider)
    await receiver.until(4)
    receiver.gate.set()
    await receiver.until(6)


async def test_work_of_a_process_that_is_known_to_be_gone_goes_on_at_once(rigs: Rigs, receiver: Receiver) -> None:
    clock = ManualClock()
    async with rigs(clock=clock, owner="gone", start=False) as gone:
        made = await gone.subscribe(receiver.url)
        await gone.publish({"n": 1})
        until = clock.now() + 20 * SECOND
        await gone.store.outbound.claim("gone", until, clock.now(), {(gone.org, made.record.id): 10})
    async with rigs(clock=clock, owner="heir") as heir:
        await heir.outbound.settled()
        assert receiver.got == []
        await heir.outbound.take_over("gone")
        await receiver.until(1)
        await heir.outbound.settled()
        assert await heir.states() == ["delivered"]


async def test_a_lease_that_ended_unrenewed_repeats_nothing(still: Rig, receiver: Receiver) -> None:
    """The process does not claim what it is sending or holds already."""
    receiver.gate.clear()
    made = await still.subscribe(receiver.url, concurrency=1)
    for number in range(3):
        await still.publish({"n": number})
    await receiver.until(1)
    while still.outbound.under_way < 3:
        await still.store.outbound.pending(still.org, made.record.id, 1)
    await still.store.outbound.expire("here", still.clock.now())
    still.outbound.wake(still.org, made.record.id)
    later = await still.publish({"n": 3})
    while still.outbound.under_way < 4:
        await still.store.outbound.pending(still.org, made.record.id, 1)
    receiver.gate.set()
    got = await receiver.until(4)
    await still.outbound.settled()
    assert [each.json()["data"]["n"] for each in got] == [0, 1, 2, 3]
    assert later.deliveries == 1
    assert await still.states() == ["delivered"] * 4
    assert {each.crashes for each in await still.deliveries()} == {0}


async def test_catching_up_keeps_the_order_of_a_key(still: Rig, receiver: Receiver) -> None:
    """What was skipped while disabled goes before what is published after the subscription is enabled."""
    made = await still.subscribe(receiver.url, concurrency=4)
    await still.publish({"n": 0}, ordering_key="a")
    await receiver.until(1)
    await still.outbound.settled()
    still.clock.advance(1)
    off = made.record.spec.model_copy(update={"enabled": False})
    await still.outbound.registry.update(still.current(made), off)
    for number in range(1, 6):
        still.clock.advance(1)
        await still.publish({"n": number}, ordering_key="a" if number % 2 else "b")
    receiver.gate.clear()
    await still.outbound.registry.update(still.current(made), made.record.spec, catch_up=True)
    await still.publish({"n": 7}, ordering_key="a")
    await still.publish({"n": 6}, ordering_key="b")
    receiver.gate.set()
    await receiver.until(8)
    await still.outbound.settled()
    numbers = [each.json()["data"]["n"] for each in receiver.got]
    assert [number for number in numbers if number % 2] == [1, 3, 5, 7]
    assert [number for number in numbers if not number % 2] == [0, 2, 4, 6]


async def test_without_catching_up_what_was_skipped_stays(still: Rig, receiver: Receiver) -> None:
    made = await still.subscribe(receiver.url, enabled=False)
    await still.publish({"n": 1}, ordering_key="a")
    on = made.record.spec.model_copy(update={"enabled": True})
    await still.outbound.registry.update(still.current(made), on)
    await still.publish({"n": 2}, ordering_key="a")
    await receiver.until(1)
    await still.outbound.settled()
    assert await still.states() == ["skipped", "delivered"]
