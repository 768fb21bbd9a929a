"""Failures: when a node is tried again, how an execution fails, and how it is retried or cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.errors import Conflict, NotFound
from hub.model.ids import new_id
from hub.model.retry import Retry
from hub.model.stored.execution import ExecutionError
from hub.model.times import SECOND
from hub.ports.engine import Engine
from hub.testing.conformance.engine.scene import EngineScene, call, value
from hub.testing.conformance.scenario import Conformance, shows
from hub.workflows.plan.tries import backoff

__all__ = ["FailingChecks"]

_RETRY: dict[str, Any] = {"retries": 2, "initial_seconds": 4}


class FailingChecks(Conformance):
    """A failure has its cause and its end, and repeats nothing that has succeeded."""

    @shows(Engine.start)
    async def test_a_failed_try_is_repeated_after_its_backoff(self, scene: EngineScene) -> None:
        """The wait is the one that `hub.workflows.plan.tries` gives, and the idempotency key stays the same."""
        flow = await scene.workflow(call("a", fails=2, output=1, retry=_RETRY))
        execution = await scene.begin(flow)
        for number in (1, 2):
            await scene.until_state(execution, "waiting")
            before = scene.clock.now()
            entry = await scene.node(execution, "a")
            assert (entry.state, entry.attempts, entry.error) == ("waiting", number, "a said no")
            assert entry.due is not None
            wait = backoff(Retry(**_RETRY), number, execution, "a", -1)
            assert 0 <= before + wait - entry.due < 5 * SECOND, "it counts from the failure, a moment before"
            assert len(scene.probe.calls) == number

            async def tried_again(number: int = number) -> bool:
                return len(scene.probe.calls) > number

            await scene.until(tried_again, passing=1)
            assert scene.clock.now() >= entry.due

        record = await scene.end(execution)

        assert (record.state, record.result) == ("succeeded", 1)
        assert (await scene.node(execution, "a")).attempts == 3
        assert len(scene.probe.keys("a")) == 1

    @shows(Engine.start)
    async def test_the_other_side_can_ask_for_a_longer_wait(self, scene: EngineScene) -> None:
        """As with `Retry-After`."""
        flow = await scene.workflow(call("a", fails=1, retry_after=30, retry=_RETRY))
        before = scene.clock.now()
        execution = await scene.begin(flow)
        await scene.until_state(execution, "waiting")

        entry = await scene.node(execution, "a")

        assert entry.due is not None
        assert entry.due >= before + 30 * SECOND
        await scene.engine.cancel(scene.org, execution)

    @shows(Engine.start)
    async def test_an_execution_that_backs_off_holds_no_slot(self, scene: EngineScene) -> None:
        """Another one runs meanwhile in the only slot."""
        await scene.restart(slots=1)
        flow = await scene.workflow(call("a", name="{{ TRIGGER }}", fails=1, retry=_RETRY))
        execution = await scene.begin(flow, "first")
        await scene.until_state(execution, "waiting")

        assert (await scene.run(await scene.workflow(call("b")))).state == "succeeded"

        await scene.until_state(execution, "succeeded", passing=1)

    @shows(Engine.start)
    async def test_a_node_whose_tries_are_used_up_fails_the_execution(self, scene: EngineScene) -> None:
        """It names the node and the last error; what depends on the node never runs."""
        flow = await scene.workflow(call("a", fails=9, retry={"retries": 1, "initial_seconds": 1}), call("b", "a"))
        execution = await scene.begin(flow)

        record = await scene.until_state(execution, "failed", passing=1)

        assert record.error == ExecutionError("a", "a said no")
        assert (await scene.end(execution)).error == record.error
        assert scene.probe.names == ["a", "a"]
        assert list(await scene.journal(execution)) == [("a", -1)]

    @shows(Engine.start)
    async def test_an_error_that_a_retry_cannot_repair_fails_at_once(self, scene: EngineScene) -> None:
        """An expression that cannot be computed is one."""
        refused = await scene.workflow(call("a", fails=9, retryable=False, retry=_RETRY))
        wrong = await scene.workflow(call("b", output="{{ TRIGGER.missing }}", retry=_RETRY))

        first, second = await scene.run(refused), await scene.run(wrong, {})

        assert first.error == ExecutionError("a", "a said no")
        assert second.error is not None
        assert (second.error.node, "missing" in second.error.message) == ("b", True)
        assert scene.probe.names == ["a"]

    @shows(Engine.start)
    async def test_a_node_that_runs_when_another_fails_may_end(self, scene: EngineScene) -> None:
        """Its result is kept; nothing new starts."""
        flow = await scene.workflow(call("bad", fails=9), call("good", hold=True, output=1), call("next", "good"))
        execution = await scene.begin(flow)
        await scene.probe.begun("good")

        async def failed() -> bool:
            journal = await scene.journal(execution)
            return ("bad", -1) in journal and journal["bad", -1].state == "failed"

        await scene.until(failed)
        scene.probe.let("good")

        assert (await scene.end(execution)).error == ExecutionError("bad", "bad said no")
        entry = await scene.node(execution, "good")
        assert (entry.state, entry.output) == ("succeeded", 1)
        assert "next" not in scene.probe.names

    @shows(Engine.retry)
    async def test_a_retry_continues_at_the_node_that_failed(self, scene: EngineScene) -> None:
        """What has succeeded is not repeated, and its outputs are kept."""
        flow = await scene.workflow(call("a", output=1), call("b", "a", fails=1, output="{{ nodes.a.output + 1 }}"))
        execution = (await scene.run(flow)).id
        assert (await scene.record(execution)).state == "failed"

        await scene.engine.retry(scene.org, execution)

        record = await scene.end(execution)
        assert (record.state, record.result, record.error) == ("succeeded", 2, None)
        assert scene.probe.names == ["a", "b", "b"]
        assert len(scene.probe.keys("b")) == 1
        assert (await scene.record(execution)).error is None

    @shows(Engine.retry)
    async def test_a_retry_keeps_the_version(self, scene: EngineScene) -> None:
        """Even if the published one has changed."""
        flow = await scene.workflow(call("a", fails=1, output="old"))
        execution = (await scene.run(flow)).id
        await scene.publish(flow, value("a", "new"))

        await scene.engine.retry(scene.org, execution)

        assert (await scene.end(execution)).result == "old"

    @shows(Engine.retry)
    async def test_only_what_failed_or_was_cancelled_can_be_retried(self, scene: EngineScene) -> None:
        """Nothing else changes."""
        flow = await scene.workflow(call("a", name="{{ TRIGGER }}", hold=True))
        scene.probe.let("done")
        done = await scene.run(flow, "done")
        running = await scene.begin(flow, "running")
        await scene.probe.begun("running")

        for execution in (done.id, running):
            with pytest.raises(Conflict):
                await scene.engine.retry(scene.org, execution)
        for org, execution in ((scene.org, new_id()), (new_id(), done.id)):
            with pytest.raises(NotFound):
                await scene.engine.retry(org, execution)
        scene.probe.let("running")
        await scene.end(running)

        assert scene.probe.names == ["done", "running"]

    @shows(Engine.cancel)
    async def test_a_cancelled_execution_is_broken_off(self, scene: EngineScene) -> None:
        """Those who wait hear of it; a second time changes nothing."""
        flow = await scene.workflow(call("a", hold=True), call("b", "a"))
        execution = await scene.begin(flow)
        await scene.probe.begun("a")
        wait = asyncio.ensure_future(scene.end(execution))
        await asyncio.sleep(0)

        assert await scene.engine.cancel(scene.org, execution) is True

        assert (await wait).state == "cancelled"
        assert (await scene.record(execution)).state == "cancelled"
        assert (await scene.node(execution, "a")).state == "cancelled"

        async def broken_off() -> bool:
            return not scene.probe.running

        await scene.until(broken_off)
        assert await scene.engine.cancel(scene.org, execution) is False
        assert scene.probe.names == ["a"]

    @shows(Engine.cancel)
    async def test_what_waits_or_has_not_begun_can_be_cancelled(self, scene: EngineScene) -> None:
        """It never runs."""
        await scene.restart(slots=1)
        sleeper = await scene.workflow({"id": "s", "action": "sleep", "with": {"seconds": 2}}, call("after", "s"))
        flow = await scene.workflow(call("a", name="{{ TRIGGER }}", hold=True))
        asleep = await scene.begin(sleeper)
        await scene.until_state(asleep, "waiting")
        first = await scene.begin(flow, "first")
        await scene.probe.begun("first")
        queued = await scene.begin(flow, "queued")

        assert await scene.engine.cancel(scene.org, asleep)
        assert await scene.engine.cancel(scene.org, queued)

        scene.probe.let("first")
        await scene.end(first)
        await scene.pass_time(5)
        await scene.run(await scene.workflow(call("last")))
        assert scene.probe.names == ["first", "last"]

    @shows(Engine.cancel)
    async def test_an_execution_that_runs_in_another_process_can_be_cancelled(self, scene: EngineScene) -> None:
        """It is broken off there."""
        flow = await scene.workflow(call("a", hold=True), call("b", "a"))
        execution = await scene.begin(flow)
        await scene.probe.begun("a")
        async with scene.beside() as other:
            assert await other.engine.cancel(scene.org, execution)

            async def broken_off() -> bool:
                return not scene.probe.running

            await scene.until(broken_off, passing=1)
        assert (await scene.record(execution)).state == "cancelled"
        assert scene.probe.names == ["a"]

    @shows(Engine.cancel)
    async def test_what_the_org_does_not_have_cannot_be_cancelled(self, scene: EngineScene) -> None:
        """Another org cannot cancel it."""
        flow = await scene.workflow(call("a", hold=True))
        execution = await scene.begin(flow)
        await scene.probe.begun("a")

        for org, one in ((scene.org, new_id()), (new_id(), execution)):
            with pytest.raises(NotFound):
                await scene.engine.cancel(org, one)
        scene.probe.let("a")
        assert (await scene.end(execution)).state == "succeeded"

    @shows(Engine.cancel, Engine.retry)
    async def test_a_cancelled_execution_can_be_retried(self, scene: EngineScene) -> None:
        """At once, although the try that was broken off may still be ending."""
        flow = await scene.workflow(call("a"), call("b", "a", hold=True))
        execution = await scene.begin(flow)
        await scene.probe.begun("b")
        await scene.engine.cancel(scene.org, execution)

        await scene.engine.retry(scene.org, execution)
        scene.probe.let("b")

        assert (await scene.end(execution)).state == "succeeded"
        assert scene.probe.names == ["a", "b", "b"]
