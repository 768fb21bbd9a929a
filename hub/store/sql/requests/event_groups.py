"""Requests with very many events: accepted as a whole by one short commit, written as rows in groups.

A transaction that writes 100,000 events takes seconds, and no other request could be accepted meanwhile. So their rows
are made beforehand and put into the blob store, a group in each blob. The accepting commit keeps the request and the
references of its groups; from then on all of its events are accepted, as durably as if they stood in their tables.
Afterwards each group becomes rows in a transaction of its own, between which others have theirs, and the caller is
answered once the last one is there.

What holds in between:

- A crash before the accepting commit leaves blobs that nothing refers to. A crash after it leaves groups that are
  written at the next start, before the hub serves anybody (`EventGroups.resume`). So it is never a part of a request
  that is accepted.
- The sender has not been answered yet. If it sends again, its second request is accepted in the same way, and each
  event becomes an execution once: whichever request writes it first claims its key, as with any two requests.
- Each group is written once, whoever tries: its transaction takes the reference away that it found.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from functools import partial

import structlog
from pydantic_core import to_json
from sqlalchemy import ColumnElement, LargeBinary, Table, and_, delete, select, update

from hub.errors import NotFound, StoreUnavailable
from hub.model.ids import Id, write_id
from hub.model.json import loads
from hub.model.stored.inbound import AcceptedEvent, NewEvent
from hub.store.sql.bulk import NewRow
from hub.store.sql.documents import Documents
from hub.store.sql.requests.acceptance import write_events
from hub.store.sql.requests.event_rows import PreparedEvent, prepare_events
from hub.store.sql.requests.outcomes import pack_events, unpack_events
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import event_groups, event_keys, events, executions, nodes, nonces, requests
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["EVENTS_AT_ONCE", "EventGroups"]

EVENTS_AT_ONCE = 1_000
"""Up to so many events are written in the transaction that accepts them."""
_GROUP = 500
_AGAIN_SECONDS = 5.0
_BINARY = {
    table: frozenset(column.name for column in table.columns if isinstance(column.type, LargeBinary))
    for table in (events, event_keys, executions, nodes)
}

_COLUMNS = event_groups.c
_UNWRITTEN = _COLUMNS.rows_ref.is_not(None)

log = structlog.get_logger(__name__)


class EventGroups:
    """Puts events into groups and writes the groups that were accepted."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._blobs = resources.blobs
        self._documents = Documents(resources.blobs)
        self._left = asyncio.Event()

    async def put(self, org: Id, new: Sequence[NewEvent]) -> tuple[str, ...]:
        """The references of groups with all these events; the groups are in the blob store when this returns."""
        refs = []
        for start in range(0, len(new), _GROUP):
            prepared = await prepare_events(self._documents, new[start : start + _GROUP])
            data = await asyncio.to_thread(to_json, prepared, bytes_mode="base64")
            refs.append(await self._blobs.put(org, data))
        return tuple(refs)

    async def write(self, org: Id, request: Id) -> tuple[AcceptedEvent, ...]:
        """Write the groups of an accepted request that are not written yet.

        Returns:
            What became of all of its events, in order.

        Raises:
            StoreUnavailable: Some are not written; `resume` goes on with them.
        """
        try:
            await self._write(org, request)
        except BaseException:
            self._left.set()
            raise
        packed = await self._writer.run(Priority.JOURNAL, lambda transaction: _take(transaction, org, request))
        return await asyncio.to_thread(lambda: tuple(unpack_events(packed)))

    async def resume(self) -> None:
        """Write what a crash has left unwritten of accepted requests. What cannot be written now is tried again."""
        query = select(_COLUMNS.org, _COLUMNS.request).where(_UNWRITTEN).distinct()
        try:
            for org, request in await self._database.rows(query):
                await self._write(org, request)
        except StoreUnavailable as error:
            self._left.set()
            log.error("events of accepted requests are not written yet", error=str(error))  # noqa: TRY400 - no trace

    async def keep_resuming(self) -> None:
        """Write what was left unwritten, by a full disk or a caller that was cancelled. Runs until cancelled."""
        while True:
            await self._left.wait()
            self._left.clear()
            await asyncio.sleep(_AGAIN_SECONDS)
            await self.resume()

    async def _write(self, org: Id, request: Id) -> None:
        pending = select(_COLUMNS.number, _COLUMNS.rows_ref).where(_of(org, request), _UNWRITTEN)
        for number, ref in await self._database.rows(pending.order_by(_COLUMNS.number)):
            try:
                data = await self._blobs.get(org, ref)
            except NotFound as error:
                raise StoreUnavailable(f"a group of events of {write_id('req', request)} is gone") from error
            group = await asyncio.to_thread(_read, data)
            await self._writer.run(Priority.BATCH, partial(_write_group, key=(org, request, number), group=group))


def _of(org: Id, request: Id) -> ColumnElement[bool]:
    return and_(_COLUMNS.org == org, _COLUMNS.request == request)


def _read(data: bytes) -> list[PreparedEvent]:
    return [
        PreparedEvent(
            urlsafe_b64decode(id_),
            _restored(events, row),
            None if key is None else _restored(event_keys, key),
            tuple([_restored(executions, one) for one in started]),
            tuple([_restored(nodes, one) for one in journal]),
        )
        for id_, row, key, started, journal in loads(data)
    ]


def _restored(table: Table, row: NewRow) -> NewRow:
    return {
        name: urlsafe_b64decode(value) if value is not None and name in _BINARY[table] else value
        for name, value in row.items()
    }


def _write_group(transaction: Transaction, key: tuple[Id, Id, int], group: Sequence[PreparedEvent]) -> None:
    """Write a group, unless somebody else has; the last one of a request also says what the request has become."""
    org, request, number = key
    here = and_(_of(org, request), _COLUMNS.number == number)
    if transaction.first(select(_COLUMNS.number).where(here, _UNWRITTEN)) is None:
        return
    happened = write_events(transaction, group)
    outcome = pack_events([happened[event.id] for event in group])
    transaction.execute(update(event_groups).where(here).values(rows_ref=None, outcome=outcome))
    if transaction.first(select(_COLUMNS.number).where(_of(org, request), _UNWRITTEN).limit(1)) is None:
        _finish(transaction, org, request)


def _finish(transaction: Transaction, org: Id, request: Id) -> None:
    packed = _packed(transaction, org, request)
    mine = and_(requests.c.org == org, requests.c.id == request)
    if all(event.duplicate for event in unpack_events(packed)):
        transaction.execute(update(requests).where(mine).values(state="duplicate"))
    source = select(requests.c.source).where(mine).scalar_subquery()
    claimed = and_(nonces.c.org == org, nonces.c.source == source, nonces.c.request == request)
    transaction.execute(update(nonces).where(claimed).values(events=packed))


def _packed(transaction: Transaction, org: Id, request: Id) -> bytes:
    parts = select(_COLUMNS.outcome).where(_of(org, request)).order_by(_COLUMNS.number)
    return b"".join(part or b"" for part in transaction.execute(parts).scalars())


def _take(transaction: Transaction, org: Id, request: Id) -> bytes:
    """What became of the events; it is forgotten. Where nobody takes it, it goes with the request one day."""
    packed = _packed(transaction, org, request)
    transaction.execute(delete(event_groups).where(_of(org, request)))
    return packed
