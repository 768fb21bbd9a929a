"""Inline evaluation and the engine's own run of the same execution come to the same result and the same journal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.engine.inline import InlineEvaluator
from hub.model.stored.execution import Finished, NodeRecord
from hub.model.stored.workflow import WorkflowRecord
from hub.ports.clock import Clock, SystemClock
from hub.testing.clock import ManualClock
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.definition.compiled import compile_workflow
from tests.engine.conftest import OpenRig, Rig

VALUES = st.one_of(
    st.sampled_from(
        ["{{ TRIGGER.n }}", "{{ TRIGGER.n + 1 }}", "{{ TRIGGER }}", "text {{ TRIGGER.name }}", None, 7, "a"]
    ),
    st.sampled_from(["{{ TRIGGER.list | sum }}", {"deep": ["{{ TRIGGER.flag }}"]}, "{{ trigger.headers['X-A'] }}"]),
)
FAILURES = ["{{ TRIGGER.missing }}", "{{ 1 / TRIGGER.zero }}", "{{ TRIGGER.name - 1 }}"]
SELDOM = st.integers(0, 19).map(lambda number: number == 13)
CONDITIONS = [True, False, "TRIGGER.flag", "TRIGGER.n > 2", "{{ TRIGGER.list }}", "trigger.type == 'push'"]


@st.composite
def nodes(draw: st.DrawFn, index: int) -> dict[str, Any]:
    """A node that may need, read and skip after those before it, run per item, or fail."""
    needs = draw(st.lists(st.integers(0, index - 1), unique=True, max_size=3)) if index else []
    reads = [f"{{{{ nodes.n{need}.output }}}}" for need in needs]
    states = [f"nodes.n{need}.state == 'skipped'" for need in needs]
    value = draw(VALUES)
    if draw(SELDOM):
        value = draw(st.sampled_from(FAILURES))
    node: dict[str, Any] = {
        "id": f"n{index}",
        "action": "transform",
        "needs": [f"n{need}" for need in needs],
        "with": {"value": {"at": index, "own": value, "seen": reads}},
    }
    if draw(st.booleans()):
        node["if"] = draw(st.sampled_from([*CONDITIONS, *states]))
        if draw(SELDOM):
            node["if"] = draw(st.sampled_from(FAILURES))
    if draw(SELDOM):
        node["for_each"] = draw(st.sampled_from(["TRIGGER.list", [1, 2, 3], [], "TRIGGER.name"]))
        node["with"] = {"value": ["{{ item }}", "{{ index }}", value]}
    if draw(SELDOM):
        node |= {"action": "fail", "with": {"message": "no"}}
    if draw(SELDOM):
        node["retry"] = {"retries": 1, "initial_seconds": 0}
    return node


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """Up to seven nodes written in any order, with or without a result."""
    found = [draw(nodes(index)) for index in range(draw(st.integers(0, 7)))]
    definition: dict[str, Any] = {"nodes": draw(st.permutations(found))}
    outputs = [f"{{{{ nodes.{node['id']}.output }}}}" for node in found]
    if draw(st.booleans()):
        definition["result"] = draw(st.sampled_from([None, outputs, {"n": "{{ TRIGGER.n }}"}, FAILURES[0], "fixed"]))
    return definition


TRIGGERS = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {
                "n": st.integers(0, 5),
                "zero": st.just(0),
                "flag": st.booleans(),
                "name": st.text(max_size=3),
                "list": st.lists(st.integers(0, 9), max_size=3),
            }
        ),
        "headers": st.just({"x-a": "b"}),
        "type": st.sampled_from(["push", "ping"]),
    }
)
Case = tuple[dict[str, Any], dict[str, Any]]


def described(journal: Sequence[NodeRecord]) -> dict[tuple[str, int], tuple[Any, ...]]:
    return {(one.node, one.item): (one.state, one.attempts, one.input, one.output, one.error) for one in journal}


@dataclass
class Comparison:
    """Runs cases in an engine and compares each with its inline evaluation.

    Attributes:
        evaluated: How many were evaluated inline.
        left: How many were left to the engine.
    """

    rig: Rig
    flow: WorkflowRecord
    evaluated: int = 0
    left: int = 0
    evaluator: InlineEvaluator = field(default_factory=InlineEvaluator)

    async def compare(self, cases: Sequence[Case]) -> None:
        executions = [
            self.rig.execution(self.flow, version=0, definition=definition, trigger=trigger)
            for definition, trigger in cases
        ]
        await self.rig.store.executions.create(executions)
        self.rig.engine.start(executions)
        for execution, (definition, trigger) in zip(executions, cases, strict=True):
            workflow = compile_workflow(definition, CORE_ACTIONS)
            found = self.evaluator.evaluate((execution.id, 1), workflow, trigger, 99)
            await self.agree(found, execution.id, inline=workflow.inline)

    async def agree(self, found: Finished | None, execution: bytes, *, inline: bool) -> None:
        record = await self.rig.end(execution)
        assert (found is not None) == (inline and record.state == "succeeded"), "what fails is left to a run"
        if found is None:
            self.left += 1
            return
        self.evaluated += 1
        assert found.result == record.result
        journal = await self.rig.store.executions.nodes(self.rig.org, execution)
        assert described(found.nodes) == described(journal)
        assert {(one.started, one.finished) for one in found.nodes} <= {(99, 99)}


@pytest.mark.parametrize("clock", [ManualClock(), SystemClock()], ids=["time stands still", "time passes"])
def test_inline_evaluation_and_a_run_agree(open_rig: OpenRig, clock: Clock) -> None:
    """While time stands still, no finish times tell a run which node was the last one."""
    with asyncio.Runner() as runner:
        opened = open_rig(with_clock=clock)
        rig = runner.run(opened.__aenter__())
        comparison = Comparison(rig, runner.run(rig.workflow()))

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(cases=st.lists(st.tuples(definitions(), TRIGGERS), min_size=4, max_size=12))
        def agree(cases: list[Case]) -> None:
            runner.run(comparison.compare(cases))

        try:
            agree()
        finally:
            runner.run(opened.__aexit__(None, None, None))
    assert comparison.evaluated > 50
    assert comparison.left > 50
