"""From what somebody publishes to a committed message."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from hub import Drop, Message, hookimpl
from hub.errors import Conflict, Invalid
from hub.model.wire.event_type import EventType
from hub.outbound.publish.publish import LARGEST_MESSAGE
from hub.plugins.host import Plugins
from tests.outbound.conftest import Receiver, Rig, Rigs

moods: dict[str, Any] = {}


class Hooks:
    """A plugin whose `hub_message` does what `moods` says."""

    @hookimpl
    def hub_message(self, message: Message) -> Message | None:
        """Change, drop or fail."""
        moods["seen"] = [*moods.get("seen", ()), message.id]
        return moods["do"](message) if "do" in moods else None


hooks = Hooks()


def plugins() -> Plugins:
    made = Plugins(version="0.1.0", entry_points=[EntryPoint("moody", f"{__name__}:hooks", "hub")])
    made.load()
    assert made.has_message_hooks, made.statuses()
    return made


@pytest.fixture(autouse=True)
def _calm() -> None:
    moods.clear()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"event_type": ""}, "/type"),
        ({"event_type": "a\nb"}, "/type"),
        ({"event_type": "x" * 201}, "/type"),
        ({"event_type": "hub.subscription.failing"}, "/type"),
        ({"client": ""}, "/client"),
        ({"ordering_key": "x" * 201}, "/ordering_key"),
        ({"idempotency_key": "x" * 256}, "/idempotency_key"),
        ({"data": "x" * LARGEST_MESSAGE}, "/data"),
        ({"data": {"a": object()}}, "/data"),
    ],
)
async def test_each_fault_names_its_field(rig: Rig, fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as error:
        await rig.publish(**fields)
    assert [each.pointer for each in error.value.problems] == [pointer]


async def test_data_of_a_catalogued_type_must_fit(rig: Rig) -> None:
    schema = {"type": "object", "required": ["n"]}
    await rig.store.outbound.put_event_type(rig.org, EventType("order.created", "out", schema=schema))
    with pytest.raises(Invalid) as error:
        await rig.publish({"m": 1})
    assert error.value.problems[0].pointer == "/data"
    await rig.publish({"n": 1})


async def test_types_that_come_in_bind_nobody_who_publishes(rig: Rig) -> None:
    await rig.store.outbound.put_event_type(rig.org, EventType("ping", "in", schema={"type": "object"}))
    await rig.publish("not an object", "ping")


async def test_a_repeated_idempotency_key_changes_nothing(rig: Rig, receiver: Receiver) -> None:
    await rig.subscribe(receiver.url)
    first = await rig.publish(1, idempotency_key="k")
    second = await rig.publish(2, idempotency_key="k")
    assert (second.id, second.deliveries, second.duplicate) == (first.id, 1, True)
    await receiver.until(1)
    await rig.outbound.settled()
    assert [each.json()["data"] for each in receiver.got] == [1]


async def test_clients_get_their_own_messages_only(rig: Rig, receiver: Receiver) -> None:
    await rig.subscribe(receiver.url, clients=("a", "b"))
    counts = [(await rig.publish(client=client)).deliveries for client in (None, "c", "a", "b")]
    assert counts == [0, 0, 1, 1]


async def test_a_hook_changes_a_message_once(rigs: Rigs, receiver: Receiver) -> None:
    async with rigs(plugins=plugins()) as rig:
        await rig.subscribe(receiver.url)
        await rig.subscribe(receiver.url)
        moods["do"] = lambda message: Message(message.id, message.type, {"changed": True}, message.created)
        published = await rig.publish({"n": 1})
        got = await receiver.until(2)
        await rig.outbound.settled()
        assert [each.json()["data"] for each in got] == [{"changed": True}] * 2
        assert len(moods["seen"]) == 1
        message, _ = await rig.store.outbound.message(rig.org, published.id)
        assert message.data == {"changed": True}


async def test_a_repeated_key_is_not_shown_to_the_hooks_again(rigs: Rigs) -> None:
    async with rigs(plugins=plugins()) as rig:
        for _ in range(2):
            await rig.publish({"n": 1}, idempotency_key="k")
        assert len(moods["seen"]) == 1


async def test_a_dropped_message_is_kept_and_sent_to_nobody(rigs: Rigs, receiver: Receiver) -> None:
    def drop(_message: Message) -> Message:
        raise Drop("not today")

    async with rigs(plugins=plugins()) as rig:
        await rig.subscribe(receiver.url)
        moods["do"] = drop
        published = await rig.publish()
        message, deliveries = await rig.store.outbound.message(rig.org, published.id)
        assert (message.state, message.reason, deliveries) == ("dropped", "not today", ())
        with pytest.raises(Conflict, match="not today"):
            await rig.outbound.replay(rig.org, published.id)
        account = await rig.store.outbound.account(rig.org, 0, rig.clock.now() + 1_000)
        assert (account.messages, account.dropped) == (1, 1)


async def test_a_failing_hook_holds_the_message_until_it_is_replayed(rigs: Rigs, receiver: Receiver) -> None:
    def fail(_message: Message) -> Message:
        raise RuntimeError("broken")

    async with rigs(plugins=plugins()) as rig:
        await rig.subscribe(receiver.url)
        moods["do"] = fail
        published = await rig.publish({"n": 1})
        message, _ = await rig.store.outbound.message(rig.org, published.id)
        assert message.state == "held"
        assert "moody" in message.reason
        with pytest.raises(Conflict, match="held"):
            await rig.outbound.replay(rig.org, published.id)
        del moods["do"]
        assert await rig.outbound.replay(rig.org, published.id) == 1
        (got,) = await receiver.until(1)
        await rig.outbound.settled()
        assert got.json()["data"] == {"n": 1}
        message, _ = await rig.store.outbound.message(rig.org, published.id)
        assert message.state == "accepted"


async def test_what_a_hook_spoils_is_held(rigs: Rigs) -> None:
    async with rigs(plugins=plugins()) as rig:
        await rig.store.outbound.put_event_type(rig.org, EventType("order.created", "out", schema={"type": "object"}))
        moods["do"] = lambda message: Message(message.id, message.type, "no object", message.created)
        published = await rig.publish({"n": 1})
        message, _ = await rig.store.outbound.message(rig.org, published.id)
        assert message.state == "held"
        assert "made /data" in message.reason
