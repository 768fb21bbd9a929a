"""One execution: what is written when, what runs at once, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, event

from hub.model.execution import ExecutionError


def fixed(value: Any) -> dict[str, Any]:
    return {"action": "transform", "with": {"value": value}}


async def test_a_pure_workflow_runs_to_its_result(rig: Any) -> None:
    flow = await rig.workflow(
        {"id": "a"} | fixed("{{ TRIGGER.n + 1 }}"),
        {"id": "b", "needs": ["a"]} | fixed({"twice": "{{ nodes.a.output * 2 }}"}),
    )
    record = await rig.run(flow, {"n": 20})
    assert (record.state, record.result) == ("succeeded", {"twice": 42})
    stored = await rig.record(record.id)
    assert (stored.state, stored.result, stored.error) == ("succeeded", {"twice": 42}, None)
    journal = await rig.journal(record.id)
    assert {key: (node.state, node.output) for key, node in journal.items()} == {
        ("a", -1): ("succeeded", 21),
        ("b", -1): ("succeeded", {"twice": 42}),
    }
    assert journal["b", -1].input == {"value": {"twice": 42}}


async def test_a_claimed_execution_runs_the_same_way(rig: Any) -> None:
    flow = await rig.workflow({"id": "a"} | fixed("{{ TRIGGER }}"))
    execution = await rig.queue(flow, [1])
    rig.engine.wake()
    assert (await rig.end(execution)).result == [1]
