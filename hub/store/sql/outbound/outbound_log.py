"""What was sent and what became of it: reads over messages, deliveries and attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select, tuple_, union_all

from hub.errors import Invalid, NotFound, Problem
from hub.model.ids import Id
from hub.model.stored.outbound import Attempt, DeliveryRecord, MessageRecord, MessageTotals, Resent
from hub.ports.store.page import Page
from hub.store.sql.documents import Documents
from hub.store.sql.outbound.outbound_rows import UNFINISHED, attempt_record, delivery_record, message_record
from hub.store.sql.paging import count_ids, first_id, next_ids, page, read_cursor
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import attempts, bodies, deliveries, messages

__all__ = ["SqlOutboundLog"]

_RECOVERABLE = ("dead", "skipped")
_NOT_DELIVERED = deliveries.c.state != "delivered"
_NOT_ACCEPTED = messages.c.state != "accepted"
"""What the partial indexes are over."""


class SqlOutboundLog:
    """The reading part of `hub.ports.store.OutboundStore`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._documents = Documents(resources.blobs)

    async def message(self, org: Id, message: Id) -> tuple[MessageRecord, tuple[DeliveryRecord, ...]]:
        """See `hub.ports.store.OutboundStore.message`."""
        row = await self._database.first(select(messages).where(messages.c.org == org, messages.c.id == message))
        if row is None:
            raise NotFound("no such message")
        data = await self._documents.unpack(org, row.data, row.data_ref)
        found = await self._database.rows(
            select(deliveries)
            .where(deliveries.c.org == org, deliveries.c.message == message)
            .order_by(deliveries.c.sequence)
        )
        return message_record(row, data), tuple(delivery_record(each) for each in found)

    async def delivery(self, org: Id, delivery: Id) -> tuple[DeliveryRecord, tuple[Attempt, ...]]:
        """See `hub.ports.store.OutboundStore.delivery`."""
        row = await self._database.first(
            select(deliveries, bodies.c.body, bodies.c.body_ref)
            .outerjoin(
                bodies,
                and_(
                    bodies.c.org == deliveries.c.org,
                    bodies.c.message == deliveries.c.message,
                    bodies.c.form == deliveries.c.form,
                ),
            )
            .where(deliveries.c.org == org, deliveries.c.id == delivery)
        )
        if row is None:
            raise NotFound("no such delivery")
        body = await self._documents.unpack_bytes(org, row.body, row.body_ref)
        tried = await self._database.rows(
            select(attempts).where(attempts.c.org == org, attempts.c.delivery == delivery).order_by(attempts.c.number)
        )
        return delivery_record(row, body), tuple(attempt_record(each) for each in tried)

    async def deliveries(
        self,
        org: Id,
        *,
        subscription: Id | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[DeliveryRecord]:
        """See `hub.ports.store.OutboundStore.deliveries`."""
        query = select(deliveries).where(deliveries.c.org == org)
        if subscription is not None:
            query = query.where(deliveries.c.subscription == subscription)
        if state is not None:
            query = query.where(deliveries.c.state == state)
            if state != "delivered":
                query = query.where(_NOT_DELIVERED)
        return await page(self._database, query, deliveries.c.id, delivery_record, limit=limit, cursor=cursor)

    async def messages(
        self, org: Id, *, undelivered: bool = False, limit: int, cursor: str | None = None
    ) -> Page[tuple[MessageRecord, Mapping[str, int]]]:
        """See `hub.ports.store.OutboundStore.messages`."""
        query = select(messages).where(messages.c.org == org)
        if undelivered:
            unsent = select(deliveries.c.message).where(deliveries.c.org == org, _NOT_DELIVERED)
            held = select(messages.c.id).where(messages.c.org == org, messages.c.state == "held", _NOT_ACCEPTED)
            query = query.where(messages.c.id.in_(union_all(unsent, held)))
        found = await page(self._database, query, messages.c.id, message_record, limit=limit, cursor=cursor)
        counts = await self._counts(org, [message.id for message in found.items])
        return Page(tuple((message, counts.get(message.id, {})) for message in found.items), found.next)

    async def account(self, org: Id, since: int, until: int) -> MessageTotals:
        """See `hub.ports.store.OutboundStore.account`."""
        span = (messages.c.org == org, messages.c.id >= first_id(since), messages.c.id < first_id(until))
        states = await self._database.rows(
            select(messages.c.state, messages.c.deliveries > 0, func.count())
            .where(*span)
            .group_by(messages.c.state, messages.c.deliveries > 0)
        )
        counted = Counter[tuple[str, bool]]()
        for state, wanted, count in states:
            counted[state, bool(wanted)] += count
        joined = and_(deliveries.c.org == messages.c.org, deliveries.c.message == messages.c.id)
        kinds = await self._database.rows(
            select(deliveries.c.state, func.count()).join(messages, joined).where(*span).group_by(deliveries.c.state)
        )
        undelivered = await self._database.first(
            select(func.count())
            .select_from(messages)
            .where(
                *span,
                messages.c.state == "accepted",
                exists().where(deliveries.c.org == org, deliveries.c.message == messages.c.id, _NOT_DELIVERED),
            )
        )
        open_ones = 0 if undelivered is None else int(undelivered[0])
        return MessageTotals(
            messages=counted.total(),
            dropped=counted["dropped", False] + counted["dropped", True],
            held=counted["held", False] + counted["held", True],
            unmatched=counted["accepted", False],
            delivered=counted["accepted", True] - open_ones,
            undelivered=open_ones,
            deliveries={row[0]: row[1] for row in kinds},
        )

    async def attempts(
        self, org: Id, subscription: Id, *, limit: int, cursor: str | None = None
    ) -> Page[tuple[DeliveryRecord, str, Attempt]]:
        """See `hub.ports.store.OutboundStore.attempts`."""
        query = (
            select(deliveries, messages.c.origin, *(column.label(f"a_{column.name}") for column in attempts.c))
            .join(attempts, and_(attempts.c.org == deliveries.c.org, attempts.c.delivery == deliveries.c.id))
            .outerjoin(messages, and_(messages.c.org == deliveries.c.org, messages.c.id == deliveries.c.message))
            .where(deliveries.c.org == org, deliveries.c.subscription == subscription)
            .order_by(deliveries.c.id.desc(), attempts.c.number.desc())
            .limit(limit + 1)
        )
        last = _log_cursor(cursor)
        if last is not None:
            query = query.where(tuple_(deliveries.c.id, attempts.c.number) < tuple_(*last))
        rows = await self._database.rows(query)
        more = f"{rows[limit - 1].id.hex()}.{rows[limit - 1].a_number}" if len(rows) > limit else None
        items = tuple(
            (delivery_record(row), row.origin or "api", attempt_record(_prefixed(row))) for row in rows[:limit]
        )
        return Page(items, more)

    async def recoverable(
        self, org: Id, subscription: Id, since: int, until: int, *, limit: int, cursor: str = ""
    ) -> tuple[tuple[Id, ...], str]:
        """See `hub.ports.store.OutboundStore.recoverable`."""
        span = _recoverable(org, subscription, since, until)
        last = read_cursor(cursor or None)
        ids = await next_ids(self._database, deliveries.c.id, span, after=last, limit=limit)
        return ids, ids[-1].hex() if ids else cursor

    async def count_recoverable(self, org: Id, subscription: Id, since: int, until: int, *, cursor: str = "") -> int:
        """See `hub.ports.store.OutboundStore.count_recoverable`."""
        span = _recoverable(org, subscription, since, until)
        return await count_ids(self._database, deliveries.c.id, span, after=read_cursor(cursor or None))

    async def resent(self, org: Id, subscription: Id, begin: str, end: str, since: int) -> Resent:
        """See `hub.ports.store.OutboundStore.resent`."""
        last = read_cursor(end or None)
        span = [deliveries.c.org == org, deliveries.c.subscription == subscription, deliveries.c.id <= (last or b"")]
        first = read_cursor(begin or None)
        if first is not None:
            span.append(deliveries.c.id > first)
        ended = deliveries.c.finished >= since
        ready = and_(deliveries.c.tries == 0, deliveries.c.ready.is_not(None))
        rows = await self._database.rows(
            select(deliveries.c.state, func.count(), func.max(deliveries.c.error))
            .where(*span, or_(ended, and_(deliveries.c.state == UNFINISHED[0], ready)))
            .group_by(deliveries.c.state)
        )
        found = {row[0]: (int(row[1]), str(row[2])) for row in rows}
        dead, error = found.get("dead", (0, ""))
        return Resent(found.get("delivered", (0, ""))[0], dead, found.get(UNFINISHED[0], (0, ""))[0], error)

    async def pending(self, org: Id, subscription: Id, limit: int) -> int:
        """See `hub.ports.store.OutboundStore.pending`."""
        some = (
            select(deliveries.c.sequence)
            .where(
                deliveries.c.org == org,
                deliveries.c.subscription == subscription,
                deliveries.c.state == UNFINISHED[0],
                _NOT_DELIVERED,
            )
            .limit(limit)
        )
        found = await self._database.first(select(func.count()).select_from(some.subquery()))
        return 0 if found is None else int(found[0])

    async def _counts(self, org: Id, ids: Sequence[Id]) -> Mapping[Id, Mapping[str, int]]:
        rows = await self._database.rows(
            select(deliveries.c.message, deliveries.c.state, func.count())
            .where(deliveries.c.org == org, deliveries.c.message.in_(ids))
            .group_by(deliveries.c.message, deliveries.c.state)
        )
        counts: dict[Id, dict[str, int]] = {}
        for message, state, count in rows:
            counts.setdefault(message, {})[state] = count
        return counts


class _Prefixed:
    """A row seen through the labels of its attempt."""

    def __init__(self, row: Row[Any]) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, f"a_{name}")


def _prefixed(row: Row[Any]) -> Any:
    return _Prefixed(row)


def _recoverable(org: Id, subscription: Id, since: int, until: int) -> tuple[Any, ...]:
    return (
        deliveries.c.org == org,
        deliveries.c.subscription == subscription,
        deliveries.c.state.in_(_RECOVERABLE),
        _NOT_DELIVERED,
        deliveries.c.id >= first_id(since),
        deliveries.c.id < first_id(until),
    )


def _log_cursor(cursor: str | None) -> tuple[Id, int] | None:
    if cursor is None:
        return None
    head, _, number = cursor.partition(".")
    last = read_cursor(head)
    if last is None or not number.isascii() or not number.isdigit():
        raise Invalid("the cursor is not one that this hub gave", (Problem("/cursor", "take it from `next`"),))
    return last, int(number[:9])
