"""One execution: what is written when, what runs at once, and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from hub.errors import Conflict, NotFound
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.execution import ExecutionError, ExecutionRecord
from hub.model.stored.workflow import WorkflowChange
from tests.engine.conftest import OpenRig, Rig


def fixed(value: Any) -> dict[str, Any]:
    return {"action": "transform", "with": {"value": value}}


def held(**fields: Any) -> dict[str, Any]:
    return {"with": {"hold": True} | fields}


async def test_a_pure_workflow_runs_to_its_result(rig: Rig) -> None:
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


async def test_a_pure_workflow_costs_one_journal_write(rig: Rig, count_commits: Any) -> None:
    nodes = [{"id": f"n{index}", "needs": [f"n{index - 1}"] if index else []} | fixed(index) for index in range(10)]
    flow = await rig.workflow(*nodes)
    await rig.run(flow)  # compiled now
    with count_commits() as commits:
        await rig.run(flow)
    assert commits() == 2, "one for the acceptance, one for the whole execution"


async def test_each_effect_costs_one_write_more(rig: Rig, count_commits: Any) -> None:
    flow = await rig.workflow(
        {"id": "a"} | fixed(1),
        {"id": "b", "needs": ["a"]},
        {"id": "c", "needs": ["b"]} | fixed(2),
        {"id": "d", "needs": ["c"]},
    )
    await rig.run(flow)
    with count_commits() as commits:
        await rig.run(flow)
    assert commits() == 4, "acceptance; before b; b's end with c before d; the end"


async def test_a_node_with_an_effect_is_journalled_as_running_before_it(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "a"} | fixed("{{ TRIGGER }}"), {"id": "b", "needs": ["a"]} | held(output="{{ nodes.a.output }}")
    )
    execution = await rig.begin(flow, 7)
    await rig.probe.begun("b")
    journal = await rig.journal(execution)
    assert journal["a", -1].state == "succeeded"
    assert (journal["b", -1].state, journal["b", -1].input) == ("running", {"hold": True, "output": 7})
    rig.probe.let("b")
    assert (await rig.end(execution)).result == 7


async def test_independent_nodes_run_at_once(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a"} | held(), {"id": "b"} | held(), {"id": "c", "needs": ["a", "b"]})
    execution = await rig.begin(flow)
    await rig.probe.begun("a")
    await rig.probe.begun("b")
    rig.probe.let("a")
    rig.probe.let("b")
    await rig.end(execution)
    assert rig.probe.names[2:] == ["c"]


async def test_the_end_of_one_node_is_kept_while_another_runs_on(rig: Rig) -> None:
    flow = await rig.workflow({"id": "quick"}, {"id": "slow"} | held())
    execution = await rig.begin(flow)
    await rig.probe.begun("slow")
    while (await rig.journal(execution))["quick", -1].state != "succeeded":
        await rig.turn()
    rig.probe.let("slow")
    await rig.end(execution)


async def test_items_run_within_their_limit_and_their_outputs_keep_their_order(rig: Rig) -> None:
    flow = await rig.workflow(
        {
            "id": "a",
            "for_each": {"items": "{{ TRIGGER }}", "concurrency": 3},
            "with": {"name": "n{{ item }}", "output": "{{ item }}"},
        }
    )
    record = await rig.run(flow, list(range(20)))
    assert record.result == list(range(20))
    assert rig.probe.most <= 3
    keys = [key for _, key in rig.probe.calls]
    assert keys[0] == f"{write_id('exec', record.id)}/a/0"
    assert len(set(keys)) == 20


async def test_many_pure_items_leave_one_entry(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "for_each": "{{ range(500) }}"} | fixed("{{ item * 2 }}"))
    record = await rig.run(flow)
    assert record.result == [index * 2 for index in range(500)]
    assert list(await rig.journal(record.id)) == [("a", -1)]


async def test_a_node_that_fails_ends_the_execution_with_its_name(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "with": {"fails": 9}}, {"id": "b", "needs": ["a"]})
    record = await rig.run(flow)
    assert (record.state, record.result) == ("failed", None)
    assert record.error == ExecutionError("a", "a said no")
    assert (await rig.record(record.id)).error == record.error
    assert list(await rig.journal(record.id)) == [("a", -1)]


async def test_what_runs_when_another_node_fails_may_end_and_is_kept(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "bad", "with": {"fails": 9}}, {"id": "good"} | held(), {"id": "z", "needs": ["good"]}
    )
    execution = await rig.begin(flow)
    await rig.probe.begun("good")
    while (await rig.journal(execution))["bad", -1].state != "failed":
        await rig.turn()
    rig.probe.let("good")
    assert (await rig.end(execution)).state == "failed"
    assert (await rig.journal(execution))["good", -1].state == "succeeded"
    assert "z" not in rig.probe.names


async def test_an_expression_that_fails_names_the_node(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "retry": {"retries": 3}} | fixed("{{ TRIGGER.missing }}"))
    record = await rig.run(flow, {})
    assert record.error is not None
    assert record.error.node == "a"
    assert "missing" in record.error.message


async def test_a_setting_that_does_not_fit_the_action_fails_its_node(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "retry": {"retries": 3}, "with": {"fails": "{{ TRIGGER }}"}})
    record = await rig.run(flow, "many")
    assert record.error is not None
    assert record.error.message.startswith("fails: ")


async def test_the_output_of_an_action_has_to_be_json(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "action": "probe.odd"})
    record = await rig.run(flow)
    assert record.error is not None
    assert "not a JSON value" in record.error.message


async def test_a_try_that_takes_too_long_fails(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "timeout": 0.01} | held())
    record = await rig.run(flow)
    assert record.error == ExecutionError("a", "no result within 0.01 s")


async def test_a_node_is_tried_again_after_its_backoff_and_holds_no_slot_meanwhile(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "with": {"fails": 2, "output": "ok"}, "retry": {"initial_seconds": 60}})
    execution = await rig.begin(flow)
    for attempt in (1, 2):
        resting = await rig.until(execution, "waiting")
        node = (await rig.journal(execution))["a", -1]
        assert (node.state, node.attempts, node.error) == ("waiting", attempt, "a said no")
        assert node.due == resting.due
        assert rig.clock.now() < resting.due <= rig.clock.now() + 120_000_000
        await rig.idle()
        rig.clock.set(resting.due)
        await rig.until_calls(attempt + 1)
    record = await rig.end(execution)
    assert (record.state, record.result) == ("succeeded", "ok")
    assert len({key for _, key in rig.probe.calls}) == 1, "the same idempotency key each time"


async def test_an_error_that_no_retry_can_mend_is_not_tried_again(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "with": {"fails": 1, "retryable": False}, "retry": {}})
    assert (await rig.run(flow)).state == "failed"
    assert rig.probe.names == ["a"]


async def test_a_sleep_survives_a_restart_and_holds_no_slot(open_rig: OpenRig, clock: Any) -> None:
    async with open_rig("one") as rig:
        flow = await rig.workflow(
            {"id": "a", "action": "sleep", "with": {"seconds": 3600}}, {"id": "b", "needs": ["a"]} | fixed("late")
        )
        execution = await rig.begin(flow)
        resting = await rig.until(execution, "waiting")
        assert resting.due == clock.now() + 3_600_000_000
        await rig.idle()
    async with open_rig("two") as rig:
        waiting = rig.end(execution)
        clock.advance(3601)
        record = await waiting
        assert (record.state, record.result) == ("succeeded", "late")
        assert (await rig.journal(execution))["a", -1].output["until"]


async def test_a_workflow_has_a_deadline(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "a"} | held(), {"id": "s", "action": "sleep", "with": {"seconds": 900}}, deadline=60
    )
    execution = await rig.begin(flow)
    await rig.probe.begun("a")
    rig.clock.advance(61)
    record = await rig.end(execution)
    assert record.error == ExecutionError(None, "not finished within 60 s")
    assert {node.state for node in (await rig.journal(execution)).values()} == {"cancelled"}
    assert not rig.probe.running


async def test_a_sleeping_execution_has_a_deadline_too(rig: Rig) -> None:
    flow = await rig.workflow({"id": "s", "action": "sleep", "with": {"seconds": 900}}, deadline=60)
    execution = await rig.begin(flow)
    await rig.until(execution, "waiting")
    rig.clock.advance(61)
    assert (await rig.end(execution)).state == "failed"


async def test_a_sleep_ends_at_the_timeout_of_its_node(rig: Rig) -> None:
    flow = await rig.workflow({"id": "s", "action": "sleep", "timeout": 2.5, "with": {"seconds": 900}})
    execution = await rig.begin(flow)
    assert (await rig.until(execution, "waiting")).due == rig.clock.now() + 2_500_000
    rig.clock.advance(3)
    record = await rig.end(execution)
    assert record.error == ExecutionError("s", "slept longer than the node's timeout allows")
    assert (await rig.journal(execution))["s", -1].state == "failed"


async def test_a_sleep_within_the_timeout_of_its_node_succeeds(rig: Rig) -> None:
    flow = await rig.workflow({"id": "s", "action": "sleep", "timeout": 60, "with": {"seconds": 60}})
    execution = await rig.begin(flow)
    await rig.until(execution, "waiting")
    rig.clock.advance(60)
    assert (await rig.end(execution)).state == "succeeded"


async def test_a_retried_execution_runs_its_failed_nodes_only(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "with": {"output": 1}}, {"id": "b", "needs": ["a"], "with": {"fails": 1}})
    first = await rig.run(flow)
    assert first.state == "failed"
    await rig.engine.retry(rig.org, first.id)
    assert (await rig.end(first.id)).state == "succeeded"
    assert rig.probe.names == ["a", "b", "b"]
    with pytest.raises(Conflict):
        await rig.engine.retry(rig.org, first.id)
    with pytest.raises(NotFound):
        await rig.engine.retry(rig.org, new_id())


async def test_a_retry_keeps_the_version_that_the_execution_started_with(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "with": {"fails": 1}}, {"id": "b", "needs": ["a"]} | fixed("old"))
    first = await rig.run(flow)
    definition = {"nodes": [{"id": "b"} | fixed("new")]}
    await rig.store.workflows.change(rig.org, flow.id, WorkflowChange(draft=definition, published=True))
    await rig.engine.retry(rig.org, first.id)
    assert (await rig.end(first.id)).result == "old"


async def test_a_version_that_cannot_run_any_more_fails_with_the_reason(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "action": "probe.gone"})
    record = await rig.run(flow)
    assert record.error is not None
    assert record.error.node is None
    assert "probe.gone" in record.error.message


async def test_a_draft_runs_its_own_copy(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a"} | fixed("published"))
    draft = {"nodes": [{"id": "a"} | fixed("draft")]}
    record = await rig.run(flow, version=0, definition=draft)
    assert record.result == "draft"
    queued = await rig.queue(flow, version=0, definition=draft)
    rig.engine.wake()
    assert (await rig.end(queued)).result == "draft"


async def test_a_large_output_reaches_the_next_node_and_the_result_whole(rig: Rig, tmp_path: Any) -> None:
    large = "x" * 200_000
    flow = await rig.workflow(
        {"id": "a", "with": {"output": "{{ TRIGGER }}"}},
        {"id": "s", "action": "sleep", "needs": ["a"], "with": {"seconds": 60}},
        {"id": "b", "needs": ["s", "a"]} | fixed("{{ nodes.a.output }}"),
    )
    execution = await rig.begin(flow, large)
    await rig.until(execution, "waiting")
    rig.clock.advance(61)
    assert (await rig.end(execution)).result == large
    assert (await rig.journal(execution))["a", -1].output == large
    database = create_engine(f"sqlite:///{tmp_path}/data/hub.db")
    with database.connect() as connection:
        sizes = connection.execute(text("SELECT output, output_ref FROM nodes WHERE node = 'a'")).one()
    database.dispose()
    assert sizes.output is None
    assert sizes.output_ref


async def test_what_finishes_here_during_the_first_look_into_the_store_is_not_missed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = rig.store.executions.get
    looked, over = asyncio.Event(), asyncio.Event()

    async def slow(org: Id, execution: Id) -> ExecutionRecord:
        record: ExecutionRecord = await read(org, execution)
        looked.set()
        await over.wait()
        return record

    execution = await rig.queue(await rig.workflow({"id": "a", "with": {"output": 1}}))
    monkeypatch.setattr(rig.store.executions, "get", slow)
    waiting = asyncio.ensure_future(rig.end(execution))
    await looked.wait()
    monkeypatch.undo()
    rig.engine.wake()
    await rig.until(execution, "succeeded")
    over.set()
    assert (await waiting).result == 1


async def test_a_signal_that_crosses_the_next_try_of_its_node_is_not_lost(rig: Rig) -> None:
    """The signal is in the store before the run, whose timer has just rung, writes that the node runs again."""
    flow = await rig.workflow(
        {"id": "a", "with": {"fails": 1, "output": "tried"}, "retry": {"initial_seconds": 60}},
        {"id": "keep", "with": {"hold": True, "name": "keep"}},
        {"id": "b", "needs": ["a"], "action": "transform", "with": {"value": "{{ nodes.a.output }}"}},
        result="{{ nodes.b.output }}",
    )
    execution = await rig.begin(flow)
    await rig.probe.begun("keep")
    while ("a", -1) not in (journal := await rig.journal(execution)) or journal["a", -1].state != "waiting":
        await rig.turn()
    signalled = asyncio.ensure_future(rig.engine.signal(rig.org, execution, "a", "approved"))
    rig.clock.advance(61)
    await signalled
    rig.probe.let("keep")
    record = await rig.end(execution)
    assert (record.state, record.result) == ("succeeded", "approved")
    entry = (await rig.journal(execution))["a", -1]
    assert (entry.state, entry.output) == ("succeeded", "approved")
