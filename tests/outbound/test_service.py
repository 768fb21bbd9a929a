"""The outbound side as the rest of the hub uses it."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest

from hub import hookimpl
from hub.errors import Invalid, NotFound
from hub.model.wire.record import Record
from hub.outbound.service import Outbound
from hub.plugins.host import Plugins
from tests.outbound.conftest import Receiver, Rig, Rigs

heard: list[Record] = []


class Listens:
    """A plugin that observes."""

    @hookimpl
    def hub_observe(self, record: Record) -> None:
        """Keep it."""
        heard.append(record)


listens = Listens()


async def test_observers_hear_of_messages_attempts_and_deliveries(rigs: Rigs, receiver: Receiver) -> None:
    heard.clear()
    plugins = Plugins(version="0.1.0", entry_points=[EntryPoint("listens", f"{__name__}:listens", "hub")])
    plugins.load()
    async with rigs(plugins=plugins) as rig:
        await plugins.start(rig.outbound.handle)
        await rig.subscribe(receiver.url)
        await rig.publish({"secret": "payload"})
        await receiver.until(1)
        await rig.outbound.settled()
        await plugins.observed()
        await plugins.stop()
    assert [(each.kind, each.state) for each in heard] == [
        ("message", "accepted"), ("attempt", "succeeded"), ("delivery", "delivered"),
    ]  # fmt: skip
    assert {each.org for each in heard} == {"default"}
    assert "payload" not in repr(heard)


async def test_plugins_publish_through_their_handle(rig: Rig, receiver: Receiver) -> None:
    await rig.subscribe(receiver.url)
    handle = rig.outbound.handle
    identity = await handle.publish("order.created", {"n": 1}, idempotency_key="k")
    assert identity == await handle.publish("order.created", {"n": 1}, idempotency_key="k")
    (got,) = await receiver.until(1)
    assert got.id == identity
    with pytest.raises(NotFound):
        await handle.publish("order.created", {}, org="nobody")


async def test_without_a_template_language_templates_are_refused(rig: Rig) -> None:
    parts: Any = SimpleNamespace(snapshot=rig.store.snapshot, outbound=rig.store.outbound, access=rig.store.access)
    plain = Outbound(
        store=parts, plugins=rig.plugins, egress=rig.egress, guard=rig.guard, clock=rig.clock, owner="plain"
    )
    spec = (await rig.subscribe("https://127.0.0.1/")).record.spec.model_copy(update={"template": {"a": 1}})
    with pytest.raises(Invalid) as error:
        await plain.registry.create(rig.org, spec)
    assert error.value.problems[0].pointer == "/template"
