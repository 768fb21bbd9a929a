"""Lists of messages and deliveries, and the account of what became of them."""

from __future__ import annotations

from hub.model.stored.outbound import MessageTotals
from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.scene import SECOND, StoreScene, page_through

__all__ = ["OutboundReadingChecks"]


class OutboundReadingChecks(Conformance):
    """`deliveries`, `messages` and `account`."""

    @shows(OutboundStore.deliveries)
    async def test_deliveries_are_listed_by_subscription_and_state(self, scene: StoreScene) -> None:
        """Newest first, without bodies, while more come and change."""
        outbox = Outbox(scene)
        made, other = await outbox.subscribe(), await outbox.subscribe()
        for _ in range(4):
            await outbox.publish(made)
        ids = [due.record.id for due in await outbox.claim(made)]
        await outbox.publish(other)
        listed = scene.store.outbound.deliveries

        async def more() -> None:
            await outbox.publish(made)

        mine = await page_through(listed, scene.org, subscription=made.id, meanwhile=more)

        assert [one.id for one in mine] == ids[::-1]
        assert {one.body for one in mine} == {b""}
        assert len(await page_through(listed, scene.org)) == 6
        [due] = await outbox.claim(other)
        await outbox.attempt(due)
        assert [one.id for one in await page_through(listed, scene.org, state="delivered")] == [due.record.id]
        assert await page_through(listed, scene.org, state="dead") == []
        assert await page_through(listed, scene.org, state="delivered", subscription=made.id) == []
        assert await page_through(listed, scene.id()) == []

    @shows(OutboundStore.messages)
    async def test_messages_are_listed_with_the_states_of_their_deliveries(self, scene: StoreScene) -> None:
        """Newest first, without data; or only those that have not arrived everywhere."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        arrived = await outbox.publish(made)
        await outbox.attempt((await outbox.claim(made))[0])
        unwanted, dropped = await outbox.publish(), await outbox.publish(state="dropped")
        held, half = await outbox.publish(state="held"), await outbox.publish(made, made)
        first, _ = await outbox.claim(made)
        await outbox.attempt(first)

        everything = await page_through(scene.store.outbound.messages, scene.org)

        assert [(message.id, dict(states)) for message, states in everything] == [
            (half, {"delivered": 1, "pending": 1}),
            (held, {}),
            (dropped, {}),
            (unwanted, {}),
            (arrived, {"delivered": 1}),
        ]
        assert {message.data for message, _ in everything} == {None}
        undelivered = await page_through(scene.store.outbound.messages, scene.org, undelivered=True, limit=1)
        assert [message.id for message, _ in undelivered] == [half, held]
        assert await page_through(scene.store.outbound.messages, scene.id()) == []

    @shows(OutboundStore.account)
    async def test_the_account_names_what_became_of_every_message(self, scene: StoreScene) -> None:
        """Of a span of time: from its beginning on and before its end."""
        outbox, start = Outbox(scene), scene.clock.now()
        made = await outbox.subscribe()
        await outbox.publish(made)
        scene.clock.advance(1)
        since = scene.clock.now()
        for state in ("accepted", "dropped", "held"):
            await outbox.publish(state=state)
        await outbox.publish(made)
        for due in await outbox.claim(made):
            await outbox.attempt(due)
        await outbox.publish(made, made)
        scene.clock.advance(1)
        until = scene.clock.now()
        await outbox.publish(made)

        account = await scene.store.outbound.account(scene.org, since, until)

        assert account == MessageTotals(
            messages=5,
            dropped=1,
            held=1,
            unmatched=1,
            delivered=1,
            undelivered=1,
            deliveries={"delivered": 1, "pending": 2},
        )
        assert (await scene.store.outbound.account(scene.org, start, until + SECOND)).messages == 7
        assert (await scene.store.outbound.account(scene.org, 0, start)).messages == 0
        assert (await scene.store.outbound.account(scene.id(), since, until)).messages == 0
