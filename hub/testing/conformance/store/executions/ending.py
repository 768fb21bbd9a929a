"""Cancelling executions, and trying them again."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import Conflict, Fenced, NotFound
from hub.model.stored.execution import ExecutionChange, ExecutionError, NodeRecord
from hub.ports.store import Executions
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.executions.claims import ids
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["ExecutionEndChecks"]


class ExecutionEndChecks(Conformance):
    """`cancel` and `reopen`."""

    @shows(Executions.cancel)
    async def test_cancelling_takes_descendants_along_and_happens_once(self, scene: StoreScene) -> None:
        """Those that have finished stay as they are; the processes that run the others are fenced off."""
        parent = await scene.queue()
        child = await scene.queue(parent=parent.id, kind="child")
        grandchild = await scene.queue(parent=child.id, kind="child")
        done = await scene.queue(parent=parent.id, kind="child")
        await scene.claim()
        await scene.finish(done.id, 1)
        entries = NodeRecord("a", "running"), NodeRecord("b", "waiting", due=9), NodeRecord("c", "succeeded", output=1)
        await scene.journal(child.id, 1, *entries)
        now = scene.clock.now()

        cancelled = await scene.store.executions.cancel(scene.org, parent.id, now)

        assert cancelled[0] == parent.id
        assert set(cancelled) == {parent.id, child.id, grandchild.id}
        assert await scene.store.executions.cancel(scene.org, parent.id, now) == ()
        record = await scene.store.executions.get(scene.org, child.id)
        assert (record.state, record.finished) == ("cancelled", now)
        assert (await scene.store.executions.get(scene.org, done.id)).state == "succeeded"
        journal = {node.node: node.state for node in await scene.store.executions.nodes(scene.org, child.id)}
        assert journal == {"a": "cancelled", "b": "cancelled", "c": "succeeded"}
        with pytest.raises(Fenced):
            await scene.finish(child.id, 1)
        assert await scene.claim() == ()

    @shows(Executions.cancel)
    async def test_an_execution_in_any_open_state_can_be_cancelled(self, scene: StoreScene) -> None:
        """Queued, running, waiting, held, and held back by a serial key."""
        running, waiting, held = [await scene.queue(serial_key=key) for key in "abc"]
        parked = await scene.queue(serial_key="a")
        await scene.claim()
        await scene.rest(waiting.id, 1)
        await scene.journal(held.id, 1, change=ExecutionChange(state="held"))
        queued = await scene.queue()

        for execution in (parked, running, waiting, held, queued):
            cancelled = await scene.store.executions.cancel(scene.org, execution.id, scene.clock.now())
            assert cancelled == (execution.id,)

        scene.clock.advance(100_000)
        assert await scene.claim() == ()
        assert await scene.store.executions.next_due() is None

    @shows(Executions.cancel)
    async def test_of_two_who_cancel_at_once_one_does_it(self, scene: StoreScene) -> None:
        """Compare and set."""
        execution = await scene.queue()

        async with scene.beside() as other:
            outcomes = await asyncio.gather(
                *(
                    side.store.executions.cancel(scene.org, execution.id, scene.clock.now())
                    for side in (scene, other, scene, other)
                )
            )

        assert sorted(outcomes) == [(), (), (), (execution.id,)]

    @shows(Executions.cancel)
    async def test_what_is_not_there_cannot_be_cancelled(self, scene: StoreScene) -> None:
        """Neither what is of another org."""
        execution = await scene.queue()

        for org, target in ((scene.org, scene.id()), (scene.id(), execution.id)):
            with pytest.raises(NotFound):
                await scene.store.executions.cancel(org, target, scene.clock.now())
        assert ids(await scene.claim()) == [execution.id]

    @shows(Executions.reopen)
    async def test_reopening_forgets_what_did_not_succeed(self, scene: StoreScene) -> None:
        """What succeeded or was skipped is not done again."""
        execution = await scene.queue()
        for _ in range(2):
            await scene.claim()
            scene.clock.advance(60)
        [won] = await scene.claim()
        kept = NodeRecord("a", "succeeded", output=1, started=1), NodeRecord("b", "skipped", started=2)
        await scene.journal(
            execution.id,
            won.lease.fence,
            *kept,
            *(NodeRecord(state, state) for state in ("failed", "running", "waiting", "cancelled")),
            change=ExecutionChange(state="failed", error=ExecutionError("b", "no"), result=1, started=5, finished=9),
        )
        scene.clock.advance(60)

        await scene.store.executions.reopen(scene.org, execution.id, now := scene.clock.now())

        record = await scene.store.executions.get(scene.org, execution.id)
        assert (record.state, record.due, record.error, record.result) == ("queued", now, None, None)
        assert (record.started, record.finished, record.crashes) == (None, None, 0)
        [again] = await scene.claim()
        assert again.nodes == kept
        assert again.lease.fence > won.lease.fence

    @shows(Executions.reopen)
    async def test_only_failed_and_cancelled_executions_can_be_reopened(self, scene: StoreScene) -> None:
        """Others go on, or have succeeded."""
        reopen, now = scene.store.executions.reopen, scene.clock.now()
        execution = await scene.queue()
        with pytest.raises(Conflict):
            await reopen(scene.org, execution.id, now)
        await scene.claim()
        with pytest.raises(Conflict):
            await reopen(scene.org, execution.id, now)
        await scene.finish(execution.id, 1)
        with pytest.raises(Conflict):
            await reopen(scene.org, execution.id, now)
        cancelled = await scene.queue()
        await scene.store.executions.cancel(scene.org, cancelled.id, now)

        await reopen(scene.org, cancelled.id, now)

        assert ids(await scene.claim()) == [cancelled.id]
        for org, target in ((scene.org, scene.id()), (scene.id(), cancelled.id)):
            with pytest.raises(NotFound):
                await reopen(org, target, now)
