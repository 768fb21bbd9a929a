"""One execution: what is written when. What every engine promises is in `../test_conformance.py`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord
from tests.engine.conftest import Rig


def fixed(value: Any) -> dict[str, Any]:
    return {"action": "transform", "with": {"value": value}}


def held(**fields: Any) -> dict[str, Any]:
    return {"with": {"hold": True} | fields}


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


async def test_many_pure_items_leave_one_entry(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "for_each": "{{ range(500) }}"} | fixed("{{ item * 2 }}"))
    record = await rig.run(flow)
    assert record.result == [index * 2 for index in range(500)]
    assert list(await rig.journal(record.id)) == [("a", -1)]


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


async def test_a_sleep_within_the_timeout_of_its_node_succeeds(rig: Rig) -> None:
    flow = await rig.workflow({"id": "s", "action": "sleep", "timeout": 60, "with": {"seconds": 60}})
    execution = await rig.begin(flow)
    await rig.until(execution, "waiting")
    rig.clock.advance(60)
    assert (await rig.end(execution)).state == "succeeded"


async def test_a_version_that_cannot_run_any_more_fails_with_the_reason(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "action": "probe.gone"})
    record = await rig.run(flow)
    assert record.error is not None
    assert record.error.node is None
    assert "probe.gone" in record.error.message


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
        await rig.let_others_run()
    signalled = asyncio.ensure_future(rig.engine.signal(rig.org, execution, "a", "approved"))
    rig.clock.advance(61)
    await signalled
    rig.probe.let("keep")
    record = await rig.end(execution)
    assert (record.state, record.result) == ("succeeded", "approved")
    entry = (await rig.journal(execution))["a", -1]
    assert (entry.state, entry.output) == ("succeeded", "approved")
