"""What is worked out before the acceptance comes out as a run would have it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.engine.instant import Instant
from hub.errors import ExpressionError
from hub.model.ids import new_id
from hub.model.stored.execution import Finished, NodeRecord
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.definition.compiled import compile_workflow
from hub.workflows.plan.planner import Outcome, Planner

TRIGGER = {"data": {"n": 3, "list": [1, 2]}, "headers": {"a": "b"}, "type": "webhook"}
NOW = 1_000


def _node(name: str, value: Any, *needs: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "action": "transform", "with": {"value": value}, "needs": list(needs), **fields}


FLOWS: dict[str, dict[str, Any]] = {
    "one": {"nodes": [_node("a", "{{ TRIGGER }}")]},
    "chain": {"nodes": [_node("a", "{{ TRIGGER.n + 1 }}"), _node("b", "{{ nodes.a.output * 2 }}", "a")]},
    "backwards": {"nodes": [_node("b", "{{ nodes.a.output * 2 }}", "a"), _node("a", "{{ TRIGGER.n + 1 }}")]},
    "uneven": {"nodes": [_node("a", 1), _node("b", "{{ nodes.a.output }}", "a"), _node("c", 3)]},
    "skipped": {"nodes": [_node("a", 1, **{"if": "{{ TRIGGER.n > 5 }}"}), _node("b", 2, "a"), _node("c", 3)]},
    "joined": {
        "nodes": [
            _node("a", 1, **{"if": "{{ TRIGGER.n > 5 }}"}),
            _node("b", 2),
            _node("c", "{{ nodes.b.output + 1 }}", "a", "b"),
        ]
    },
    "all skipped": {"nodes": [_node("a", 1, **{"if": "{{ false }}"})]},
    "result": {"nodes": [_node("a", 1), _node("b", 2)], "result": {"sum": "{{ nodes.a.output + nodes.b.output }}"}},
}


def _run(definition: dict[str, Any]) -> tuple[Outcome, dict[str, NodeRecord]]:
    """What the planner makes of it, one node after the other."""
    planner = Planner(compile_workflow(definition, CORE_ACTIONS), TRIGGER)
    entries: dict[str, NodeRecord] = {}
    moment = NOW
    while True:
        plan = planner.plan()
        entries |= {record.node: record for record in plan.settled}
        if plan.outcome is not None:
            return plan.outcome, entries
        for step in plan.steps:
            moment += 1
            rendered = step.node.input(planner.scope(step.node))
            record = NodeRecord(
                step.node.id, "succeeded", input=rendered, output=rendered["value"], started=moment, finished=moment
            )
            planner.put(record)
            entries[record.node] = record


def _instant(definition: dict[str, Any]) -> Finished | None:
    return Instant().finished((new_id(), 1), compile_workflow(definition, CORE_ACTIONS), TRIGGER, NOW)


@pytest.mark.parametrize("name", FLOWS)
def test_result_and_journal_are_those_of_a_run(name: str) -> None:
    outcome, entries = _run(FLOWS[name])

    found = _instant(FLOWS[name])

    assert found is not None
    assert (outcome.state, found.result, found.at) == ("succeeded", outcome.result, NOW)
    assert len(found.nodes) == len(entries)
    for record in found.nodes:
        meant = entries[record.node]
        assert (record.state, record.attempts) == (meant.state, meant.attempts)
        assert (record.input, record.output) == (meant.input, meant.output)
        assert (record.started, record.finished) == (NOW, NOW)


@pytest.mark.parametrize(
    "definition",
    [
        {"nodes": [_node("a", "{{ TRIGGER.n }}"), {"id": "z", "action": "sleep", "with": {"seconds": 1}}]},
        {"nodes": [_node("a", "{{ item }}", for_each="{{ TRIGGER.list }}")]},
        {"nodes": [_node("a", 1, retry={"retries": 2})]},
        {"nodes": [_node("a", 1)], "concurrency": 1},
        {"nodes": [_node("a", 1)], "serial_key": "{{ TRIGGER.n }}"},
        {"nodes": [_node(f"n{number}", 1) for number in range(9)]},
    ],
    ids=["an effect", "a loop", "another try", "a limit", "a serial key", "many nodes"],
)
def test_what_needs_a_run_is_left_to_one(definition: dict[str, Any]) -> None:
    assert _instant(definition) is None


def test_a_node_that_fails_is_left_to_a_run() -> None:
    definition = {"nodes": [_node("a", "{{ TRIGGER.missing }}")]}

    with pytest.raises(ExpressionError):
        _run(definition)
    assert _instant(definition) is None
