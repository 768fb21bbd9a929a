"""Requests of very many events: each is accepted as a whole, whatever happens while its rows are written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from hub.model.ids import Id
from hub.model.stored.inbound import Acceptance, EventRecord, NewEvent
from hub.ports.store import Executions, InboundStore, Retention
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.process import Tell
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["BatchChecks", "accept_batches"]

_MANY = 2_600


async def accept_batches(scene: StoreScene, tell: Tell) -> None:
    """Accept one batch after another, and tell the request of each before it is accepted and again afterwards."""
    for turn in count():
        batch = scene.acceptance(*keys(f"batch {turn}"))
        tell("begun", batch.request.id.hex())
        await scene.store.inbound.accept(batch)
        tell("accepted", batch.request.id.hex())


def keys(name: str) -> list[str]:
    """As many keys as make a batch."""
    return [f"{name} {number}" for number in range(_MANY)]


def sharing(acceptance: Acceptance, body: object) -> Acceptance:
    """The same acceptance, whose executions share the body of their request."""
    shared = {"body": body, "query": {}}
    events = [
        replace(
            event,
            executions=tuple(
                replace(one, trigger={"data": number, **shared}, shared=shared) for one in event.executions
            ),
        )
        for number, event in enumerate(acceptance.events)
    ]
    return replace(acceptance, events=tuple(events))


async def kept_events(scene: StoreScene, request: Id) -> Sequence[EventRecord]:
    """All events of a request."""
    return await page_through(scene.store.inbound.events, scene.org, request=request, limit=200)


class BatchChecks(Conformance):
    """`accept` and `release`, of thousands of events."""

    @shows(InboundStore.accept, Executions.of_request)
    async def test_a_batch_is_accepted_in_order_with_each_duplicate_named(self, scene: StoreScene) -> None:
        """Duplicates of earlier requests and of the batch itself; the first of each key starts its execution."""
        early = await scene.store.inbound.accept(scene.acceptance("batch 7"))
        batch = scene.acceptance(*keys("batch"), "batch 0", None, None)

        accepted = await scene.store.inbound.accept(batch)

        assert (accepted.request, accepted.duplicate, len(accepted.events)) == (batch.request.id, False, _MANY + 3)
        assert [number for number, event in enumerate(accepted.events) if event.duplicate] == [7, _MANY]
        assert accepted.events[7].executions == early.executions
        assert accepted.events[_MANY].executions == accepted.events[0].executions
        fresh = [event for event in accepted.events if not event.duplicate]
        started = await scene.store.executions.of_request(scene.org, batch.request.id)
        assert [one.id for one in started] == [event.executions[0] for event in fresh]
        assert [one.id for one in (await kept_events(scene, batch.request.id))[::-1]] == [event.id for event in fresh]
        few = await scene.store.executions.of_request(scene.org, batch.request.id, limit=3)
        assert few == started[:3]

    @shows(InboundStore.accept)
    async def test_a_batch_that_comes_again_is_a_duplicate(self, scene: StoreScene) -> None:
        """Also at the same moment, and beside another store: each event starts one execution."""
        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(one.store.inbound.accept(one.acceptance(*keys("batch"))) for one in (scene, other, scene))
            )

        assert len({outcome.executions for outcome in outcomes}) == 1
        first = [[number for number, event in enumerate(one.events) if not event.duplicate] for one in outcomes]
        assert sorted(number for numbers in first for number in numbers) == list(range(_MANY))
        again = scene.acceptance(*keys("batch"))
        assert (await scene.store.inbound.accept(again)).duplicate
        assert (await scene.store.inbound.request(scene.org, again.request.id)).state == "duplicate"

    @shows(InboundStore.accept)
    async def test_a_batch_with_a_nonce_is_answered_again(self, scene: StoreScene) -> None:
        """The second one hears of all executions of the first one."""
        first = await scene.store.inbound.accept(scene.acceptance(*keys("batch"), nonce="n"))

        second = await scene.store.inbound.accept(scene.acceptance(*keys("other"), nonce="n"))

        assert (second.request, second.duplicate, second.executions) == (first.request, True, first.executions)

    @shows(InboundStore.release)
    async def test_a_batch_that_was_held_is_released(self, scene: StoreScene) -> None:
        """As a whole, and as a duplicate where all of its events came in meanwhile."""
        for turn, duplicate in enumerate((False, True)):
            batch = scene.acceptance(*keys("batch"), state="held")
            await scene.store.inbound.accept(replace(batch, events=()))
            released = await scene.store.inbound.release(scene.org, batch.request.id, batch.events)
            assert (released.duplicate, len(released.events)) == (duplicate, _MANY), turn
            state = (await scene.store.inbound.request(scene.org, batch.request.id)).state
            assert state == ("duplicate" if duplicate else "accepted")

    @shows(InboundStore.accept)
    async def test_a_batch_is_whole_after_a_kill_in_the_midst_of_it(self, scene: StoreScene) -> None:
        """All of its events are there once the store has started again, or none is."""
        async with scene.process(accept_batches) as child:
            seen: list[Id] = []
            while len(seen) < 2:
                said, name = await child.hear()
                if said == "begun":
                    seen.append(bytes.fromhex(name))
            while not await scene.store.executions.of_request(scene.org, seen[-1], limit=1):
                pass
            await child.kill()

        await scene.restart()
        for request in seen:
            assert len(await kept_events(scene, request)) == _MANY
            started = await scene.store.executions.of_request(scene.org, request)
            assert len({one.event for one in started}) == _MANY
        again = scene.acceptance(*keys("batch 1"))
        assert (await scene.store.inbound.accept(again)).duplicate

    @shows(Retention.prune)
    async def test_a_batch_is_removed_whole_however_many_steps_it_takes(self, scene: StoreScene) -> None:
        """With the keys of its events, which are new ones afterwards; what came after it stays."""
        batches = [await scene.store.inbound.accept(scene.acceptance(*keys(name))) for name in ("one", "two")]
        many = scene.acceptance(*(f"many {number}" for number in range(3 * _MANY)))
        await scene.store.inbound.accept(many)
        scene.clock.advance(1)
        border = scene.clock.now()
        young = await scene.store.inbound.accept(scene.acceptance("young"))
        removed, cursor = 0, None
        while True:
            step = await scene.store.retention.prune("requests", border, cursor=cursor)
            removed, cursor = removed + step.removed, step.cursor
            if cursor is None:
                break

        assert removed == 3
        for request in (*(one.request for one in batches), many.request.id):
            assert len(await kept_events(scene, request)) == 0
        assert len(await kept_events(scene, young.request)) == 1
        again = await scene.store.inbound.accept(scene.acceptance("many 7", "young"))
        assert [event.duplicate for event in again.events] == [False, True]

    @shows(InboundStore.accept, Executions.get, Executions.claim)
    async def test_what_the_executions_of_a_request_share_is_in_the_trigger_of_each(self, scene: StoreScene) -> None:
        """Whether it is small or large, and whether there are few events or many."""
        for number, body in ((3, "small"), (3, "x" * 10_000), (3, "x" * 300_000), (_MANY, "x" * 10_000)):
            batch = sharing(scene.acceptance(*[None] * number), body)
            accepted = await scene.store.inbound.accept(batch)
            last: NewEvent = batch.events[-1]
            kept = await scene.store.executions.get(scene.org, accepted.executions[-1])
            assert kept.trigger == {"data": number - 1, "body": body, "query": {}} == last.executions[0].trigger
        for one in await scene.claim(limit=9):
            assert one.record.trigger["query"] == {}
