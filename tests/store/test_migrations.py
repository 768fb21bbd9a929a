"""The database is made and kept by migrations that say the same as the tables."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from hub.errors import StoreUnavailable
from hub.store.migrations import configuration, migrate, newest
from hub.store.sql.tables import metadata
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority
from hub.store.sqlite import Database

if TYPE_CHECKING:
    from tests.store.conftest import OpenStore


def test_autogenerate_finds_no_difference(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'hub.db'}")
    with engine.connect() as connection:
        migrate(connection)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_partial_indexes_and_shapes_are_those_of_the_tables(tmp_path: Path) -> None:
    """Autogenerate does not look at everything: the schema as SQLite writes it down is compared as well."""
    made, meant = create_engine(f"sqlite:///{tmp_path / 'a'}"), create_engine(f"sqlite:///{tmp_path / 'b'}")
    with made.connect() as connection:
        migrate(connection)
    metadata.create_all(meant)
    schemas = []
    for engine in (made, meant):
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            schemas.append({name: set(sql.replace(",", " ").split()) for name, sql in rows})
        engine.dispose()
    schemas[0].pop("alembic_version")

    assert schemas[0] == schemas[1]


def test_the_newest_revision_is_known_from_the_names_of_the_files() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == newest()


async def test_many_processes_may_start_at_once_on_an_empty_directory(open_store: OpenStore) -> None:
    contexts = [open_store(f"p{number}") for number in range(6)]

    stores = await asyncio.gather(*(context.__aenter__() for context in contexts))

    try:
        assert {tuple(store.snapshot.orgs) for store in stores} == {tuple(stores[0].snapshot.orgs)}
    finally:
        await asyncio.gather(*(context.__aexit__(None, None, None) for context in contexts))


async def test_the_database_is_durable_by_settings(open_store: OpenStore) -> None:
    def pragma(transaction: Transaction, name: str) -> object:
        return transaction.connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    async with open_store() as store:
        names = ("journal_mode", "synchronous", "foreign_keys")
        values = [await store._writer.run(Priority.JOURNAL, partial(pragma, name=name)) for name in names]

    assert values == ["wal", 2, 1]


async def test_a_file_that_is_no_database_is_unavailable(open_store: OpenStore, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hub.db").write_bytes(b"this is no database at all" * 100)

    with pytest.raises(StoreUnavailable):
        async with open_store():
            pass


@pytest.mark.parametrize("url", ["postgresql+asyncpg://h/d", "sqlite://", "sqlite+aiosqlite:///:memory:"])
def test_urls_that_cannot_work_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="HUB_DATABASE_URL"):
        Database(url)


async def test_readers_cannot_write(open_store: OpenStore) -> None:
    async with open_store() as store:
        with pytest.raises(StoreUnavailable, match="readonly"):
            await store._database.rows(metadata.tables["plugins"].delete())


async def test_the_file_is_left_whole(open_store: OpenStore, tmp_path: Path) -> None:
    async with open_store():
        pass
    connection = sqlite3.connect(tmp_path / "data" / "hub.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()
