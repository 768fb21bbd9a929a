"""Stopping an engine in good order: what runs may end, and the rest goes on elsewhere."""

from __future__ import annotations

import asyncio

from hub.ports.engine import Engine
from hub.testing.conformance.engine.scene import EngineScene, call
from hub.testing.conformance.scenario import Conformance, shows

__all__ = ["StoppingChecks"]


class StoppingChecks(Conformance):
    """A stop loses nothing and counts nothing."""

    @shows(Engine.stop)
    async def test_what_runs_may_end_within_the_time_for_it(self, scene: EngineScene) -> None:
        """`EngineParts.shutdown_seconds`."""
        await scene.restart(shutdown_seconds=30.0)
        flow = await scene.workflow(call("a", hold=True))
        execution = await scene.begin(flow)
        await scene.probe.begun("a")

        stop = asyncio.ensure_future(scene.engine.stop())
        await asyncio.sleep(0)
        scene.probe.let("a")
        await stop

        assert (await scene.record(execution)).state == "succeeded"

    @shows(Engine.stop)
    async def test_what_does_not_end_in_time_goes_on_elsewhere(self, scene: EngineScene) -> None:
        """At once; the try that was broken off does not count, what succeeded is not repeated."""
        flow = await scene.workflow(call("a"), call("b", "a", hold=True))
        execution = await scene.begin(flow)
        await scene.probe.begun("b")

        await scene.engine.stop()

        assert not scene.probe.running
        await scene.restart("two")
        scene.probe.let("b")
        record = await scene.end(execution)
        assert (record.state, scene.probe.names) == ("succeeded", ["a", "b", "b"])
        entry = await scene.node(execution, "b")
        assert (entry.attempts, entry.crashes) == (1, 0)
        assert (await scene.record(execution)).crashes == 0
        assert len(scene.probe.keys("b")) == 1

    @shows(Engine.stop)
    async def test_a_stopped_engine_begins_nothing(self, scene: EngineScene) -> None:
        """It is saturated, and gives no leases."""
        flow = await scene.workflow(call("a"))
        await scene.run(flow)
        await scene.engine.stop()

        assert scene.engine.lease() is None
        assert scene.engine.saturated() is True
        execution = await scene.accept(flow)
        scene.engine.wake()
        await scene.pass_time(20)
        assert (await scene.record(execution)).state == "queued"
        await scene.restart("two")
        assert (await scene.end(execution)).state == "succeeded"
        assert scene.probe.names == ["a", "a"]
