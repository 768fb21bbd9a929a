"""What an engine offers to those who accept executions: leases, results at once, and a word when it has too much.

An engine need not offer leases or results at once; if it does, they keep the promises of the port.
"""

from __future__ import annotations

import asyncio

from hub.model.stored.execution import Lease
from hub.ports.engine import Engine
from hub.testing.conformance.engine.scene import EngineScene, call, value
from hub.testing.conformance.scenario import Conformance, shows

__all__ = ["AcceptingChecks"]

_LOOKS = 200
"""So often a test asks for a lease before it believes that the engine gives none."""


class AcceptingChecks(Conformance):
    """What is promised before the acceptance holds after it."""

    @shows(Engine.lease, Engine.start)
    async def test_an_execution_that_is_accepted_with_a_lease_runs_once(self, scene: EngineScene) -> None:
        """It is running in the store at once, and not claimed again."""
        flow = await scene.workflow(call("a", hold=True))
        lease = await _lease(scene)
        if lease is None:
            return
        execution = scene.new(flow, lease=lease)
        await scene.store.executions.create([execution])
        assert (await scene.record(execution.id)).state == "running"

        scene.engine.start([execution, execution])

        await scene.probe.begun("a")
        scene.engine.wake()
        await scene.pass_time(60)
        scene.probe.let("a")
        record = await scene.end(execution.id)
        assert (record.state, scene.probe.names) == ("succeeded", ["a"])
        assert (await scene.record(execution.id)).crashes == 0

    @shows(Engine.release)
    async def test_a_lease_that_is_released_can_be_given_again(self, scene: EngineScene) -> None:
        """Twice released is once released."""
        leases: list[Lease] = []
        while len(leases) < 100 and (lease := await _lease(scene, waiting=True)) is not None:
            leases.append(lease)
        if not leases:
            return
        assert len(leases) < 100, "leases are limited by the slots"

        scene.engine.release(leases[0])
        scene.engine.release(leases[0])

        assert await _lease(scene, waiting=True) is not None
        assert await _lease(scene, waiting=True) is None, "one slot was given back, not two"

    @shows(Engine.evaluate, Engine.start, Engine.wait)
    async def test_what_is_evaluated_at_once_is_what_a_run_comes_to(self, scene: EngineScene) -> None:
        """Those who wait for the execution get it."""
        flow = await scene.workflow(
            value("a", "{{ TRIGGER.n + 1 }}"),
            value("skipped", 1, **{"if": "{{ TRIGGER.n > 5 }}"}),
            value("b", {"twice": "{{ nodes.a.output * 2 }}"}, "a", "skipped"),
        )
        trigger = {"data": {"n": 3}}
        run = await scene.run(flow, trigger["data"])

        found = scene.engine.evaluate(flow.id, 1, trigger)
        if found is None:
            return

        assert found.result == run.result == {"twice": 8}
        journal = await scene.journal(run.id)
        assert {one.node: (one.state, one.output) for one in found.nodes} == {
            name: (one.state, one.output) for (name, _), one in journal.items()
        }
        execution = scene.new(flow, trigger["data"], priority=0, finished=found)
        await scene.store.executions.create([execution])
        scene.engine.start([execution])
        assert (await scene.end(execution.id)).result == {"twice": 8}

    @shows(Engine.evaluate)
    async def test_nothing_with_an_effect_or_a_limit_is_evaluated_at_once(self, scene: EngineScene) -> None:
        """Neither is what fails."""
        flows = [
            await scene.workflow(call("a")),
            await scene.workflow(value("a", 1), {"id": "s", "action": "sleep", "with": {"seconds": 1}}),
            await scene.workflow(value("a", 1), concurrency=1),
            await scene.workflow(value("a", 1), serial_key="{{ TRIGGER.n }}"),
            await scene.workflow(value("a", "{{ TRIGGER.missing }}")),
        ]
        data = {"n": 1}
        for flow in flows[:1]:
            await scene.run(flow, data)
        calls = len(scene.probe.calls)

        assert all(scene.engine.evaluate(flow.id, 1, {"data": data}) is None for flow in flows)
        assert len(scene.probe.calls) == calls

    @shows(Engine.saturated)
    async def test_an_engine_with_nothing_to_do_is_not_saturated(self, scene: EngineScene) -> None:
        """With one execution neither."""
        assert scene.engine.saturated() is False
        flow = await scene.workflow(call("a", hold=True))
        execution = await scene.begin(flow, priority=0)
        await scene.probe.begun("a")
        assert scene.engine.saturated() is False
        scene.probe.let("a")
        await scene.end(execution)


async def _lease(scene: EngineScene, *, waiting: bool = False) -> Lease | None:
    """A lease; None if the engine gives none for a while."""
    for _ in range(_LOOKS):
        lease = scene.engine.lease(waiting=waiting)
        if lease is not None:
            return lease
        await asyncio.sleep(0.001)
    return None
