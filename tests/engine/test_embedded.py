"""The engine of one process: slots, leases, crowds. What every engine promises is in `test_conformance.py`."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from hub.model.stored.execution import ExecutionError
from tests.engine.conftest import OpenRig, Rig
from tests.narrowing import present

HOLD = {"with": {"hold": True, "name": "{{ TRIGGER }}"}}


def fixed(value: Any) -> dict[str, Any]:
    return {"action": "transform", "with": {"value": value}}


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
            await rig.let_others_run()
        await rig.idle()


async def settled_lease(rig: Rig) -> Any:
    """A lease once the engine has seen that nothing is queued."""
    while (lease := rig.engine.lease()) is None:
        await rig.let_others_run()
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
            await rig.let_others_run()
        await rig.until_calls(1)
        assert rig.engine.saturated()
        for index in range(4):
            rig.probe.let(f"n{index}")
        await asyncio.gather(*waits)
        assert not rig.engine.saturated()


async def test_an_answer_given_in_another_process_is_seen(open_rig: OpenRig) -> None:
    async with open_rig("one") as rig, open_rig("two") as other:
        flow = await rig.workflow({"id": "say", "action": "respond"}, {"id": "a", "needs": ["say"]} | HOLD)
        execution = await rig.begin(flow, "n")
        wait = asyncio.ensure_future(other.end(execution))
        await rig.probe.begun("n")
        while not wait.done():
            rig.clock.advance(1)
            await rig.let_others_run()
        assert (await wait).answer == {"status": 200, "headers": {}, "body": None}
        assert (await wait).state == "running"


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
            await rig.let_others_run()
        record = await wait
        assert record.state == "succeeded"
        assert rig.probe.names == ["a", "n", "n"], "the finished node did not run again"
        entry = (await rig.journal(execution))["b", -1]
        assert (entry.attempts, entry.crashes) == (2, 1)
        assert len({key for name, key in rig.probe.calls if name == "n"}) == 1


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
            await rig.let_others_run()
        for wait in waits:
            record = await wait
            assert record is not None
            assert record.answer is None
