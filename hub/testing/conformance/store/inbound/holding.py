"""Requests that are held, and their release."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.errors import Conflict, NotFound
from hub.model.stored.inbound import NewEvent
from hub.model.stored.source import SourceChange, SourceSpec
from hub.ports.store import InboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["HoldChecks"]


class HoldChecks(Conformance):
    """`accept` of a request in state held, and `release`."""

    @shows(InboundStore.accept, InboundStore.release)
    async def test_a_held_request_is_released_with_its_events(self, scene: StoreScene) -> None:
        """The event that was held gives way to the new one, which is the first of its key from then on."""
        held = scene.acceptance(state="held", step="event", reason="the plugin failed")
        waiting = scene.event(held.request, "k", state="held")
        kept = await scene.store.inbound.accept(replace(held, events=(NewEvent(waiting),)))
        assert (kept.request, kept.duplicate) == (held.request.id, False)
        assert (await scene.store.inbound.accept(scene.acceptance("k"))).executions == ()

        fresh = scene.event(held.request, "k")
        execution = scene.execution(event=fresh.id, request=held.request.id)
        released = await scene.store.inbound.release(scene.org, held.request.id, [NewEvent(fresh, (execution,))])

        assert (released.request, released.duplicate, released.executions) == (held.request.id, False, (execution.id,))
        record = await scene.store.inbound.request(scene.org, held.request.id)
        assert (record.state, record.reason) == ("accepted", "")
        assert (await scene.store.inbound.accept(scene.acceptance("k"))).executions == (execution.id,)
        with pytest.raises(NotFound):
            await scene.store.inbound.event(scene.org, waiting.id)
        [won] = await scene.claim()
        assert won.record.id == execution.id

    @shows(InboundStore.release)
    async def test_held_events_of_an_accepted_request_are_released(self, scene: StoreScene) -> None:
        """Its other events stay as they are."""
        acceptance = scene.acceptance("good")
        waiting = scene.event(acceptance.request, "k", state="held", reason="the plugin failed")
        await scene.store.inbound.accept(replace(acceptance, events=(*acceptance.events, NewEvent(waiting))))
        fresh = scene.event(acceptance.request, "k")

        released = await scene.store.inbound.release(
            scene.org, acceptance.request.id, [NewEvent(fresh, (scene.execution(event=fresh.id),))]
        )

        assert [event.duplicate for event in released.events] == [False]
        listed = await page_through(scene.store.inbound.events, scene.org, request=acceptance.request.id)
        assert {(event.key, event.state) for event in listed} == {("good", "accepted"), ("k", "accepted")}

    @shows(InboundStore.release)
    async def test_a_released_request_may_turn_out_to_be_a_duplicate(self, scene: StoreScene) -> None:
        """Another request brought the event meanwhile."""
        held = await scene.store.inbound.accept(scene.acceptance(state="held"))
        first = await scene.store.inbound.accept(scene.acceptance("k"))
        record = await scene.store.inbound.request(scene.org, held.request)

        event = scene.event(record, "k")
        released = await scene.store.inbound.release(scene.org, held.request, [NewEvent(event, (scene.execution(),))])

        assert (released.duplicate, released.executions) == (True, first.executions)
        assert (await scene.store.inbound.request(scene.org, held.request)).state == "duplicate"

    @shows(InboundStore.release)
    async def test_a_release_does_not_ask_for_the_generation_of_the_source(self, scene: StoreScene) -> None:
        """It inherits the verdict that the request was given."""
        held = await scene.store.inbound.accept(scene.acceptance(state="held"))
        await scene.store.sources.change(scene.org, scene.source_id, SourceChange(spec=SourceSpec(enabled=False)))

        assert not (await scene.store.inbound.release(scene.org, held.request, [])).duplicate
        assert (await scene.store.inbound.request(scene.org, held.request)).state == "accepted"

    @shows(InboundStore.release)
    async def test_what_is_not_held_is_not_released(self, scene: StoreScene) -> None:
        """Twice neither."""
        held = await scene.store.inbound.accept(scene.acceptance(state="held"))
        await scene.store.inbound.release(scene.org, held.request, [])
        accepted = await scene.store.inbound.accept(scene.acceptance("k"))

        for request in (held.request, accepted.request):
            with pytest.raises(Conflict):
                await scene.store.inbound.release(scene.org, request, [])
        for org, request in ((scene.org, scene.id()), (scene.id(), held.request)):
            with pytest.raises(NotFound):
                await scene.store.inbound.release(org, request, [])

    @shows(InboundStore.release)
    async def test_of_two_releases_at_the_same_moment_one_happens(self, scene: StoreScene) -> None:
        """Its events start once."""
        held = await scene.store.inbound.accept(scene.acceptance(state="held"))
        record = await scene.store.inbound.request(scene.org, held.request)
        releases = [NewEvent(scene.event(record), (scene.execution(),)) for _ in range(2)]

        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(
                    side.store.inbound.release(scene.org, held.request, [event])
                    for side, event in zip((scene, other), releases, strict=True)
                ),
                return_exceptions=True,
            )

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted", "Conflict"]
        assert len(await scene.claim()) == 1
