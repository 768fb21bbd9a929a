"""The engine of one process: slots, waiting senders, cancelling, stopping."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from hub.errors import NotFound
from hub.model.ids import new_id
from hub.model.stored.execution import ExecutionError
from tests.engine.conftest import OpenRig, Rig
from tests.narrowing import present

HOLD = {"with": {"hold": True, "name": "{{ TRIGGER }}"}}


def fixed(value: Any) -> dict[str, Any]:
    return {"action": "transform", "with": {"value": value}}


async def test_starting_an_execution_twice_runs_it_once(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a"})
    execution = rig.execution(flow, lease=rig.engine.lease())
    await rig.store.executions.create([execution])
    rig.engine.start([execution, execution])
    rig.engine.start([execution])
    await rig.end(execution.id)
    rig.engine.start([execution])
    assert rig.probe.names == ["a"]


async def test_no_more_executions_run_at_once_than_there_are_slots(open_rig: OpenRig) -> None:
    async with open_rig(slots=4) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        ids = [await rig.queue(flow, f"n{index}") for index in range(12)]
        rig.engine.wake()
        ends = [asyncio.ensure_future(rig.end(one)) for one in ids]
        for index in range(12):
            await rig.probe.begun(f"n{index}")
            rig.probe.let(f"n{index}")
        assert {end.state for end in await asyncio.gather(*ends)} == {"succeeded"}
        assert rig.probe.most == 3, "one of four slots is kept for waiting senders"
        await rig.idle()


async def test_a_waiting_sender_finds_a_slot_though_queued_work_fills_its_own(open_rig: OpenRig) -> None:
    async with open_rig(slots=4) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        for index in range(6):
            await rig.queue(flow, f"q{index}")
        rig.engine.wake()
        for index in range(3):
            await rig.probe.begun(f"q{index}")
        assert rig.engine.lease() is None
        waiting = await rig.begin(flow, "w", priority=0)
        await rig.probe.begun("w")
        rig.probe.let("w")
        assert (await rig.end(waiting)).state == "succeeded"


async def test_queued_work_keeps_a_share_though_senders_wait(open_rig: OpenRig) -> None:
    async with open_rig(slots=4) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        for index in range(8):
            await rig.begin(flow, f"w{index}", priority=0)
        await rig.until_calls(3)
        assert rig.engine.lease(waiting=True) is None
        await rig.queue(flow, "q")
        rig.engine.wake()
        await rig.probe.begun("q")
        assert rig.probe.most == 4


async def test_waiting_senders_are_claimed_before_queued_work(open_rig: OpenRig) -> None:
    async with open_rig(slots=1) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        first = await rig.begin(flow, "first")
        await rig.probe.begun("first")
        await rig.begin(flow, "queued")
        await rig.begin(flow, "waiting", priority=0)
        rig.probe.let("first")
        await rig.end(first)
        await rig.probe.begun("waiting")
        assert rig.probe.names == ["first", "waiting"]


async def test_what_comes_while_work_is_queued_stands_in_line(open_rig: OpenRig) -> None:
    async with open_rig(slots=1) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        await rig.begin(flow, "first")
        await rig.probe.begun("first")
        await rig.begin(flow, "second")
        rig.probe.let("first")
        assert rig.engine.lease() is None


async def test_a_lease_that_came_to_nothing_gives_its_slot_back(open_rig: OpenRig) -> None:
    async with open_rig(slots=1) as rig:
        lease = await settled_lease(rig)
        assert rig.engine.lease() is None
        rig.engine.release(lease)
        rig.engine.release(lease)
        assert rig.engine.lease() is not None


async def test_a_lease_that_is_forgotten_gives_its_slot_back_when_it_ends(open_rig: OpenRig) -> None:
    async with open_rig(slots=1, lease_seconds=30) as rig:
        await settled_lease(rig)
        for _ in range(5):
            rig.clock.advance(10)
            await rig.turn()
        await rig.idle()


async def settled_lease(rig: Rig) -> Any:
    """A lease once the engine has seen that nothing is queued."""
    while (lease := rig.engine.lease()) is None:
        await rig.turn()
    return lease


async def test_it_is_saturated_when_many_wait_and_no_slot_is_free(open_rig: OpenRig) -> None:
    async with open_rig(slots=2) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        waits = []
        for index in range(4):
            assert not rig.engine.saturated()
            execution = await rig.begin(flow, f"n{index}", priority=0)
            waits.append(asyncio.ensure_future(rig.end(execution)))
            await asyncio.sleep(0)
        while rig.engine._waits.count < 4:
            await rig.turn()
        await rig.until_calls(1)
        assert rig.engine.saturated()
        for index in range(4):
            rig.probe.let(f"n{index}")
        await asyncio.gather(*waits)
        assert not rig.engine.saturated()


async def test_a_wait_ends_at_its_deadline(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a"} | HOLD)
    execution = await rig.begin(flow, "n")
    await rig.probe.begun("n")
    wait = asyncio.ensure_future(rig.engine.wait(rig.org, execution, rig.clock.now() + 30_000_000))
    while rig.clock.next_wake is None or not rig.engine._waits.count:
        await rig.turn()
    rig.clock.advance(31)
    assert await wait is None


async def test_a_wait_for_nothing_and_for_another_orgs_execution_are_refused(rig: Rig) -> None:
    with pytest.raises(NotFound):
        await rig.engine.wait(rig.org, new_id(), rig.clock.now())
    flow = await rig.workflow({"id": "a"} | HOLD)
    execution = await rig.begin(flow, "n")
    await rig.probe.begun("n")
    with pytest.raises(NotFound):
        await rig.engine.wait(new_id(), execution, rig.clock.now() + 1_000_000)


async def test_a_finished_execution_is_answered_at_once(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a"} | fixed(5))
    record = await rig.run(flow)
    assert present(await rig.engine.wait(rig.org, record.id, 0)).result == 5


async def test_respond_answers_before_the_execution_ends(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "say", "action": "respond", "with": {"status": 201, "headers": {"x-a": "b"}, "body": {"ok": True}}},
        {"id": "a", "needs": ["say"]} | HOLD,
    )
    execution = await rig.begin(flow, "n", priority=0)
    early = await rig.end(execution)
    assert early.state == "running"
    assert early.answer == {"status": 201, "headers": {"x-a": "b"}, "body": {"ok": True}}
    assert (await rig.journal(execution))["say", -1].state == "succeeded", "the answer is on the disk"
    assert (await rig.end(execution)).answer == early.answer, "whoever asks later is answered too"
    rig.probe.let("n")
    await rig.until(execution, "succeeded")
    assert (await rig.end(execution)).answer == early.answer


async def test_the_first_answer_counts(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "a", "action": "respond", "with": {"body": 1}},
        {"id": "b", "action": "respond", "needs": ["a"], "with": {"body": 2}},
    )
    assert (await rig.run(flow)).answer["body"] == 1


async def test_an_answer_given_in_another_process_is_seen(open_rig: OpenRig) -> None:
    async with open_rig("one") as rig, open_rig("two") as other:
        flow = await rig.workflow({"id": "say", "action": "respond"}, {"id": "a", "needs": ["say"]} | HOLD)
        execution = await rig.begin(flow, "n")
        wait = asyncio.ensure_future(other.end(execution))
        await rig.probe.begun("n")
        while not wait.done():
            rig.clock.advance(1)
            await rig.turn()
        assert (await wait).answer == {"status": 200, "headers": {}, "body": None}
        assert (await wait).state == "running"


async def test_an_execution_that_ends_in_another_process_ends_the_wait(open_rig: OpenRig) -> None:
    async with open_rig("one") as rig, open_rig("two") as other:
        flow = await rig.workflow({"id": "a"} | HOLD)
        execution = await rig.begin(flow, "n")
        wait = asyncio.ensure_future(other.end(execution))
        await rig.probe.begun("n")
        rig.probe.let("n")
        while not wait.done():
            rig.clock.advance(1)
            await rig.turn()
        assert (await wait).state == "succeeded"


async def test_cancelling_breaks_off_what_runs(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a"} | HOLD, {"id": "b", "needs": ["a"]})
    execution = await rig.begin(flow, "n")
    await rig.probe.begun("n")
    wait = asyncio.ensure_future(rig.end(execution))
    assert await rig.engine.cancel(rig.org, execution)
    assert (await wait).state == "cancelled"
    assert (await rig.journal(execution))["a", -1].state == "cancelled"
    while rig.used():
        await rig.turn()
    assert not rig.probe.running
    assert not await rig.engine.cancel(rig.org, execution)
    with pytest.raises(NotFound):
        await rig.engine.cancel(rig.org, new_id())


async def test_cancelling_what_has_not_begun_keeps_it_from_running(open_rig: OpenRig) -> None:
    async with open_rig(slots=1) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        await rig.begin(flow, "first")
        await rig.probe.begun("first")
        second = await rig.begin(flow, "second")
        assert await rig.engine.cancel(rig.org, second)
        rig.probe.let("first")
        while rig.used():
            await rig.turn()
        assert rig.probe.names == ["first"]


async def test_an_execution_cancelled_in_another_process_is_broken_off_at_the_next_renewal(open_rig: OpenRig) -> None:
    async with open_rig("one", lease_seconds=15) as rig, open_rig("two") as other:
        flow = await rig.workflow({"id": "a"} | HOLD)
        execution = await rig.begin(flow, "n")
        await rig.probe.begun("n")
        assert await other.engine.cancel(rig.org, execution)
        while rig.probe.running:
            rig.clock.advance(1)
            await rig.turn()
        assert (await rig.record(execution)).state == "cancelled"


async def test_executions_with_the_same_serial_key_run_one_after_the_other(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a", "with": {"name": "{{ TRIGGER }}"}})
    ids = [await rig.begin(flow, f"n{index}", serial_key="same") for index in range(6)]
    for one in ids:
        await rig.end(one)
    assert rig.probe.names == [f"n{index}" for index in range(6)]
    assert rig.probe.most == 1


async def test_a_workflow_runs_no_more_executions_at_once_than_it_allows(rig: Rig) -> None:
    flow = await rig.workflow({"id": "a"} | HOLD, concurrency=2)
    ids = [await rig.begin(flow, f"n{index}", concurrency=2) for index in range(6)]
    ends = [asyncio.ensure_future(rig.end(one)) for one in ids]
    for index in range(6):
        rig.probe.let(f"n{index}")
    await asyncio.gather(*ends)
    assert rig.probe.most <= 2


async def test_a_stop_lets_what_runs_finish_within_its_time(open_rig: OpenRig) -> None:
    async with open_rig(shutdown_seconds=30) as rig:
        flow = await rig.workflow({"id": "a"} | HOLD)
        execution = await rig.begin(flow, "n")
        await rig.probe.begun("n")
        stop = asyncio.ensure_future(rig.engine.stop())
        await asyncio.sleep(0)
        assert rig.engine.lease() is None
        assert rig.engine.saturated()
        rig.probe.let("n")
        await stop
        assert (await rig.record(execution)).state == "succeeded"


async def test_a_stop_hands_the_rest_back_at_once_and_it_goes_on_elsewhere(open_rig: OpenRig) -> None:
    async with open_rig("two", slots=1) as other:
        flow = await other.workflow({"id": "a"}, {"id": "b", "needs": ["a"]} | HOLD)
        async with open_rig("one", shutdown_seconds=0) as rig:
            await rig.store.refresh()
            execution = await rig.begin(flow, "n")
            await rig.probe.begun("n")
        resting = await other.record(execution)
        assert (resting.state, resting.crashes) == ("waiting", 0)
        assert (await other.journal(execution))["b", -1].attempts == 0
        other.probe.let("n")
        other.engine.wake()
        assert (await other.end(execution)).state == "succeeded"
        assert other.probe.names == ["a", "n", "n"]
        assert (await other.journal(execution))["b", -1].crashes == 0


async def test_another_process_takes_over_when_a_lease_ends(open_rig: OpenRig) -> None:
    async with open_rig("one", lease_seconds=15) as rig, open_rig("two", lease_seconds=15) as other:
        flow = await rig.workflow({"id": "a"}, {"id": "b", "needs": ["a"]} | HOLD)
        execution = await rig.begin(flow, "n")
        await rig.probe.begun("n")
        for loop in rig.engine._loops:
            loop.cancel()  # what happens when the process hangs: no lease is renewed
        rig.clock.advance(16)
        await rig.until_calls(3)
        rig.probe.let("n")
        wait = asyncio.ensure_future(other.end(execution))
        while not wait.done():
            rig.clock.advance(1)
            await rig.turn()
        record = await wait
        assert record.state == "succeeded"
        assert rig.probe.names == ["a", "n", "n"], "the finished node did not run again"
        entry = (await rig.journal(execution))["b", -1]
        assert (entry.attempts, entry.crashes) == (2, 1)
        assert len({key for name, key in rig.probe.calls if name == "n"}) == 1


async def test_queued_work_of_a_process_that_never_claims_is_found_without_a_wake(open_rig: OpenRig) -> None:
    async with open_rig("one") as rig:
        flow = await rig.workflow({"id": "a"} | fixed(1))
        await settled_lease(rig)
        execution = await rig.queue(flow)
        wait = asyncio.ensure_future(rig.end(execution))
        while not wait.done():
            rig.clock.advance(1)
            await rig.turn()
        assert (await wait).result == 1


async def test_a_signal_lets_a_waiting_node_go_on(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "s", "action": "sleep", "with": {"seconds": 999}},
        {"id": "b", "needs": ["s"]} | fixed("{{ nodes.s.output }}"),
    )
    execution = await rig.begin(flow)
    await rig.until(execution, "waiting")
    await rig.engine.signal(rig.org, execution, "s", {"approved": True})
    assert (await rig.end(execution)).result == {"approved": True}
    with pytest.raises(NotFound):
        await rig.engine.signal(rig.org, execution, "s", None)


async def test_a_signal_reaches_an_execution_that_is_running(rig: Rig) -> None:
    flow = await rig.workflow(
        {"id": "s", "action": "sleep", "with": {"seconds": 999}}, {"id": "a"} | HOLD, {"id": "b", "needs": ["s"]}
    )
    execution = await rig.begin(flow, "n")
    await rig.probe.begun("n")
    while ("s", -1) not in await rig.journal(execution):
        await rig.turn()
    await rig.engine.signal(rig.org, execution, "s", 1)
    await rig.probe.begun("b")
    rig.probe.let("n")
    assert (await rig.end(execution)).state == "succeeded"


@pytest.mark.parametrize(("action", "calls"), [("probe.call", 3), ("probe.pure", 4)])
async def test_a_node_that_ends_the_process_three_times_fails(open_rig: OpenRig, action: str, calls: int) -> None:
    """Of a pure node the first end leaves no trace; from then on it is journalled before it runs, too."""
    async with AsyncExitStack() as stack:
        flow = execution = None
        for number in range(calls):
            rig = await stack.enter_async_context(open_rig(f"p{number}", lease_seconds=15))
            if flow is None:
                flow = await rig.workflow(
                    {"id": "a", "action": action, "retry": {}, "with": {"hold": True, "name": "n"}}
                )
                execution = await rig.begin(flow)
            await rig.until_calls(number + 1)
            for loop in rig.engine._loops:
                loop.cancel()  # what happens when the process hangs: no lease is renewed
            rig.clock.advance(16)
        last = await stack.enter_async_context(open_rig("last"))
        record = await last.end(present(execution))
        assert record.error == ExecutionError("a", "the hub's process ended 3 times while this node ran")
        assert len(last.probe.calls) == calls
        last.probe.let("n")


@pytest.mark.parametrize("stays", [HOLD, {"action": "sleep", "with": {"seconds": 3600}}])
async def test_a_wait_for_an_answer_ends_when_there_can_be_none(open_rig: OpenRig, stays: dict[str, Any]) -> None:
    async with open_rig("one") as rig, open_rig("two", slots=0) as other:
        flow = await rig.workflow(
            {"id": "first"} | HOLD,
            {"id": "say", "action": "respond", "needs": ["first"], "if": "{{ false }}"},
            {"id": "last", "needs": ["first"]} | stays,
        )
        execution = await rig.begin(flow, "n")
        end = rig.clock.now() + 3_000_000_000
        waits = [
            asyncio.ensure_future(each.engine.wait(rig.org, execution, end, answer_only=True)) for each in (rig, other)
        ]
        await rig.probe.begun("n")
        assert not any(wait.done() for wait in waits), "the node may still answer"
        rig.probe.let("n")
        while not all(wait.done() for wait in waits):
            rig.clock.advance(1)
            await rig.turn()
        for wait in waits:
            record = await wait
            assert record is not None
            assert record.answer is None
