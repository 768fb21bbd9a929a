"""Sealing again what is sealed under an older master key, one small step per transaction."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select, tuple_, update

from hub.errors import Invalid
from hub.ports.store.resealing import Resealed
from hub.store.sql.resources import SqlResources
from hub.store.sql.transaction import Transaction
from hub.store.sql.upkeep.sealed import SEALED, Sealed
from hub.store.sql.writer import Priority
from hub.store.vault import Vault

__all__ = ["SqlResealing"]


class SqlResealing:
    """Implements `hub.ports.store.Resealing`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._vault = resources.vault

    async def step(self, cursor: str = "", *, limit: int = 200) -> Resealed:
        """See `hub.ports.store.Resealing.step`."""
        number, key = _place(cursor)
        looked_at, sealed_again, last = await self._writer.run(
            Priority.RETENTION, lambda transaction: _step(transaction, self._vault, SEALED[number], key, limit)
        )
        if last is not None:
            return Resealed(looked_at, sealed_again, f"{number}:{last.hex()}")
        return Resealed(looked_at, sealed_again, f"{number + 1}:" if number + 1 < len(SEALED) else None)

    async def count(self, cursor: str = "") -> int:
        """See `hub.ports.store.Resealing.count`."""
        number, key = _place(cursor)
        total = 0
        for place, sealed in enumerate(SEALED[number:]):
            query = select(func.count()).select_from(sealed.table)
            if place == 0:
                query = query.where(_behind(sealed, key))
            found = await self._database.first(query)
            total += 0 if found is None else int(found[0])
        return total


def _place(cursor: str) -> tuple[int, bytes]:
    number, _, key = (cursor or "0:").partition(":")
    try:
        place = int(number), bytes.fromhex(key)
    except ValueError:
        place = -1, b""
    if not 0 <= place[0] < len(SEALED):
        raise Invalid("the cursor is not one that this hub gave")
    return place


def _behind(sealed: Sealed, after: bytes) -> ColumnElement[bool]:
    """Rows whose key is larger than `after`, the ids of a key one after the other."""
    key = list(sealed.table.primary_key.columns)
    return tuple_(*key) > tuple(after[16 * index : 16 * (index + 1)] for index in range(len(key)))


def _step(
    transaction: Transaction, vault: Vault, sealed: Sealed, after: bytes, limit: int
) -> tuple[int, int, bytes | None]:
    key = list(sealed.table.primary_key.columns)
    query = select(*key, sealed.column.label("sealed")).where(_behind(sealed, after)).order_by(*key).limit(limit)
    rows = transaction.execute(query).all()
    stale = [row for row in rows if vault.stale(row.sealed)]
    for row in stale:
        context = sealed.context(row)
        fresh = vault.encrypt(vault.decrypt(row.sealed, context), context)
        place = [column == getattr(row, column.name) for column in key]
        transaction.execute(update(sealed.table).where(*place).values({sealed.column: fresh}))
    last = b"".join(getattr(rows[-1], column.name) for column in key) if len(rows) == limit else None
    return len(rows), len(stale), last
