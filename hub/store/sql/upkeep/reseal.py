"""Sealing again what stands under an older master key, one small step per transaction."""

from __future__ import annotations

from sqlalchemy import select, tuple_, update

from hub.errors import Invalid
from hub.store.sql.resources import SqlResources
from hub.store.sql.transaction import Transaction
from hub.store.sql.upkeep.sealed import SEALED, Sealed
from hub.store.sql.writer import Priority
from hub.store.vault import Vault

__all__ = ["SqlResealing"]


class SqlResealing:
    """Implements `hub.ports.store.Resealing`."""

    def __init__(self, resources: SqlResources) -> None:
        self._writer = resources.writer
        self._vault = resources.vault

    async def step(self, cursor: str = "", *, limit: int = 200) -> tuple[int, str | None]:
        """See the port."""
        number, key = _place(cursor)
        done, last = await self._writer.run(
            Priority.RETENTION, lambda transaction: _step(transaction, self._vault, SEALED[number], key, limit)
        )
        if last is not None:
            return done, f"{number}:{last.hex()}"
        return done, f"{number + 1}:" if number + 1 < len(SEALED) else None


def _place(cursor: str) -> tuple[int, bytes]:
    number, _, key = (cursor or "0:").partition(":")
    try:
        place = int(number), bytes.fromhex(key)
    except ValueError:
        place = -1, b""
    if not 0 <= place[0] < len(SEALED):
        raise Invalid("the cursor is not one that this hub gave")
    return place


def _step(transaction: Transaction, vault: Vault, sealed: Sealed, after: bytes, limit: int) -> tuple[int, bytes | None]:
    key = list(sealed.table.primary_key.columns)
    start = [after[16 * index : 16 * (index + 1)] for index in range(len(key))]
    query = select(*key, sealed.column.label("sealed"))
    rows = transaction.execute(query.where(tuple_(*key) > tuple(start)).order_by(*key).limit(limit)).all()
    stale = [row for row in rows if vault.stale(row.sealed)]
    for row in stale:
        context = sealed.context(row)
        fresh = vault.encrypt(vault.decrypt(row.sealed, context), context)
        place = [column == getattr(row, column.name) for column in key]
        transaction.execute(update(sealed.table).where(*place).values({sealed.column: fresh}))
    last = b"".join(getattr(rows[-1], column.name) for column in key) if len(rows) == limit else None
    return len(stale), last
