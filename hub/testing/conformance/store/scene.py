"""What the tests of a store work with: a database, a clock that stands still, and records in short."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from hub.model.ids import Id
from hub.model.stored.execution import Claimed, ExecutionChange, Lease, NewExecution, NodeRecord
from hub.model.stored.inbound import Acceptance, EventRecord, KeptSecret, NewEvent, RequestRecord
from hub.model.stored.source import SourceRecord, SourceSpec
from hub.ports.store import Store
from hub.store.blobs import DirectoryBlobs
from hub.store.parts import StoreParts
from hub.store.vault import Vault
from hub.testing.clock import ManualClock
from hub.testing.conformance.store.process import Factory, StoreProcess, Task

__all__ = ["MINUTE", "SECOND", "StoreScene", "page_through"]

T = TypeVar("T")

SECOND = 1_000_000
MINUTE = 60 * SECOND


class StoreScene:
    """One database, seen through one store that is open.

    Attributes:
        store: The store.
        clock: Moved by the test only.
        vault: Seals what is secret.
        blobs: Forget what is deleted at once.
        folder: Keys and blobs are in it.
        workflow: An id for executions to belong to; no such workflow exists.
        source_id: A shared source.
    """

    def __init__(self, factory: Factory, url: Callable[[Path], str | None], folder: Path, clock: ManualClock) -> None:
        self.clock = clock
        self.folder = folder
        self.vault = Vault(folder / "keys")
        self.blobs = DirectoryBlobs(folder / "blobs", grace_seconds=0)
        self.source_id: Id = b""
        self._factory = factory
        self._url = url
        self._numbers = count()
        self._store: Store | None = None
        self.workflow = self.id()

    async def start(self, owner: str = "one", *, source: bool = True) -> None:
        """Open the store; the first time with a source in it."""
        self._store = await self._open(owner)
        if source and not self.source_id:
            self.source_id = (await self.store.sources.create(self.org, SourceSpec(), [])).id

    async def stop(self) -> None:
        """Close the store if it is open."""
        store, self._store = self._store, None
        if store is not None:
            await store.stop()

    async def restart(self) -> None:
        """Close the store and open another one over the same data."""
        await self.stop()
        await self.start()

    @asynccontextmanager
    async def beside(self, owner: str = "two") -> AsyncIterator[StoreScene]:
        """The same database seen through another store that is open at the same time, as by another process."""
        other = copy(self)
        other._store = await self._open(owner)  # noqa: SLF001 - it is a scene too
        try:
            yield other
        finally:
            await other.stop()

    def elsewhere(self) -> StoreScene:
        """A scene over another database, the same one each time, which is not open yet and empty at first."""
        return StoreScene(self._factory, self._url, self.folder / "elsewhere", self.clock)

    @asynccontextmanager
    async def process(self, task: Task, *arguments: str, owner: str = "child") -> AsyncIterator[StoreProcess]:
        """Another process of the operating system that runs `task` over the same database, killed at the end."""
        process = StoreProcess(
            self._factory, self._url(self.folder), self.folder, self.clock.now(), owner, self.source_id
        )
        await process.start(task, arguments)
        try:
            await process.begin()
            yield process
        finally:
            await process.kill()

    async def race(self, task: Task, *arguments: str) -> tuple[list[list[str]], list[list[str]]]:
        """Run `task` here and in another process of the operating system at once; what each of the two told."""
        mine: list[list[str]] = []
        async with self.process(task, *arguments) as other:
            await task(self, lambda *words: mine.append(list(words)), *arguments)
            return mine, await other.finish()

    @property
    def store(self) -> Store:
        """The open store. Raises AssertionError while there is none."""
        if self._store is None:
            raise AssertionError("the scene is not open")
        return self._store

    @property
    def org(self) -> Id:
        """The org `default`."""
        org = self.store.snapshot.org_named("default")
        if org is None:
            raise AssertionError("a database that was just opened has an org named default")
        return org.id

    @property
    def source(self) -> SourceRecord:
        """The shared source as the snapshot shows it."""
        return self.store.snapshot.sources[self.source_id]

    def id(self) -> Id:
        """An id made now by the scene's clock, larger than every one made before."""
        head = (self.clock.now() // 1_000) << 80 | 0x7 << 76
        return (head | 0b10 << 62 | next(self._numbers) << 24 | secrets.randbits(24)).to_bytes(16)

    def lease(self, owner: str = "one", seconds: int = 60) -> Lease:
        """A lease to be born with."""
        return Lease(owner, self.clock.now() + seconds * SECOND)

    def request(self, **fields: Any) -> RequestRecord:
        """A request to the source."""
        body = fields.pop("body", b'{"a":1}')
        values: dict[str, Any] = {
            "org": self.org,
            "id": self.id(),
            "source": self.source_id,
            "received": self.clock.now(),
            "method": "POST",
            "url": "/webhooks/wf/fp?x=1",
            "headers": (("Content-Type", "application/json"), ("X-Two", "a"), ("X-Two", "b")),
            "body": body,
            "size": len(body),
            "digest": hashlib.sha256(body).hexdigest(),
            "client": "127.0.0.1",
            "dialect": "tracecat",
            "state": "accepted",
            "step": "accept",
            "status": 200,
        }
        return RequestRecord(**(values | fields))

    def event(self, request: RequestRecord, key: str | None = None, **fields: Any) -> EventRecord:
        """An event of a request."""
        values: dict[str, Any] = {
            "org": request.org,
            "id": self.id(),
            "source": request.source,
            "request": request.id,
            "type": "thing.happened",
            "key": key,
            "account": None,
            "time": None,
            "received": self.clock.now(),
            "data": {"a": 1},
        }
        return EventRecord(**(values | fields))

    def execution(self, **fields: Any) -> NewExecution:
        """An execution that no store knows yet."""
        values: dict[str, Any] = {
            "org": self.org,
            "id": self.id(),
            "workflow": self.workflow,
            "version": 1,
            "kind": "webhook",
            "trigger": {"data": {"a": 1}},
            "created": self.clock.now(),
        }
        return NewExecution(**(values | fields))

    def acceptance(
        self,
        *keys: str | None,
        nonce: str | None = None,
        keep: tuple[KeptSecret, ...] = (),
        lease: Lease | None = None,
        account: str | None = None,
        **fields: Any,
    ) -> Acceptance:
        """A request with one event and one execution for each key; `fields` are those of the request."""
        request = self.request(**fields)
        events = []
        for key in keys:
            event = self.event(request, key, account=account)
            execution = self.execution(source=request.source, request=request.id, event=event.id, lease=lease)
            events.append(NewEvent(event, (execution,)))
        return Acceptance(request, self.source.generation, tuple(events), keep, nonce)

    async def queue(self, **fields: Any) -> NewExecution:
        """An execution that waits in the store."""
        execution = self.execution(**fields)
        await self.store.executions.create([execution])
        return execution

    async def claim(self, owner: str = "one", limit: int = 10, **bounds: int) -> tuple[Claimed, ...]:
        """Claim for a minute."""
        now = self.clock.now()
        return await self.store.executions.claim(owner, now + MINUTE, now, limit, **bounds)

    async def journal(
        self,
        execution: Id,
        fence: int,
        *nodes: NodeRecord,
        change: ExecutionChange | None = None,
        children: Sequence[NewExecution] = (),
    ) -> None:
        """Write to the journal of an execution of the org."""
        await self.store.executions.journal(self.org, execution, fence, nodes, change, children)

    async def finish(self, execution: Id, fence: int, state: Any = "succeeded") -> None:
        """End an execution."""
        await self.journal(execution, fence, change=ExecutionChange(state=state, finished=self.clock.now()))

    async def rest(self, execution: Id, fence: int, *nodes: NodeRecord, seconds: float = 10_000) -> None:
        """Give up the lease of an execution that waits for so long."""
        due = self.clock.now() + int(seconds * SECOND)
        await self.journal(execution, fence, *nodes, change=ExecutionChange(state="waiting", due=due, release=True))

    async def until(self, seen: Callable[[], Awaitable[T]], expected: T) -> None:
        """Look again and again until something is as expected that the store does by itself."""
        while await seen() != expected:  # noqa: ASYNC110 - a store has no event that tells of it
            await asyncio.sleep(0.01)

    async def _open(self, owner: str) -> Store:
        store = self._factory(
            StoreParts(
                url=self._url(self.folder),
                data_dir=self.folder,
                vault=self.vault,
                blobs=self.blobs,
                clock=self.clock,
                owner=owner,
            )
        )
        await store.start()
        return store


async def page_through(
    read: Callable[..., Any],
    *arguments: Any,
    limit: int = 2,
    meanwhile: Callable[[], Awaitable[object]] | None = None,
    **filters: Any,
) -> list[Any]:
    """All items of a list, read in pages of `limit`; `meanwhile` happens between the first page and the second."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = await read(*arguments, limit=limit, cursor=cursor, **filters)
        if len(page.items) > limit:
            raise AssertionError(f"a page of {limit} has {len(page.items)} items")
        items += page.items
        cursor = page.next
        if cursor is None:
            return items
        if meanwhile is not None:
            await meanwhile()
            meanwhile = None
