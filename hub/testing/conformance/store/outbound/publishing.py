"""Publishing messages: once for each idempotency key, with all deliveries or none."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.errors import NotFound
from hub.model.stored.outbound import NewDelivery
from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.process import Tell
from hub.testing.conformance.store.scene import StoreScene, page_through

__all__ = ["PublishChecks", "publish_all"]


async def publish_all(scene: StoreScene, tell: Tell, keys: str) -> None:
    """Publish a message with each idempotency key, eight at a time, and tell the answers."""
    outbox = Outbox(scene)
    [subscription] = scene.store.snapshot.subscriptions.values()

    async def publish(number: int) -> None:
        published = await outbox.store.publish(*outbox.new(subscription, idempotency_key=f"k{number}"))
        tell(str(number), str(published.duplicate), published.id.hex())

    for start in range(0, int(keys), 8):
        await asyncio.gather(*(publish(number) for number in range(start, start + 8)))


class PublishChecks(Conformance):
    """`publish`, `published` and `add`."""

    @shows(OutboundStore.publish, OutboundStore.message, OutboundStore.delivery)
    async def test_a_message_is_read_back_with_its_deliveries(self, scene: StoreScene) -> None:
        """Their bodies only where one delivery is asked for."""
        outbox = Outbox(scene)
        one, two = await outbox.subscribe(), await outbox.subscribe()
        message, deliveries = outbox.new(one, two, client="c", ordering_key="o", idempotency_key="i", origin="plugin")

        published = await scene.store.outbound.publish(message, deliveries)

        assert (published.id, published.deliveries, published.duplicate) == (message.id, 2, False)
        assert published.leased == ()
        record, found = await scene.store.outbound.message(scene.org, message.id)
        assert record == message
        assert [replace(each, sequence=0, body=b"{}") for each in found] == [each.record for each in deliveries]
        assert {each.body for each in found} == {b""}
        delivery, attempts = await scene.store.outbound.delivery(scene.org, deliveries[0].record.id)
        assert (delivery.body, attempts) == (b"{}", ())

    @shows(OutboundStore.publish)
    async def test_messages_at_the_same_moment_are_all_kept_in_order(self, scene: StoreScene) -> None:
        """Each delivery has its place in the order of commits."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()

        published = await asyncio.gather(*(outbox.publish(made) for _ in range(40)))

        won = await outbox.claim(made)
        assert [due.record.message for due in won] == published
        sequences = [due.record.sequence for due in won]
        assert sequences == sorted(set(sequences))

    @shows(OutboundStore.publish, OutboundStore.claim, OutboundStore.delivery, OutboundStore.message)
    async def test_large_bodies_and_data_travel_through_the_blob_store(self, scene: StoreScene) -> None:
        """A claim names the blob, to be read when it is sent; equal bodies are one blob."""
        outbox = Outbox(scene)
        one, two, three = [await outbox.subscribe() for _ in range(3)]
        large = b'"' + b"x" * 70_000 + b'"'
        message, deliveries = outbox.new(one, two, body=large)
        message = replace(message, data={"long": "y" * 200_000})
        deliveries.append(NewDelivery(outbox.delivery(message, three, b"small")))

        await scene.store.outbound.publish(message, deliveries)

        first, second, third = [(await outbox.claim(each))[0].record for each in (one, two, three)]
        assert (first.body, third.body, third.body_ref) == (b"", b"small", None)
        assert first.body_ref is not None
        assert first.body_ref == second.body_ref
        assert await scene.blobs.get(scene.org, first.body_ref) == large
        assert (await scene.store.outbound.delivery(scene.org, second.id))[0].body == large
        assert (await scene.store.outbound.message(scene.org, message.id))[0].data == message.data

    @shows(OutboundStore.publish, OutboundStore.published)
    async def test_one_idempotency_key_is_one_message(self, scene: StoreScene) -> None:
        """Also for callers at the same moment, who may share a commit."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()

        results = await asyncio.gather(
            *(scene.store.outbound.publish(*outbox.new(made, idempotency_key="k")) for _ in range(5)),
            scene.store.outbound.publish(*outbox.new(made, made)),
        )

        [first] = [each for each in results[:5] if not each.duplicate]
        assert {each.id for each in results[:5]} == {first.id}
        assert {each.deliveries for each in results[:5]} == {1}
        assert results[5].duplicate is False
        again = await scene.store.outbound.publish(*outbox.new(made, idempotency_key="k"))
        assert (again.id, again.duplicate, again.deliveries) == (first.id, True, 1)
        assert await scene.store.outbound.published(scene.org, "k") == again
        assert await scene.store.outbound.published(scene.org, "other") is None
        assert await scene.store.outbound.published(scene.id(), "k") is None
        assert len(await outbox.claim(made)) == 3

    @shows(OutboundStore.publish)
    async def test_one_idempotency_key_is_one_message_for_all_processes(self, scene: StoreScene) -> None:
        """Another process of the operating system publishes the same keys at the same time."""
        made, keys = await Outbox(scene).subscribe(), 40

        mine, theirs = await scene.race(publish_all, str(keys))

        said = [*mine, *theirs]
        firsts = {number: message for number, duplicate, message in said if duplicate == "False"}
        assert len(firsts) == keys
        assert all(firsts[number] == message for number, _, message in said)
        listed = await page_through(scene.store.outbound.deliveries, scene.org, subscription=made.id, limit=50)
        assert len({each.sequence for each in listed}) == len(listed) == keys

    @shows(OutboundStore.publish, OutboundStore.claim)
    async def test_a_delivery_born_with_a_lease_is_nobody_elses(self, scene: StoreScene) -> None:
        """Until the lease ends."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()

        published = await scene.store.outbound.publish(*outbox.new(made, lease=scene.lease()))

        [due] = published.leased
        assert (due.record.message, due.lease.owner, due.lease.fence) == (published.id, "one", 1)
        assert await outbox.claim(made, owner="two") == ()
        scene.clock.advance(60)
        assert len(await outbox.claim(made, owner="two")) == 1

    @shows(OutboundStore.publish)
    async def test_subscriptions_that_changed_meanwhile_are_judged_in_the_transaction(self, scene: StoreScene) -> None:
        """Deleted: cancelled; disabled: skipped, unless the message is a test; by whichever process."""
        outbox = Outbox(scene)
        gone, off, fine = [await outbox.subscribe() for _ in range(3)]
        async with scene.beside() as other:
            await Outbox(other).delete(gone)
            await Outbox(other).disable(off)

            published = await scene.store.outbound.publish(*outbox.new(gone, off, fine, lease=scene.lease()))
            test = await scene.store.outbound.publish(*outbox.new(off, origin="test"))

        _, deliveries = await scene.store.outbound.message(scene.org, published.id)
        assert [(each.state, bool(each.error)) for each in deliveries] == [
            ("cancelled", True), ("skipped", True), ("pending", False),
        ]  # fmt: skip
        assert [due.record.subscription for due in published.leased] == [fine.id]
        assert [each.state for each in (await scene.store.outbound.message(scene.org, test.id))[1]] == ["pending"]

    @shows(OutboundStore.publish, OutboundStore.message)
    async def test_a_message_that_nobody_wants_is_kept_too(self, scene: StoreScene) -> None:
        """And one that a plugin dropped or could not handle."""
        outbox = Outbox(scene)
        for state in ("accepted", "dropped", "held"):
            message, _ = outbox.new(state=state, reason="because")

            published = await scene.store.outbound.publish(message, [])

            assert (published.id, published.deliveries) == (message.id, 0)
            assert await scene.store.outbound.message(scene.org, message.id) == (message, ())

    @shows(OutboundStore.add)
    async def test_deliveries_are_added_once_for_each_subscription(self, scene: StoreScene) -> None:
        """A held message may be released by that."""
        outbox = Outbox(scene)
        one, two = await outbox.subscribe(), await outbox.subscribe()
        message, _ = outbox.new(state="held", reason="the plugin failed")
        await scene.store.outbound.publish(message, [])
        fresh = [NewDelivery(outbox.delivery(message, each), scene.lease()) for each in (one, two)]

        assert await scene.store.outbound.add(scene.org, message.id, fresh[:1], release=True) == 1
        again = [NewDelivery(outbox.delivery(message, each)) for each in (one, two)]
        assert await scene.store.outbound.add(scene.org, message.id, again) == 1

        record, found = await scene.store.outbound.message(scene.org, message.id)
        assert record == replace(message, state="accepted", reason="")
        assert [each.subscription for each in found] == [one.id, two.id]
        [due] = await outbox.claim(one, owner="two")
        assert due.record.body == b"{}", "added without a lease, though one was given"

    @shows(OutboundStore.add)
    async def test_additions_at_the_same_moment_do_not_disturb_each_other(self, scene: StoreScene) -> None:
        """In two processes: one delivery for each subscription, with the body that was made for it."""
        outbox = Outbox(scene)
        one, two = await outbox.subscribe(), await outbox.subscribe()
        message, _ = outbox.new()
        await scene.store.outbound.publish(message, [])

        async with scene.beside() as other:
            added = await asyncio.gather(
                *(
                    side.store.outbound.add(
                        scene.org, message.id, [NewDelivery(outbox.delivery(message, each, each.id))]
                    )
                    for side in (scene, other)
                    for each in (one, two)
                )
            )

        assert sorted(added) == [0, 0, 1, 1]
        for each in (one, two):
            [due] = await outbox.claim(each)
            assert due.record.body == each.id

    @shows(OutboundStore.add)
    async def test_a_delivery_without_a_body_gives_way(self, scene: StoreScene) -> None:
        """Its template failed; the one that is added has a body."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        message, _ = outbox.new()
        broken = outbox.delivery(message, made, b"", state="dead", error="the template failed")
        await scene.store.outbound.publish(message, [NewDelivery(broken)])

        assert await scene.store.outbound.add(scene.org, message.id, [NewDelivery(outbox.delivery(message, made))]) == 1

        _, [found] = await scene.store.outbound.message(scene.org, message.id)
        assert (found.state, found.id != broken.id) == ("pending", True)

    @shows(OutboundStore.add, OutboundStore.message, OutboundStore.delivery)
    async def test_messages_and_deliveries_of_another_org_are_not_there(self, scene: StoreScene) -> None:
        """By id."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        message, [delivery] = outbox.new(made)
        await scene.store.outbound.publish(message, [delivery])

        for org, key in ((scene.org, scene.id()), (scene.id(), message.id)):
            with pytest.raises(NotFound):
                await scene.store.outbound.add(org, key, [delivery])
            with pytest.raises(NotFound):
                await scene.store.outbound.message(org, key)
        for org, key in ((scene.org, scene.id()), (scene.id(), delivery.record.id)):
            with pytest.raises(NotFound):
                await scene.store.outbound.delivery(org, key)
