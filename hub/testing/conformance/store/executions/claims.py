"""Claims of executions: order, leases, fences, takeovers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

import pytest

from hub.errors import Fenced, NotFound
from hub.model.ids import Id
from hub.model.stored.execution import Claimed, ExecutionError, NodeRecord
from hub.ports.blobs import BLOB_THRESHOLD
from hub.ports.store import Executions
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.process import Tell
from hub.testing.conformance.store.scene import MINUTE, SECOND, StoreScene

__all__ = ["ExecutionClaimChecks", "claim_all"]


def ids(claimed: Sequence[Claimed]) -> list[Id]:
    """The ids of executions just claimed."""
    return [one.record.id for one in claimed]


async def claim_all(scene: StoreScene, tell: Tell) -> None:
    """Claim in small bites until nothing is left, and tell what was won."""
    while claimed := await scene.claim(f"process {os.getpid()}", 3):
        tell(*(one.record.id.hex() for one in claimed))


class ExecutionClaimChecks(Conformance):
    """Who runs what."""

    @shows(Executions.create, Executions.claim)
    async def test_a_queued_execution_is_claimed_once(self, scene: StoreScene) -> None:
        """A claim gives a lease to one owner, under fence 1, and marks the execution running."""
        execution = await scene.queue()

        [won] = await scene.claim()

        assert (won.record.id, won.record.state) == (execution.id, "running")
        assert (won.lease.owner, won.lease.fence, won.lease.until) == ("one", 1, scene.clock.now() + MINUTE)
        assert (won.record.started, won.record.crashes, won.nodes) == (scene.clock.now(), 0, ())
        assert won.record.trigger == execution.trigger
        assert await scene.claim("two") == ()

    @shows(Executions.create)
    async def test_creating_an_id_again_changes_nothing(self, scene: StoreScene) -> None:
        """Whoever is not sure that it was created creates it again."""
        execution = await scene.queue()
        [won] = await scene.claim()

        await scene.store.executions.create([execution, other := scene.execution()])

        assert ids(await scene.claim()) == [other.id]
        await scene.finish(execution.id, won.lease.fence)

    @shows(Executions.claim)
    async def test_smaller_priorities_are_claimed_first_then_older_executions(self, scene: StoreScene) -> None:
        """Waiting senders go before queued work."""
        order = []
        for priority in (1, 1, 0, 5, 0):
            order.append((priority, (await scene.queue(priority=priority)).id))
            scene.clock.advance(1)

        claimed = [key for _ in range(5) for key in ids(await scene.claim(limit=1))]

        assert claimed == [key for _, key in sorted(order, key=lambda pair: pair[0])]

    @shows(Executions.claim, Executions.next_due)
    async def test_only_the_priorities_asked_for_are_claimed(self, scene: StoreScene) -> None:
        """A process without a free slot for queued work still serves waiting senders."""
        first = await scene.queue(priority=0, due=scene.clock.now() + 1)
        second = await scene.queue(priority=1, due=scene.clock.now() + 2)

        assert await scene.store.executions.next_due(lowest=1) == second.due
        assert await scene.store.executions.next_due(highest=0) == first.due
        scene.clock.advance(1)
        assert ids(await scene.claim(lowest=1)) == [second.id]
        assert ids(await scene.claim(highest=0)) == [first.id]

    @shows(Executions.claim, Executions.next_due)
    async def test_an_execution_is_not_claimed_before_it_is_due(self, scene: StoreScene) -> None:
        """`next_due` says when to come again."""
        execution = await scene.queue(due=scene.clock.now() + 5 * SECOND)

        assert await scene.claim() == ()
        assert await scene.store.executions.next_due() == execution.due
        scene.clock.advance(5)
        assert ids(await scene.claim()) == [execution.id]

    @shows(Executions.next_due)
    async def test_next_due_is_none_while_nothing_is_open(self, scene: StoreScene) -> None:
        """Before the first execution and after the last one."""
        assert await scene.store.executions.next_due() is None
        execution = await scene.queue()
        await scene.claim()
        assert await scene.store.executions.next_due() == scene.clock.now() + MINUTE, "when the lease ends"
        await scene.finish(execution.id, 1)
        assert await scene.store.executions.next_due() is None

    @shows(Executions.claim, Executions.journal)
    async def test_an_ended_lease_is_taken_over_and_fences_its_former_owner(self, scene: StoreScene) -> None:
        """Not before its end; the takeover counts as a crash."""
        await scene.queue()
        [first] = await scene.claim("one")
        scene.clock.advance(59)
        assert await scene.claim("two") == ()

        scene.clock.advance(1)
        [second] = await scene.claim("two")

        assert (second.lease.fence, second.record.crashes) == (2, 1)
        assert second.record.started == first.record.started
        with pytest.raises(Fenced):
            await scene.journal(first.record.id, first.lease.fence, NodeRecord("a", "running"))
        assert await scene.store.executions.nodes(scene.org, first.record.id) == ()
        assert (await scene.store.executions.get(scene.org, first.record.id)).crashes == 1

    @shows(Executions.journal, Executions.renew)
    async def test_a_slow_owner_may_go_on_while_nobody_has_taken_over(self, scene: StoreScene) -> None:
        """The fence decides, not the end of the lease."""
        execution = await scene.queue()
        await scene.claim()
        scene.clock.advance(90)

        await scene.journal(execution.id, 1, NodeRecord("a", "running"))

        until = scene.clock.now() + MINUTE
        assert await scene.store.executions.renew("one", [execution.id], until) == {execution.id}
        assert await scene.claim("two") == ()

    @shows(Executions.renew)
    async def test_a_renewal_names_what_its_owner_still_holds(self, scene: StoreScene) -> None:
        """What somebody else has claimed, and what does not exist, is lost."""
        mine, lost = await scene.queue(), await scene.queue()
        await scene.claim("one")
        scene.clock.advance(30)
        renew, until = scene.store.executions.renew, scene.clock.now() + MINUTE

        assert await renew("two", [mine.id], until) == frozenset()
        assert await renew("one", [mine.id, scene.id()], until) == {mine.id}
        assert await renew("one", [], until) == frozenset()
        scene.clock.advance(31)
        assert ids(await scene.claim("two")) == [lost.id]
        assert await renew("one", [mine.id, lost.id], until) == {mine.id}

    @shows(Executions.expire)
    async def test_the_leases_of_a_dead_process_can_be_ended(self, scene: StoreScene) -> None:
        """All of them and nobody else's."""
        dead = await scene.queue()
        await scene.claim("dead")
        alive = await scene.queue()
        await scene.claim("alive")

        await scene.store.executions.expire("dead", scene.clock.now())

        [taken] = await scene.claim("two")
        assert (taken.record.id, taken.record.crashes) == (dead.id, 1)
        until = scene.clock.now() + MINUTE
        assert await scene.store.executions.renew("alive", [alive.id], until) == {alive.id}

    @shows(Executions.claim)
    async def test_ended_leases_are_recovered_before_new_work(self, scene: StoreScene) -> None:
        """What has begun goes on first, within the priorities asked for."""
        begun = await scene.queue(priority=5)
        await scene.claim()
        scene.clock.advance(61)
        await scene.queue(priority=0)

        assert ids(await scene.claim("two", limit=1)) == [begun.id]

    @shows(Executions.claim, Executions.create)
    async def test_executions_of_all_orgs_are_claimed(self, scene: StoreScene) -> None:
        """A process works for everybody."""
        other = await scene.store.access.create_org("other")
        both = [await scene.queue(), await scene.queue(org=other.id)]

        assert {one.record.org for one in await scene.claim()} == {scene.org, other.id}
        assert await scene.store.executions.renew("one", [one.id for one in both], 1) == {one.id for one in both}

    @shows(Executions.create, Executions.claim)
    async def test_an_execution_born_with_a_lease_needs_no_claim(self, scene: StoreScene) -> None:
        """It is its owner's at once, under the fence of its lease."""
        execution = await scene.queue(lease=scene.lease())

        assert await scene.claim("two") == ()
        await scene.journal(execution.id, 1, NodeRecord("a", "running"))
        scene.clock.advance(60)
        [taken] = await scene.claim("two")
        assert (taken.lease.fence, taken.record.crashes, len(taken.nodes)) == (2, 1, 1)

    @shows(Executions.claim)
    async def test_an_execution_whose_blob_is_missing_fails(self, scene: StoreScene) -> None:
        """Nobody can run it, and nobody should try for ever."""
        large = {"long": "x" * BLOB_THRESHOLD}
        lost, fine = await scene.queue(trigger=large), await scene.queue()
        for path in (path for path in scene.folder.joinpath("blobs").rglob("*") if path.is_file()):
            path.unlink()

        assert ids(await scene.claim()) == [fine.id]

        [failed] = (await scene.store.executions.list(scene.org, state="failed", limit=5)).items
        assert failed.id == lost.id
        assert isinstance(failed.error, ExecutionError)
        with pytest.raises(NotFound):
            await scene.store.executions.get(scene.org, lost.id)

    @shows(Executions.claim)
    async def test_stores_that_claim_at_once_share_the_queue_without_overlap(self, scene: StoreScene) -> None:
        """Two processes, many claims at the same moment, each execution once."""
        await scene.store.executions.create([scene.execution() for _ in range(100)])

        async with scene.beside() as other:
            won = await asyncio.gather(
                *(side.claim(owner, 7) for _ in range(8) for side, owner in ((scene, "one"), (other, "two")))
            )

        taken = [execution for claimed in won for execution in ids(claimed)]
        assert len(taken) == len(set(taken)) == 100

    @shows(Executions.claim)
    async def test_processes_that_claim_at_once_share_the_queue_without_overlap(self, scene: StoreScene) -> None:
        """The same with another process of the operating system."""
        created = [scene.execution(serial_key=f"k{number % 20}" if number % 2 else None) for number in range(60)]
        await scene.store.executions.create(created)

        mine, theirs = await scene.race(claim_all)

        taken = [bytes.fromhex(word) for line in (*mine, *theirs) for word in line]
        assert len(taken) == len(set(taken))
        keys = [one.serial_key for one in created if one.id in taken]
        assert keys.count(None) == 30, "what nothing holds back is claimed by one of them"
        assert all(keys.count(key) == 1 for key in set(keys) - {None}), "one of each serial key"
