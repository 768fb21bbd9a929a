"""Requests and events: accepting them and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, delete, literal_column, select, update

from hub.errors import Conflict, NotFound
from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.model.stored.inbound import Acceptance, Accepted, EventRecord, NewEvent, RequestRecord
from hub.model.stored.jobs import ReplaySelection
from hub.ports.store.page import Page
from hub.store.sql.bulk import NewRow
from hub.store.sql.documents import Documents, Packing
from hub.store.sql.executions.execution_rows import execution_row, node_row
from hub.store.sql.paging import count_ids, made_between, next_ids, page
from hub.store.sql.records import request_context
from hub.store.sql.requests.acceptance import Prepared, PreparedEvent, accept_group, write_events
from hub.store.sql.requests.refusals import Refusals
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import event_keys, events, requests
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["BODY_THRESHOLD", "SqlInbound"]

BODY_THRESHOLD = 64 * 1024
"""Request bodies over this many bytes go to the blob store."""


_ONLY_UNUSUAL: ColumnElement[bool] = literal_column("state != 'accepted'")
"""In the very words of the partial index, so that it is used."""


class SqlInbound:
    """Implements `hub.ports.store.InboundStore`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._vault = resources.vault
        self._clock = resources.clock
        self._documents = Documents(resources.blobs)
        self._refusals = Refusals(resources.writer, resources.clock)

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """See `hub.ports.store.InboundStore.accept`."""
        record = acceptance.request
        packing = Packing()
        body = record.body
        if body is not None and record.body_ref is None:
            body = packing.bytes(body, BODY_THRESHOLD)
        request = self._seal(record, body, record.body_ref)
        events = [_prepare(packing, event) for event in acceptance.events]
        if packing.large:
            request = await self._documents.put_large(record.org, request)
            events = [await self._put_large(event) for event in events]
        prepared = Prepared(acceptance, request, tuple(events), self._vault, self._clock.now())
        return await self._writer.batch(Priority.ACCEPT, accept_group, prepared)

    async def hold(self, acceptance: Acceptance) -> Accepted:
        """See `hub.ports.store.InboundStore.hold`."""
        return await self.accept(acceptance)

    def refuse(self, record: RequestRecord) -> None:
        """See `hub.ports.store.InboundStore.refuse`."""
        self._refusals.keep(record, self._seal)

    def note(self, org: Id, request: Id, note: str) -> None:
        """Add a sentence to the reason of a request, off the request path; never raises, may drop under flood."""
        self._writer.offer(Priority.LOGS, _add_notes, (org, request, note))

    @property
    def refusals_dropped(self) -> int:
        """See `hub.ports.store.InboundStore.refusals_dropped`."""
        return self._refusals.dropped

    async def release(self, org: Id, request: Id, events: Sequence[NewEvent]) -> Accepted:
        """See `hub.ports.store.InboundStore.release`."""
        packing = Packing()
        prepared = [_prepare(packing, event) for event in events]
        if packing.large:
            prepared = [await self._put_large(event) for event in prepared]

        def work(transaction: Transaction) -> Accepted:
            row = transaction.first(select(requests.c.state).where(requests.c.org == org, requests.c.id == request))
            if row is None:
                raise NotFound("no such request")
            if row.state != "held" and not _holds_events(transaction, org, request):
                raise Conflict(f"the request is not held but {row.state}")
            # first free the keys that its held events had, then take them for the new ones: in one transaction, so that
            # no other request can get in between
            _forget_held(transaction, org, request)
            happened = write_events(transaction, prepared)
            outcome = tuple(happened[event.id] for event in prepared)
            duplicate = row.state == "held" and bool(outcome) and all(event.duplicate for event in outcome)
            transaction.execute(
                update(requests)
                .where(requests.c.org == org, requests.c.id == request)
                .values(state="duplicate" if duplicate else "accepted", reason="", step="accept")
            )
            return Accepted(request, duplicate, outcome)

        return await self._writer.run(Priority.ACCEPT, work)

    async def request(self, org: Id, request: Id) -> RequestRecord:
        """See `hub.ports.store.InboundStore.request`."""
        row = await self._database.first(select(requests).where(requests.c.org == org, requests.c.id == request))
        if row is None:
            raise NotFound("no such request")
        return self._request_record(row, await self._documents.unpack_bytes(org, row.body, row.body_ref))

    async def requests(
        self,
        org: Id,
        *,
        source: Id | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[RequestRecord]:
        """See `hub.ports.store.InboundStore.requests`."""
        query = select(requests).where(requests.c.org == org)
        if source is not None:
            query = query.where(requests.c.source == source)
        if state is not None:
            query = query.where(requests.c.state == state)
            if state != "accepted":
                query = query.where(_ONLY_UNUSUAL)
        return await page(
            self._database,
            query,
            requests.c.id,
            lambda row: self._request_record(row, None),
            limit=limit,
            cursor=cursor,
        )

    async def replayable(self, selection: ReplaySelection, *, after: Id | None, limit: int) -> tuple[Id, ...]:
        """See `hub.ports.store.InboundStore.replayable`."""
        return await next_ids(self._database, requests.c.id, _selected(selection), after=after, limit=limit)

    async def count_replayable(self, selection: ReplaySelection, *, after: Id | None = None) -> int:
        """See `hub.ports.store.InboundStore.count_replayable`."""
        return await count_ids(self._database, requests.c.id, _selected(selection), after=after)

    async def event(self, org: Id, event: Id) -> EventRecord:
        """See `hub.ports.store.InboundStore.event`."""
        row = await self._database.first(select(events).where(events.c.org == org, events.c.id == event))
        if row is None:
            raise NotFound("no such event")
        return await self._event_record(row)

    async def events(
        self,
        org: Id,
        *,
        source: Id | None = None,
        type: str | None = None,  # noqa: A002 - the filter's name in the HTTP contract
        request: Id | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[EventRecord]:
        """See `hub.ports.store.InboundStore.events`."""
        query = select(events).where(events.c.org == org)
        for column, value in ((events.c.source, source), (events.c.type, type), (events.c.request, request)):
            if value is not None:
                query = query.where(column == value)
        found = await page(self._database, query, events.c.id, lambda row: row, limit=limit, cursor=cursor)
        return Page(tuple([await self._event_record(row) for row in found.items]), found.next)

    async def _put_large(self, event: PreparedEvent) -> PreparedEvent:
        put = self._documents.put_large
        return event._replace(
            row=await put(event.row["org"], event.row),
            executions=tuple([await put(row["org"], row) for row in event.executions]),
            nodes=tuple([await put(row["org"], row) for row in event.nodes]),
        )

    def _seal(self, record: RequestRecord, body: Any, ref: str | None) -> NewRow:
        """The row of a request: its headers sealed, its body or the reference of the body as given."""
        return {
            "org": record.org,
            "id": record.id,
            "source": record.source,
            "received": record.received,
            "method": record.method,
            "url": record.url,
            "headers": self._vault.encrypt(dumps(record.headers), request_context(record.org, record.id)),
            "body": body,
            "body_ref": ref,
            "size": record.size,
            "digest": record.digest,
            "client": record.client,
            "dialect": record.dialect,
            "state": record.state,
            "step": record.step,
            "reason": record.reason,
            "status": record.status,
            "vendor": record.vendor,
            "secret": record.secret,
            "account": record.account,
            "replay_of": record.replay_of,
        }

    def _request_record(self, row: Row[Any], body: bytes | None) -> RequestRecord:
        headers = loads(self._vault.decrypt(row.headers, request_context(row.org, row.id)))
        return RequestRecord(
            org=row.org,
            id=row.id,
            source=row.source,
            received=row.received,
            method=row.method,
            url=row.url,
            headers=tuple((name, value) for name, value in headers),
            body=body,
            size=row.size,
            digest=row.digest,
            client=row.client,
            dialect=row.dialect,
            state=row.state,
            step=row.step,
            reason=row.reason,
            status=row.status,
            vendor=row.vendor,
            secret=row.secret,
            account=row.account,
            body_ref=row.body_ref,
            replay_of=row.replay_of,
        )

    async def _event_record(self, row: Row[Any]) -> EventRecord:
        unpack = self._documents.unpack_bytes if row.binary else self._documents.unpack
        return EventRecord(
            org=row.org,
            id=row.id,
            source=row.source,
            request=row.request,
            type=row.type,
            key=row.key,
            account=row.account,
            time=row.time,
            received=row.received,
            data=await unpack(row.org, row.data, row.data_ref),
            control=row.control,
            state=row.state,
            reason=row.reason,
        )


def _add_notes(transaction: Transaction, notes: Sequence[tuple[Id, Id, str]]) -> Sequence[None]:
    for org, request, note in notes:
        reason = case((requests.c.reason == "", note), else_=requests.c.reason + "; " + note)
        transaction.execute(
            update(requests).where(requests.c.org == org, requests.c.id == request).values(reason=reason)
        )
    return [None] * len(notes)


def _prepare(packing: Packing, event: NewEvent) -> PreparedEvent:
    record = event.record
    org = record.org
    key = None
    if record.key is not None:
        key = {
            "org": org,
            "source": record.source,
            "account": record.account or "",
            "key": record.key,
            "event": record.id,
            "executions": b"".join([execution.id for execution in event.executions]),
        }
    rows = []
    nodes: list[NewRow] = []
    for execution in event.executions:
        rows.append(execution_row(packing, execution))
        if execution.finished is not None:
            nodes += [node_row(packing, org, execution.id, node) for node in execution.finished.nodes]
    return PreparedEvent(record.id, _event_row(packing, record), key, tuple(rows), tuple(nodes))


def _event_row(packing: Packing, record: EventRecord) -> NewRow:
    binary = isinstance(record.data, bytes)
    return {
        "org": record.org,
        "id": record.id,
        "source": record.source,
        "request": record.request,
        "type": record.type,
        "key": record.key,
        "account": record.account,
        "time": record.time,
        "received": record.received,
        "data": packing.bytes(record.data) if binary else packing.value(record.data),
        "binary": binary,
        "control": record.control,
        "state": record.state,
        "reason": record.reason,
    }


def _selected(selection: ReplaySelection) -> list[ColumnElement[bool]]:
    columns = requests.c
    where = [
        columns.org == selection.org,
        columns.state.in_(selection.states),
        columns.replay_of.is_(None),
        *made_between(columns.id, columns.received, selection.since, selection.until),
    ]
    if selection.source is not None:
        where.append(columns.source == selection.source)
    if "accepted" not in selection.states:
        where.append(_ONLY_UNUSUAL)
    return where


def _holds_events(transaction: Transaction, org: Id, request: Id) -> bool:
    held = and_(events.c.org == org, events.c.request == request, events.c.state == "held")
    return transaction.first(select(events.c.id).where(held).limit(1)) is not None


def _forget_held(transaction: Transaction, org: Id, request: Id) -> None:
    """Remove the held events of a request, and free their keys."""
    held = and_(events.c.org == org, events.c.request == request, events.c.state == "held")
    for row in transaction.execute(select(events).where(held)).all():
        if row.key is not None:
            transaction.execute(
                delete(event_keys).where(
                    event_keys.c.org == org,
                    event_keys.c.source == row.source,
                    event_keys.c.account == (row.account or ""),
                    event_keys.c.key == row.key,
                    event_keys.c.event == row.id,
                )
            )
    transaction.execute(delete(events).where(held))
