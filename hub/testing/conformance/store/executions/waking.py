"""What lets a waiting execution go on: signals, and children that finish."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import NotFound
from hub.model.stored.execution import NodeRecord
from hub.ports.blobs import BLOB_THRESHOLD
from hub.ports.store import Executions
from hub.testing.conformance.scenario import Conformance, shows
from hub.testing.conformance.store.executions.claims import ids
from hub.testing.conformance.store.scene import StoreScene

__all__ = ["WakingChecks"]


class WakingChecks(Conformance):
    """Nothing that an execution waits for is missed, whenever it happens."""

    @shows(Executions.journal)
    async def test_a_child_that_finishes_wakes_its_waiting_parent(self, scene: StoreScene) -> None:
        """Long before the parent is due."""
        parent = await scene.queue()
        await scene.claim()
        child = scene.execution(kind="child", parent=parent.id, parent_node="run")
        await scene.journal(parent.id, 1, NodeRecord("run", "waiting", child=child.id), children=[child])
        await scene.rest(parent.id, 1)
        assert ids(await scene.claim()) == [child.id]

        await scene.finish(child.id, 1, "failed")

        [woken] = await scene.claim()
        assert (woken.record.id, woken.nodes[0].child) == (parent.id, child.id)

    @shows(Executions.journal)
    async def test_a_child_that_finishes_before_its_parent_waits_is_not_missed(self, scene: StoreScene) -> None:
        """The parent is claimable as soon as it gives up its lease."""
        parent = await scene.queue()
        await scene.claim()
        child = scene.execution(kind="child", parent=parent.id)
        await scene.journal(parent.id, 1, children=[child])
        await scene.claim()
        await scene.finish(child.id, 1)

        await scene.rest(parent.id, 1)

        assert ids(await scene.claim()) == [parent.id]

    @shows(Executions.journal)
    async def test_an_execution_is_woken_once(self, scene: StoreScene) -> None:
        """After the claim that a wake led to, it waits until it is due."""
        parent = await scene.queue()
        await scene.claim()
        child = await scene.queue(kind="child", parent=parent.id)
        await scene.claim()
        await scene.finish(child.id, 1)
        await scene.rest(parent.id, 1)
        await scene.claim()

        await scene.rest(parent.id, 2)

        assert await scene.claim() == ()

    @shows(Executions.cancel)
    async def test_a_child_that_is_cancelled_wakes_its_parent(self, scene: StoreScene) -> None:
        """Cancelled is an end too."""
        parent = await scene.queue()
        await scene.claim()
        child = await scene.queue(kind="child", parent=parent.id)
        await scene.rest(parent.id, 1)

        await scene.store.executions.cancel(scene.org, child.id, scene.clock.now())

        assert ids(await scene.claim()) == [parent.id]

    @shows(Executions.signal)
    async def test_a_signal_settles_the_entry_that_waits(self, scene: StoreScene) -> None:
        """And makes the execution due at once."""
        execution = await scene.queue()
        await scene.claim()
        await scene.rest(execution.id, 1, NodeRecord("approve", "waiting", started=1, due=9))
        value = {"ok": True, "large": "v" * BLOB_THRESHOLD}

        await scene.store.executions.signal(scene.org, execution.id, "approve", value, now := scene.clock.now())

        [woken] = await scene.claim()
        assert woken.nodes == (NodeRecord("approve", "succeeded", output=value, started=1, finished=now),)

    @shows(Executions.signal)
    async def test_a_signal_that_nobody_waits_for_is_not_found(self, scene: StoreScene) -> None:
        """Another node, another item, another org, an entry that is settled already."""
        execution = await scene.queue()
        await scene.claim()
        await scene.rest(
            execution.id,
            1,
            NodeRecord("approve", "waiting"),
            NodeRecord("item", "waiting", item=0),
            NodeRecord("busy", "running"),
        )
        signal, now = scene.store.executions.signal, scene.clock.now()
        await signal(scene.org, execution.id, "approve", 1, now)

        for org, target, node in (
            (scene.org, execution.id, "approve"),
            (scene.org, execution.id, "item"),
            (scene.org, execution.id, "busy"),
            (scene.org, execution.id, "other"),
            (scene.org, scene.id(), "approve"),
            (scene.id(), execution.id, "approve"),
        ):
            with pytest.raises(NotFound):
                await signal(org, target, node, 2, now)
        journal = await scene.store.executions.nodes(scene.org, execution.id)
        assert {entry.node: entry.output for entry in journal} == {"approve": 1, "item": None, "busy": None}

    @shows(Executions.signal, Executions.journal)
    async def test_a_late_write_does_not_undo_a_signal(self, scene: StoreScene) -> None:
        """The writer has not heard of it; its other entries are kept."""
        states: tuple[Any, ...] = ("waiting", "running", "failed", "cancelled")
        for state in states:
            execution = await scene.queue()
            await scene.claim()
            await scene.journal(execution.id, 1, NodeRecord("approve", "waiting", started=1))
            await scene.store.executions.signal(scene.org, execution.id, "approve", {"ok": 1}, scene.clock.now())

            await scene.rest(
                execution.id, 1, NodeRecord("approve", state, started=1, due=5), NodeRecord("other", state, started=2)
            )

            [woken] = await scene.claim()
            assert [(node.node, node.state, node.output) for node in woken.nodes] == [
                ("approve", "succeeded", {"ok": 1}),
                ("other", state, None),
            ]
