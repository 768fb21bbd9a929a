"""Sending by hand: one delivery again, one message again, a test."""

from __future__ import annotations

import pytest
from aiohttp import web

from hub.errors import Conflict, Invalid, NotFound
from hub.model.ids import new_id
from hub.model.retry import Retry
from hub.model.wire.event_type import EventType
from tests.outbound.conftest import Receiver, Rig


async def test_a_dead_delivery_is_sent_again_with_its_retries_afresh(still: Rig, receiver: Receiver) -> None:
    await still.subscribe(receiver.url, retry=Retry(retries=1, initial_seconds=0))
    receiver.replies = [web.Response(status=500) for _ in range(3)]
    await still.publish({"n": 1})
    await receiver.until(2)
    await still.outbound.settled()
    (dead,) = await still.deliveries(state="dead")
    await still.outbound.retry(still.org, dead.id)
    got = await receiver.until(4)
    await still.outbound.settled()
    (delivery,) = await still.deliveries()
    assert (delivery.id, delivery.state, delivery.attempts) == (dead.id, "delivered", 4)
    assert len({(each.id, each.body) for each in got}) == 1


async def test_what_is_under_way_cannot_be_retried(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url)
    receiver.gate.clear()
    await rig.publish()
    await receiver.until(1)
    (delivery,) = await rig.deliveries()
    with pytest.raises(Conflict, match="pending"):
        await rig.outbound.retry(rig.org, delivery.id)
    with pytest.raises(NotFound):
        await rig.outbound.retry(rig.org, new_id())
    receiver.gate.set()
    await rig.outbound.settled()
    await rig.outbound.registry.delete(rig.current(made))
    with pytest.raises(Conflict, match="deleted"):
        await rig.outbound.retry(rig.org, delivery.id)


async def test_a_replay_goes_to_all_that_match_the_message_now(rig: Rig, receiver: Receiver) -> None:
    gone = await rig.subscribe(receiver.url)
    published = await rig.publish({"n": 1})
    await receiver.until(1)
    await rig.outbound.settled()
    await rig.outbound.registry.delete(rig.current(gone))
    await rig.subscribe(receiver.url)
    assert await rig.outbound.replay(rig.org, published.id) == 1
    first, second = await receiver.until(2)
    await rig.outbound.settled()
    assert first.id == second.id
    message, deliveries = await rig.store.outbound.message(rig.org, published.id)
    assert (message.data, len(deliveries)) == ({"n": 1}, 2)
    with pytest.raises(NotFound):
        await rig.outbound.replay(rig.org, new_id())


async def test_a_test_sends_the_example_of_the_catalog_once(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url)
    await rig.store.outbound.put_event_type(rig.org, EventType("order.created", "out", example={"n": 42}))
    receiver.replies = [web.Response(status=500)]
    tried = await rig.outbound.test(rig.org, made.record.id, "order.created")
    assert (tried.attempt.status, receiver.got[0].json()["data"]) == (500, {"n": 42})
    record, attempts = await rig.store.outbound.delivery(rig.org, tried.delivery)
    assert (record.state, len(attempts)) == ("dead", 1)
    page = await rig.store.outbound.attempts(rig.org, made.record.id, limit=5)
    assert [origin for _, origin, _ in page.items] == ["test"]


async def test_a_disabled_subscription_can_be_tested(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url, enabled=False)
    tried = await rig.outbound.test(rig.org, made.record.id, "anything")
    assert tried.attempt.error == ""
    assert receiver.got[0].json()["data"]["test"] is True
    assert not rig.current(made).spec.enabled


async def test_a_test_of_a_failing_template_is_told(rig: Rig, receiver: Receiver) -> None:
    made = await rig.subscribe(receiver.url, template="{{ data.missing }}")
    with pytest.raises(Invalid) as error:
        await rig.outbound.test(rig.org, made.record.id, "anything")
    assert error.value.problems[0].pointer == "/template"
