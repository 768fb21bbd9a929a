"""What is evaluated while a request is accepted, and what is left to a run."""

from __future__ import annotations

from typing import Any

import pytest

from hub.engine.inline import InlineEvaluator
from hub.model.ids import new_id
from hub.model.stored.execution import Finished
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.definition.compiled import compile_workflow

TRIGGER = {"data": {"n": 3, "list": [1, 2]}, "headers": {"a": "b"}, "type": "webhook"}
NOW = 1_000


def _node(name: str, value: Any, *needs: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "action": "transform", "with": {"value": value}, "needs": list(needs), **fields}


def _evaluate(definition: dict[str, Any]) -> Finished | None:
    return InlineEvaluator().evaluate((new_id(), 1), compile_workflow(definition, CORE_ACTIONS), TRIGGER, NOW)


SKIPPED: dict[str, Any] = {"if": "{{ TRIGGER.n > 5 }}"}
CASES: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
    "one": ({"nodes": [_node("a", "{{ TRIGGER.n }}")]}, 3, {"a": 3}),
    "none": ({"nodes": []}, None, {}),
    "a chain": (
        {"nodes": [_node("a", "{{ TRIGGER.n + 1 }}"), _node("b", "{{ nodes.a.output * 2 }}", "a")]},
        8,
        {"a": 4, "b": 8},
    ),
    "written backwards": (
        {"nodes": [_node("b", "{{ nodes.a.output * 2 }}", "a"), _node("a", "{{ TRIGGER.n + 1 }}")]},
        8,
        {"a": 4, "b": 8},
    ),
    "branches of unequal length": (
        {"nodes": [_node("a", 1), _node("b", "{{ nodes.a.output }}", "a"), _node("c", 3)]},
        1,
        {"a": 1, "b": 1, "c": 3},
    ),
    "a branch that ends": (
        {"nodes": [_node("a", 1, **SKIPPED), _node("b", 2, "a"), _node("c", 3)]},
        3,
        {"a": "skipped", "b": "skipped", "c": 3},
    ),
    "a skipped branch that joins": (
        {"nodes": [_node("a", 1, **SKIPPED), _node("b", 2), _node("c", "{{ nodes.b.output + 1 }}", "a", "b")]},
        3,
        {"a": "skipped", "b": 2, "c": 3},
    ),
    "all skipped": ({"nodes": [_node("a", 1, **SKIPPED)]}, None, {"a": "skipped"}),
    "a result": (
        {"nodes": [_node("a", 1), _node("b", 2)], "result": {"sum": "{{ nodes.a.output + nodes.b.output }}"}},
        {"sum": 3},
        {"a": 1, "b": 2},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_evaluates(name: str) -> None:
    definition, result, outputs = CASES[name]

    found = _evaluate(definition)

    assert found is not None
    assert (found.result, found.at) == (result, NOW)
    assert {node.node: node.output if node.state == "succeeded" else node.state for node in found.nodes} == outputs
    assert all((node.started, node.finished) == (NOW, NOW) for node in found.nodes)


@pytest.mark.parametrize(
    "definition",
    [
        {"nodes": [_node("a", "{{ TRIGGER.n }}"), {"id": "z", "action": "sleep", "with": {"seconds": 1}}]},
        {"nodes": [_node("a", "{{ item }}", for_each="{{ TRIGGER.list }}")]},
        {"nodes": [_node("a", 1, retry={"retries": 2})]},
        {"nodes": [_node("a", 1)], "concurrency": 1},
        {"nodes": [_node("a", 1)], "serial_key": "{{ TRIGGER.n }}"},
        {"nodes": [_node(f"n{number}", 1) for number in range(9)]},
        {"nodes": [_node("a", "{{ TRIGGER.missing }}")]},
        {"nodes": [_node("a", 1, **{"if": "{{ TRIGGER.missing }}"})]},
        {"nodes": [_node("a", 1)], "result": "{{ TRIGGER.missing }}"},
    ],
    ids=[
        "an effect",
        "a loop",
        "another try",
        "a limit",
        "a serial key",
        "many nodes",
        "a node that fails",
        "a condition that fails",
        "a result that fails",
    ],
)
def test_it_leaves_to_a_run(definition: dict[str, Any]) -> None:
    assert _evaluate(definition) is None


def test_a_version_that_is_slow_three_times_in_a_row_is_left_to_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator, key = InlineEvaluator(), (new_id(), 1)
    workflow = compile_workflow({"nodes": [_node("a", "{{ TRIGGER.n }}")]}, CORE_ACTIONS)
    seconds = iter([0.0, 1.0] * 2 + [0.0, 0.0] + [0.0, 1.0] * 3)
    monkeypatch.setattr("hub.engine.inline.time.perf_counter", lambda: next(seconds))

    for _ in range(6):  # twice slow, once quick, three times slow
        assert evaluator.evaluate(key, workflow, TRIGGER, NOW) is not None

    assert evaluator.evaluate(key, workflow, TRIGGER, NOW) is None
