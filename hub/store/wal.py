"""Keeping the write-ahead log of SQLite small.

A commit copies the log into the database as soon as it has some 16 MB. While somebody reads an old snapshot, that copy
stops where the reader began, and the log grows for as long as the reading takes. SQLite never makes the file smaller by
itself; two things do here. A log that begins again from its start is cut to `LIMIT` (`journal_size_limit`). And in
quiet moments a connection of its own copies what is left and empties the file, so that a hub that has nothing to write
does not keep a large one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

__all__ = ["LIMIT", "WriteAheadLog"]

LIMIT = 32 << 20
"""Bytes above which the log is emptied in a quiet moment; it has about half of that in normal operation."""

_BUSY_SECONDS = 0.02
"""Longest time that emptying waits for others, and keeps commits waiting meanwhile."""
_LOOK_SECONDS = 0.5


class WriteAheadLog:
    """The log of one database.

    Args:
        url: The database, with a synchronous driver.
        path: Its file.
    """

    def __init__(self, url: URL, path: str) -> None:
        self._file = Path(f"{path}-wal")
        self._engine = create_engine(
            url, connect_args={"timeout": _BUSY_SECONDS}, poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )

    def size(self) -> int:
        """Bytes of the file, 0 without one."""
        try:
            return self._file.stat().st_size
        except FileNotFoundError:
            return 0

    async def keep_small(self, idle: Callable[[], bool]) -> None:
        """Empty the log whenever it is larger than `LIMIT` and `idle` says that nobody writes; never returns."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self.size() > LIMIT and idle():
                with suppress(DBAPIError):  # another process holds a lock: the next look tries again
                    await asyncio.shield(asyncio.to_thread(self.empty, idle))

    def empty(self, idle: Callable[[], bool] = lambda: True) -> bool:
        """Copy the log into the database and empty its file, in the calling thread; whether the file is empty now.

        The copying blocks nobody, however long it takes, and stops where a reader still needs the log. Emptying takes
        the write lock, which is why it is tried only once everything has been copied and while `idle` is true.
        """
        with self._engine.connect() as connection:
            busy, pages, copied = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()
            if busy or pages != copied or not idle():
                return False
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            return not busy
