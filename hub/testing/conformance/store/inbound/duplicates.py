"""Duplicates: of several events with one key the first is kept, in any grouping and by any process."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from hub.model.stored.inbound import NewEvent
from hub.model.stored.source import SourceSpec
from hub.ports.store import InboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.process import Tell
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["DuplicateChecks", "accept_all"]


async def accept_all(scene: StoreScene, tell: Tell, keys: str) -> None:
    """Accept an event with each key, eight at a time, and tell the answers."""

    async def accept(number: int) -> None:
        accepted = await scene.store.inbound.accept(scene.acceptance(f"k{number}"))
        tell(str(number), str(accepted.duplicate), accepted.executions[0].hex())

    for start in range(0, int(keys), 8):
        await asyncio.gather(*(accept(number) for number in range(start, start + 8)))


class DuplicateChecks(Conformance):
    """`accept`, of events that came before."""

    @shows(InboundStore.accept)
    async def test_a_second_event_with_a_key_is_answered_with_the_first_one(self, scene: StoreScene) -> None:
        """The request is kept as a duplicate, the event and its execution are not."""
        first = await scene.store.inbound.accept(scene.acceptance("k"))
        again = scene.acceptance("k")
        second = await scene.store.inbound.accept(again)

        assert (first.duplicate, second.duplicate) == (False, True)
        assert (second.request, second.events[0].id) == (again.request.id, first.events[0].id)
        assert second.executions == first.executions
        assert (await scene.store.inbound.request(scene.org, second.request)).state == "duplicate"
        assert len(await page_through(scene.store.executions.list, scene.org)) == 1
        assert len(await page_through(scene.store.inbound.events, scene.org)) == 1

    @shows(InboundStore.accept)
    async def test_of_callers_at_the_same_moment_one_is_first(self, scene: StoreScene) -> None:
        """Though they may share a commit."""
        outcomes = await asyncio.gather(*(scene.store.inbound.accept(scene.acceptance("k")) for _ in range(20)))

        assert len({outcome.executions for outcome in outcomes}) == 1
        assert sum(not outcome.duplicate for outcome in outcomes) == 1
        assert len(await page_through(scene.store.executions.list, scene.org)) == 1

    @shows(InboundStore.accept)
    async def test_stores_at_the_same_moment_find_each_others_duplicates(self, scene: StoreScene) -> None:
        """Two processes accept the same events."""
        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(side.store.inbound.accept(side.acceptance(f"k{n}")) for n in range(20) for side in (scene, other))
            )

        assert sum(not outcome.duplicate for outcome in outcomes) == 20
        assert len({outcome.executions for outcome in outcomes}) == 20

    @shows(InboundStore.accept)
    async def test_processes_at_the_same_moment_find_each_others_duplicates(self, scene: StoreScene) -> None:
        """The same with another process of the operating system."""
        keys = 80
        mine, theirs = await scene.race(accept_all, str(keys))

        said = [*mine, *theirs]
        assert len(said) == 2 * keys
        firsts = {number: execution for number, duplicate, execution in said if duplicate == "False"}
        assert len(firsts) == keys
        assert all(firsts[number] == execution for number, _, execution in said)
        assert len(await page_through(scene.store.executions.list, scene.org, limit=50)) == keys

    @shows(InboundStore.accept)
    async def test_a_request_with_some_old_events_starts_only_the_new_ones(self, scene: StoreScene) -> None:
        """A key that stands twice in one request is a duplicate of itself."""
        first = await scene.store.inbound.accept(scene.acceptance("a"))
        second = await scene.store.inbound.accept(scene.acceptance("b", "a", None, "b"))

        assert [event.duplicate for event in second.events] == [False, True, False, True]
        assert second.events[1].executions == first.executions
        assert second.events[3].executions == second.events[0].executions
        assert not second.duplicate
        assert (await scene.store.inbound.request(scene.org, second.request)).state == "accepted"

    @shows(InboundStore.accept)
    async def test_the_same_key_of_another_account_or_source_is_another_event(self, scene: StoreScene) -> None:
        """Vendors number the events of each account on their own."""
        other = await scene.store.sources.create(scene.org, SourceSpec(), [])
        elsewhere = replace(scene.acceptance("k", source=other.id), generation=other.generation)

        outcomes = [
            await scene.store.inbound.accept(acceptance)
            for acceptance in (scene.acceptance("k"), scene.acceptance("k", account="acme"), elsewhere)
        ]

        assert not any(outcome.duplicate for outcome in outcomes)
        assert (await scene.store.inbound.accept(scene.acceptance("k", account="acme"))).duplicate

    @shows(InboundStore.accept)
    async def test_events_without_a_key_are_never_duplicates(self, scene: StoreScene) -> None:
        """A vendor that does not number its events sends new ones each time."""
        outcomes = [await scene.store.inbound.accept(scene.acceptance(None)) for _ in range(2)]

        assert len({outcome.executions for outcome in outcomes}) == 2

    @shows(InboundStore.accept)
    async def test_held_and_dropped_events_are_first_ones_too(self, scene: StoreScene) -> None:
        """A second one is not run while the first one is held, or after it was dropped."""
        for state in ("held", "dropped"):
            acceptance = scene.acceptance()
            event = scene.event(acceptance.request, state, state=state, reason="because")
            await scene.store.inbound.accept(replace(acceptance, events=(NewEvent(event),)))

            second = await scene.store.inbound.accept(scene.acceptance(state))

            assert (second.duplicate, second.events[0].id, second.executions) == (True, event.id, ())

    @shows(InboundStore.accept)
    async def test_each_key_starts_one_execution_however_requests_are_grouped(self, scene: StoreScene) -> None:
        """Random requests at the same moment, the same in every run."""
        chance = random.Random(7)  # noqa: S311 - a plan, no secret
        for turn in range(15):
            groups = [
                [
                    None if chance.random() < 0.2 else f"{chance.choice('abcde')}{turn}"
                    for _ in range(chance.randrange(5))
                ]
                for _ in range(chance.randrange(1, 13))
            ]

            outcomes = await asyncio.gather(*(scene.store.inbound.accept(scene.acceptance(*keys)) for keys in groups))

            started: dict[str, set[tuple[bytes, ...]]] = {}
            for keys, outcome in zip(groups, outcomes, strict=True):
                for key, event in zip(keys, outcome.events, strict=True):
                    if key is not None:
                        started.setdefault(key, set()).add(event.executions)
            assert all(len(ids) == 1 for ids in started.values())
            fresh = [event.executions[0] for outcome in outcomes for event in outcome.events if not event.duplicate]
            assert len(fresh) == len(set(fresh)) == len(started) + sum(keys.count(None) for keys in groups)
            for execution in fresh:
                assert (await scene.store.executions.get(scene.org, execution)).state == "queued"
