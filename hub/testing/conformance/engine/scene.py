"""What the tests of an engine work with: a store, engines over it, time, and executions in short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import hub
from hub.backends import EngineParts
from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.engine.work.presence import Presence
from hub.model.ids import Id, new_id
from hub.model.stored.execution import ExecutionRecord, NewExecution, NodeRecord
from hub.model.stored.outbound import Published
from hub.model.stored.source import SourceSpec
from hub.model.stored.workflow import WorkflowChange, WorkflowRecord
from hub.model.times import SECOND
from hub.outbound.publish.publish import Publication
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.sdk.action import Action
from hub.store.blobs import DirectoryBlobs
from hub.store.parts import StoreParts
from hub.store.vault import Vault
from hub.testing.conformance.engine.probe import Probe
from hub.workflows.actions import CORE_ACTIONS

__all__ = ["DAY", "EngineFactory", "EngineScene", "PassTime", "Publications", "StoreFactory", "call", "value"]

DAY = 86_400 * SECOND

EngineFactory = Callable[[EngineParts], Engine]
"""Makes an engine of its parts: the factory that a plugin registers with `registry.engine`."""

StoreFactory = Callable[[StoreParts], Store]
"""Makes the store that the engine works over."""

PassTime = Callable[[Clock, float], Awaitable[None]]
"""Lets so many seconds pass for the engine."""


def call(node: str, /, *needs: str, **fields: Any) -> dict[str, Any]:
    """A node that calls the probe; fields that are no fields of a node are settings of the probe."""
    outer = {key: fields.pop(key) for key in tuple(fields) if key in {"action", "if", "retry", "timeout", "for_each"}}
    return {"id": node, "action": "probe.call", "needs": list(needs), "with": fields, **outer}


def value(node: str, value: Any, /, *needs: str, **fields: Any) -> dict[str, Any]:
    """A `transform` node."""
    return {"id": node, "action": "transform", "needs": list(needs), "with": {"value": value}, **fields}


@dataclass
class Publications:
    """The outbound side of the scene: keeps what is published.

    Attributes:
        made: The publications by idempotency key.
        asked: How often something was to be published, repeats included.
    """

    made: dict[str, Publication] = field(default_factory=dict)
    asked: int = 0

    async def publish(self, publication: Publication) -> Published:
        """See `hub.engine.host.MessagePublisher`."""
        self.asked += 1
        key = publication.idempotency_key or ""
        duplicate = self.made.setdefault(key, publication) is not publication
        return Published(id=bytes(16), deliveries=0, duplicate=duplicate)


async def _nothing_to_take_over(_owner: str) -> None:
    """The scene has no deliveries."""


class EngineScene:
    """One database, and one engine over it in a hub without its HTTP side.

    Attributes:
        factory: Makes engines.
        folder: The data directory.
        clock: The clock of stores and engines.
        probe: The action that most nodes run; engines of one scene share it.
        publications: What was published.
        actions: Actions beside the core's.
    """

    def __init__(
        self,
        factory: EngineFactory,
        store: StoreFactory,
        url: Callable[[Path], str | None],
        folder: Path,
        clock: Clock,
        *,
        pass_time: PassTime,
    ) -> None:
        self.factory = factory
        self.folder = folder
        self.clock = clock
        self.probe = Probe()
        self.publications = Publications()
        self.actions: tuple[Action, ...] = self.probe.actions
        self.store_factory = store
        self.url = url
        self._pass_time = pass_time
        self._store: Store | None = None
        self._engine: Engine | None = None
        self._egress: Egress | None = None

    async def open_store(self, owner: str = "test") -> None:
        """Open the store alone, to look on while engines run in other processes."""
        parts = StoreParts(
            url=self.url(self.folder),
            data_dir=self.folder,
            vault=Vault(self.folder / "keys"),
            blobs=DirectoryBlobs(self.folder / "blobs"),
            clock=self.clock,
            owner=owner,
        )
        self._store = self.store_factory(parts)
        await self._store.start()

    async def start(self, owner: str = "one", **fields: Any) -> None:
        """Open the store and start an engine; `fields` replace fields of its `EngineParts`."""
        await self.open_store(owner)
        plugins = Plugins(version=hub.__version__, entry_points=(), actions=(*CORE_ACTIONS.values(), *self.actions))
        plugins.load()
        self._egress = Egress(Guard([ip_network("127.0.0.0/8")]), user_agent="hub-conformance")
        await self._egress.start()
        values: dict[str, Any] = {
            "store": self.store,
            "plugins": plugins,
            "egress": self._egress,
            "outbound": self.publications,
            "clock": self.clock,
            "owner": owner,
            "slots": 8,
            "lease_seconds": 15.0,
            "shutdown_seconds": 0.0,
            "presence": Presence(self.folder / "processes", owner),
            "gone": _nothing_to_take_over,
        }
        self._engine = self.factory(EngineParts(**(values | fields)))
        await self._engine.start_running()

    async def stop(self) -> None:
        """Stop the engine and close the store, as far as they are open."""
        engine, self._engine = self._engine, None
        egress, self._egress = self._egress, None
        store, self._store = self._store, None
        if engine is not None:
            await engine.stop()
        if egress is not None:
            await egress.stop()
        if store is not None:
            await store.stop()

    async def restart(self, owner: str = "again", **fields: Any) -> None:
        """Stop in good order and start again over the same data."""
        await self.stop()
        await self.start(owner, **fields)

    @asynccontextmanager
    async def beside(self, owner: str = "two", **fields: Any) -> AsyncIterator[EngineScene]:
        """Another engine over the same database at the same time, as in another process."""
        other = copy(self)
        await other.start(owner, **fields)
        try:
            yield other
        finally:
            await other.stop()

    @property
    def store(self) -> Store:
        """The open store. Raises AssertionError while it is closed."""
        if self._store is None:
            raise AssertionError("the scene is not open")
        return self._store

    @property
    def engine(self) -> Engine:
        """The running engine. Raises AssertionError while there is none."""
        if self._engine is None:
            raise AssertionError("the scene has no engine")
        return self._engine

    @property
    def org(self) -> Id:
        """The org `default`."""
        org = self.store.snapshot.org_named("default")
        if org is None:
            raise AssertionError("a database that was just opened has an org named default")
        return org.id

    async def workflow(self, *nodes: Mapping[str, Any], name: str = "flow", **fields: Any) -> WorkflowRecord:
        """Publish a workflow of these nodes; `fields` are fields of its definition."""
        return await self.store.workflows.create(
            self.org, name, {"nodes": list(nodes), **fields}, source=SourceSpec(), secrets=[], publish=True
        )

    async def publish(self, workflow: WorkflowRecord, *nodes: Mapping[str, Any]) -> None:
        """Publish another version of a workflow, with these nodes."""
        change = WorkflowChange(draft={"nodes": list(nodes)}, published=True)
        await self.store.workflows.change(self.org, workflow.id, change)

    def new(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> NewExecution:
        """An execution of the workflow; `fields` replace fields of it."""
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

    async def accept(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> Id:
        """Commit an execution without telling the engine; its id."""
        execution = self.new(workflow, data, **fields)
        await self.store.executions.create([execution])
        return execution.id

    async def begin(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> Id:
        """Commit an execution and hand it to the engine; its id."""
        execution = self.new(workflow, data, **fields)
        await self.store.executions.create([execution])
        self.engine.start([execution])
        return execution.id

    async def run(self, workflow: WorkflowRecord, data: Any = None, **fields: Any) -> ExecutionRecord:
        """Run an execution to its end."""
        return await self.end(await self.begin(workflow, data, **fields))

    async def end(self, execution: Id) -> ExecutionRecord:
        """The execution once it has finished, which needs no more time of the clock."""
        record = await self.engine.wait(self.org, execution, self.clock.now() + DAY)
        if record is None:
            raise AssertionError("a wait ended before its deadline")
        return record

    async def record(self, execution: Id) -> ExecutionRecord:
        """The execution as stored."""
        return await self.store.executions.get(self.org, execution)

    async def journal(self, execution: Id) -> dict[tuple[str, int], NodeRecord]:
        """The stored journal by node and item."""
        return {(node.node, node.item): node for node in await self.store.executions.nodes(self.org, execution)}

    async def node(self, execution: Id, name: str) -> NodeRecord:
        """The stored journal entry of a node."""
        return (await self.journal(execution))[name, -1]

    async def until_state(self, execution: Id, *states: str, passing: float = 0.0) -> ExecutionRecord:
        """The execution once it is stored in one of these states, see `until`."""

        async def reached() -> bool:
            return (await self.record(execution)).state in states

        await self.until(reached, passing=passing)
        return await self.record(execution)

    async def until(self, holds: Callable[[], Awaitable[bool]], *, passing: float = 0.0) -> None:
        """Return once `holds` does; between two looks `passing` seconds of the clock pass."""
        while not await holds():
            if passing:
                await self.pass_time(passing)
            await asyncio.sleep(0.001)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass for the engine, a second at a time.

        After each the engine gets to write, so that it can renew its leases however slow the machine is.
        """
        while seconds > 0:
            await self._pass_time(self.clock, min(seconds, 1.0))
            seconds -= 1.0
            await asyncio.sleep(0.001)
            if self._store is not None:
                await self._store.executions.expire("nobody", self.clock.now())  # waits for the writes before it
