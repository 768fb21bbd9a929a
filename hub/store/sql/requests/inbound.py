"""Requests and events: accepting them and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, and_, case, delete, literal_column, select, update

from hub.errors import Conflict, NotFound, StoreUnavailable
from hub.model.ids import Id, write_id
from hub.model.json import dumps, loads
from hub.model.stored.files import NewFile
from hub.model.stored.inbound import Acceptance, Accepted, AcceptedEvent, EventRecord, NewEvent, RequestRecord
from hub.model.stored.jobs import ReplaySelection
from hub.ports.store.page import Page
from hub.store.sql.bulk import NewRow
from hub.store.sql.documents import Documents, Packing
from hub.store.sql.paging import count_ids, made_between, next_ids, page
from hub.store.sql.records import request_context
from hub.store.sql.requests.acceptance import Prepared, accept_group, keep_groups, write_events
from hub.store.sql.requests.event_groups import EVENTS_AT_ONCE, EventGroups
from hub.store.sql.requests.event_rows import prepare_events
from hub.store.sql.requests.files import put_files, write_files
from hub.store.sql.requests.refusals import Refusals
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import event_keys, events, requests
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["BODY_THRESHOLD", "SqlInbound"]

BODY_THRESHOLD = 64 * 1024
"""Request bodies over this many bytes go to the blob store."""
_FEW_EVENTS = 20
"""Requests of more events are written one in each transaction, so that no other request has to wait for several."""


_ONLY_UNUSUAL: ColumnElement[bool] = literal_column("state != 'accepted'")
"""In the very words of the partial index, so that it is used."""


log = structlog.get_logger(__name__)


class SqlInbound:
    """Implements `hub.ports.store.InboundStore`.

    Attributes:
        groups: Writes the events of very large batches.
    """

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._vault = resources.vault
        self._clock = resources.clock
        self._blobs = resources.blobs
        self._documents = Documents(resources.blobs)
        self.groups = EventGroups(resources)
        self._refusals = Refusals(resources.writer, resources.clock)

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """See `hub.ports.store.InboundStore.accept`."""
        record, events = acceptance.request, acceptance.events
        packing = Packing()
        body = record.body
        if body is not None and record.body_ref is None:
            body = packing.bytes(body, BODY_THRESHOLD)
        request = self._seal(record, body, record.body_ref)
        if packing.large:
            request = await self._documents.put_large(record.org, request)
        files = await put_files(self._blobs, acceptance.files) if acceptance.files else ()
        if len(events) > EVENTS_AT_ONCE:
            groups = await self.groups.put(record.org, events)
            prepared = Prepared(acceptance, request, (), self._vault, self._clock.now(), groups, files)
            accepted = await self._writer.batch(Priority.ACCEPT, accept_group, prepared)
            return accepted if accepted.duplicate else await self._written(record.org, record.id, events)
        rows = tuple(await prepare_events(self._documents, events))
        prepared = Prepared(acceptance, request, rows, self._vault, self._clock.now(), files=files)
        return await self._writer.batch(_priority(len(rows)), accept_group, prepared)

    async def _written(self, org: Id, request: Id, new: Sequence[NewEvent]) -> Accepted:
        """The outcome of an accepted request whose events are in groups.

        It is accepted even if its groups cannot be written now, and a sender that hears otherwise would send it again:
        then the outcome is the one that is expected.
        """
        try:
            events = await self.groups.write(org, request)
        except StoreUnavailable as error:
            log.error("accepted events are written later", request=write_id("req", request), error=str(error))  # noqa: TRY400 - no trace
            expected = (tuple([execution.id for execution in event.executions]) for event in new)
            pairs = zip(new, expected, strict=True)
            events = tuple([AcceptedEvent(event.record.id, duplicate=False, executions=ids) for event, ids in pairs])
        return Accepted(request, all(event.duplicate for event in events), events)

    def refuse(self, record: RequestRecord) -> None:
        """See `hub.ports.store.InboundStore.refuse`."""
        self._refusals.keep(record, self._seal)

    def note(self, org: Id, request: Id, note: str) -> None:
        """See `hub.ports.store.InboundStore.note`."""
        self._writer.offer(Priority.LOGS, _add_notes, (org, request, note))

    @property
    def refusals_dropped(self) -> int:
        """See `hub.ports.store.InboundStore.refusals_dropped`."""
        return self._refusals.dropped

    async def release(
        self, org: Id, request: Id, events: Sequence[NewEvent], files: Sequence[NewFile] = ()
    ) -> Accepted:
        """See `hub.ports.store.InboundStore.release`."""
        large = len(events) > EVENTS_AT_ONCE
        groups = await self.groups.put(org, events) if large else ()
        prepared = [] if large else await prepare_events(self._documents, events)
        file_rows = await put_files(self._blobs, files)
        now = self._clock.now()

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
            write_files(transaction, file_rows)
            keep_groups(transaction, org, request, groups)
            outcome = tuple(happened[event.id] for event in prepared)
            duplicate = row.state == "held" and bool(outcome) and all(event.duplicate for event in outcome)
            transaction.execute(
                update(requests)
                .where(requests.c.org == org, requests.c.id == request)
                .values(state="duplicate" if duplicate else "accepted", reason="", step="accept", released=now)
            )
            return Accepted(request, duplicate, outcome)

        accepted = await self._writer.run(_priority(len(prepared)), work)
        return await self._written(org, request, events) if large else accepted

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
            "released": record.released,
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
            released=row.released,
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


def _priority(events: int) -> Priority:
    return Priority.ACCEPT if events <= _FEW_EVENTS else Priority.BATCH


def _add_notes(transaction: Transaction, notes: Sequence[tuple[Id, Id, str]]) -> Sequence[None]:
    for org, request, note in notes:
        reason = case((requests.c.reason == "", note), else_=requests.c.reason + "; " + note)
        transaction.execute(
            update(requests).where(requests.c.org == org, requests.c.id == request).values(reason=reason)
        )
    return [None] * len(notes)


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
