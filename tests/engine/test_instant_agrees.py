"""Instant executions and planned ones agree on any graph of `transform` nodes."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.instant import Instant
from hub.model.stored.execution import NodeRecord
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.definition.compiled import compile_workflow
from hub.workflows.definition.workflow import Workflow
from hub.workflows.plan.planner import Outcome, Planner

TRIGGER = {"data": {"n": 3}}


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    """Up to six `transform` nodes that need, skip and read each other."""
    nodes: list[dict[str, Any]] = []
    for index in range(draw(st.integers(0, 6))):
        needs = draw(st.lists(st.sampled_from(range(index)), unique=True, max_size=3)) if index else []
        reads = [f"nodes.n{need}.output" for need in needs]
        node: dict[str, Any] = {
            "id": f"n{index}",
            "action": "transform",
            "needs": [f"n{need}" for need in needs],
            "with": {"value": {"at": index, "seen": [f"{{{{ {read} }}}}" for read in [*reads, "TRIGGER.n"]]}},
        }
        if draw(st.booleans()):
            node["if"] = draw(st.sampled_from([True, False, "TRIGGER.n == 3", "TRIGGER.missing"]))
        nodes.append(node)
    result = {"result": "{{ TRIGGER.n }}"} if draw(st.booleans()) else {}
    return compile_workflow({"nodes": draw(st.permutations(nodes)), **result}, CORE_ACTIONS)


def by_plan(workflow: Workflow) -> tuple[Outcome, dict[str, NodeRecord]]:
    """What the rules of the plan come to, one wave of nodes after the other."""
    planner = Planner(workflow, TRIGGER)
    journal: dict[str, NodeRecord] = {}
    for now in count(1):
        found = planner.plan()
        for record in found.settled:
            journal[record.node] = replace(record, finished=now)
            planner.put(journal[record.node])
        if found.outcome is not None:
            return found.outcome, journal
        for step in found.steps:
            output = step.node.input(planner.scope(step.node))["value"]
            journal[step.node.id] = NodeRecord(step.node.id, "succeeded", output=output, finished=now)
            planner.put(journal[step.node.id])
    raise AssertionError


@settings(max_examples=150, deadline=None)
@given(workflow=workflows())
def test_the_result_and_the_journal_are_those_of_the_plan(workflow: Workflow) -> None:
    outcome, journal = by_plan(workflow)
    finished = Instant().finished((bytes(16), 1), workflow, TRIGGER, 99)
    assert (finished is not None) == (outcome.state == "succeeded"), "what fails is left to a run"
    if finished is not None:
        assert finished.result == outcome.result
        assert {node.node: (node.state, node.output) for node in finished.nodes} == {
            node.node: (node.state, node.output) for node in journal.values()
        }
