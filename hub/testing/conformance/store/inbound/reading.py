"""Lists of requests and events."""

from __future__ import annotations

from dataclasses import replace

from hub.model.stored.jobs import ReplaySelection
from hub.ports.store import InboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["RequestReadingChecks"]


class RequestReadingChecks(Conformance):
    """`requests` and `events`."""

    @shows(InboundStore.requests)
    async def test_requests_are_listed_by_source_and_state(self, scene: StoreScene) -> None:
        """Newest first; nothing of another org."""
        accepted = [(await scene.store.inbound.accept(scene.acceptance(None))).request for _ in range(3)]
        held = (await scene.store.inbound.accept(scene.acceptance(state="held"))).request
        other = await scene.store.access.create_org("other")
        listed = scene.store.inbound.requests

        assert [one.id for one in await page_through(listed, scene.org)] == [held, *reversed(accepted)]
        mine = await page_through(listed, scene.org, source=scene.source_id, state="accepted")
        assert [one.id for one in mine] == accepted[::-1]
        assert [one.id for one in await page_through(listed, scene.org, state="held")] == [held]
        for org, filters in ((scene.org, {"source": scene.id()}), (scene.org, {"state": "refused"}), (other.id, {})):
            assert await page_through(listed, org, **filters) == []

    @shows(InboundStore.replayable, InboundStore.count_replayable)
    async def test_requests_to_replay_are_walked_oldest_first(self, scene: StoreScene) -> None:
        """Of a span of time, by state and source; replays are left out."""
        inbound, start = scene.store.inbound, scene.clock.now()
        accepted = [(await inbound.accept(scene.acceptance(None))).request for _ in range(3)]
        held = (await inbound.accept(scene.acceptance(state="held"))).request
        await inbound.accept(scene.acceptance(replay_of=accepted[0]))
        scene.clock.advance(1)
        late = (await inbound.accept(scene.acceptance(None))).request
        span = ReplaySelection(scene.org, frozenset({"accepted", "held"}), start, scene.clock.now())

        first = await inbound.replayable(span, after=None, limit=2)
        rest = await inbound.replayable(span, after=first[-1], limit=9)

        assert [*first, *rest] == [*accepted, held]
        assert [await inbound.count_replayable(span, after=place) for place in (None, first[-1], held)] == [4, 2, 0]
        for fields, expected in (
            ({"states": frozenset({"held"})}, [held]),
            ({"source": scene.source_id, "until": scene.clock.now() + 1}, [*accepted, held, late]),
            ({"source": scene.id()}, []),
            ({"org": scene.id()}, []),
            ({"since": start + 1}, []),
        ):
            selection = replace(span, **fields)
            assert list(await inbound.replayable(selection, after=None, limit=9)) == expected
            assert await inbound.count_replayable(selection) == len(expected)

    @shows(InboundStore.events)
    async def test_events_are_listed_by_source_type_and_request(self, scene: StoreScene) -> None:
        """With their data, newest first."""
        first = await scene.store.inbound.accept(scene.acceptance("a", "b"))
        second = await scene.store.inbound.accept(scene.acceptance("c"))
        listed = scene.store.inbound.events
        ids = [event.id for event in (*first.events, *second.events)]

        assert [one.id for one in await page_through(listed, scene.org)] == ids[::-1]
        assert [one.id for one in await page_through(listed, scene.org, request=first.request)] == ids[1::-1]
        everything = await page_through(listed, scene.org, source=scene.source_id, type="thing.happened")
        assert [(one.key, one.data) for one in everything] == [("c", {"a": 1}), ("b", {"a": 1}), ("a", {"a": 1})]
        for filters in ({"type": "other"}, {"source": scene.id()}, {"request": scene.id()}):
            assert await page_through(listed, scene.org, **filters) == []
        assert await page_through(listed, scene.id()) == []

    @shows(InboundStore.requests, InboundStore.events)
    async def test_pages_of_requests_and_events_neither_repeat_nor_skip(self, scene: StoreScene) -> None:
        """While requests come, and old ones go, between two pages."""

        async def come_and_go() -> None:
            await scene.store.inbound.accept(scene.acceptance("new"))
            await scene.store.retention.prune("requests", border)

        for _ in range(2):
            await scene.store.inbound.accept(scene.acceptance("gone" + scene.id().hex()))
        scene.clock.advance(1)
        border = scene.clock.now()
        stay = [await scene.store.inbound.accept(scene.acceptance("k" + scene.id().hex())) for _ in range(4)]

        requests = await page_through(scene.store.inbound.requests, scene.org, limit=3, meanwhile=come_and_go)

        assert [one.id for one in requests] == [one.request for one in reversed(stay)]
        scene.clock.advance(1)
        events = await page_through(scene.store.inbound.events, scene.org, meanwhile=come_and_go)
        assert [one.id for one in events][1:] == [one.events[0].id for one in reversed(stay)]
