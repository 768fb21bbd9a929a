"""Engines over a store in a real file, and an action whose every call a test can see, hold and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from pydantic import BaseModel

import hub
from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.engine.embedded import EmbeddedEngine
from hub.errors import ActionFailed
from hub.model.ids import Id, new_id
from hub.model.stored.execution import ExecutionRecord, NewExecution, NodeRecord
from hub.model.stored.source import SourceSpec
from hub.model.stored.workflow import WorkflowRecord
from hub.outbound.publish.bodies import BodyTemplates
from hub.outbound.publish.catalog import EventCatalog
from hub.outbound.publish.publish import Publication, Publisher
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.sdk.action import Action, ActionContext
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing.clock import ManualClock
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.payloads import body_template

LONG = 86_400 * 1_000_000
PATIENCE = 60.0
"""Seconds after which what a test waits for will not come any more."""


class ProbeInput(BaseModel):
    """What a node asks of the probe.

    Attributes:
        hold: End only when the test says so.
        fails: So many calls of this name end in an error before one succeeds.
    """

    name: str = ""
    output: Any = None
    hold: bool = False
    fails: int = 0
    retryable: bool = True


@dataclass
class Probe:
    """Sees every call of the actions `probe.call` (with an effect) and `probe.pure`."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    most: int = 0
    _gates: dict[str, asyncio.Event] = field(default_factory=dict)
    _begun: dict[str, asyncio.Event] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def let(self, name: str) -> None:
        """Let held calls of that name end."""
        self._gates.setdefault(name, asyncio.Event()).set()

    async def begun(self, name: str) -> None:
        """Return once a call of that name is under way or over."""
        async with asyncio.timeout(PATIENCE):
            await self._begun.setdefault(name, asyncio.Event()).wait()

    async def call(self, settings: ProbeInput, context: ActionContext) -> Any:
        name = settings.name or context.node
        self.calls.append((name, context.idempotency_key))
        self.running.add(context.idempotency_key)
        self.most = max(self.most, len(self.running))
        self._begun.setdefault(name, asyncio.Event()).set()
        try:
            if settings.hold:
                await self._gates.setdefault(name, asyncio.Event()).wait()
        finally:
            self.running.discard(context.idempotency_key)
        if self.names.count(name) <= settings.fails:
            raise ActionFailed(f"{name} said no", retryable=settings.retryable)
        return settings.output

    @property
    def actions(self) -> tuple[Action, ...]:
        return (
            Action(name="probe.call", input=ProbeInput, run=self.call),
            Action(name="probe.pure", input=ProbeInput, run=self.call, pure=True),
            Action(name="probe.request", input=ProbeInput, run=_request),
            Action(name="probe.odd", input=ProbeInput, run=_odd),
            Action(name="probe.leave", input=ProbeInput, run=_leave),
            Action(name="probe.leave-pure", input=ProbeInput, run=_leave, pure=True),
        )


async def _odd(_settings: ProbeInput, _context: ActionContext) -> object:
    return object()


class Departure(BaseException):
    """What an author may derive from the wrong base."""


LEAVES: dict[str, Callable[[], BaseException]] = {
    "exit": lambda: SystemExit(3),
    "interrupt": KeyboardInterrupt,
    "departure": Departure,
    "cancelled": asyncio.CancelledError,
}


async def _leave(settings: ProbeInput, _context: ActionContext) -> None:
    if settings.name == "cancel":
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)
    error = LEAVES[settings.name]()
    raise error


async def _request(settings: ProbeInput, context: ActionContext) -> Any:
    return (await context.request("POST", **settings.output)).json()


