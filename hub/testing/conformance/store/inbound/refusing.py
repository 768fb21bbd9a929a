"""Refused requests: kept for the operator, but never enough of them to harm."""

from __future__ import annotations

from hub.ports.store import InboundStore
from hub.ports.store.inbound import REFUSALS_AT_ONCE, REFUSALS_PER_MINUTE, REFUSED_BODY_BYTES
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["RefusalChecks"]


class RefusalChecks(Conformance):
    """`refuse` and `note`."""

    @shows(InboundStore.refuse)
    async def test_a_refused_request_is_kept_with_the_beginning_of_its_body(self, scene: StoreScene) -> None:
        """With step and reason; its size and digest are those of the whole."""
        refused = scene.request(
            state="refused", step="verify", reason="bad signature", status=401, body=b"z" * (REFUSED_BODY_BYTES + 9)
        )

        scene.store.inbound.refuse(refused)
        await scene.restart()

        kept = await scene.store.inbound.request(scene.org, refused.id)
        assert (kept.state, kept.step, kept.reason, kept.status) == ("refused", "verify", "bad signature", 401)
        assert (kept.size, kept.digest, kept.headers) == (refused.size, refused.digest, refused.headers)
        assert kept.body == b"z" * REFUSED_BODY_BYTES

    @shows(InboundStore.refuse, InboundStore.refusals_dropped)
    async def test_a_flood_of_one_source_is_capped(self, scene: StoreScene) -> None:
        """The cap lets more through as time passes; what is dropped is counted."""

        def flood() -> None:
            for _ in range(REFUSALS_AT_ONCE * 3):
                scene.store.inbound.refuse(scene.request(state="refused"))

        async def kept() -> int:
            return len(await page_through(scene.store.inbound.requests, scene.org, state="refused", limit=50))

        flood()
        assert scene.store.inbound.refusals_dropped == REFUSALS_AT_ONCE * 2
        await scene.until(kept, REFUSALS_AT_ONCE)
        scene.clock.advance(60)
        flood()
        await scene.until(kept, REFUSALS_AT_ONCE + REFUSALS_PER_MINUTE)
        await scene.restart()
        assert await kept() == REFUSALS_AT_ONCE + REFUSALS_PER_MINUTE

    @shows(InboundStore.refuse)
    async def test_a_flood_of_one_source_does_not_hide_another(self, scene: StoreScene) -> None:
        """Each source has its own cap."""
        for _ in range(REFUSALS_AT_ONCE + 1):
            scene.store.inbound.refuse(scene.request(state="refused"))
        other = scene.request(state="refused", source=scene.id())

        scene.store.inbound.refuse(other)
        await scene.restart()

        assert (await scene.store.inbound.request(scene.org, other.id)).source == other.source

    @shows(InboundStore.note)
    async def test_notes_are_added_to_the_reason_of_a_request(self, scene: StoreScene) -> None:
        """One after the other; those of another org's request, or of none, change nothing."""
        acceptance = scene.acceptance("a")
        await scene.store.inbound.accept(acceptance)
        request = acceptance.request

        scene.store.inbound.note(scene.org, request.id, "first")
        scene.store.inbound.note(scene.org, request.id, "second")
        scene.store.inbound.note(scene.id(), request.id, "of another org")
        scene.store.inbound.note(scene.org, scene.id(), "of no request")
        await scene.restart()

        kept = await scene.store.inbound.request(scene.org, request.id)
        assert (kept.state, kept.reason) == ("accepted", "first; second")
