"""Pages over rows whose ids grow with time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Row, Select, func, select

from hub.errors import Invalid, Problem
from hub.model.ids import Id
from hub.ports.store.page import Page
from hub.store.sqlite import Database

__all__ = ["MINUTE", "count_ids", "first_id", "made_between", "next_ids", "page", "read_cursor"]

T = TypeVar("T")

_RANDOM_BITS = 80
"""Bits of an id behind its milliseconds."""
MINUTE = 60_000_000
"""By which an id and the time beside it may differ, microseconds: a clock may be corrected between two readings."""


def read_cursor(cursor: str | None) -> Id | None:
    """The id in a cursor.

    Raises:
        Invalid: It is not the cursor of a page.
    """
    if cursor is None:
        return None
    try:
        raw = bytes.fromhex(cursor)
    except ValueError:
        raw = b""
    if len(raw) != 16:
        raise Invalid("the cursor is not one that this hub gave", (Problem("/cursor", "take it from `next`"),))
    return raw


async def page(
    database: Database,
    query: Select[Any],
    key: ColumnElement[bytes],
    read: Callable[[Row[Any]], T],
    *,
    limit: int,
    cursor: str | None,
) -> Page[T]:
    """The rows of `query` newest first, `limit` at most, from behind `cursor`.

    A cursor is the id of the last item of the page before. Unlike a number of rows to skip it stays right while rows
    come and go, even if its own row is gone. One row more than asked for tells whether there is another page.

    Raises:
        Invalid: It is not the cursor of a page.
        StoreUnavailable: The database cannot be read.
    """
    last = read_cursor(cursor)
    if last is not None:
        query = query.where(key < last)
    rows: Sequence[Row[Any]] = await database.rows(query.order_by(key.desc()).limit(limit + 1))
    more = rows[limit - 1].id.hex() if len(rows) > limit else None
    return Page(tuple(read(row) for row in rows[:limit]), more)


async def next_ids(
    database: Database, key: Column[bytes], where: Sequence[ColumnElement[bool]], *, after: Id | None, limit: int
) -> tuple[Id, ...]:
    """The ids of the rows that `where` selects, oldest first, `limit` at most, from behind `after`.

    Raises:
        StoreUnavailable: The database cannot be read.
    """
    query = select(key).where(*where, *([] if after is None else [key > after]))
    return tuple(row[0] for row in await database.rows(query.order_by(key).limit(limit)))


async def count_ids(
    database: Database, key: Column[bytes], where: Sequence[ColumnElement[bool]], *, after: Id | None
) -> int:
    """How many rows `where` selects, from behind `after`. Raises as `next_ids`."""
    query = select(func.count()).select_from(key.table).where(*where, *([] if after is None else [key > after]))
    found = await database.first(query)
    return 0 if found is None else int(found[0])


def first_id(at: int) -> Id:
    """No id made from the millisecond of `at` (microseconds UTC) on is smaller: ids begin with their time."""
    return ((max(at, 0) // 1_000 << _RANDOM_BITS) % (1 << 128)).to_bytes(16)


def made_between(key: Column[bytes], time: Column[int], since: int, until: int) -> tuple[ColumnElement[bool], ...]:
    """Rows whose `time` is in that span (microseconds UTC), found by their ids in `key`, which begin with that time.

    The ids of a minute on either side are looked at too.
    """
    near = (key >= first_id(since - MINUTE), key < first_id(until + MINUTE))
    return (*near, time >= since, time < until)
