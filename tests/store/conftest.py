"""A store over a real file. `test_conformance.py` shows what it promises; the other tests are about SQL and files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from hub.store.blobs import DirectoryBlobs
from hub.store.parts import sql_store
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing.clock import ManualClock
from hub.testing.conformance.store.scene import StoreScene

OpenStore = Callable[..., AbstractAsyncContextManager[SqlStore]]


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
async def scene(tmp_path: Path, clock: ManualClock) -> AsyncIterator[StoreScene]:
    """The scene of the conformance suite, over the test's data directory."""
    made = StoreScene(sql_store, lambda _: None, tmp_path / "data", clock)
    await made.start()
    yield made
    await made.stop()
