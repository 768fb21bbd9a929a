"""What runs next is decided by definition, trigger and journal alone."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from hub.model.retry import Retry
from hub.model.stored.execution import NodeRecord
from hub.sdk.action import Action
from hub.workflows.definition.compiled import Workflow, compile_workflow
from hub.workflows.plan import tries
from hub.workflows.plan.planner import ExecutionOutcome, Plan, Planner, Step, plan

EXECUTION = bytes(16)


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


async def _never(_settings: Anything, _context: object) -> None:
    raise AssertionError


ACTIONS = {"work": Action(name="work", input=Anything, run=_never)}


def workflow(*nodes: Mapping[str, Any], **fields: Any) -> Workflow:
    return compile_workflow({"nodes": [{"action": "work", **node} for node in nodes], **fields}, ACTIONS)


def done(node: str, output: Any = None, *, item: int = -1, finished: int | None = None) -> NodeRecord:
    return NodeRecord(node, "succeeded", item, output=output, finished=finished)


def names(found: Plan) -> list[tuple[str, int]]:
    return [(step.node.id, step.item) for step in found.steps]


def test_independent_nodes_start_at_once_and_dependents_wait() -> None:
    flow = workflow({"id": "a"}, {"id": "b"}, {"id": "c", "needs": ["a", "b"]})
    assert names(plan(flow, {}, [])) == [("a", -1), ("b", -1)]
    assert names(plan(flow, {}, [done("a")])) == [("b", -1)]
    assert names(plan(flow, {}, [done("b"), done("a")])) == [("c", -1)]


def test_a_running_node_is_not_begun_again() -> None:
    found = plan(workflow({"id": "a"}), {}, [NodeRecord("a", "running")])
    assert found == Plan()


def test_a_workflow_without_nodes_succeeds_with_null() -> None:
    assert plan(workflow(), {}, []).outcome == ExecutionOutcome("succeeded", None)


def test_the_result_is_the_output_of_the_node_that_finished_last() -> None:
    flow = workflow({"id": "a"}, {"id": "b"})
    late = plan(flow, {}, [done("a", "late", finished=9), done("b", "early", finished=3)])
    assert late.outcome == ExecutionOutcome("succeeded", "late")
    tie = plan(flow, {}, [done("a", "first", finished=3), done("b", "second", finished=3)])
    assert tie.outcome == ExecutionOutcome("succeeded", "second")


def test_an_explicit_result_is_rendered_from_all_nodes_even_if_it_is_null() -> None:
    flow = workflow({"id": "a"}, {"id": "b"}, result={"sum": "{{ nodes.a.output + nodes.b.output }}"})
    assert plan(flow, {}, [done("a", 1), done("b", 2)]).outcome == ExecutionOutcome("succeeded", {"sum": 3})
    assert plan(workflow({"id": "a"}, result=None), {}, [done("a", 1)]).outcome == ExecutionOutcome("succeeded", None)


def test_a_result_that_cannot_be_rendered_fails_the_execution_without_blaming_a_node() -> None:
    flow = workflow({"id": "a"}, result="{{ TRIGGER.missing }}")
    outcome = plan(flow, {"data": {}}, [done("a")]).outcome
    assert outcome is not None
    assert outcome.state == "failed"
    assert outcome.error is not None
    assert outcome.error.node is None
    assert "missing" in outcome.error.message


def test_a_false_condition_skips_the_node_and_all_that_hangs_on_it() -> None:
    flow = workflow(
        {"id": "a", "if": "TRIGGER.go"}, {"id": "b", "needs": ["a"]}, {"id": "c", "needs": ["b"], "if": "true"}
    )
    found = plan(flow, {"data": {"go": False}}, [])
    assert [(record.node, record.state) for record in found.settled] == [
        ("a", "skipped"),
        ("b", "skipped"),
        ("c", "skipped"),
    ]
    assert found.outcome == ExecutionOutcome("succeeded", None)


def test_a_node_that_joins_branches_runs_when_one_of_them_ran_and_sees_null_for_the_other() -> None:
    flow = workflow(
        {"id": "yes", "if": "TRIGGER.go"},
        {"id": "no", "if": "not TRIGGER.go"},
        {"id": "join", "needs": ["yes", "no"], "if": "nodes.no.output is none"},
    )
    journal = [done("yes", 1), NodeRecord("no", "skipped")]
    assert names(plan(flow, {"data": {"go": True}}, journal)) == [("join", -1)]


def test_a_condition_that_cannot_be_evaluated_fails_its_node() -> None:
    found = plan(workflow({"id": "a", "if": "TRIGGER.nothing.here"}), {"data": {}}, [])
    assert [(record.node, record.state) for record in found.settled] == [("a", "failed")]
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert found.outcome.error.node == "a"


def each(concurrency: int = 2) -> Workflow:
    return workflow({"id": "a", "for_each": {"items": "{{ TRIGGER }}", "concurrency": concurrency}})


def test_items_start_in_order_within_their_concurrency_limit() -> None:
    trigger = {"data": ["x", "y", "z"]}
    assert names(plan(each(), trigger, [])) == [("a", 0), ("a", 1)]
    running = [NodeRecord("a", "running", 0), NodeRecord("a", "running", 1)]
    assert names(plan(each(), trigger, running)) == []
    assert names(plan(each(), trigger, [running[0], done("a", item=1)])) == [("a", 2)]


def test_an_item_that_backs_off_counts_as_unfinished() -> None:
    waiting = NodeRecord("a", "waiting", 0, error="no", due=99)
    found = plan(each(1), {"data": ["x", "y"]}, [waiting])
    assert found.steps == (Step(found.steps[0].node, 0, attempt=2, due=99),)
    assert found.due == 99


def test_outputs_of_items_are_listed_in_the_order_of_the_items() -> None:
    journal = [done("a", output, item=item) for item, output in ((2, "C"), (0, "A"), (1, "B"))]
    found = plan(each(), {"data": ["x", "y", "z"]}, journal)
    assert [(record.node, record.item, record.output) for record in found.settled] == [("a", -1, ["A", "B", "C"])]
    assert found.outcome == ExecutionOutcome("succeeded", ["A", "B", "C"])


def test_an_empty_list_succeeds_at_once() -> None:
    assert plan(each(), {"data": []}, []).outcome == ExecutionOutcome("succeeded", [])


def test_an_item_sees_itself_and_its_index() -> None:
    flow = workflow({"id": "a", "for_each": "{{ TRIGGER }}", "with": {"v": "{{ item }}-{{ index }}"}})
    planner = Planner(flow, {"data": ["x", "y"]})
    planner.plan()
    assert flow.nodes["a"].input(planner.scope(flow.nodes["a"], 1)) == {"v": "y-1"}


def test_after_a_failure_nothing_starts_and_what_runs_may_end() -> None:
    flow = workflow({"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d", "needs": ["b"]})
    journal = [NodeRecord("a", "failed", error="broke"), NodeRecord("b", "running")]
    assert plan(flow, {}, journal) == Plan()
    found = plan(flow, {}, [journal[0], done("b")])
    assert found.steps == ()
    assert found.outcome is not None
    assert found.outcome.state == "failed"
    assert found.outcome.error is not None
    assert (found.outcome.error.node, found.outcome.error.message) == ("a", "broke")


def test_after_a_failure_what_sleeps_backs_off_or_waits_is_cancelled() -> None:
    flow = workflow({"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d"})
    journal = [
        NodeRecord("a", "failed", error="broke"),
        NodeRecord("b", "waiting", due=99),
        NodeRecord("c", "waiting", error="again", due=99),
        NodeRecord("d", "waiting", child=bytes(16)),
    ]
    found = plan(flow, {}, journal)
    assert {record.node: record.state for record in found.settled} == dict.fromkeys("bcd", "cancelled")
    assert found.outcome is not None


def test_a_failed_item_fails_its_node_once_the_other_items_have_ended() -> None:
    failed = NodeRecord("a", "failed", 1, error="broke")
    assert plan(each(), {"data": [1, 2, 3]}, [NodeRecord("a", "running", 0), failed]).outcome is None
    found = plan(each(), {"data": [1, 2, 3]}, [done("a", item=0), failed])
    assert [(record.state, record.error) for record in found.settled] == [("failed", "item 1: broke")]
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert found.outcome.error.node == "a"


def test_waiting_entries_tell_tries_from_sleeps_and_children() -> None:
    flow = workflow({"id": "a"}, {"id": "b"}, {"id": "c"})
    journal = [
        NodeRecord("a", "waiting", error="again", due=7, attempts=2),
        NodeRecord("b", "waiting", due=5),
        NodeRecord("c", "waiting", child=bytes(16)),
    ]
    found = plan(flow, {}, journal)
    assert [(step.node.id, step.attempt, step.due) for step in found.steps] == [("a", 3, 7)]
    assert [record.node for record in found.waits] == ["b", "c"]
    assert found.due == 5


def test_a_deadline_cancels_everything_unfinished() -> None:
    planner = Planner(each(), {"data": [1, 2, 3]})
    planner.put(NodeRecord("a", "running", 0))
    planner.put(NodeRecord("a", "waiting", 1, error="again", due=9))
    planner.plan()
    assert {(record.item, record.state) for record in planner.cancelled()} == {(0, "cancelled"), (1, "cancelled")}


def test_backoff_stays_under_the_ceiling_and_is_the_same_everywhere() -> None:
    retry = Retry(initial_seconds=2, factor=3, max_seconds=10)
    for number, ceiling in ((1, 2), (2, 6), (3, 10), (9, 10)):
        wait = tries.backoff(retry, number, EXECUTION, "a", -1)
        assert ceiling * 500_000 <= wait <= ceiling * 1_000_000
        assert wait == tries.backoff(retry, number, EXECUTION, "a", -1)
    assert tries.backoff(retry, 1, EXECUTION, "a", 0) != tries.backoff(retry, 1, EXECUTION, "a", 1)


def test_retries_end_when_the_policy_is_used_up_and_crashes_use_up_none() -> None:
    retry = Retry(retries=1, initial_seconds=1)
    first = tries.failed(NodeRecord("a", "running", attempts=1), "no", 100, execution=EXECUTION, retry=retry)
    assert first.state == "waiting"
    assert first.due is not None
    assert 500_100 <= first.due <= 1_000_100
    assert tries.failed(
        replace(first, state="running", attempts=2), "no", 9, execution=EXECUTION, retry=retry
    ).state == ("failed")
    crashed = NodeRecord("a", "running", attempts=3, crashes=2)
    assert tries.failed(crashed, "no", 9, execution=EXECUTION, retry=retry).state == "waiting"


@pytest.mark.parametrize(("asked", "least", "most"), [(5.0, 5, 5), (0.0, 0.5, 1), (10**12, 86_400, 86_400)])
def test_retry_after_is_honoured_up_to_a_day(asked: float, least: float, most: float) -> None:
    record = tries.failed(
        NodeRecord("a", "running"), "busy", 0, execution=EXECUTION, retry=Retry(initial_seconds=1), retry_after=asked
    )
    assert record.due is not None
    assert least * 1_000_000 <= record.due <= most * 1_000_000


def test_three_crashes_fail_a_node() -> None:
    record = NodeRecord("a", "running")
    for _ in range(tries.CRASHES - 1):
        record = replace(tries.crashed(record, 5), state="running")
    assert tries.crashed(record, 5).state == "failed"


def test_a_try_broken_off_by_a_stop_does_not_count() -> None:
    record = tries.interrupted(NodeRecord("a", "running", attempts=2, crashes=1))
    assert (record.state, record.attempts, record.crashes) == ("waiting", 1, 1)


# A world in which results arrive in any order and the process ends at any moment -----------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Workflow, dict[str, list[bool]]]:
    """A workflow of up to eight nodes and, for each, how its tries end (the last one holds for all later ones)."""
    count = draw(st.integers(1, 8))
    nodes: list[dict[str, Any]] = []
    ends: dict[str, list[bool]] = {}
    for index in range(count):
        name = f"n{index}"
        needs = draw(st.lists(st.sampled_from(range(index)), unique=True, max_size=3)) if index else []
        node: dict[str, Any] = {"id": name, "needs": [f"n{need}" for need in needs]}
        if draw(st.booleans()):
            node["if"] = draw(st.booleans())
        if draw(st.integers(0, 3)) == 0:
            node["for_each"] = {"items": list(range(draw(st.integers(0, 4)))), "concurrency": draw(st.integers(1, 3))}
        node["retry"] = {"retries": draw(st.integers(0, 2)), "initial_seconds": 1}
        ends[name] = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=1, max_size=3))
        nodes.append(node)
    order = draw(st.permutations(nodes))
    result = {f"n{index}": f"{{{{ nodes.n{index}.output }}}}" for index in range(count)}
    return workflow(*order, result=result), ends


class World:
    """Runs a workflow as an engine would, with results in random order and ends of the process in between."""

    def __init__(self, flow: Workflow, ends: Mapping[str, list[bool]], seed: int, *, crashes: int) -> None:
        self.flow = flow
        self.ends = ends
        self.chance = random.Random(seed)
        self.crashes = crashes
        self.disk: dict[tuple[str, int], NodeRecord] = {}
        self.performed: list[tuple[str, int]] = []
        self.now = 1

    def run(self) -> ExecutionOutcome:
        planner = self._planner(recover=False)
        running: dict[tuple[str, int], NodeRecord] = {}
        for _ in range(2_000):
            self.now += 1
            found = planner.plan()
            for record in found.settled:
                self._keep(planner, replace(record, finished=self.now))
            if found.outcome is not None:
                return found.outcome
            for step in found.steps:
                record = NodeRecord(step.node.id, "running", step.item, step.attempt, crashes=step.crashes)
                self._keep(planner, record)
                running[step.node.id, step.item] = record
            if self.crashes and self.chance.random() < 0.2:
                self.crashes -= 1
                running.clear()
                planner = self._planner(recover=True)
            elif running:
                key = self.chance.choice(sorted(running))
                self._keep(planner, self._end(running.pop(key)))
        raise AssertionError("it never ends")

    def _planner(self, *, recover: bool) -> Planner:
        planner = Planner(self.flow, {})
        journal = list(self.disk.values())
        self.chance.shuffle(journal)
        for record in journal:
            if recover and record.state == "running":
                # the rule of three is tested apart: here every process may end as often as it likes
                self._keep(
                    planner, replace(tries.crashed(replace(record, crashes=0), self.now), crashes=record.crashes + 1)
                )
            else:
                planner.put(record)
        return planner

    def _keep(self, planner: Planner, record: NodeRecord) -> None:
        planner.put(record)
        self.disk[record.node, record.item] = record

    def _end(self, record: NodeRecord) -> NodeRecord:
        ends = self.ends[record.node]
        if ends[min(record.attempts - record.crashes, len(ends)) - 1]:
            self.performed.append((record.node, record.item))
            return replace(record, state="succeeded", output=[record.node, record.item], finished=self.now)
        retry = self.flow.nodes[record.node].retry
        return tries.failed(record, "broke", self.now, execution=EXECUTION, retry=retry)

    def journal(self) -> dict[tuple[str, int], tuple[str, Any, int]]:
        """Every entry without what depends on when and how often the process ended."""
        return {
            key: (record.state, record.output, record.attempts - record.crashes) for key, record in self.disk.items()
        }


@settings(max_examples=150, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 1 << 30), crashes=st.integers(0, 6))
def test_any_order_of_completions_and_crashes_gives_the_same_journal_and_outcome(
    graph: tuple[Workflow, dict[str, list[bool]]], seed: int, crashes: int
) -> None:
    flow, ends = graph
    calm, wild = World(flow, ends, 0, crashes=0), World(flow, ends, seed, crashes=crashes)
    expected, outcome = calm.run(), wild.run()
    assert outcome.state == expected.state
    assert len(wild.performed) == len(set(wild.performed)), "a finished node ran twice"
    if outcome.state == "succeeded":
        assert wild.journal() == calm.journal()
        assert outcome == expected
    else:
        assert not [record for record in wild.disk.values() if record.state in ("running", "waiting")]
        assert outcome.error is not None
        assert wild.disk[outcome.error.node or "", -1].state == "failed"


@settings(max_examples=60, deadline=None)
@given(graph=graphs(), seed=st.integers(0, 1 << 30))
def test_the_plan_depends_on_the_entries_and_not_on_their_order(
    graph: tuple[Workflow, dict[str, list[bool]]], seed: int
) -> None:
    flow, ends = graph
    world = World(flow, ends, seed, crashes=0)
    world.run()
    journal = [record for record in world.disk.values() if world.chance.random() < 0.6]
    shuffled = world.chance.sample(journal, len(journal))
    assert _plain(plan(flow, {}, journal)) == _plain(plan(flow, {}, shuffled))


def _plain(found: Plan) -> tuple[Any, ...]:
    def sort(records: Iterable[NodeRecord]) -> list[str]:
        return sorted(map(repr, records))

    steps = sorted((step.node.id, step.item, step.attempt, step.due) for step in found.steps)
    return sort(found.settled), steps, sort(found.waits), found.outcome
