"""The journal: what is written together, what fences refuse, what is read back."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import Fenced, NotFound
from hub.model.stored.execution import ExecutionChange, ExecutionError, NodeRecord
from hub.ports.blobs import BLOB_THRESHOLD
from hub.ports.store import Executions
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.executions.claims import ids
from hub.testing.conformance.store.scene import SECOND, StoreScene

__all__ = ["JournalChecks"]


class JournalChecks(Conformance):
    """Writing to an execution under its lease."""

    @shows(Executions.journal, Executions.nodes, Executions.get)
    async def test_entries_and_change_are_read_back(self, scene: StoreScene) -> None:
        """Every field, the later entry of a node and item in place of the earlier one."""
        execution = await scene.queue()
        await scene.claim()
        nodes = [
            NodeRecord("b", "succeeded", input={"x": 1}, output=[1, None], started=2, finished=3, attempts=2),
            NodeRecord("a", "failed", item=4, error="no", started=1, finished=2, crashes=1, child=scene.id(), due=8),
        ]
        change = ExecutionChange(
            state="failed", result={"r": 1}, error=ExecutionError("a", "no"), started=5, finished=9, due=7
        )

        await scene.journal(execution.id, 1, NodeRecord("a", "running", item=4), nodes[0])
        await scene.journal(execution.id, 1, *nodes, change=change)

        record = await scene.store.executions.get(scene.org, execution.id)
        assert (record.state, record.result, record.error) == ("failed", {"r": 1}, ExecutionError("a", "no"))
        assert (record.started, record.finished, record.due) == (5, 9, 7)
        assert await scene.store.executions.nodes(scene.org, execution.id) == (nodes[1], nodes[0])

    @shows(Executions.journal)
    async def test_what_a_change_leaves_out_stays(self, scene: StoreScene) -> None:
        """None leaves a field alone."""
        execution = await scene.queue()
        await scene.claim()
        await scene.journal(execution.id, 1, change=ExecutionChange(result={"r": 1}, started=5))

        await scene.journal(execution.id, 1, change=ExecutionChange(due=7))

        record = await scene.store.executions.get(scene.org, execution.id)
        assert (record.state, record.result, record.started, record.due) == ("running", {"r": 1}, 5, 7)

    @shows(Executions.nodes)
    async def test_the_journal_is_in_order_of_start(self, scene: StoreScene) -> None:
        """Then of node and item; what has not started comes last."""
        execution = await scene.queue()
        await scene.claim()
        await scene.journal(
            execution.id,
            1,
            NodeRecord("z", "skipped"),
            NodeRecord("b", "running", started=2),
            NodeRecord("a", "running", item=1, started=2),
            NodeRecord("a", "running", item=0, started=2),
            NodeRecord("c", "running", started=1),
        )

        journal = await scene.store.executions.nodes(scene.org, execution.id)

        assert [(entry.node, entry.item) for entry in journal] == [("c", -1), ("a", 0), ("a", 1), ("b", -1), ("z", -1)]
        assert await scene.store.executions.nodes(scene.org, scene.id()) == ()

    @shows(Executions.claim, Executions.journal)
    async def test_a_claim_brings_the_journal_so_far(self, scene: StoreScene) -> None:
        """Large values included: the process that takes over goes on from there."""
        execution = await scene.queue(definition={"large": "d" * BLOB_THRESHOLD}, version=0)
        await scene.claim()
        node = NodeRecord("a", "succeeded", input=["i" * BLOB_THRESHOLD], output={"big": "x" * 200_000}, started=1)
        await scene.journal(execution.id, 1, node)
        scene.clock.advance(60)

        [again] = await scene.claim()

        assert again.nodes == (node,)
        assert again.record.definition == execution.definition

    @shows(Executions.journal)
    async def test_writes_at_the_same_moment_are_all_kept(self, scene: StoreScene) -> None:
        """Of one execution."""
        execution = await scene.queue()
        await scene.claim()

        await asyncio.gather(*(scene.journal(execution.id, 1, NodeRecord(f"n{n}", "running")) for n in range(40)))

        assert len(await scene.store.executions.nodes(scene.org, execution.id)) == 40

    @shows(Executions.journal, Executions.cancel)
    async def test_a_fenced_write_does_not_undo_its_neighbours(self, scene: StoreScene) -> None:
        """Though they may have shared a commit."""
        executions = [await scene.queue() for _ in range(10)]
        await scene.claim()
        await scene.store.executions.cancel(scene.org, executions[3].id, scene.clock.now())

        outcomes = await asyncio.gather(
            *(scene.journal(execution.id, 1, NodeRecord("a", "succeeded", output=1)) for execution in executions),
            return_exceptions=True,
        )

        assert [type(outcome) for outcome in outcomes] == [type(None)] * 3 + [Fenced] + [type(None)] * 6
        for number, execution in enumerate(executions):
            assert len(await scene.store.executions.nodes(scene.org, execution.id)) == (number != 3)

    @shows(Executions.journal)
    async def test_a_fenced_write_leaves_nothing_behind(self, scene: StoreScene) -> None:
        """Neither entries nor children nor a change."""
        execution = await scene.queue()
        await scene.claim()
        scene.clock.advance(60)
        await scene.claim("two")
        child = scene.execution(kind="child", parent=execution.id)

        with pytest.raises(Fenced):
            await scene.journal(
                execution.id, 1, NodeRecord("a", "running"), change=ExecutionChange(result=1), children=[child]
            )

        assert await scene.store.executions.nodes(scene.org, execution.id) == ()
        assert (await scene.store.executions.get(scene.org, execution.id)).result is None
        with pytest.raises(NotFound):
            await scene.store.executions.get(scene.org, child.id)

    @shows(Executions.journal)
    async def test_without_a_lease_nothing_is_written(self, scene: StoreScene) -> None:
        """After the end, after giving the lease up, before the first claim, and of an execution that does not exist."""
        finished, released, held = [await scene.queue() for _ in range(3)]
        await scene.claim()
        await scene.finish(finished.id, 1)
        await scene.rest(released.id, 1, seconds=1)
        await scene.journal(held.id, 1, change=ExecutionChange(state="held"))
        queued = await scene.queue()

        for execution, fence in ((finished.id, 1), (released.id, 1), (held.id, 1), (queued.id, 0), (scene.id(), 1)):
            with pytest.raises(Fenced):
                await scene.journal(execution, fence)
        scene.clock.advance(1)
        again = await scene.claim()
        assert {one.record.id: one.record.crashes for one in again} == {released.id: 0, queued.id: 0}

    @shows(Executions.journal)
    async def test_an_execution_can_be_handed_back(self, scene: StoreScene) -> None:
        """A process that stops gives up its leases, so that others need not wait for their end."""
        execution = await scene.queue()
        await scene.claim("one")

        await scene.journal(execution.id, 1, change=ExecutionChange(release=True, due=scene.clock.now()))

        [again] = await scene.claim("two")
        assert (again.record.id, again.record.crashes, again.lease.fence) == (execution.id, 0, 2)

    @shows(Executions.journal)
    async def test_a_node_that_ends_lets_crashes_be_counted_from_zero(self, scene: StoreScene) -> None:
        """Only crashes without progress in between say that an execution brings processes down."""
        execution = await scene.queue()
        for crashes in range(3):
            [won] = await scene.claim()
            assert won.record.crashes == crashes
            scene.clock.advance(60)
        [won] = await scene.claim()
        await scene.journal(execution.id, won.lease.fence, NodeRecord("a", "running"))
        assert (await scene.store.executions.get(scene.org, execution.id)).crashes == 3

        await scene.journal(execution.id, won.lease.fence, NodeRecord("a", "succeeded", output=1))

        assert (await scene.store.executions.get(scene.org, execution.id)).crashes == 0

    @shows(Executions.journal)
    async def test_children_are_created_with_the_entries(self, scene: StoreScene) -> None:
        """An id that exists already is left alone."""
        parent = await scene.queue()
        await scene.claim()
        child = scene.execution(kind="child", parent=parent.id, parent_node="run", due=scene.clock.now() + SECOND)

        for _ in range(2):
            await scene.journal(parent.id, 1, NodeRecord("run", "waiting", child=child.id), children=[child])

        record = await scene.store.executions.get(scene.org, child.id)
        assert (record.kind, record.parent, record.parent_node, record.state) == ("child", parent.id, "run", "queued")
        scene.clock.advance(1)
        assert ids(await scene.claim()) == [child.id]
