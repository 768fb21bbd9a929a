"""What the files take of the disk: the log shrinks after a long reader, the database after retention."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from hub.store.sql.store import SqlStore
from hub.store.wal import LIMIT
from hub.testing.conformance.store.scene import StoreScene
from tests.store.conftest import OpenStore

DAY = 86_400
BODY = b"\x00\xff" * 15_000


@asynccontextmanager
async def reading(path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Somebody who holds a snapshot of the database, as a backup does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM requests").fetchone()
        yield connection
        connection.execute("ROLLBACK")


async def write(scene: StoreScene, bytes_: int) -> None:
    """Accept requests with as many bytes in all."""
    for number in range(bytes_ // len(BODY)):
        await scene.store.inbound.accept(scene.acceptance(f"key {scene.clock.now()} {number}", body=BODY))


async def test_the_log_shrinks_after_a_long_reader(scene: StoreScene) -> None:
    database, log = scene.folder / "hub.db", scene.folder / "hub.db-wal"
    async with reading(database):
        await write(scene, 2 * LIMIT)
        assert log.stat().st_size > LIMIT, "the reader needs what was there when it began"
        assert (await scene.store.retention.space()).log == log.stat().st_size

    async def small() -> bool:
        return log.stat().st_size <= LIMIT

    async with asyncio.timeout(20):
        await scene.until(small, True)
    assert len((await scene.store.inbound.requests(scene.org, limit=200)).items) == 200


async def test_a_reader_that_needs_the_log_keeps_it_and_blocks_nobody(scene: StoreScene) -> None:
    database, log = scene.folder / "hub.db", scene.folder / "hub.db-wal"
    store = scene.store
    assert isinstance(store, SqlStore)
    async with reading(database) as reader:
        await write(scene, len(BODY))
        size = log.stat().st_size
        assert not store.resources.database.log.empty()
        assert log.stat().st_size >= size
        await write(scene, len(BODY))
        assert reader.execute("SELECT count(*) FROM requests").fetchone() == (0,), "its snapshot is whole"
    assert store.resources.database.log.empty()
    assert log.stat().st_size == 0


async def test_the_file_is_smaller_after_retention(scene: StoreScene) -> None:
    store = scene.store
    assert isinstance(store, SqlStore)
    await write(scene, 4 << 20)
    store.resources.database.log.empty()
    before = (scene.folder / "hub.db").stat().st_size
    scene.clock.advance(DAY)
    border = scene.clock.now()
    cursor: str | None = None
    while True:
        step = await store.retention.prune("requests", border, cursor=cursor)
        cursor = step.cursor
        if cursor is None:
            break
    assert (await store.retention.space()).free > 3 << 20
    steps = 1
    while await store.retention.give_back(limit=100):
        steps += 1
    store.resources.database.log.empty()
    after = (scene.folder / "hub.db").stat().st_size
    assert after < before - (3 << 20)
    assert steps > 5, "in small steps"
    assert (await store.retention.space()).database == after


async def test_a_database_made_without_it_keeps_its_free_pages_until_vacuum(
    open_store: OpenStore, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "hub.db"
    async with open_store():
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("PRAGMA auto_vacuum=NONE", "VACUUM"):
            connection.execute(statement)
        connection.execute("CREATE TABLE filler AS SELECT zeroblob(100000) AS a")
        connection.execute("DROP TABLE filler")
    async with open_store() as store:
        assert (await store.retention.space()).free >= 100_000
        assert not await store.retention.give_back()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("PRAGMA auto_vacuum=INCREMENTAL", "VACUUM"):
            connection.execute(statement)
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
