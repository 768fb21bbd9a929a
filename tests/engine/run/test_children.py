"""Workflows that run workflows."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.model.ids import write_id
from hub.model.stored.workflow import WorkflowChange
from tests.engine.conftest import OpenRig, Rig
from tests.narrowing import present


def run(workflow: Any, **fields: Any) -> dict[str, Any]:
    return {
        "action": "workflow.run",
        "with": {"workflow": write_id("wf", workflow.id), "data": "{{ TRIGGER }}"} | fields,
    }


HOLD = {"with": {"hold": True, "name": "held", "output": "{{ TRIGGER }}"}}


async def test_a_retry_of_the_node_starts_another_child(rig: Rig) -> None:
    inner = await rig.workflow({"id": "i", "with": {"fails": 1, "output": "ok"}})
    outer = await rig.workflow({"id": "o", "retry": {"initial_seconds": 0}} | run(inner))
    assert (await rig.run(outer)).result == "ok"


async def test_all_that_is_cancelled_is_broken_off_before_anybody_is_told(rig: Rig) -> None:
    """A child that is tried again at once would else be broken off by the cancelling of its former run."""
    inner = await rig.workflow({"id": "i"} | HOLD)
    outer = await rig.workflow({"id": "o"} | run(inner), {"id": "k", "with": {"hold": True, "name": "k"}})
    execution = await rig.begin(outer)
    await rig.probe.begun("held")
    await rig.probe.begun("k")
    told = asyncio.ensure_future(rig.end(execution))
    await rig.let_others_run()
    cancelling = asyncio.ensure_future(rig.engine.cancel(rig.org, execution))
    while execution in rig.engine._runs:  # noqa: ASYNC110 - the very turn of the loop counts
        await asyncio.sleep(0)
    assert not rig.engine._runs
    assert await cancelling
    assert (await told).state == "cancelled"


async def test_a_failure_beside_it_cancels_the_child(rig: Rig) -> None:
    inner = await rig.workflow({"id": "i"} | HOLD)
    outer = await rig.workflow(
        {"id": "o"} | run(inner), {"id": "bad", "with": {"hold": True, "name": "bad", "fails": 9}}
    )
    execution = await rig.begin(outer)
    await rig.probe.begun("held")
    rig.probe.let("bad")
    assert present((await rig.end(execution)).error).node == "bad"
    child = present((await rig.journal(execution))["o", -1].child)
    await rig.until(child, "cancelled")


async def test_a_child_that_ends_while_its_parent_does_something_else_is_noticed(rig: Rig) -> None:
    inner = await rig.workflow({"id": "i"} | HOLD)
    outer = await rig.workflow(
        {"id": "o"} | run(inner),
        {"id": "side", "with": {"hold": True, "name": "side"}},
        {"id": "after", "needs": ["o"]},
    )
    execution = await rig.begin(outer, 3)
    await rig.probe.begun("held")
    await rig.probe.begun("side")
    rig.probe.let("held")
    await rig.probe.begun("after")
    rig.probe.let("side")
    assert (await rig.end(execution)).state == "succeeded"


async def test_a_child_that_ends_in_another_process_is_noticed(open_rig: OpenRig) -> None:
    async with open_rig("one") as rig:
        inner = await rig.workflow({"id": "i"} | HOLD)
        outer = await rig.workflow({"id": "o"} | run(inner))
        execution = await rig.begin(outer, 3)
        await rig.probe.begun("held")
    async with open_rig("two") as other:
        other.probe.let("held")
        assert (await other.end(execution)).result == 3


async def test_a_workflow_that_is_not_there_or_not_published_fails_the_node(rig: Rig) -> None:
    inner = await rig.workflow({"id": "i"} | HOLD)
    outer = await rig.workflow({"id": "o"} | run(inner))
    await rig.store.workflows.change(rig.org, inner.id, WorkflowChange(published=False))
    assert "not published" in present((await rig.run(outer)).error).message
    await rig.store.workflows.delete(rig.org, inner.id)
    assert "no workflow" in present((await rig.run(outer)).error).message


async def test_children_keep_the_serial_key_of_their_workflow(rig: Rig) -> None:
    inner = await rig.workflow({"id": "i", "with": {"name": "{{ TRIGGER }}"}}, serial_key="{{ 'same' }}")
    node = {"id": "o", "for_each": {"items": "{{ TRIGGER }}", "concurrency": 5}} | run(inner, data="n{{ item }}")
    assert (await rig.run(await rig.workflow(node), [1, 2, 3, 4])).state == "succeeded"
    assert rig.probe.most == 1
