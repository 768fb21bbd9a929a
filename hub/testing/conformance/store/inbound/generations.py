"""Generations: no request is accepted on what its source was before a change."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.errors import NotFound, StaleSource
from hub.model.stored.source import SourceChange, SourceSpec
from hub.ports.store import InboundStore, Sources
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["StaleSourceChecks"]

OFF = SourceChange(spec=SourceSpec(enabled=False))


class StaleSourceChecks(Conformance):
    """`accept`, after the source has changed."""

    @shows(InboundStore.accept, Sources.change)
    async def test_a_changed_source_refuses_what_was_checked_before(self, scene: StoreScene) -> None:
        """Nothing of the request is kept, not even the key of its event."""
        stale = scene.acceptance("k")
        await scene.store.sources.change(scene.org, scene.source_id, OFF)

        with pytest.raises(StaleSource):
            await scene.store.inbound.accept(stale)

        with pytest.raises(NotFound):
            await scene.store.inbound.request(scene.org, stale.request.id)
        assert not (await scene.store.inbound.accept(scene.acceptance("k"))).duplicate

    @shows(InboundStore.accept, Sources.change)
    async def test_a_change_by_another_process_is_seen_in_the_transaction(self, scene: StoreScene) -> None:
        """The refusal renews the snapshot, so that the caller can check again at once."""
        async with scene.beside() as other:
            for acceptance in (scene.acceptance("k"), scene.acceptance("k", nonce="n")):
                await other.store.sources.change(scene.org, scene.source_id, OFF)

                with pytest.raises(StaleSource):
                    await scene.store.inbound.accept(acceptance)

                assert not scene.source.spec.enabled
                assert (await scene.store.inbound.accept(scene.acceptance(None))).executions

    @shows(InboundStore.accept, Sources.delete)
    async def test_a_deleted_source_refuses(self, scene: StoreScene) -> None:
        """A source of another org too."""
        made = await scene.store.sources.create(scene.org, SourceSpec(), [])
        stale = replace(scene.acceptance("k", source=made.id), generation=made.generation)
        await scene.store.sources.delete(scene.org, made.id)
        other = await scene.store.access.create_org("other")

        for acceptance in (stale, scene.acceptance("k", org=other.id)):
            with pytest.raises(StaleSource):
                await scene.store.inbound.accept(acceptance)

    @shows(InboundStore.accept)
    async def test_stale_and_current_requests_at_the_same_moment_do_not_mix(self, scene: StoreScene) -> None:
        """Though they may share a commit."""
        acceptances = [
            replace(scene.acceptance(f"k{number}"), generation=scene.source.generation + number % 2)
            for number in range(10)
        ]

        outcomes = await asyncio.gather(*map(scene.store.inbound.accept, acceptances), return_exceptions=True)

        assert [type(outcome).__name__ for outcome in outcomes] == ["Accepted", "StaleSource"] * 5

    @shows(InboundStore.accept, Sources.change)
    async def test_nothing_is_accepted_on_a_generation_after_its_change_returned(self, scene: StoreScene) -> None:
        """Requests and a change race in two processes; whatever starts after the change is refused."""
        before = scene.source.generation

        async def accepted() -> bool:
            try:
                await scene.store.inbound.accept(replace(scene.acceptance(scene.id().hex()), generation=before))
            except StaleSource:
                return False
            return True

        async with scene.beside() as other:
            change = asyncio.ensure_future(other.store.sources.change(scene.org, scene.source_id, OFF))
            while not change.done():
                await accepted()
            await change

            assert [await accepted() for _ in range(5)] == [False] * 5
