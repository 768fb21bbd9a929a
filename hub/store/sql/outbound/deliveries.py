"""Messages and their deliveries until they are delivered: publish, claim, attempt, requeue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, delete, func, not_, or_, select, update

from hub.errors import NotFound
from hub.model.ids import Id
from hub.model.json import dumps
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import (
    Attempted,
    Claim,
    DeliveryRecord,
    DueDelivery,
    MessageRecord,
    NewDelivery,
    Published,
)
from hub.store.sql.bulk import Bulk, NewRow
from hub.store.sql.documents import Documents, Packed
from hub.store.sql.outbound.outbound_rows import UNFINISHED, delivery_record, delivery_row, message_row
from hub.store.sql.outbound.queue import (
    has_unfinished,
    log_attempts,
    next_ready,
    release_leases,
    renew_leases,
    take_leases,
    unblock_next,
)
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import bodies, deliveries, messages
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority
from hub.store.sqlite import AnyRow

__all__ = ["SqlDeliveries"]

_INLINE = 64 * 1024
_NO_BODY = -1
_MESSAGES = Bulk(messages)
_BODIES = Bulk(bodies)
_DELIVERIES = Bulk(deliveries)

_DUE = """
SELECT deliveries.*, bodies.body, bodies.body_ref FROM deliveries
LEFT JOIN bodies ON bodies.org = deliveries.org AND bodies.message = deliveries.message
    AND bodies.form = deliveries.form
WHERE deliveries.org = ? AND deliveries.subscription = ? AND deliveries.ready <= ?
    AND (deliveries.owner IS NULL OR deliveries.owner != ?
        OR deliveries.sequence NOT IN (SELECT value FROM json_each(?)))