class Publishing:
    """The publisher without the deliveries that follow."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def publish(self, publication: Publication) -> Any:
        return (await self._publisher.publish(publication, lambda _: None))[0]


@dataclass
class Rig:
    """A hub process without its HTTP side."""

    store: SqlStore
    engine: EmbeddedEngine
    clock: Any
    probe: Probe
    plugins: Plugins
    opened: float = field(default_factory=perf_counter)

    @property
    def org(self) -> Id:
        found = self.store.snapshot.org_named("default")
        assert found is not None
        return found.id

    async def workflow(self, *nodes: Mapping[str, Any], name: str = "flow", **fields: Any) -> WorkflowRecord:
        """Publish a workflow; nodes run `probe.call` unless they say otherwise."""
        definition = {"nodes": [{"action": "probe.call"} | dict(node) for node in nodes], **fields}
        return await self.store.workflows.create(
            self.org, name, definition, source=SourceSpec(), secrets=[], publish=True
        )

    def execution(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> NewExecution:
        values: dict[str, Any] = {
            "org": workflow.org,
            "id": new_id(),
            "workflow": workflow.id,
            "version": workflow.version,
            "kind": "manual",
            "trigger": {"data": data},
            "created": self.clock.now(),
        }
        return NewExecution(**(values | fields))

    async def begin(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> Id:
        """Accept an execution as a request would, born with a lease where there is a slot; its id."""
        waiting = fields.get("priority") == 0
        bound = "serial_key" in fields or "concurrency" in fields
        lease = None if bound else self.engine.lease(waiting=waiting)
        execution = self.execution(workflow, data, lease=lease, **fields)
        await self.store.executions.create([execution])
        self.engine.start([execution])
        return execution.id

    async def queue(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> Id:
        """Accept an execution that has to be claimed; nobody is told."""
        execution = self.execution(workflow, data, **fields)
        await self.store.executions.create([execution])
        return execution.id

    async def end(self, execution: Id) -> ExecutionRecord:
        """The execution once it has finished."""
        async with asyncio.timeout(PATIENCE):
            record = await self.engine.wait(self.org, execution, self.clock.now() + LONG)
        assert record is not None
        return record

    async def run(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> ExecutionRecord:
        return await self.end(await self.begin(workflow, data, **fields))

    async def journal(self, execution: Id) -> dict[tuple[str, int], NodeRecord]:
        return {(node.node, node.item): node for node in await self.store.executions.nodes(self.org, execution)}

    async def record(self, execution: Id) -> ExecutionRecord:
        return await self.store.executions.get(self.org, execution)

    def used(self) -> int:
        """Slots in use."""
        return self.engine._slots.used

    async def idle(self) -> None:
        """Return once no slot is in use; a look for more work holds some for a moment."""
        while self.used():
            await self.let_others_run()

    async def until_calls(self, count: int) -> None:
        """Return once the probe was called so often."""
        while len(self.probe.calls) < count:
            await self.let_others_run()

    async def let_others_run(self) -> None:
        """Let everything that is ready go on, the database's thread included."""
        assert perf_counter() - self.opened < PATIENCE
        await self.store.executions.next_due()

    async def until(self, execution: Id, state: str) -> ExecutionRecord:
        """The execution once the store has it in `state`; waits for the commits in between, not for time."""
        while (record := await self.record(execution)).state != state:
            assert perf_counter() - self.opened < PATIENCE
        return record


OpenRig = Callable[..., AbstractAsyncContextManager[Rig]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
def open_rig(tmp_path: Path, clock: ManualClock, probe: Probe) -> OpenRig:
    """Opens a hub process over the test's data directory; several at once share the database."""

    @asynccontextmanager
    async def opened(owner: str = "one", *, with_clock: Clock | None = None, **fields: Any) -> AsyncIterator[Rig]:
        time = with_clock or clock
        directory = tmp_path / "data"
        store = SqlStore(
            None,
            directory,
            vault=Vault(directory / "keys"),
            blobs=DirectoryBlobs(directory / "blobs"),
            clock=time,
            owner=owner,
        )
        plugins = Plugins(version=hub.__version__, entry_points=(), actions=(*CORE_ACTIONS.values(), *probe.actions))
        plugins.load()
        egress = Egress(Guard([ip_network("127.0.0.0/8")]), user_agent="test")
        await store.start()
        await egress.start()
        catalog = EventCatalog(plugins, lambda: store.snapshot)
        publisher = Publisher(store, plugins, catalog, BodyTemplates(body_template), time)
        engine = EmbeddedEngine(
            store=store,
            plugins=plugins,
            egress=egress,
            outbound=Publishing(publisher),
            clock=time,
            owner=owner,
            **({"shutdown_seconds": 0.0} | fields),
        )
        await engine.start_running()
        try:
            yield Rig(store, engine, time, probe, plugins)
        finally:
            await engine.stop()
            await egress.stop()
            await store.stop()

    return opened


@pytest.fixture
async def rig(open_rig: OpenRig) -> AsyncIterator[Rig]:
    async with open_rig() as opened:
        yield opened


@pytest.fixture
def count_commits(tmp_path: Path) -> Callable[[], AbstractContextManager[Callable[[], int]]]:
    """Counts the transactions that change the database while the block runs."""
    wal = tmp_path / "data" / "hub.db-wal"

    @contextmanager
    def counting() -> Iterator[Callable[[], int]]:
        before = _commits(wal.read_bytes())
        yield lambda: _commits(wal.read_bytes()) - before

    return counting


def _commits(wal: bytes) -> int:
    """Transactions in a write-ahead log: frames that give the size of the database after a commit.

    The layout is that of https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
    """
    page_size, salts = int.from_bytes(wal[8:12]), wal[16:24]
    frames = (wal[at : at + 24] for at in range(32, len(wal), 24 + page_size))
    return sum(frame[8:16] == salts and frame[4:8] != bytes(4) for frame in frames)
