"""Event types that operators declare."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.errors import NotFound
from hub.model.wire.event_type import EventType
from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["EventTypeChecks"]

ORDER = EventType("order", "out", summary="s", schema={"type": "object"}, example={"n": 1}, version="2", vendor="v")


class EventTypeChecks(Conformance):
    """`put_event_type`, `delete_event_type` and `event_types`."""

    @shows(OutboundStore.put_event_type, OutboundStore.event_types)
    async def test_event_types_are_in_the_snapshot_when_they_are_put(self, scene: StoreScene) -> None:
        """By direction and name; a second one replaces the first."""
        await scene.store.outbound.put_event_type(scene.org, replace(ORDER, summary="old", example=None))
        await scene.store.outbound.put_event_type(scene.org, incoming := EventType("order", "in"))
        await scene.store.outbound.put_event_type(scene.org, ORDER)
        expected = sorted([ORDER, incoming], key=lambda one: one.direction)

        for _ in range(2):
            assert sorted(await scene.store.outbound.event_types(scene.org), key=lambda one: one.direction) == expected
            held = scene.store.snapshot.event_types[scene.org]
            assert sorted(held, key=lambda one: one.direction) == expected
            await scene.restart()
        assert await scene.store.outbound.event_types(scene.id()) == ()

    @shows(OutboundStore.delete_event_type)
    async def test_a_deleted_event_type_is_gone(self, scene: StoreScene) -> None:
        """Once; those of another direction or org stay."""
        other = await scene.store.access.create_org("other")
        for org in (scene.org, other.id):
            await scene.store.outbound.put_event_type(org, ORDER)

        await scene.store.outbound.delete_event_type(scene.org, "out", "order")

        assert await scene.store.outbound.event_types(scene.org) == ()
        assert scene.store.snapshot.event_types.get(scene.org, ()) == ()
        for org, direction, name in ((scene.org, "out", "order"), (other.id, "in", "order"), (other.id, "out", "x")):
            with pytest.raises(NotFound):
                await scene.store.outbound.delete_event_type(org, direction, name)
        assert await scene.store.outbound.event_types(other.id) == (ORDER,)
