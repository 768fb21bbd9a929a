"""Ordering keys: one delivery at a time, in the order of commits."""

from __future__ import annotations

import asyncio

from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.scene import SECOND, StoreScene

__all__ = ["OrderingKeyChecks"]


class OrderingKeyChecks(Conformance):
    """First in, first out, for each subscription and key."""

    @shows(OutboundStore.claim, OutboundStore.attempted, OutboundStore.publish)
    async def test_deliveries_of_an_ordering_key_go_one_at_a_time(self, scene: StoreScene) -> None:
        """A retry keeps its place, a dead one makes room; `attempted` says whether another one may go."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        ids = await asyncio.gather(*(outbox.publish(made, ordering_key="k") for _ in range(4)))
        other = await outbox.publish(made, ordering_key="other")

        first, elsewhere = await outbox.claim(made)
        assert [first.record.message, elsewhere.record.message] == [ids[0], other]
        assert await outbox.attempt(first, "pending", delay=5) is False
        assert await outbox.claim(made) == ()
        scene.clock.advance(5)
        [due] = await outbox.claim(made)
        assert due.record.message == ids[0]
        assert await outbox.attempt(due, "dead") is True
        for identity in ids[1:]:
            [due] = await outbox.claim(made)
            assert due.record.message == identity
            assert await outbox.attempt(due) is (identity != ids[-1])
        assert await outbox.attempt(elsewhere) is False

    @shows(OutboundStore.publish)
    async def test_the_same_ordering_key_of_another_subscription_is_another_one(self, scene: StoreScene) -> None:
        """A receiver that hangs delays nobody else."""
        outbox = Outbox(scene)
        one, two = await outbox.subscribe(), await outbox.subscribe()
        for _ in range(2):
            await outbox.publish(one, two, ordering_key="k")

        assert len(await outbox.claim(one)) == 1
        assert len(await outbox.claim(two)) == 1

    @shows(OutboundStore.publish)
    async def test_a_lease_at_birth_gives_way_to_an_older_delivery_of_the_key(self, scene: StoreScene) -> None:
        """In one commit too."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()

        published = await asyncio.gather(
            *(scene.store.outbound.publish(*outbox.new(made, lease=scene.lease(), ordering_key="k")) for _ in range(3))
        )

        assert [len(each.leased) for each in published] == [1, 0, 0]
        assert await scene.store.outbound.backlog("one", scene.clock.now()) == {}

    @shows(OutboundStore.claim)
    async def test_an_ended_lease_does_not_let_the_next_one_go(self, scene: StoreScene) -> None:
        """The one in front is taken over instead."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(2):
            await outbox.publish(made, ordering_key="k")
        [first] = await outbox.claim(made, seconds=1)
        scene.clock.advance(1)

        [again] = await outbox.claim(made, owner="two")

        assert again.record.id == first.record.id

    @shows(OutboundStore.release)
    async def test_a_lease_given_up_does_not_let_the_next_one_go(self, scene: StoreScene) -> None:
        """The one in front keeps its place."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(2):
            await outbox.publish(made, ordering_key="k")
        [first] = await outbox.claim(made)

        await scene.store.outbound.release([first], scene.clock.now() + SECOND)

        assert await outbox.claim(made) == ()
        scene.clock.advance(1)
        assert [due.record.id for due in await outbox.claim(made)] == [first.record.id]

    @shows(OutboundStore.attempted, OutboundStore.claim)
    async def test_a_delivery_that_ends_while_paused_makes_room_after_the_pause(self, scene: StoreScene) -> None:
        """Nothing goes while the subscription is disabled."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(2):
            await outbox.publish(made, ordering_key="k")
        [first] = await outbox.claim(made)
        await outbox.disable(made)

        assert await outbox.attempt(first) is False

        assert await outbox.claim(made) == ()
        await outbox.enable(made)
        [second] = await outbox.claim(made)
        assert second.record.id != first.record.id

    @shows(OutboundStore.publish, OutboundStore.claim)
    async def test_messages_of_two_stores_go_in_the_order_of_their_commits(self, scene: StoreScene) -> None:
        """A message published after another one had returned is behind it, whichever process published it."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        async with scene.beside() as other:
            sides = (outbox, Outbox(other))
            ids = [await sides[n % 2].publish(made, ordering_key="k") for n in range(10)]

        for identity in ids:
            [due] = await outbox.claim(made)
            assert due.record.message == identity
            await outbox.attempt(due)
