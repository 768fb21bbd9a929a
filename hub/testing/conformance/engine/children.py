"""Children: executions that nodes of another one start, and wait for."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.model.ids import Id, read_id, write_id
from hub.model.stored.execution import ExecutionError
from hub.model.stored.workflow import WorkflowRecord
from hub.ports.engine import Engine
from hub.testing.conformance.engine.scene import EngineScene, call, value
from hub.testing.conformance.scenario import Conformance, shows

__all__ = ["ChildChecks"]


def _run(workflow: WorkflowRecord, *needs: str, wait: bool = True, **fields: Any) -> dict[str, Any]:
    settings = {"workflow": write_id("wf", workflow.id), "data": "{{ TRIGGER }}", "wait": wait}
    return {"id": "run", "action": "workflow.run", "needs": list(needs), "with": settings, **fields}


async def _child(scene: EngineScene, parent: Id) -> Id:
    """The id of the child that the node `run` of an execution has started."""
    found: list[Id] = []

    async def started() -> bool:
        entry = (await scene.journal(parent)).get(("run", -1))
        if entry is not None and entry.child is not None:
            found.append(entry.child)
        return bool(found)

    await scene.until(started)
    return found[0]


class ChildChecks(Conformance):
    """A child is started once, and ends with its parent."""

    @shows(Engine.start)
    async def test_a_node_waits_for_the_result_of_its_child(self, scene: EngineScene) -> None:
        """The child knows its parent."""
        inner = await scene.workflow(call("c", output="{{ TRIGGER.n * 2 }}"))
        outer = await scene.workflow(_run(inner), value("after", "{{ nodes.run.output + 1 }}", "run"))

        record = await scene.run(outer, {"n": 3})

        assert (record.state, record.result) == ("succeeded", 7)
        child = await scene.record(await _child(scene, record.id))
        assert (child.kind, child.parent, child.parent_node) == ("child", record.id, "run")
        assert (child.state, child.result) == ("succeeded", 6)

    @shows(Engine.start)
    async def test_a_child_that_nobody_waits_for_runs_too(self, scene: EngineScene) -> None:
        """The node's output is its id."""
        inner = await scene.workflow(call("c", hold=True))
        outer = await scene.workflow(_run(inner, wait=False))

        record = await scene.run(outer)

        child = read_id("exec", record.result["execution"])
        assert child is not None
        await scene.probe.begun("c")
        scene.probe.let("c")
        assert (await scene.end(child)).state == "succeeded"

    @shows(Engine.start)
    async def test_a_child_that_fails_fails_its_node(self, scene: EngineScene) -> None:
        """The error names the child, its node and its error."""
        inner = await scene.workflow(call("c", fails=9))
        outer = await scene.workflow(_run(inner), call("after", "run"))

        record = await scene.run(outer)

        name = write_id("exec", await _failed_child(scene, record.id))
        assert record.error == ExecutionError("run", f"{name} failed: node c: c said no")
        assert scene.probe.names == ["c"]

    @shows(Engine.start)
    async def test_a_workflow_that_cannot_be_run_fails_the_node(self, scene: EngineScene) -> None:
        """One that starts itself ends, too."""
        node = {"id": "run", "action": "workflow.run", "with": {"workflow": "{{ TRIGGER }}", "data": "{{ TRIGGER }}"}}
        outer = await scene.workflow(node)
        missing = await scene.run(outer, write_id("wf", bytes(16)))

        endless = await scene.begin(outer, write_id("wf", outer.id))
        record = await scene.until_state(endless, "failed", "succeeded", passing=0.5)

        assert missing.error is not None
        assert missing.error.node == "run"
        assert record.state == "failed"
        assert record.error is not None
        assert "deep" in record.error.message

    @shows(Engine.start)
    async def test_a_parent_that_waits_holds_no_slot(self, scene: EngineScene) -> None:
        """Its child runs in the only one."""
        await scene.restart(slots=1)
        inner = await scene.workflow(call("c", output=1))
        outer = await scene.workflow(_run(inner))
        execution = await scene.begin(outer)

        record = await scene.until_state(execution, "succeeded", passing=0.5)

        assert record.result == 1

    @shows(Engine.cancel)
    async def test_cancelling_reaches_children_and_theirs(self, scene: EngineScene) -> None:
        """Their tries are broken off."""
        leaf = await scene.workflow(call("leaf", hold=True))
        middle = await scene.workflow(_run(leaf))
        top = await scene.workflow(_run(middle), call("after", "run"))
        execution = await scene.begin(top)
        await scene.probe.begun("leaf")
        child = await _child(scene, execution)
        grandchild = await _child(scene, child)

        assert await scene.engine.cancel(scene.org, execution)

        for one in (execution, child, grandchild):
            assert (await scene.record(one)).state == "cancelled"

        async def broken_off() -> bool:
            return not scene.probe.running

        await scene.until(broken_off)
        assert scene.probe.names == ["leaf"]

    @shows(Engine.cancel)
    async def test_a_child_that_is_cancelled_fails_its_node(self, scene: EngineScene) -> None:
        """The parent does not wait for ever."""
        inner = await scene.workflow(call("c", hold=True))
        outer = await scene.workflow(_run(inner))
        execution = await scene.begin(outer)
        await scene.probe.begun("c")
        child = await _child(scene, execution)

        await scene.engine.cancel(scene.org, child)

        record = await scene.until_state(execution, "failed", passing=0.5)
        assert record.error == ExecutionError("run", f"{write_id('exec', child)} was cancelled")

    @shows(Engine.start)
    async def test_a_child_that_takes_too_long_is_cancelled(self, scene: EngineScene) -> None:
        """By the timeout of the node that waits for it."""
        inner = await scene.workflow(call("c", hold=True))
        outer = await scene.workflow(_run(inner, timeout=3))
        execution = await scene.begin(outer)
        await scene.probe.begun("c")
        child = await _child(scene, execution)

        record = await scene.until_state(execution, "failed", passing=1)

        assert record.error == ExecutionError("run", f"{write_id('exec', child)} did not finish in time")
        assert (await scene.until_state(child, "cancelled", passing=0.5)).state == "cancelled"

    @shows(Engine.start_running, Engine.stop)
    async def test_a_parent_hears_of_its_child_after_a_restart(self, scene: EngineScene) -> None:
        """The child is not started a second time."""
        inner = await scene.workflow(call("c", hold=True, output=1))
        outer = await scene.workflow(_run(inner))
        execution = await scene.begin(outer)
        await scene.probe.begun("c")
        child = await _child(scene, execution)

        await scene.restart()
        scene.probe.let("c")

        record = await scene.until_state(execution, "succeeded", passing=0.5)
        assert record.result == 1
        assert (await scene.node(execution, "run")).state == "succeeded"
        listed = await scene.store.executions.list(scene.org, workflow=inner.id, limit=9)
        assert [one.id for one in listed.items] == [child]

    @shows(Engine.start)
    async def test_children_run_where_slots_are_free(self, scene: EngineScene) -> None:
        """In another process, too; the parent hears of them."""
        inner = await scene.workflow(call("c", name="{{ TRIGGER }}", hold=True, output="{{ TRIGGER }}"))
        outer = await scene.workflow(
            _run(inner) | {"for_each": ["x", "y"], "with": {"workflow": write_id("wf", inner.id), "data": "{{ item }}"}}
        )
        async with scene.beside():
            execution = await scene.begin(outer)
            both = asyncio.ensure_future(scene.probe.begun("x", "y"))

            async def begun() -> bool:
                return both.done()

            await scene.until(begun, passing=0.5)
            scene.probe.let("x", "y")
            record = await scene.until_state(execution, "succeeded", passing=0.5)
        assert record.result == ["x", "y"]


async def _failed_child(scene: EngineScene, parent: Id) -> Id:
    """The only child of an execution; a failed node's entry does not name it any more."""
    listed = await scene.store.executions.list(scene.org, state="failed", limit=9)
    [child] = [one.id for one in listed.items if one.parent == parent]
    return child
