"""The connections to a SQLite database: one to write, which a thread of the writer uses, and a pool to read.

Reads are asynchronous (aiosqlite). The writer works synchronously in one thread, so that a whole group of operations
costs one switch to that thread and not one for each statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, Row, create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql import Executable

from hub.errors import StoreUnavailable
from hub.ports.store.retention import FileSpace
from hub.store.wal import LIMIT, WriteAheadLog

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
            raise ValueError("HUB_DATABASE_URL is not a URL such as sqlite:////var/lib/hub/hub.db") from error
        if parsed.get_backend_name() != "sqlite":
            raise ValueError(
                f"HUB_DATABASE_URL names {parsed.get_backend_name()}, for which no plugin brings a store; "
                "the core's own store takes sqlite"
            )
        if parsed.database in {None, "", ":memory:"}:
            raise ValueError("HUB_DATABASE_URL names no file: write sqlite:////path/to/hub.db")
        self.path = str(parsed.database)
        arguments = {"timeout": _BUSY_SECONDS, "cached_statements": _STATEMENTS}
        synchronous = parsed.set(drivername="sqlite+pysqlite")
        self.log = WriteAheadLog(synchronous, self.path)
        self.writer: Engine = create_engine(synchronous, connect_args=arguments)
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

        If the caller is cancelled, the reading goes on and ends by itself. Broken off in the middle, its connection
        would have to be thrown away, and the thread of that connection might outlive the event loop.

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

    async def space(self) -> FileSpace:
        """What the files take of the disk. Raises as `rows`."""
        numbers = {}
        for name in ("page_size", "page_count", "freelist_count"):
            numbers[name] = (await self.rows(text(f"PRAGMA {name}")))[0][0]
        page = numbers["page_size"]
        return FileSpace(numbers["page_count"] * page, numbers["freelist_count"] * page, self.log.size())

    async def close(self) -> None:
        """Close the reading connections once nothing is read any more; the writer closes the one to write."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._reader.dispose()


def _prepare_writer(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Set up the connection that writes."""
    connection.isolation_level = None  # the driver begins no transaction: `_begin` does
    cursor = connection.cursor()
    # Before all else: it has an effect only on a file without a page. Pages that retention frees can then be given back
    # in small steps; VACUUM, the other way, writes the whole file again under the write lock.
    cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
    cursor.execute("PRAGMA journal_mode=WAL")  # readers do not block the writer, nor the writer them
    cursor.execute("PRAGMA synchronous=FULL")  # a commit is on the disk when it returns; WAL alone would not sync it
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.execute("PRAGMA wal_autocheckpoint=4000")
    cursor.execute(f"PRAGMA journal_size_limit={LIMIT}")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the write lock at once.

    A transaction that read first and wrote later would fail if another process had written in between, and could only
    be tried again as a whole.
    """
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_reader(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()
