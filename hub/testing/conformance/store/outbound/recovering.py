"""Sending again: requeueing deliveries, and finding those that can be recovered."""

from __future__ import annotations

import pytest

from hub.errors import Invalid
from hub.model.stored.outbound import NewDelivery, Resent
from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.scene import SECOND, StoreScene

__all__ = ["RecoveryChecks"]


class RecoveryChecks(Conformance):
    """`requeue`, `recoverable`, `count_recoverable`, `resent` and `pending`."""

    @shows(OutboundStore.requeue)
    async def test_a_requeued_delivery_goes_to_the_end_of_its_ordering_key(self, scene: StoreScene) -> None:
        """Its tries start again, its attempts go on."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.publish(made, ordering_key="k")
        [dead] = await outbox.claim(made)
        await outbox.attempt(dead, "dead")
        await outbox.publish(made, ordering_key="k")
        now = scene.clock.now()

        assert await scene.store.outbound.requeue(scene.org, [dead.record.id, scene.id()], now) == {dead.record.id}
        assert await scene.store.outbound.requeue(scene.org, [dead.record.id], now) == frozenset()
        [younger] = await outbox.claim(made)
        assert younger.record.id != dead.record.id
        await outbox.attempt(younger)
        [again] = await outbox.claim(made)

        assert (again.record.id, again.record.attempts, again.record.tries) == (dead.record.id, 1, 0)
        assert (again.record.error, again.record.finished, again.record.body) == ("", None, b"{}")
        await outbox.attempt(again)

    @shows(OutboundStore.requeue)
    async def test_deliveries_in_every_finished_state_can_be_requeued(self, scene: StoreScene) -> None:
        """From a moment on; not what is open, has no body, belongs to another org, or whose subscription is gone."""
        outbox = Outbox(scene)
        made, gone = await outbox.subscribe(), await outbox.subscribe()
        message, _ = outbox.new()
        states = ("delivered", "dead", "skipped", "pending")
        deliveries = [outbox.delivery(message, made, state=state) for state in states]
        bodiless = outbox.delivery(message, made, b"", state="dead")
        orphan = outbox.delivery(message, gone, state="dead")
        everything = [*deliveries, bodiless, orphan]
        await scene.store.outbound.publish(message, [NewDelivery(each) for each in everything])
        await outbox.delete(gone)
        ids, due = [each.id for each in everything], scene.clock.now() + SECOND

        assert await scene.store.outbound.requeue(scene.id(), ids, due) == frozenset()
        assert await scene.store.outbound.requeue(scene.org, ids, due) == {each.id for each in deliveries[:3]}

        assert [one.record.id for one in await outbox.claim(made)] == [deliveries[3].id]
        scene.clock.advance(1)
        assert [one.record.id for one in await outbox.claim(made)] == [each.id for each in deliveries[:3]]

    @shows(OutboundStore.requeue)
    async def test_requeueing_for_a_disabled_subscription_pauses(self, scene: StoreScene) -> None:
        """It is sent when the subscription is enabled."""
        outbox = Outbox(scene)
        made = await outbox.subscribe(enabled=False)
        await outbox.publish(made)
        [skipped] = (await scene.store.outbound.deliveries(scene.org, limit=5)).items

        assert await scene.store.outbound.requeue(scene.org, [skipped.id], scene.clock.now()) == {skipped.id}

        assert await outbox.states() == ["paused"]
        await outbox.enable(made)
        assert [due.record.id for due in await outbox.claim(made)] == [skipped.id]

    @shows(OutboundStore.recoverable, OutboundStore.count_recoverable)
    async def test_what_a_subscription_missed_is_listed_oldest_first(self, scene: StoreScene) -> None:
        """Dead and skipped deliveries of a span of time, in steps."""
        outbox = Outbox(scene)
        made, other = await outbox.subscribe(), await outbox.subscribe()
        missed, start = [], scene.clock.now()
        for number in range(6):
            scene.clock.advance(1)
            await outbox.publish(made, other)
            [due] = await outbox.claim(made)
            await outbox.attempt(due, "dead" if number % 2 else "delivered")
            if number % 2:
                missed.append(due.record.id)
        scene.clock.advance(1)
        await outbox.disable(made)
        await outbox.publish(made)
        [skipped] = (await scene.store.outbound.deliveries(scene.org, state="skipped", limit=2)).items
        missed.append(skipped.id)

        async def walk(since: int, until: int) -> list[bytes]:
            found: list[bytes] = []
            left: list[int] = []
            cursor = ""
            while True:
                left.append(
                    await scene.store.outbound.count_recoverable(scene.org, made.id, since, until, cursor=cursor)
                )
                ids, cursor = await scene.store.outbound.recoverable(
                    scene.org, made.id, since, until, limit=2, cursor=cursor
                )
                if not ids:
                    assert left == [max(len(found) - 2 * step, 0) for step in range(len(left))]
                    return found
                found += ids

        assert await walk(start, start + 8 * SECOND) == missed
        assert await walk(start + 4 * SECOND, start + 7 * SECOND) == missed[1:3]
        assert await walk(start + 4 * SECOND, start + 6 * SECOND) == missed[1:2]
        assert await walk(0, start) == []
        with pytest.raises(Invalid):
            await scene.store.outbound.recoverable(scene.org, made.id, 0, start, limit=2, cursor="zz")
        with pytest.raises(Invalid):
            await scene.store.outbound.count_recoverable(scene.org, made.id, 0, start, cursor="zz")

    @shows(OutboundStore.resent)
    async def test_what_became_of_requeued_deliveries_is_counted(self, scene: StoreScene) -> None:
        """Not what was finished before, lies outside the cursors, or waits for a retry."""
        outbox = Outbox(scene)
        made, start = await outbox.subscribe(), scene.clock.now()
        for _ in range(5):
            scene.clock.advance(1)
            await outbox.publish(made)
            [due] = await outbox.claim(made)
            await outbox.attempt(due, "dead")
        scene.clock.advance(1)
        began = scene.clock.now()
        outbound, until = scene.store.outbound, began + SECOND
        ids, end = await outbound.recoverable(scene.org, made.id, start, until, limit=4)
        assert await outbound.resent(scene.org, made.id, "", end, began) == Resent(0, 0, 0)

        await outbound.requeue(scene.org, ids[1:], began)
        assert await outbound.resent(scene.org, made.id, "", end, began) == Resent(0, 0, 3)
        first, second, third = await outbox.claim(made)
        await outbox.attempt(first)
        await outbox.attempt(second, "dead")
        await outbox.attempt(third, "pending")

        found = await outbound.resent(scene.org, made.id, "", end, began)
        assert (found.delivered, found.dead, found.untried) == (1, 1, 0)
        assert await outbound.resent(scene.org, made.id, end, end, began) == Resent(0, 0, 0)
        assert await outbound.resent(scene.id(), made.id, "", end, began) == Resent(0, 0, 0)
        with pytest.raises(Invalid):
            await outbound.resent(scene.org, made.id, "", "zz", began)

    @shows(OutboundStore.pending)
    async def test_pending_deliveries_are_counted_up_to_a_limit(self, scene: StoreScene) -> None:
        """Of one subscription, whether or not somebody holds them."""
        outbox = Outbox(scene)
        made, other = await outbox.subscribe(), await outbox.subscribe()
        for _ in range(3):
            await outbox.publish(made, other)
        due, *_ = await outbox.claim(made)
        await outbox.attempt(due)

        assert await scene.store.outbound.pending(scene.org, made.id, 10) == 2
        assert await scene.store.outbound.pending(scene.org, made.id, 1) == 1
        assert await scene.store.outbound.pending(scene.id(), made.id, 10) == 0
