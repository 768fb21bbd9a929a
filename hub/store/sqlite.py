"""The connections to the database: one to write, in a thread of its own, and a pool to read.

Reads are asynchronous (aiosqlite). The writer works synchronously in one thread, so that a whole group of operations
costs one hop into that thread and not one for each statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, Row, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql import Executable

from hub.errors import StoreUnavailable

__all__ = ["AnyRow", "Database", "sqlite_url"]

AnyRow = Row[*tuple[Any, ...]]
"""A row of any columns."""

_BUSY_SECONDS = 10
_STATEMENTS = 1024
_READERS = 4


def sqlite_url(path: str) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite+aiosqlite", database=path).render_as_string(hide_password=False)


class Database:
    """Engines of one database.

    Args:
        url: A SQLAlchemy URL with the backend `sqlite`; the driver is chosen here.

    Raises:
        ValueError: Another backend, or a database in memory, which two connections cannot share.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise ValueError("HUB_DATABASE_URL: no SQLAlchemy URL, such as sqlite:////var/lib/hub/hub.db") from error
        if parsed.get_backend_name() != "sqlite":
            raise ValueError(
                f"HUB_DATABASE_URL: the store needs SQLite, and no plugin brings one for {parsed.get_backend_name()}"
            )
        if parsed.database in {None, "", ":memory:"}:
            raise ValueError("HUB_DATABASE_URL: the store needs a database file")
        self.path = str(parsed.database)
        arguments = {"timeout": _BUSY_SECONDS, "cached_statements": _STATEMENTS}
        self.writer: Engine = create_engine(parsed.set(drivername="sqlite+pysqlite"), connect_args=arguments)
        self._reader: AsyncEngine = create_async_engine(
            parsed.set(drivername="sqlite+aiosqlite"),
            connect_args=arguments,
            pool_size=_READERS,
            max_overflow=0,
            isolation_level="AUTOCOMMIT",
        )
        self._under_way: set[asyncio.Future[Sequence[AnyRow]]] = set()
        event.listen(self.writer, "connect", _prepare_writer)
        event.listen(self.writer, "begin", _begin)
        event.listen(self._reader.sync_engine, "connect", _prepare_reader)

    async def rows(self, statement: Executable) -> Sequence[AnyRow]:
        """All rows of a reading statement.

        A caller that is cancelled leaves the reading to end by itself: broken off in the middle it would cost its
        connection, whose thread might outlive the event loop.

        Raises:
            StoreUnavailable: The database cannot be read.
        """
        reading = asyncio.ensure_future(self._rows(statement))
        self._under_way.add(reading)
        reading.add_done_callback(self._under_way.discard)
        return await asyncio.shield(reading)

    async def _rows(self, statement: Executable) -> Sequence[AnyRow]:
        try:
            async with self._reader.connect() as connection:
                return (await connection.execute(statement)).all()
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise StoreUnavailable(f"the database cannot be read: {cause}") from error

    async def first(self, statement: Executable) -> AnyRow | None:
        """The first row of a reading statement, None without one; raises as `rows`."""
        rows = await self.rows(statement)
        return rows[0] if rows else None

    async def close(self) -> None:
        """Close the reading connections once nothing is read any more; the writer closes its own."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._reader.dispose()


def _prepare_writer(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Transactions are begun by `_begin` and not by the driver; a commit is on the disk when it returns."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.execute("PRAGMA wal_autocheckpoint=4000")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first could not get it later without a retry."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_reader(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()
