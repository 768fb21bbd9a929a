"""Claims of deliveries: order, leases, fences, takeovers, backlog."""

from __future__ import annotations

import asyncio
import os

import pytest

from hub.errors import Fenced
from hub.ports.store import OutboundStore
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.outbound.outbox import Outbox
from hub.testing.conformance.store.process import Tell
from hub.testing.conformance.store.scene import SECOND, StoreScene

__all__ = ["DeliveryClaimChecks", "deliver_all"]


async def deliver_all(scene: StoreScene, tell: Tell) -> None:
    """Claim in small bites and deliver until nothing is left, and tell what was delivered."""
    outbox, owner = Outbox(scene), f"process {os.getpid()}"
    [subscription] = scene.store.snapshot.subscriptions.values()
    while won := await outbox.claim(subscription, owner=owner, limit=3):
        for due in won:
            await outbox.attempt(due)
            tell(str(due.record.ordering_key), str(due.record.sequence))


class DeliveryClaimChecks(Conformance):
    """Who sends what."""

    @shows(OutboundStore.claim)
    async def test_the_oldest_deliveries_are_claimed_first(self, scene: StoreScene) -> None:
        """No more than wanted; of a subscription with nothing left, `later` says so."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        ids = [await outbox.publish(made) for _ in range(5)]

        first = await outbox.ask(made, limit=3)
        assert [due.record.message for due in first.deliveries] == ids[:3]
        assert made.id not in first.later
        lease = first.deliveries[0].lease
        assert (lease.owner, lease.fence, lease.until) == ("one", 1, scene.clock.now() + 60 * SECOND)

        second = await outbox.ask(made, limit=3)

        assert [due.record.message for due in second.deliveries] == ids[3:]
        assert second.later == {made.id: None}
        assert await outbox.claim(made, owner="two") == ()

    @shows(OutboundStore.claim)
    async def test_several_subscriptions_are_claimed_at_once(self, scene: StoreScene) -> None:
        """Each up to its own number; others are left alone."""
        outbox = Outbox(scene)
        one, two, three = [await outbox.subscribe() for _ in range(3)]
        for _ in range(3):
            await outbox.publish(one, two, three)
        now = scene.clock.now()

        claim = await scene.store.outbound.claim(
            "one", now + SECOND, now, {(scene.org, one.id): 2, (scene.org, two.id): 5, (scene.id(), three.id): 5}
        )

        won = [due.record.subscription for due in claim.deliveries]
        assert (won.count(one.id), won.count(two.id), won.count(three.id)) == (2, 3, 0)
        assert two.id in claim.later

    @shows(OutboundStore.claim, OutboundStore.backlog)
    async def test_a_delivery_is_not_claimed_before_it_is_due(self, scene: StoreScene) -> None:
        """`later` and `backlog` say when to come again."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.publish(made)
        [due] = await outbox.claim(made)
        await outbox.attempt(due, "pending", delay=30)
        again = scene.clock.now() + 30 * SECOND

        claim = await outbox.ask(made)

        assert (claim.deliveries, claim.later) == ((), {made.id: again})
        assert await scene.store.outbound.backlog("one", scene.clock.now()) == {(scene.org, made.id): again}
        scene.clock.advance(30)
        [due] = await outbox.claim(made)
        assert (due.record.attempts, due.record.tries, due.record.crashes) == (1, 1, 0)

    @shows(OutboundStore.backlog)
    async def test_the_backlog_names_what_an_owner_does_not_hold(self, scene: StoreScene) -> None:
        """What others hold may be claimed when their leases end."""
        outbox = Outbox(scene)
        busy, idle, paused = [await outbox.subscribe() for _ in range(3)]
        await outbox.publish(busy, paused)
        await outbox.claim(busy, owner="one")
        await outbox.disable(paused)
        backlog, now = scene.store.outbound.backlog, scene.clock.now()

        assert await backlog("one", now) == {}
        assert await backlog("two", now) == {(scene.org, busy.id): now + 60 * SECOND}
        assert await backlog("one", now + 60 * SECOND) == {(scene.org, busy.id): now + 60 * SECOND}
        await outbox.publish(idle)
        assert await backlog("one", now) == {(scene.org, idle.id): now}

    @shows(OutboundStore.claim, OutboundStore.attempted, OutboundStore.renew)
    async def test_an_ended_lease_of_a_delivery_is_taken_over(self, scene: StoreScene) -> None:
        """Its former owner is fenced off; the takeover counts as a crash."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await outbox.publish(made)
        [old] = await outbox.claim(made, owner="one", seconds=10)
        scene.clock.advance(9)
        assert await outbox.claim(made, owner="two") == ()

        scene.clock.advance(1)
        [new] = await outbox.claim(made, owner="two")

        assert (new.lease.fence, new.record.crashes) == (old.lease.fence + 1, 1)
        with pytest.raises(Fenced):
            await outbox.attempt(old)
        assert await scene.store.outbound.renew([old], scene.clock.now() + SECOND) == frozenset()
        await scene.store.outbound.release([old], scene.clock.now())
        assert await outbox.claim(made, owner="one") == (), "what is lost cannot be given up"
        await outbox.attempt(new)
        record, attempts = await scene.store.outbound.delivery(scene.org, new.record.id)
        assert (record.state, record.crashes, len(attempts)) == ("delivered", 1, 1)

    @shows(OutboundStore.claim)
    async def test_an_owner_does_not_win_what_it_is_still_at_work_on(self, scene: StoreScene) -> None:
        """Though the lease has ended. It may win again what it has forgotten, which does not count as a crash."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(2):
            await outbox.publish(made)
        held, forgotten = await outbox.claim(made, seconds=1)
        scene.clock.advance(1)

        [again] = await outbox.claim(made, held=[held.record.sequence])

        assert (again.record.id, again.record.crashes) == (forgotten.record.id, 0)
        await outbox.attempt(held)

    @shows(OutboundStore.attempted)
    async def test_one_lost_lease_does_not_undo_its_neighbours(self, scene: StoreScene) -> None:
        """Though their attempts may share a commit."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(4):
            await outbox.publish(made)
        won = await outbox.claim(made, seconds=1)
        scene.clock.advance(1)
        [taken] = await outbox.claim(made, owner="two", limit=1)

        results = await asyncio.gather(*(outbox.attempt(due) for due in won), return_exceptions=True)

        fenced = [due.record.id for due, result in zip(won, results, strict=True) if isinstance(result, Fenced)]
        assert fenced == [taken.record.id]
        assert (await outbox.states()).count("delivered") == 3

    @shows(OutboundStore.renew, OutboundStore.release)
    async def test_leases_are_renewed_and_given_up(self, scene: StoreScene) -> None:
        """What is given up may be claimed from the moment that its owner names, which does not count as a crash."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(2):
            await outbox.publish(made)
        first, second = await outbox.claim(made, seconds=10)
        renew, release = scene.store.outbound.renew, scene.store.outbound.release

        until = scene.clock.now() + 100 * SECOND
        assert await renew([first, second], until) == {first.record.id, second.record.id}
        scene.clock.advance(50)
        assert await outbox.claim(made, owner="two") == ()
        await release([first], scene.clock.now() + 5 * SECOND)
        assert await outbox.claim(made, owner="two") == ()
        scene.clock.advance(5)
        [taken] = await outbox.claim(made, owner="two")

        assert (taken.record.id, taken.record.crashes, taken.record.attempts) == (first.record.id, 0, 0)
        assert await renew([first, second], until) == {second.record.id}
        assert await renew([], 0) == frozenset()
        await release([], 0)

    @shows(OutboundStore.expire)
    async def test_the_leases_of_a_dead_process_on_deliveries_can_be_ended(self, scene: StoreScene) -> None:
        """All of them and nobody else's."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        for _ in range(2):
            await outbox.publish(made)
        [dead] = await outbox.claim(made, owner="dead", limit=1)
        [alive] = await outbox.claim(made, owner="alive", limit=1)

        await scene.store.outbound.expire("dead", scene.clock.now())

        [taken] = await outbox.claim(made, owner="two")
        assert (taken.record.id, taken.record.crashes) == (dead.record.id, 1)
        assert await scene.store.outbound.renew([alive], scene.clock.now()) == {alive.record.id}

    @shows(OutboundStore.claim)
    async def test_stores_that_claim_deliveries_at_once_do_not_overlap(self, scene: StoreScene) -> None:
        """Two processes, many claims at the same moment."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        await asyncio.gather(*(outbox.publish(made) for _ in range(50)))

        async with scene.beside() as other:
            sides = ((outbox, "one"), (Outbox(other), "two"))
            won = await asyncio.gather(
                *(side.claim(made, owner=owner, limit=4) for _ in range(8) for side, owner in sides)
            )

        taken = [due.record.id for claimed in won for due in claimed]
        assert len(taken) == len(set(taken)) == 50

    @shows(OutboundStore.claim, OutboundStore.attempted)
    async def test_processes_deliver_each_delivery_once_and_in_order(self, scene: StoreScene) -> None:
        """With another process of the operating system; each ordering key in the order of commits."""
        outbox = Outbox(scene)
        made = await outbox.subscribe()
        keys = [None, "a", "b", "c"]
        await asyncio.gather(*(outbox.publish(made, ordering_key=keys[n % 4]) for n in range(60)))

        said = [*await scene.race(deliver_all), []]
        while won := await outbox.claim(made):
            for due in won:
                await outbox.attempt(due)
                said[-1].append([str(due.record.ordering_key), str(due.record.sequence)])

        assert await outbox.states() == ["delivered"] * 60
        assert len({sequence for one in said for _, sequence in one}) == sum(map(len, said)) == 60
        for one in said:
            for key in "abc":
                sequences = [int(sequence) for name, sequence in one if name == key]
                assert sequences == sorted(sequences)
