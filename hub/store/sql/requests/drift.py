"""Counts of drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from hub.model.ids import Id
from hub.model.stored.drift import Drift
from hub.ports.store.drift import DRIFT_ROWS_PER_SOURCE
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import drift
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlDrift"]

_COLUMNS = tuple(column.name for column in drift.columns)


class SqlDrift:
    """Implements `hub.ports.store.drift.DriftCounts`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer

    async def count(self, seen: Sequence[Drift]) -> None:
        """See `hub.ports.store.DriftCounts.count`."""
        if seen:
            await self._writer.run(Priority.RETENTION, lambda transaction: _add(transaction, seen))

    async def drifts(self, org: Id, *, source: Id | None = None, limit: int) -> tuple[Drift, ...]:
        """See `hub.ports.store.DriftCounts.drifts`."""
        order = (drift.c.count.desc(), drift.c.last.desc(), drift.c.type, drift.c.detail)
        rows = await self._database.rows(select(drift).where(*_of(org, source)).order_by(*order).limit(limit))
        return tuple(Drift(**{name: getattr(row, name) for name in _COLUMNS}) for row in rows)

    async def forget(self, org: Id, *, source: Id | None = None) -> None:
        """See `hub.ports.store.DriftCounts.forget`."""
        statement = delete(drift).where(*_of(org, source))
        await self._writer.run(Priority.JOURNAL, lambda transaction: transaction.execute(statement))


def _of(org: Id, source: Id | None) -> tuple[Any, ...]:
    return (drift.c.org == org,) if source is None else (drift.c.org == org, drift.c.source == source)


def _add(transaction: Transaction, seen: Sequence[Drift]) -> None:
    for org, source in dict.fromkeys((one.org, one.source) for one in seen):
        rows = transaction.first(select(func.count()).select_from(drift).where(*_of(org, source)))
        room = DRIFT_ROWS_PER_SOURCE - (rows[0] if rows is not None else 0)
        for one in seen:
            if (one.org, one.source) == (org, source):
                room -= _put(transaction, one, new=room > 0)


def _put(transaction: Transaction, one: Drift, *, new: bool) -> int:
    """Returns how many rows were added."""
    known = transaction.execute(
        update(drift)
        .where(*_of(one.org, one.source), drift.c.type == one.type, drift.c.detail == one.detail)
        .values(count=drift.c.count + one.count, last=one.last, request=one.request)
    ).rowcount
    if known or not new:
        return 0
    transaction.execute(insert(drift), {name: getattr(one, name) for name in _COLUMNS})
    return 1
