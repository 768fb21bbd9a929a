"""Pages over rows whose ids grow with time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select

from hub.errors import Invalid, Problem
from hub.model.ids import Id
from hub.ports.store.page import Page
from hub.store.sqlite import Database

__all__ = ["page", "read_cursor"]

T = TypeVar("T")


def read_cursor(cursor: str | None) -> Id | None:
    """The id in a cursor.

    Raises:
        Invalid: It is no cursor of ours.
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
    oldest_first: bool = False,
) -> Page[T]:
    """The rows of `query` newest first (or oldest first), `limit` at most, from behind `cursor`.

    Raises:
        Invalid: The cursor is no cursor.
        StoreUnavailable: The database cannot be read.
    """
    last = read_cursor(cursor)
    if last is not None:
        query = query.where(key > last if oldest_first else key < last)
    order = key if oldest_first else key.desc()
    rows: Sequence[Row[Any]] = await database.rows(query.order_by(order).limit(limit + 1))
    more = rows[limit - 1].id.hex() if len(rows) > limit else None
    return Page(tuple(read(row) for row in rows[:limit]), more)
