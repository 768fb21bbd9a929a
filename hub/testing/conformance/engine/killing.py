"""Processes that are killed or hang: what they were doing is done by the next one, and nothing is repeated."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.model.ids import write_id
from hub.model.stored.execution import ExecutionError
from hub.ports.engine import Engine
from hub.testing.conformance.engine.scene import EngineScene, value
from hub.testing.conformance.engine.world import processes
from hub.testing.conformance.scenario import Conformance, shows

__all__ = ["KillChecks"]


def _post(name: str, *needs: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "action": "world.post", "needs": list(needs), "with": {"data": "{{ TRIGGER }}"}} | fields


class KillChecks(Conformance):
    """Real processes of the operating system, ended by SIGKILL."""

    @shows(Engine.start_running)
    async def test_killed_at_every_step_an_execution_finishes_and_repeats_only_that_step(
        self, scene: EngineScene
    ) -> None:
        """With the same idempotency key, so that the other side sees each effect once."""
        async with processes(scene) as started:
            world, looking = started.world, started.scene
            child = await looking.workflow(_post("inner"))
            flow = await looking.workflow(
                value("n0", "{{ TRIGGER }}"),
                _post("n1", "n0"),
                _post("n2", "n1", for_each=["x", "y"]),
                {"id": "n3", "needs": ["n2"], "action": "workflow.run", "with": {"workflow": write_id("wf", child.id)}},
                _post("n4", "n3"),
                value("n5", ["{{ nodes.n0.output }}", "{{ nodes.n4.output.done }}"], "n4"),
            )
            steps = ["n1", "n2/0", "n2/1", "inner", "n4"]
            for step in steps:
                world.hold(step)
            execution = await looking.accept(flow, 7)
            for step in steps:
                process = await started.start()
                await world.asked(step)
                await process.kill()
                world.let(step)

            await started.start()
            record = await looking.until_state(execution, "succeeded", "failed")

            assert (record.state, record.result, record.error) == ("succeeded", [7, "n4"], None)
            assert len({key for key, _ in world.requests}) == len(steps), "a step had two idempotency keys"
            times = world.times()
            assert {step: times[step] for step in ("n1", "inner", "n4")} == {"n1": 2, "inner": 2, "n4": 2}
            assert times["n2/0"] in (2, 3), "the two items run at the same time, and two processes were killed there"
            assert times["n2/1"] in (2, 3)
            journal = await looking.journal(execution)
            assert {name for (name, _), one in journal.items() if one.state != "succeeded"} == set()
            assert (journal["n1", -1].attempts, journal["n1", -1].crashes) == (2, 1)
            assert (journal["n4", -1].attempts, journal["n4", -1].crashes) == (2, 1)

    @shows(Engine.start_running)
    async def test_a_node_in_which_the_process_ends_three_times_fails(self, scene: EngineScene) -> None:
        """It may be the cause, and must not take the hub down for ever."""
        async with processes(scene) as started:
            world, looking = started.world, started.scene
            flow = await looking.workflow(_post("fine"), _post("deadly", "fine", retry={"retries": 5}))
            world.hold("deadly")
            execution = await looking.accept(flow)
            for number in range(1, 4):
                process = await started.start()
                await world.asked("deadly", number)
                await process.kill()

            await started.start()
            record = await looking.until_state(execution, "failed", "succeeded")

            assert record.error == ExecutionError("deadly", "the hub's process ended 3 times while this node ran")
            assert world.times() == {"fine": 1, "deadly": 3}

    @shows(Engine.start_running)
    async def test_a_sleep_survives_a_kill(self, scene: EngineScene) -> None:
        """It ends when it would have ended."""
        async with processes(scene) as started:
            looking = started.scene
            flow = await looking.workflow({"id": "s", "action": "sleep", "with": {"seconds": 1}}, _post("after", "s"))
            execution = await looking.accept(flow)
            process = await started.start()
            await looking.until_state(execution, "waiting", "succeeded")
            await process.kill()

            await started.start()

            record = await looking.until_state(execution, "succeeded", "failed")
            assert record.state == "succeeded"
            assert started.world.times() == {"after": 1}

    @shows(Engine.start_running)
    async def test_the_work_of_a_killed_process_goes_on_in_another_that_runs(self, scene: EngineScene) -> None:
        """Without a restart; what the other one runs itself is not disturbed."""
        async with processes(scene) as started:
            world, looking = started.world, started.scene
            flow = await looking.workflow(_post("a"), _post("b", "a"))
            world.hold("a")
            executions = [await looking.accept(flow, number) for number in range(2)]
            first = await started.start()
            await world.asked("a", 2)
            second = await started.start()

            await first.kill()
            world.let("a")
            for execution in executions:
                record = await looking.until_state(execution, "succeeded", "failed")
                assert (record.state, record.crashes) != ("failed", 0)
                assert record.state == "succeeded"

            assert world.times() == {"a": 4, "b": 2}
            assert len({key for key, _ in world.requests}) == 4
            await second.kill()

    @shows(Engine.start_running)
    async def test_a_process_that_hangs_loses_its_work_and_cannot_write_any_more(self, scene: EngineScene) -> None:
        """Nobody sees it end, so its lease decides; when it goes on it does no harm."""
        async with processes(scene) as started:
            world, looking = started.world, started.scene
            flow = await looking.workflow(_post("a"), _post("b", "a"))
            world.hold("a")
            execution = await looking.accept(flow)
            hanging = await started.start(lease_seconds=1.0)
            await world.asked("a")
            hanging.freeze()
            await started.start(lease_seconds=1.0)
            await world.asked("a", 2)
            world.let("a")
            record = await looking.until_state(execution, "succeeded", "failed")
            journal = await looking.journal(execution)

            hanging.thaw()
            rest = [await looking.accept(flow, number) for number in range(8)]
            for one in rest:
                await looking.until_state(one, "succeeded")
            await asyncio.sleep(1.5)  # longer than a lease: what it still wanted to write it has tried to write by now

            assert record.state == "succeeded"
            assert await looking.record(execution) == record
            assert await looking.journal(execution) == journal
            assert world.times() == {"a": 2 + len(rest), "b": 1 + len(rest)}
