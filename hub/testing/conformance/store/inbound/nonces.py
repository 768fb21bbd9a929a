"""Nonces: a signature that counts once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.errors import NonceReplayed, NotFound
from hub.model.stored.source import SourceSpec
from hub.ports.store import InboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["NonceChecks"]


class NonceChecks(Conformance):
    """`accept`, with a nonce."""

    @shows(InboundStore.accept)
    async def test_a_nonce_with_the_same_body_is_a_duplicate(self, scene: StoreScene) -> None:
        """The vendor did not hear the answer; it is the same again, also for events without a key."""
        first = await scene.store.inbound.accept(scene.acceptance("a", None, nonce="n"))
        again = scene.acceptance("a", None, nonce="n")
        second = await scene.store.inbound.accept(again)

        assert (second.request, second.duplicate, second.executions) == (first.request, True, first.executions)
        assert [event.id for event in second.events] == [event.id for event in first.events]
        assert all(event.duplicate for event in second.events)
        assert (await scene.store.inbound.request(scene.org, again.request.id)).state == "duplicate"
        assert len(await page_through(scene.store.inbound.events, scene.org)) == 2

    @shows(InboundStore.accept)
    async def test_a_nonce_with_another_body_is_refused_and_leaves_nothing(self, scene: StoreScene) -> None:
        """Somebody replays a signature."""
        await scene.store.inbound.accept(scene.acceptance("a", nonce="n"))
        replayed = scene.acceptance("b", nonce="n", body=b"other")

        with pytest.raises(NonceReplayed):
            await scene.store.inbound.accept(replayed)

        with pytest.raises(NotFound):
            await scene.store.inbound.request(scene.org, replayed.request.id)
        assert not (await scene.store.inbound.accept(scene.acceptance("b"))).duplicate

    @shows(InboundStore.accept)
    async def test_a_nonce_belongs_to_its_source(self, scene: StoreScene) -> None:
        """Another source may be sent the same one."""
        other = await scene.store.sources.create(scene.org, SourceSpec(), [])
        await scene.store.inbound.accept(scene.acceptance("a", nonce="n"))
        elsewhere = scene.acceptance("a", nonce="n", source=other.id, body=b"other")

        accepted = await scene.store.inbound.accept(replace(elsewhere, generation=other.generation))

        assert not accepted.duplicate

    @shows(InboundStore.accept)
    async def test_a_nonce_is_claimed_once_by_callers_at_the_same_moment(self, scene: StoreScene) -> None:
        """In two processes."""
        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(side.store.inbound.accept(side.acceptance(None, nonce="n")) for side in (scene, other) * 6)
            )

        assert sum(not outcome.duplicate for outcome in outcomes) == 1
        assert len({outcome.executions for outcome in outcomes}) == 1

    @shows(InboundStore.accept)
    async def test_of_two_bodies_with_one_nonce_at_the_same_moment_one_is_accepted(self, scene: StoreScene) -> None:
        """The other one leaves nothing."""
        both = [scene.acceptance(body, nonce="n", body=body.encode()) for body in ("one", "two")]

        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                scene.store.inbound.accept(both[0]), other.store.inbound.accept(both[1]), return_exceptions=True
            )

        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted", "NonceReplayed"]
        assert len(await page_through(scene.store.inbound.requests, scene.org)) == 1
