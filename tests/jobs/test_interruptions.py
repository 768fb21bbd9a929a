"""However a job is paused, resumed, moved and killed: every thing is handled, and the counts are right."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import Conflict
from hub.jobs.kind import JobOrder
from hub.jobs.runner import JobRunner
from hub.model.stored.jobs import Job, JobAction
from hub.store.sql.store import SqlStore
from hub.testing.clock import ManualClock
from tests.jobs.conftest import HandleNumbers, Process, Processes, World, eventually

ACTIONS = st.lists(st.sampled_from(["open", "open", "open", "pause", "resume", "kill", "stop"]), max_size=40)
NUMBERS = JobOrder("numbers", {})
_owners = count()


@pytest.fixture
async def store(processes: Processes) -> AsyncIterator[SqlStore]:
    async with processes() as process:
        await process.runner.stop()
        yield process.store


class Cluster:
    """Two processes, of which each is replaced when it ends."""

    def __init__(self, store: SqlStore, world: World, clock: ManualClock) -> None:
        self._store, self._world, self._clock = store, world, clock
        self._number = 0
        self._running: list[Process] = []
        self.ends = 0

    async def start(self) -> Process:
        runner = JobRunner(
            self._store.jobs,
            [HandleNumbers(self._world)],
            self._clock,
            owner=f"owner {next(_owners)}",
            stop_seconds=0.001,
        )
        process = Process(self._store, runner)
        await runner.start(process.org)
        self._running.append(process)
        return process

    async def replace_first(self, *, kill: bool) -> None:
        self.ends += 1
        process = self._running.pop(0)
        await (process.die() if kill else process.runner.stop())
        await self.start()
        await self._running[0].runner.take_over(process.runner._owner)

    async def steer(self, job: Job, action: JobAction) -> None:
        with contextlib.suppress(Conflict):
            await self._running[-1].runner.steer(job.org, job.id, action)

    async def stop(self) -> None:
        for process in self._running:
            await process.runner.stop()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS, bad=st.sets(st.integers(0, 9), max_size=3), shrinking=st.booleans())
async def test_counts_are_right_however_a_job_is_interrupted(
    store: SqlStore, clock: ManualClock, actions: list[str], bad: set[int], shrinking: bool
) -> None:
    world = World(bad=bad, shrinking=shrinking)
    world.exits = {number: asyncio.Event() for number in world.things}
    doors = iter([door for number in world.things for door in (world.hold(number), world.exits[number])])
    cluster = Cluster(store, world, clock)
    first = await cluster.start()
    await cluster.start()
    job = await first.runner.begin(first.org, NUMBERS)

    async def now() -> Job:
        return await store.jobs.get(job.org, job.id)

    for action in actions:
        if action == "open":
            with contextlib.suppress(StopIteration):
                next(doors).set()
        elif action == "pause":
            await cluster.steer(job, "pause")
        elif action == "resume":
            await cluster.steer(job, "resume")
        else:
            await cluster.replace_first(kill=action == "kill")
        seen = await now()
        assert seen.done + seen.failed <= seen.total == 10 or seen.state == "counting"
    for door in doors:
        door.set()
    await cluster.steer(job, "resume")

    async def ended() -> bool:
        return (await now()).state in {"done", "failed"}

    await eventually(ended)
    await cluster.stop()
    last = await now()
    if last.state == "failed":
        assert last.error.startswith("the hub crashed ")
        assert cluster.ends >= 3
        return
    assert (last.total, last.done, last.failed) == (10, 10 - len(bad), len(bad))
    assert set(world.handled) == set(range(10)) - bad
    assert sum(world.handled.values()) - len(world.handled) <= (0 if shrinking else cluster.ends)
