"""Which columns refer to blobs, and which blobs nothing refers to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select, union

from hub.errors import Invalid
from hub.model.ids import Id
from hub.store.sql.tables import event_groups, metadata
from hub.store.sqlite import Database

__all__ = ["REFS", "blob_cursor", "blob_place", "unused_blobs"]

REFS = tuple(column for table in metadata.sorted_tables for column in table.columns if column.name.endswith("_ref"))
"""Every column that may hold the reference of a blob."""

Blob = tuple[Id, str]
"""Org and reference."""


async def unused_blobs(database: Database, listed: Sequence[Blob]) -> list[Blob]:
    """Those of these blobs, which must not be young, to which nothing refers.

    No row can begin to refer to one of them meanwhile: who writes such a row has just put the blob, which is young
    then, or takes the reference over from a row that is there.
    """
    used: set[Blob] = set()
    for org in {org for org, _ in listed}:
        pending = select(event_groups.c.org).where(event_groups.c.org == org, event_groups.c.rows_ref.is_not(None))
        if await database.first(pending.limit(1)) is not None:
            # The rows of a group that is not written yet are in a blob, so their references are in no column.
            used.update(_of(listed, org))
            continue
        refs = [ref for owner, ref in listed if owner == org]
        found = union(*(select(one.label("ref")).where(one.table.c.org == org, one.in_(refs)) for one in REFS))
        used.update((org, row.ref) for row in await database.rows(found))
    return [blob for blob in listed if blob not in used]


def _of(listed: Iterable[Blob], org: Id) -> list[Blob]:
    return [blob for blob in listed if blob[0] == org]


def blob_cursor(last: Blob) -> str:
    """The cursor behind a blob."""
    return f"{last[0].hex()}:{last[1]}"


def blob_place(cursor: str | None) -> Blob | None:
    """The blob before a cursor. Raises `Invalid` for one that `blob_cursor` did not give."""
    if cursor is None:
        return None
    org, separator, ref = cursor.partition(":")
    try:
        owner = bytes.fromhex(org)
    except ValueError:
        owner = b""
    if len(owner) != 16 or not separator:
        raise Invalid("the cursor is not one that this hub gave")
    return owner, ref
