"""Processes that are killed at random moments: each execution finishes, and each effect happens once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.backends import embedded_engine
from hub.model.ids import Id, write_id
from hub.model.stored.workflow import WorkflowRecord
from hub.testing.conformance import EngineConformance
from hub.testing.conformance.engine.scene import EngineScene
from hub.testing.conformance.engine.world import Processes, processes

LEASE = 5.0
"""Seconds; long enough that no process loses one on a busy machine, and only what was killed is taken over."""

POST = {"action": "world.post", "with": {"data": "{{ TRIGGER }}"}}
TEN_NODES: list[dict[str, Any]] = [
    {"id": "n0", "action": "transform", "with": {"value": "{{ TRIGGER }}"}},
    {"id": "n1", "needs": ["n0"]} | POST,
    {"id": "n2", "needs": ["n1"]} | POST,
    {"id": "n3", "needs": ["n1"]} | POST,
    {"id": "n4", "needs": ["n2", "n3"], "action": "transform", "with": {"value": "{{ nodes.n2.output }}"}},
    {"id": "n5", "needs": ["n4"], "for_each": "{{ range(3) }}"} | POST,
    {"id": "n6", "needs": ["n5"], "action": "sleep", "with": {"seconds": 0.05}},
    {"id": "n7", "needs": ["n6"]} | POST,
    {"id": "n8", "needs": ["n7"]} | POST,
    {"id": "n9", "needs": ["n8"]} | POST,
]
EFFECTS = ("n1", "n2", "n3", "n5/0", "n5/1", "n5/2", "n7", "n8", "n9")


class Suite(EngineConformance):
    """Opens the scenes; its tests are in `test_conformance.py`."""

    __test__ = False
    factory = embedded_engine


Play = Callable[[Callable[[Processes], Awaitable[None]]], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a coroutine over engines in processes of their own."""

    async def played(check: Callable[[Processes], Awaitable[None]]) -> None:
        async def over(scene: EngineScene) -> None:
            async with processes(scene) as started:
                await check(started)

        await Suite().play(over, tmp_path)

    return played


async def finished(started: Processes, executions: Sequence[Id]) -> None:
    """Return once all have finished; each has to succeed."""
    for execution in executions:
        record = await started.scene.until_state(execution, "succeeded", "failed")
        assert record.state == "succeeded", record.error


async def done_nodes(started: Processes, executions: Sequence[Id]) -> set[str]:
    """Idempotency keys of the nodes that the journal calls finished."""
    done = set()
    for execution in executions:
        for (node, item), entry in (await started.scene.journal(execution)).items():
            if entry.state == "succeeded":
                key = f"{write_id('exec', execution)}/{node}"
                done.add(key if item < 0 else f"{key}/{item}")
    return done


async def accept_thirty(scene: EngineScene, flow: WorkflowRecord) -> list[Id]:
    """Accept executions in one commit: more than one process has slots for."""
    executions = [scene.new(flow, number) for number in range(30)]
    await scene.store.executions.create(executions)
    return [execution.id for execution in executions]


async def survive(started: Processes, kills: int) -> None:
    """Kill the engine so many times at random moments of a ten-node workflow, a fresh execution each time."""
    chance, world = random.Random(), started.world
    flow = await started.scene.workflow(*TEN_NODES)
    executions: list[Id] = []
    done: list[tuple[int, set[str]]] = []
    for number in range(kills):
        before = len(world.requests)
        executions.append(await started.scene.accept(flow, number))
        process = await started.start(LEASE)
        await finished(started, executions[:-1])  # so that nobody is killed three times in one node
        await world.asked_in_all(before + chance.randint(1, 9))
        await asyncio.sleep(chance.random() * 0.02)  # the moment is what this test is about
        await process.kill()
        done.append((len(world.requests), await done_nodes(started, executions[-2:])))
    await started.start(LEASE)
    await finished(started, executions)
    for position, keys in done:
        assert not [key for key, _ in world.requests[position:] if key in keys], "a finished node ran twice"
    assert sum(len(keys) for _, keys in done) > kills, "it was killed in the middle"
    expected = {f"{write_id('exec', one)}/{name}" for one in executions for name in EFFECTS}
    assert {key for key, _ in world.requests} == expected


async def test_killed_twenty_times_each_execution_finishes_and_no_finished_node_runs_again(play: Play) -> None:
    await play(lambda started: survive(started, 20))


@pytest.mark.soak
async def test_killed_two_hundred_times_each_execution_finishes_and_no_finished_node_runs_again(play: Play) -> None:
    await play(lambda started: survive(started, 200))


async def test_of_two_processes_each_execution_runs_in_one_and_moves_when_that_is_killed(play: Play) -> None:
    async def moves(started: Processes) -> None:
        scene, world = started.scene, started.world
        flow = await scene.workflow(*TEN_NODES)
        world.hold("n1")
        executions = await accept_thirty(scene, flow)
        first, _second = await started.start(LEASE), await started.start(LEASE)
        await world.asked_by(2)
        world.let("n1")
        await finished(started, executions)
        owners: dict[tuple[str, bool], set[str]] = {}
        for key, owner in world.requests:
            execution, node, *_ = key.split("/")
            owners.setdefault((execution, node > "n6"), set()).add(owner)  # who slept in n6 may wake up elsewhere
        assert {len(found) for found in owners.values()} == {1}, "an execution ran in both"

        world.requests.clear()
        world.hold("n1")
        rest = await accept_thirty(scene, flow)
        await world.asked_by(2)
        await first.kill()
        world.let("n1")
        await finished(started, rest)
        assert len({key for key, _ in world.requests}) == 30 * len(EFFECTS)

    await play(moves)
