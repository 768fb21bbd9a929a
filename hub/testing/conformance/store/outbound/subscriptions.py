"""Subscriptions: their secrets, their health, and what a change does to their deliveries."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.errors import Conflict, NotFound, PreconditionFailed
from hub.model.stored.outbound import SubscriptionChange, SubscriptionRecord
from hub.model.stored.source import SecretsChange
from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import SPEC, Outbox, signing_secret
from hub.testing.conformance.store.scene import SECOND, StoreScene, page_through

__all__ = ["SubscriptionChecks"]


class SubscriptionChecks(Conformance):
    """The outbound registry."""

    @shows(OutboundStore.subscribe)
    async def test_a_subscription_is_in_the_snapshot_when_it_is_made(self, scene: StoreScene) -> None:
        """With its secrets, and as a restart finds it."""
        made = await Outbox(scene).subscribe(signing_secret("s1"))

        assert scene.store.snapshot.subscriptions[made.id] == made
        assert (made.secrets[0].text, made.spec, made.generation) == ("s1", SPEC, 1)
        assert (made.created, made.disabled_at, made.failing_since) == (scene.clock.now(), None, None)
        await scene.restart()
        assert scene.store.snapshot.subscriptions[made.id] == made

    @shows(OutboundStore.subscribe)
    async def test_a_cuid_is_unique_in_its_org(self, scene: StoreScene) -> None:
        """One is made when none is given."""
        made = await Outbox(scene).subscribe()
        other = await scene.store.access.create_org("other")

        assert made.cuid
        with pytest.raises(Conflict):
            await scene.store.outbound.subscribe(scene.org, SPEC, [], cuid=made.cuid)
        assert (await scene.store.outbound.subscribe(other.id, SPEC, [], cuid=made.cuid)).cuid == made.cuid

    @shows(OutboundStore.change_subscription, OutboundStore.delete_subscription)
    async def test_a_change_of_a_subscription_is_guarded_by_its_generation(self, scene: StoreScene) -> None:
        """And raises it; so is its deletion."""
        outbound, made = scene.store.outbound, await Outbox(scene).subscribe()
        change = SubscriptionChange(spec=SPEC.model_copy(update={"name": "n"}))

        changed = await outbound.change_subscription(scene.org, made.id, change, generation=made.generation)

        assert (changed.generation > made.generation, changed.spec.name) == (True, "n")
        for stale in (
            outbound.change_subscription(scene.org, made.id, change, generation=made.generation),
            outbound.delete_subscription(scene.org, made.id, generation=made.generation),
        ):
            with pytest.raises(PreconditionFailed):
                await stale
        assert scene.store.snapshot.subscriptions[made.id] == changed
        await outbound.delete_subscription(scene.org, made.id, generation=changed.generation)
        assert made.id not in scene.store.snapshot.subscriptions

    @shows(OutboundStore.change_subscription)
    async def test_of_changes_made_from_one_generation_one_happens(self, scene: StoreScene) -> None:
        """In two processes."""
        made = await Outbox(scene).subscribe()
        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(
                    side.store.outbound.change_subscription(
                        scene.org,
                        made.id,
                        SubscriptionChange(spec=SPEC.model_copy(update={"name": str(number)})),
                        generation=made.generation,
                    )
                    for number, side in enumerate((scene, other) * 4)
                ),
                return_exceptions=True,
            )

        [won] = [one for one in outcomes if not isinstance(one, BaseException)]
        assert all(isinstance(one, PreconditionFailed) for one in outcomes if one is not won)
        await scene.store.refresh()
        assert scene.store.snapshot.subscriptions[made.id] == won

    @shows(OutboundStore.change_subscription)
    async def test_secrets_of_a_subscription_change_with_its_spec_or_not_at_all(self, scene: StoreScene) -> None:
        """Older ones of the slot live for the overlap; those of other slots stay."""
        outbound = scene.store.outbound
        made = await Outbox(scene).subscribe(signing_secret("s1"), signing_secret("tls", slot="tls_key"))
        spec = SPEC.model_copy(update={"name": "n"})

        async def change(**secrets: Any) -> SubscriptionRecord:
            wanted = SubscriptionChange(spec=spec, secrets=SecretsChange(**secrets))
            return await outbound.change_subscription(scene.org, made.id, wanted)

        overlapping = await change(add=[signing_secret("s2", 5)], overlap=10 * SECOND)
        assert overlapping.spec.name == "n"
        lives = {each.text: each.expires for each in overlapping.secrets}
        assert lives == {"s1": scene.clock.now() + 10 * SECOND, "s2": None, "tls": None}
        assert overlapping.secrets[0].text == "s2", "the newest first"
        replaced = await change(clear=["signing"], add=[signing_secret("s3")])
        assert {each.text for each in replaced.secrets} == {"s3", "tls"}
        with pytest.raises(NotFound):
            await change(clear=["signing"], remove=[scene.id()])
        assert scene.store.snapshot.subscriptions[made.id] == replaced

    @shows(OutboundStore.change_subscription, OutboundStore.publish)
    async def test_disabling_pauses_deliveries_and_enabling_lets_them_go(self, scene: StoreScene) -> None:
        """Of each ordering key the first one; what was published meanwhile is skipped."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for key in ("k", "k", None):
            await outbox.publish(made, ordering_key=key)

        off = await outbox.disable(made)

        assert off.disabled_at == scene.clock.now()
        assert await outbox.claim(made) == ()
        await outbox.publish(made)
        assert await outbox.states() == ["paused", "paused", "paused", "skipped"]
        on = await outbox.enable(made)
        assert on.disabled_at is None
        assert len(await outbox.claim(made)) == 2
        assert await outbox.states() == ["pending", "pending", "pending", "skipped"]

    @shows(OutboundStore.mark)
    async def test_marking_notes_health(self, scene: StoreScene) -> None:
        """A reason disables the subscription and pauses its deliveries; enabling it forgets all of that."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.publish(made)

        noted = await scene.store.outbound.mark(scene.org, made.id, failing_since=5, warned=True)
        assert (noted.failing_since, noted.warned, noted.spec.enabled) == (5, True, True)
        assert scene.store.snapshot.subscriptions[made.id] == noted
        disabled = await scene.store.outbound.mark(scene.org, made.id, failing_since=5, disabled_reason="gone")

        assert (disabled.spec.enabled, disabled.disabled_reason) == (False, "gone")
        assert disabled.spec.headers == SPEC.headers
        assert await outbox.states() == ["paused"]
        enabled = await outbox.enable(disabled)
        assert (enabled.failing_since, enabled.warned, enabled.disabled_reason) == (None, False, "")
        assert await outbox.states() == ["pending"]

    @shows(OutboundStore.mark)
    async def test_a_reason_does_not_change_why_a_subscription_was_disabled(self, scene: StoreScene) -> None:
        """Its owner has disabled it already."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.disable(made)

        marked = await scene.store.outbound.mark(scene.org, made.id, failing_since=None, disabled_reason="gone")

        assert marked.disabled_reason == ""

    @shows(OutboundStore.delete_subscription)
    async def test_deleting_a_subscription_cancels_what_is_open(self, scene: StoreScene) -> None:
        """The log stays."""
        outbox = Outbox(scene)
        made = await outbox.subscribe(signing_secret("s"))
        delivered = await outbox.publish(made)
        await outbox.attempt((await outbox.claim(made))[0])
        await outbox.publish(made)

        await outbox.delete(made)

        assert made.id not in scene.store.snapshot.subscriptions
        assert await outbox.states() == ["delivered", "cancelled"]
        [(record, _, attempt)] = await page_through(scene.store.outbound.attempts, scene.org, made.id)
        assert (record.message, attempt.number) == (delivered, 1)
        await outbox.publish(made)
        assert (await outbox.states())[-1] == "cancelled"

    @shows(OutboundStore.subscriptions)
    async def test_subscriptions_are_listed_newest_first(self, scene: StoreScene) -> None:
        """Whole, those of the org."""
        outbox = Outbox(scene)
        made = [await outbox.subscribe(signing_secret("s")) for _ in range(3)]
        other = await scene.store.access.create_org("other")

        async def come_and_go() -> None:
            await outbox.subscribe()
            await outbox.delete(made[0])

        assert await page_through(scene.store.outbound.subscriptions, scene.org) == made[::-1]
        seen = await page_through(scene.store.outbound.subscriptions, scene.org, meanwhile=come_and_go)
        assert seen == made[:0:-1]
        assert await page_through(scene.store.outbound.subscriptions, other.id) == []

    @shows(OutboundStore.change_subscription, OutboundStore.delete_subscription, OutboundStore.mark)
    async def test_a_subscription_that_is_not_there_cannot_be_changed(self, scene: StoreScene) -> None:
        """Neither one of another org."""
        outbound, made = scene.store.outbound, await Outbox(scene).subscribe()
        for org, key in ((scene.org, scene.id()), (scene.id(), made.id)):
            for call in (
                outbound.change_subscription(org, key, SubscriptionChange(spec=SPEC)),
                outbound.delete_subscription(org, key),
                outbound.mark(org, key, failing_since=None),
            ):
                with pytest.raises(NotFound):
                    await call
        assert scene.store.snapshot.subscriptions[made.id] == made
