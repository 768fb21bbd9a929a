"""Job runners over one database, and a kind of job whose things are numbers that a test holds back or spoils."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.jobs.kind import JobKind, JobStep, JobWait
from hub.jobs.runner import JobRunner
from hub.model.ids import Id
from hub.model.stored.jobs import Job
from hub.ports.clock import Clock
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing.clock import ManualClock
from tests.outbound.conftest import receiver, rig, rigs  # noqa: F401 - fixtures of this folder too


async def eventually(look: Callable[[], Awaitable[object]]) -> None:
    """Return once `look`, which asks the database, finds something."""
    async with asyncio.timeout(20):
        while not await look():
            pass


@dataclass
class World:
    """What jobs of the test's kind work on, seen by every process.

    Attributes:
        things: The numbers to handle, in order.
        handled: How often each was.
        bad: Numbers that cannot be handled.
        shrinking: A number that was handled is gone, and is found no more.
        doors: A number waits before it is handled until its door is open.
        exits: A number that was handled waits, before that is kept, until its exit is open.
        at: The number that a process is at, or waits before.
        fault: Raised in place of the next step, once.
        faulted: Set when it was.
        rests: Moments until which a job rests, one after the other, before it goes on.
        resting: Set when it does.
    """

    things: list[int] = field(default_factory=lambda: list(range(10)))
    handled: Counter[int] = field(default_factory=Counter)
    bad: set[int] = field(default_factory=set)
    shrinking: bool = False
    doors: dict[int, asyncio.Event] = field(default_factory=dict)
    exits: dict[int, asyncio.Event] = field(default_factory=dict)
    at: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    fault: BaseException | None = None
    faulted: asyncio.Event = field(default_factory=asyncio.Event)
    rests: list[int] = field(default_factory=list)
    resting: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self, number: int) -> asyncio.Event:
        """Close the door of a number."""
        return self.doors.setdefault(number, asyncio.Event())

    async def reached(self, number: int) -> None:
        """Return once a process is at `number`."""
        async with asyncio.timeout(20):
            while await self.at.get() != number:
                pass

    def left(self, cursor: str) -> list[int]:
        behind = [number for number in self.things if not cursor or number > int(cursor)]
        return [number for number in behind if not self.shrinking or number not in self.handled]


class HandleNumbers(JobKind):
    """Handles the numbers of a `World`."""

    name = "numbers"

    def __init__(self, world: World) -> None:
        self._world = world

    async def count(self, job: Job) -> int:
        return len(self._world.left(job.cursor))

    async def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        world = self._world
        for number in world.left(job.cursor):
            while world.rests:
                world.resting.set()
                yield JobWait(world.rests.pop(0))
            world.at.put_nowait(number)
            if number in world.doors:
                await world.doors[number].wait()
            if world.fault is not None:
                fault, world.fault = world.fault, None
                world.faulted.set()
                raise fault
            if number in world.bad:
                yield JobStep(str(number), failed=1, error=f"{number} is odd")
                continue
            world.handled[number] += 1
            if number in world.exits:
                await world.exits[number].wait()
            yield JobStep(str(number), done=1)


class HandleAlone(HandleNumbers):
    """The same, one job at a time, to its end."""

    name = "alone"
    may = frozenset()
    alone = True


class HandleHourly(HandleNumbers):
    """The same, every hour."""

    name = "hourly"
    alone = True
    repeats = 3_600_000_000


@dataclass
class Process:
    """One hub process, as far as jobs go."""

    store: SqlStore
    runner: JobRunner

    @property
    def org(self) -> Id:
        return next(iter(self.store.snapshot.orgs))

    async def get(self, job: Job) -> Job:
        return await self.store.jobs.get(job.org, job.id)

    async def ended(self, job: Job) -> Job:
        """The job, once this process works on none."""
        async with asyncio.timeout(20):
            await self.runner.settled()
        return await self.get(job)

    async def die(self) -> None:
        """End as by SIGKILL: nothing is given back, nothing more is written."""
        tasks = [*self.runner._tasks, *self.runner._loops]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Processes = Callable[..., AbstractAsyncContextManager[Process]]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@asynccontextmanager
async def process_over(
    directory: Path, world: World, clock: Clock, owner: str = "one", *more: JobKind
) -> AsyncIterator[Process]:
    """A process that works on jobs, over the database in `directory`."""
    blobs = DirectoryBlobs(directory / "blobs")
    store = SqlStore(None, directory, vault=Vault(directory / "keys"), blobs=blobs, clock=clock, owner=owner)
    await store.start()
    kinds = (HandleNumbers(world), HandleAlone(world), *more)
    runner = JobRunner(store.jobs, kinds, clock, owner=owner, lease_seconds=30, stop_seconds=5)
    process = Process(store, runner)
    await runner.start(process.org)
    try:
        yield process
    finally:
        for door in world.doors.values():
            door.set()
        await runner.stop()
        await store.stop()


@pytest.fixture
def processes(tmp_path: Path, world: World, clock: ManualClock) -> Processes:
    """Makes processes over one database, by their names."""

    def make(owner: str = "one", *more: JobKind) -> AbstractAsyncContextManager[Process]:
        return process_over(tmp_path / "data", world, clock, owner, *more)

    return make


@pytest.fixture
async def process(processes: Processes) -> AsyncIterator[Process]:
    async with processes() as one:
        yield one