ORDER BY deliveries.ready, deliveries.sequence LIMIT ?
"""
_REQUEUE = """
UPDATE deliveries SET sequence = ?, state = ?, due = ?, ready = ?, owner = NULL, tries = 0, finished = NULL, error = ''
WHERE sequence = ?
"""


@dataclass(frozen=True, slots=True)
class _Publication:
    """A message ready to be written: values that are too large for a row are in the blob store already.

    Attributes:
        data: The columns of the message's data.
        bodies: Each different body: the number under which the message's deliveries name it, and its columns.
    """

    message: MessageRecord
    data: Packed
    deliveries: Sequence[NewDelivery]
    bodies: Mapping[bytes, tuple[int, Packed]]


class SqlDeliveries:
    """The queue's part of `hub.ports.store.OutboundStore`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._clock = resources.clock
        self._documents = Documents(resources.blobs)

    async def publish(self, message: MessageRecord, deliveries: Sequence[NewDelivery]) -> Published:
        """See `hub.ports.store.OutboundStore.publish`."""
        publication = await self._pack(message, deliveries)
        return await self._writer.batch(Priority.ACCEPT, _publish, publication)

    async def published(self, org: Id, idempotency_key: str) -> Published | None:
        """See `hub.ports.store.OutboundStore.published`."""
        row = await self._database.first(
            select(messages.c.id, messages.c.deliveries, messages.c.idempotency_digest).where(
                messages.c.org == org, messages.c.idempotency_key == idempotency_key
            )
        )
        return None if row is None else Published(row.id, row.deliveries, duplicate=True, digest=row.idempotency_digest)

    async def add(self, org: Id, message: Id, fresh: Sequence[NewDelivery], *, release: bool = False) -> int:
        """See `hub.ports.store.OutboundStore.add`."""
        record = MessageRecord(org, message, "", None, self._clock.now())
        publication = await self._pack(record, fresh)

        def work(transaction: Transaction) -> int:
            held = transaction.first(select(messages.c.id).where(messages.c.org == org, messages.c.id == message))
            if held is None:
                raise NotFound("no such message")
            mine = (deliveries.c.org == org, deliveries.c.message == message)
            # a delivery whose body could not be frozen is of no use: it gives way to a new one
            transaction.execute(delete(deliveries).where(*mine, deliveries.c.form == _NO_BODY))
            known = set(transaction.execute(select(deliveries.c.subscription).where(*mine)).scalars())
            last = transaction.execute(
                select(func.max(bodies.c.form)).where(bodies.c.org == org, bodies.c.message == message)
            ).scalar()
            missing = replace(
                publication,
                bodies=_numbered(publication.bodies, 0 if last is None else last + 1),
                deliveries=[
                    replace(each, lease=None)
                    for each in publication.deliveries
                    if each.record.subscription not in known
                ],
            )
            _insert_deliveries(transaction, [missing])
            changes: dict[str, Any] = {"deliveries": len(known) + len(missing.deliveries)}
            if release:
                changes |= {"state": "accepted", "reason": ""}
            transaction.execute(
                update(messages).where(messages.c.org == org, messages.c.id == message).values(**changes)
            )
            return len(missing.deliveries)

        return await self._writer.run(Priority.ACCEPT, work)

    async def claim(
        self, owner: str, until: int, now: int, wanted: Mapping[tuple[Id, Id], int], held: Sequence[int] = ()
    ) -> Claim:
        """See `hub.ports.store.OutboundStore.claim`."""
        mine = dumps(list(held)).decode()

        def work(transaction: Transaction) -> Claim:
            won: list[DueDelivery] = []
            exhausted: list[tuple[Id, Id]] = []
            for (org, subscription), room in wanted.items():
                rows = transaction.connection.exec_driver_sql(_DUE, (org, subscription, now, owner, mine, room)).all()
                won.extend(_leased(row, owner, until) for row in rows)
                if len(rows) < room:
                    exhausted.append((org, subscription))
            if won:
                take_leases(transaction, [due.record.sequence for due in won], owner, until)
            later = {key[1]: next_ready(transaction, *key, owner) for key in exhausted}
            return Claim(tuple(won), later)

        return await self._writer.run(Priority.JOURNAL, work)

    async def renew(self, held: Sequence[DueDelivery], until: int) -> frozenset[Id]:
        """See `hub.ports.store.OutboundStore.renew`."""
        if not held:
            return frozenset()
        return await self._writer.run(Priority.JOURNAL, lambda transaction: renew_leases(transaction, held, until))

    async def release(self, held: Sequence[DueDelivery], due: int) -> None:
        """See `hub.ports.store.OutboundStore.release`."""
        if held:
            await self._writer.run(Priority.JOURNAL, lambda transaction: release_leases(transaction, held, due))

    async def expire(self, owner: str, now: int) -> None:
        """See `hub.ports.store.OutboundStore.expire`."""
        leased = (deliveries.c.owner == owner, deliveries.c.ready.is_not(None), deliveries.c.ready > now)
        await self._writer.run(
            Priority.JOURNAL,
            lambda transaction: transaction.execute(update(deliveries).where(*leased).values(ready=now)),
        )

    async def attempted(self, done: Attempted) -> bool:
        """See `hub.ports.store.OutboundStore.attempted`."""
        return await self._writer.batch(Priority.LOGS, _attempted, done)

    async def backlog(self, owner: str, now: int) -> Mapping[tuple[Id, Id], int]:
        """See `hub.ports.store.OutboundStore.backlog`."""
        mine = and_(deliveries.c.owner == owner, deliveries.c.owner.is_not(None), deliveries.c.ready > now)
        rows = await self._database.rows(
            select(deliveries.c.org, deliveries.c.subscription, func.min(deliveries.c.ready))
            .where(deliveries.c.ready.is_not(None), or_(deliveries.c.owner.is_(None), not_(mine)))
            .group_by(deliveries.c.org, deliveries.c.subscription)
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def requeue(self, org: Id, ids: Sequence[Id], due: int) -> frozenset[Id]:
        """See `hub.ports.store.OutboundStore.requeue`."""

        def work(transaction: Transaction) -> frozenset[Id]:
            rows = transaction.execute(
                select(deliveries, bodies.c.form.label("frozen"))
                .outerjoin(
                    bodies,
                    (bodies.c.org == deliveries.c.org)
                    & (bodies.c.message == deliveries.c.message)
                    & (bodies.c.form == deliveries.c.form),
                )
                .where(deliveries.c.org == org, deliveries.c.id.in_(ids), deliveries.c.state.not_in(UNFINISHED))
                .order_by(deliveries.c.sequence)
            ).all()
            known = transaction.current().subscriptions
            sequence = _last_sequence(transaction)
            changed: set[Id] = set()
            for row in rows:
                subscription = known.get(row.subscription)
                if subscription is None or row.frozen is None:
                    continue
                sequence += 1
                state = "pending" if subscription.spec.enabled else "paused"
                key = row.ordering_key
                blocked = state == "paused" or (key is not None and has_unfinished(transaction, row.subscription, key))
                ready = None if blocked else due
                transaction.connection.exec_driver_sql(_REQUEUE, (sequence, state, due, ready, row.sequence))
                changed.add(row.id)
            return frozenset(changed)

        return await self._writer.run(Priority.JOURNAL, work)

    async def _pack(self, message: MessageRecord, fresh: Sequence[NewDelivery]) -> _Publication:
        packed: dict[bytes, tuple[int, Packed]] = {}
        for each in fresh:
            body = each.record.body
            if body and body not in packed:
                columns = await self._documents.pack_bytes(message.org, body, _INLINE)
                packed[body] = (len(packed), columns)
        data = await self._documents.pack_bytes(message.org, dumps(message.data), _INLINE)
        return _Publication(message, data, fresh, packed)


def _numbered(packed: Mapping[bytes, tuple[int, Packed]], first: int) -> Mapping[bytes, tuple[int, Packed]]:
    """The bodies of a publication, numbered from `first` on: a message may have bodies from before."""
    return {body: (first + number, columns) for body, (number, columns) in packed.items()}


def _leased(row: AnyRow, owner: str, until: int) -> DueDelivery:
    """The delivery in `row` as `take_leases` leaves it."""
    record = delivery_record(row, row.body, row.body_ref)
    crashed = row.owner is not None and row.owner != owner
    return DueDelivery(replace(record, crashes=record.crashes + crashed), Lease(owner, until, row.fence + 1))


def _publish(transaction: Transaction, publications: Sequence[_Publication]) -> list[Published | Exception]:
    # A look for the first message of each idempotency key suffices: the transaction holds the write lock, so that no
    # other process adds one, and of those in this group the first in order wins.
    firsts = _firsts(transaction, publications)
    fresh = [each for each in publications if each.message.id == firsts.get(_idempotency(each), each.message.id)]
    accepted = {each.message.id for each in fresh}
    _MESSAGES.run(
        transaction.connection, [message_row(each.message, each.data, len(each.deliveries)) for each in fresh]
    )
    leased = _insert_deliveries(transaction, fresh)
    results: list[Published | Exception] = []
    for each in publications:
        if each.message.id in accepted:
            results.append(Published(each.message.id, len(each.deliveries), leased=tuple(leased[each.message.id])))
        else:
            first = firsts[_idempotency(each)]
            row = transaction.execute(
                select(messages.c.deliveries, messages.c.idempotency_digest).where(
                    messages.c.org == each.message.org, messages.c.id == first
                )
            ).one()
            results.append(Published(first, row.deliveries, duplicate=True, digest=row.idempotency_digest))
    return results


def _idempotency(publication: _Publication) -> tuple[Id, str]:
    return publication.message.org, publication.message.idempotency_key or ""


def _firsts(transaction: Transaction, publications: Sequence[_Publication]) -> dict[tuple[Id, str], Id]:
    """The first message of each idempotency key: the one in the database, or else the first in this group."""
    firsts: dict[tuple[Id, str], Id] = {}
    for each in publications:
        org, key = _idempotency(each)
        if not key or (org, key) in firsts:
            continue
        query = select(messages.c.id).where(messages.c.org == org, messages.c.idempotency_key == key)
        row = transaction.first(query)
        firsts[org, key] = each.message.id if row is None else row.id
    return firsts


def _insert_deliveries(
    transaction: Transaction, publications: Sequence[_Publication]
) -> Mapping[Id, list[DueDelivery]]:
    """Write the deliveries of messages; those that were given a lease, by message.

    `sequence` is the order of commits: numbers are given out under the write lock, in the order of the group.
    Subscriptions are judged by the snapshot of this transaction, since one may have been disabled or deleted after the
    message was matched, when its pending deliveries were paused or cancelled.
    """
    leased: dict[Id, list[DueDelivery]] = {each.message.id: [] for each in publications}
    if not any(each.deliveries for each in publications):
        return leased
    known = transaction.current().subscriptions
    sequence = _last_sequence(transaction)
    behind: set[tuple[Id, str]] = set()
    body_rows: list[NewRow] = []
    rows: list[NewRow] = []
    for each in publications:
        org, message = each.message.org, each.message.id
        body_rows.extend(
            {"org": org, "message": message, "form": form, "body": body, "body_ref": ref}
            for form, (body, ref) in each.bodies.values()
        )
        for delivery in each.deliveries:
            sequence += 1
            record = replace(delivery.record, sequence=sequence)
            subscription = known.get(record.subscription)
            if subscription is None:
                record = replace(record, state="cancelled", error="the subscription was deleted")
            elif not subscription.spec.enabled and record.state == "pending" and each.message.origin != "test":
                record = replace(record, state="skipped", error="the subscription was disabled")
            blocked = record.state != "pending" or _waits(transaction, record, behind)
            form = each.bodies[record.body][0] if record.body else _NO_BODY
            taken = None if blocked else delivery.lease
            rows.append(delivery_row(record, form, taken, blocked=blocked))
            if taken is not None:
                leased[message].append(DueDelivery(record, taken))
    _BODIES.run(transaction.connection, body_rows)
    _DELIVERIES.run(transaction.connection, rows)
    return leased


def _waits(transaction: Transaction, record: DeliveryRecord, behind: set[tuple[Id, str]]) -> bool:
    """Whether a new delivery has an older unfinished one of its ordering key, in the database or in this group."""
    if record.ordering_key is None:
        return False
    key = (record.subscription, record.ordering_key)
    waits = key in behind or has_unfinished(transaction, *key)
    behind.add(key)
    return waits


def _attempted(transaction: Transaction, done: Sequence[Attempted]) -> list[bool]:
    log_attempts(transaction, done)
    return [_lets_next_go(transaction, each) for each in done]


def _lets_next_go(transaction: Transaction, done: Attempted) -> bool:
    record = done.of.record
    if record.ordering_key is None or done.state == "pending":
        return False
    return unblock_next(transaction, record.subscription, record.ordering_key)


def _last_sequence(transaction: Transaction) -> int:
    return transaction.execute(select(func.max(deliveries.c.sequence))).scalar() or 0
