"""Reading connections: whoever goes away leaves them whole."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from sqlalchemy import text

from hub.store.sql.store import SqlStore
from tests.store.conftest import OpenStore

SLOW = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n")


def readers() -> set[threading.Thread]:
    """The threads of reading connections."""
    return {one for one in threading.enumerate() if "_connection_worker_thread" in one.name}


async def interrupt(store: SqlStore) -> None:
    """Cancel somebody in the middle of reading."""
    reading = asyncio.ensure_future(store.resources.database.rows(SLOW))
    for _ in range(20):  # past the checkout of a connection, into the statement
        await asyncio.sleep(0)
    assert not reading.done()
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    assert reading.cancelled()


async def test_a_caller_that_goes_away_costs_no_connection(open_store: OpenStore) -> None:
    others = readers()
    async with open_store() as store:
        await store.refresh()
        before = readers()
        for _ in range(8):
            await interrupt(store)
        await store.refresh()
        assert before <= readers()
        assert len(readers() - others) <= 4


async def test_closing_waits_for_what_is_still_read(open_store: OpenStore) -> None:
    before = readers()
    async with open_store() as store:
        await store.refresh()
        mine = readers() - before
        await interrupt(store)
    for thread in mine:
        thread.join(10)
    assert not any(thread.is_alive() for thread in mine)
