"""A store over a real file, and a workflow in it to accept requests for."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hub.model.ids import Id, new_id
from hub.model.stored.execution import Lease, NewExecution
from hub.model.stored.inbound import Acceptance, EventRecord, KeptSecret, NewEvent, RequestRecord
from hub.model.stored.source import SourceRecord, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowRecord
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing.clock import ManualClock

MINUTE = 60_000_000

OpenStore = Callable[..., AbstractAsyncContextManager[SqlStore]]


@dataclass
class Scene:
    """A store with one published workflow, and the records that senders' requests become."""

    store: SqlStore
    clock: ManualClock
    workflow: WorkflowRecord

    @property
    def org(self) -> Id:
        return self.workflow.org

    @property
    def source(self) -> SourceRecord:
        return self.store.snapshot.sources[self.workflow.source]

    def request(self, **fields: Any) -> RequestRecord:
        body = fields.pop("body", b'{"a":1}')
        values: dict[str, Any] = {
            "org": self.org,
            "id": new_id(),
            "source": self.workflow.source,
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
        values: dict[str, Any] = {
            "org": self.org,
            "id": new_id(),
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
        values: dict[str, Any] = {
            "org": self.org,
            "id": new_id(),
            "workflow": self.workflow.id,
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
        """One event with one execution for each key."""
        request = self.request(**fields)
        events = []
        for key in keys:
            event = self.event(request, key, account=account)
            execution = self.execution(source=request.source, request=request.id, event=event.id, lease=lease)
            events.append(NewEvent(event, (execution,)))
        return Acceptance(request, self.source.generation, tuple(events), keep, nonce)

    def lease(self, owner: str = "one", seconds: int = 60) -> Lease:
        return Lease(owner, self.clock.now() + seconds * 1_000_000)

    def over(self, store: SqlStore) -> Scene:
        """The same scene seen through another store on the same file."""
        return replace(self, store=store)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def open_store(tmp_path: Path, clock: ManualClock) -> OpenStore:
    """Opens a store over the test's data directory; several at once share the file."""

    @asynccontextmanager
    async def opened(owner: str = "one") -> AsyncIterator[SqlStore]:
        directory = tmp_path / "data"
        store = SqlStore(
            None,
            directory,
            vault=Vault(directory / "keys"),
            blobs=DirectoryBlobs(directory / "blobs"),
            clock=clock,
            owner=owner,
        )
        await store.start()
        try:
            yield store
        finally:
            await store.stop()

    return opened


@pytest.fixture
async def store(open_store: OpenStore) -> AsyncIterator[SqlStore]:
    async with open_store() as opened:
        yield opened


@pytest.fixture
async def scene(store: SqlStore, clock: ManualClock) -> Scene:
    org = store.snapshot.org_named("default")
    assert org is not None
    secret = StoredSecret(new_id(), "url", b"u" * 32, text="url-secret-text", created=clock.now())
    workflow = await store.workflows.create(
        org.id, "first", {"nodes": []}, source=SourceSpec(), secrets=[secret], publish=True
    )
    return Scene(store, clock, workflow)
