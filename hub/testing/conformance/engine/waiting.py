"""Waiting: of callers for executions, and of executions for time and signals."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from hub.errors import NotFound
from hub.model.ids import new_id
from hub.model.stored.execution import ExecutionError
from hub.model.times import SECOND, from_micros
from hub.ports.engine import Engine
from hub.testing.conformance.engine.scene import DAY, EngineScene, call, value
from hub.testing.conformance.scenario import Conformance, shows

__all__ = ["WaitingChecks"]


def _sleep(seconds: float, name: str = "s") -> dict[str, object]:
    return {"id": name, "action": "sleep", "with": {"seconds": seconds}}


class WaitingChecks(Conformance):
    """A caller hears in time, and an execution goes on in time."""

    @shows(Engine.wait)
    async def test_a_wait_ends_at_its_deadline(self, scene: EngineScene) -> None:
        """The execution runs on."""
        flow = await scene.workflow(call("a", hold=True))
        execution = await scene.begin(flow)
        await scene.probe.begun("a")
        wait = asyncio.ensure_future(scene.engine.wait(scene.org, execution, scene.clock.now() + 3 * SECOND))

        async def over() -> bool:
            return wait.done()

        await scene.until(over, passing=1)

        assert await wait is None
        scene.probe.let("a")
        assert (await scene.end(execution)).state == "succeeded"

    @shows(Engine.wait)
    async def test_a_deadline_in_the_past_finds_what_has_finished(self, scene: EngineScene) -> None:
        """And nothing else."""
        flow = await scene.workflow(call("a", name="{{ TRIGGER }}", hold=True))
        scene.probe.let("done")
        done = await scene.run(flow, "done")
        running = await scene.begin(flow, "running")
        await scene.probe.begun("running")

        found = await scene.engine.wait(scene.org, done.id, scene.clock.now() - SECOND)
        none = await scene.engine.wait(scene.org, running, scene.clock.now() - SECOND)

        assert found is not None
        assert (found.id, found.state) == (done.id, "succeeded")
        assert none is None
        scene.probe.let("running")
        await scene.end(running)

    @shows(Engine.wait)
    async def test_a_wait_for_an_execution_that_the_org_does_not_have_is_refused(self, scene: EngineScene) -> None:
        """Whether it runs here or not."""
        flow = await scene.workflow(call("a", name="{{ TRIGGER }}", hold=True))
        scene.probe.let("done")
        done = await scene.run(flow, "done")
        running = await scene.begin(flow, "running")
        await scene.probe.begun("running")

        for org, execution in ((scene.org, new_id()), (new_id(), done.id), (new_id(), running)):
            with pytest.raises(NotFound):
                await scene.engine.wait(org, execution, scene.clock.now() + SECOND)

        scene.probe.let("running")
        await scene.end(running)

    @shows(Engine.wait)
    async def test_several_callers_wait_for_one_execution(self, scene: EngineScene) -> None:
        """In another process, too."""
        flow = await scene.workflow(call("a", hold=True))
        async with scene.beside(slots=1) as other:
            execution = await scene.begin(flow)
            await scene.probe.begun("a")
            waits = [asyncio.ensure_future(each.end(execution)) for each in (scene, scene, other)]
            await asyncio.sleep(0)
            scene.probe.let("a")

            async def over() -> bool:
                return all(wait.done() for wait in waits)

            await scene.until(over, passing=0.5)
            assert {(await wait).state for wait in waits} == {"succeeded"}

    @shows(Engine.wait)
    async def test_an_answer_ends_the_wait_and_the_execution_runs_on(self, scene: EngineScene) -> None:
        """The first answer counts."""
        flow = await scene.workflow(
            {"id": "r", "action": "respond", "with": {"status": 201, "body": {"n": "{{ TRIGGER }}"}}},
            call("a", "r", hold=True),
            {"id": "late", "action": "respond", "needs": ["a"], "with": {"body": "late"}},
        )
        execution = await scene.begin(flow, 7, priority=0)

        answered = await scene.end(execution)

        assert answered.answer == {"status": 201, "headers": {}, "body": {"n": 7}}
        await scene.probe.begun("a")
        assert (await scene.record(execution)).state == "running"
        assert (await scene.node(execution, "r")).state == "succeeded", "the answer is committed before it is told"
        scene.probe.let("a")
        await scene.until_state(execution, "succeeded")
        assert (await scene.end(execution)).answer == answered.answer

    @shows(Engine.wait)
    async def test_a_wait_for_an_answer_alone_ends_when_there_can_be_none(self, scene: EngineScene) -> None:
        """In the process that runs the execution and in another one."""
        flow = await scene.workflow(
            {"id": "r", "action": "respond", "with": {"body": "never"}, "if": "{{ TRIGGER.asked }}"},
            call("a", hold=True),
        )
        async with scene.beside(slots=1) as other:
            execution = await scene.begin(flow, {"asked": False}, priority=0)
            deadline = scene.clock.now() + DAY
            waits = [
                asyncio.ensure_future(each.engine.wait(scene.org, execution, deadline, answer_only=True))
                for each in (scene, other)
            ]
            await scene.probe.begun("a")

            async def over() -> bool:
                return all(wait.done() for wait in waits)

            await scene.until(over, passing=0.5)
            for wait in waits:
                found = await wait
                assert found is not None
                assert (found.state, found.answer) == ("running", None)
            scene.probe.let("a")
            await scene.until_state(execution, "succeeded", passing=0.5)

    @shows(Engine.start)
    async def test_a_sleep_lasts_as_long_as_it_says(self, scene: EngineScene) -> None:
        """Its output is the time of its end."""
        flow = await scene.workflow(_sleep(4), value("b", "{{ nodes.s.output.until }}") | {"needs": ["s"]})
        before = scene.clock.now()
        execution = await scene.begin(flow)
        await scene.until_state(execution, "waiting")

        record = await scene.until_state(execution, "succeeded", passing=1)

        until = datetime.fromisoformat(record.result)
        assert 4 <= (until - from_micros(before)).total_seconds() < 10
        assert scene.clock.now() >= before + 4 * SECOND

    @shows(Engine.start_running, Engine.stop)
    async def test_a_sleep_survives_a_restart(self, scene: EngineScene) -> None:
        """Time that passes while no engine runs counts."""
        flow = await scene.workflow(call("a"), _sleep(3) | {"needs": ["a"]}, call("b", "s"))
        execution = await scene.begin(flow)
        await scene.until_state(execution, "waiting")
        await scene.stop()
        await scene.pass_time(4)

        await scene.start("again")

        assert (await scene.end(execution)).state == "succeeded"
        assert scene.probe.names == ["a", "b"]

    @shows(Engine.start)
    async def test_an_execution_that_sleeps_holds_no_slot(self, scene: EngineScene) -> None:
        """Another one runs meanwhile in the only slot."""
        await scene.restart(slots=1)
        sleeper = await scene.workflow(_sleep(5))
        flow = await scene.workflow(call("a"))
        asleep = await scene.begin(sleeper)
        await scene.until_state(asleep, "waiting")

        assert (await scene.run(flow)).state == "succeeded"

        assert (await scene.record(asleep)).state == "waiting"
        await scene.until_state(asleep, "succeeded", passing=1)

    @shows(Engine.signal)
    async def test_a_signal_settles_a_waiting_node(self, scene: EngineScene) -> None:
        """Its value is the node's output."""
        flow = await scene.workflow(_sleep(999), value("b", "{{ nodes.s.output }}", "s"))
        execution = await scene.begin(flow)
        await scene.until_state(execution, "waiting")

        await scene.engine.signal(scene.org, execution, "s", {"approved": True})

        assert (await scene.end(execution)).result == {"approved": True}
        assert (await scene.node(execution, "s")).output == {"approved": True}

    @shows(Engine.signal)
    async def test_a_signal_reaches_an_execution_that_runs(self, scene: EngineScene) -> None:
        """Without waiting for the node that runs."""
        flow = await scene.workflow(_sleep(999), call("a", hold=True), call("b", "s"))
        execution = await scene.begin(flow)
        await scene.probe.begun("a")

        async def asleep() -> bool:
            return ("s", -1) in await scene.journal(execution)

        await scene.until(asleep)
        await scene.engine.signal(scene.org, execution, "s", 1)
        await scene.probe.begun("b")
        scene.probe.let("a")

        assert (await scene.end(execution)).state == "succeeded"

    @shows(Engine.signal)
    async def test_a_signal_given_in_another_process_is_heard(self, scene: EngineScene) -> None:
        """Where the execution runs or rests does not matter."""
        flow = await scene.workflow(_sleep(999), call("b", "s", output="{{ nodes.s.output }}"))
        execution = await scene.begin(flow)
        await scene.until_state(execution, "waiting")
        async with scene.beside() as other:
            await other.engine.signal(scene.org, execution, "s", "from there")
            record = await scene.until_state(execution, "succeeded", passing=1)
        assert record.result == "from there"

    @shows(Engine.signal)
    async def test_a_signal_that_nothing_waits_for_is_refused(self, scene: EngineScene) -> None:
        """Nothing changes."""
        flow = await scene.workflow(_sleep(999))
        execution = await scene.begin(flow)
        await scene.until_state(execution, "waiting")

        for org, one, node in (
            (scene.org, execution, "other"),
            (scene.org, new_id(), "s"),
            (new_id(), execution, "s"),
        ):
            with pytest.raises(NotFound):
                await scene.engine.signal(org, one, node, None)
        await scene.engine.signal(scene.org, execution, "s", 1)
        await scene.end(execution)
        with pytest.raises(NotFound):
            await scene.engine.signal(scene.org, execution, "s", 2)

        assert (await scene.node(execution, "s")).output == 1

    @shows(Engine.start)
    async def test_a_try_that_takes_longer_than_its_timeout_fails(self, scene: EngineScene) -> None:
        """It is broken off, and tried again if the node says so."""
        flow = await scene.workflow(call("a", hold=True, timeout=0.3, retry={"retries": 1, "initial_seconds": 0.1}))
        execution = await scene.begin(flow)

        record = await scene.until_state(execution, "failed", passing=0.2)

        assert record.error == ExecutionError("a", "no result within 0.3 s")
        assert scene.probe.names == ["a", "a"]
        assert not scene.probe.running
        assert (await scene.node(execution, "a")).attempts == 2

    @shows(Engine.start)
    async def test_a_sleep_ends_at_the_timeout_of_its_node(self, scene: EngineScene) -> None:
        """As a failure."""
        flow = await scene.workflow(_sleep(999) | {"timeout": 2})
        execution = await scene.begin(flow)

        record = await scene.until_state(execution, "failed", passing=1)

        assert record.error == ExecutionError("s", "slept longer than the node's timeout allows")

    @shows(Engine.start)
    async def test_the_deadline_of_a_workflow_ends_its_execution(self, scene: EngineScene) -> None:
        """While a node runs: it is broken off."""
        flow = await scene.workflow(call("a", hold=True), call("b", "a"), deadline=3)
        execution = await scene.begin(flow)
        await scene.probe.begun("a")

        record = await scene.until_state(execution, "failed", passing=1)

        assert record.error == ExecutionError(None, "not finished within 3 s")
        assert (await scene.node(execution, "a")).state == "cancelled"

        async def broken_off() -> bool:
            return not scene.probe.running

        await scene.until(broken_off)
        assert scene.probe.names == ["a"]

    @shows(Engine.start_running)
    async def test_the_deadline_of_a_workflow_holds_while_it_sleeps(self, scene: EngineScene) -> None:
        """After a restart, too."""
        flow = await scene.workflow(_sleep(999), deadline=3)
        execution = await scene.begin(flow)
        await scene.until_state(execution, "waiting")

        await scene.restart()

        record = await scene.until_state(execution, "failed", passing=1)
        assert record.error == ExecutionError(None, "not finished within 3 s")
