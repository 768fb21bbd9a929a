"""Subscriptions and their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from hub.errors import Conflict, NotFound
from hub.model.ids import Id, base62, new_id
from hub.model.stored.outbound import SubscriptionRecord, SubscriptionSpec
from hub.model.stored.source import StoredSecret
from hub.ports.store.page import Page
from hub.store.sql.outbound.queue import cancel_deliveries, pause_deliveries, resume_deliveries
from hub.store.sql.paging import page
from hub.store.sql.records import sealed_secret, sealed_spec, subscription_record
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import secrets, subscriptions
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlSubscriptions"]


class SqlSubscriptions:
    """The registry's part of `hub.ports.store.OutboundStore`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._vault = resources.vault
        self._clock = resources.clock

    async def subscribe(
        self, org: Id, spec: SubscriptionSpec, secrets: Sequence[StoredSecret], *, cuid: str | None = None
    ) -> SubscriptionRecord:
        """Create a subscription; `cuid` is made when left out. Raises `Conflict` when it is taken."""
        subscription = new_id()
        now = self._clock.now()
        name = base62(subscription) if cuid is None else cuid

        def work(transaction: Transaction) -> SubscriptionRecord:
            taken = select(subscriptions.c.id).where(subscriptions.c.org == org, subscriptions.c.cuid == name)
            if transaction.first(taken) is not None:
                raise Conflict(f"there is a subscription with the cuid {name!r} already")
            transaction.execute(
                insert(subscriptions),
                {
                    "org": org,
                    "id": subscription,
                    "cuid": name,
                    "sealed_spec": sealed_spec(self._vault, org, subscription, spec),
                    "generation": 1,
                    "created": now,
                    "updated": now,
                    "failing_since": None,
                    "warned": False,
                    "disabled_reason": "",
                    "disabled_at": None if spec.enabled else now,
                },
            )
            self._insert_secrets(transaction, org, subscription, secrets)
            transaction.changed("subscription", org, subscription)
            return transaction.current().subscriptions[subscription]

        return await self._writer.run(Priority.JOURNAL, work)

    async def update(
        self, org: Id, subscription: Id, spec: SubscriptionSpec, *, generation: int | None = None
    ) -> SubscriptionRecord:
        """Replace the spec; queued deliveries use the new URL and secret. Raises `NotFound`, `Conflict` (412).

        Disabling pauses what is pending; enabling makes it pending again and forgets the health noted before.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> SubscriptionRecord:
            record = _found(transaction, org, subscription)
            if generation is not None and record.generation != generation:
                raise Conflict("the subscription has changed since it was read", 412)
            changes: dict[str, Any] = {
                "sealed_spec": sealed_spec(self._vault, org, subscription, spec),
                "updated": now,
            }
            if spec.enabled and not record.spec.enabled:
                changes |= {"failing_since": None, "warned": False, "disabled_reason": "", "disabled_at": None}
                resume_deliveries(transaction, org, subscription)
            elif not spec.enabled and record.spec.enabled:
                changes["disabled_at"] = now
                pause_deliveries(transaction, org, subscription)
            return self._change(transaction, org, subscription, changes)

        return await self._writer.run(Priority.JOURNAL, work)

    async def delete(self, org: Id, subscription: Id) -> None:
        """Pending deliveries become cancelled; the log stays. Raises `NotFound`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            _found(transaction, org, subscription)
            cancel_deliveries(transaction, org, subscription, now)
            transaction.execute(delete(secrets).where(secrets.c.org == org, secrets.c.owner == subscription))
            transaction.execute(
                delete(subscriptions).where(subscriptions.c.org == org, subscriptions.c.id == subscription)
            )
            transaction.changed("subscription", org, subscription)

        await self._writer.run(Priority.JOURNAL, work)

    async def subscriptions(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SubscriptionRecord]:
        """Subscriptions of the org, newest first."""
        held = self._writer.snapshot.subscriptions
        return await page(
            self._database,
            select(subscriptions).where(subscriptions.c.org == org),
            subscriptions.c.id,
            lambda row: held.get(row.id) or subscription_record(self._vault, row, ()),
            limit=limit,
            cursor=cursor,
        )

    async def put_secrets(
        self, org: Id, subscription: Id, secrets: Sequence[StoredSecret], *, overlap: int = 0
    ) -> SubscriptionRecord:
        """Rotate: older secrets of the same slots expire after `overlap` microseconds (0: they are gone at once)."""
        now = self._clock.now()
        slots = tuple({secret.slot for secret in secrets})

        def work(transaction: Transaction) -> SubscriptionRecord:
            _found(transaction, org, subscription)
            self._expire(transaction, org, subscription, slots, now, overlap)
            self._insert_secrets(transaction, org, subscription, secrets)
            return self._change(transaction, org, subscription, {"updated": now})

        return await self._writer.run(Priority.JOURNAL, work)

    async def clear_secrets(self, org: Id, subscription: Id, slot: str) -> SubscriptionRecord:
        """Forget all secrets of a slot: the subscription is unsigned from now on. Raises `NotFound`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> SubscriptionRecord:
            _found(transaction, org, subscription)
            self._expire(transaction, org, subscription, (slot,), now, 0)
            return self._change(transaction, org, subscription, {"updated": now})

        return await self._writer.run(Priority.JOURNAL, work)

    async def mark(
        self,
        org: Id,
        subscription: Id,
        *,
        failing_since: int | None,
        warned: bool = False,
        disabled_reason: str = "",
    ) -> SubscriptionRecord:
        """Note health; a `disabled_reason` also sets `enabled` false and pauses its deliveries. Raises `NotFound`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> SubscriptionRecord:
            record = _found(transaction, org, subscription)
            changes: dict[str, Any] = {"failing_since": failing_since, "warned": warned}
            if disabled_reason and record.spec.enabled:
                spec = record.spec.model_copy(update={"enabled": False})
                changes |= {
                    "sealed_spec": sealed_spec(self._vault, org, subscription, spec),
                    "disabled_reason": disabled_reason,
                    "disabled_at": now,
                    "updated": now,
                }
                pause_deliveries(transaction, org, subscription)
            return self._change(transaction, org, subscription, changes)

        return await self._writer.run(Priority.JOURNAL, work)

    def _change(self, transaction: Transaction, org: Id, key: Id, changes: dict[str, Any]) -> SubscriptionRecord:
        transaction.execute(
            update(subscriptions)
            .where(subscriptions.c.org == org, subscriptions.c.id == key)
            .values(generation=subscriptions.c.generation + 1, **changes)
        )
        transaction.changed("subscription", org, key)
        return transaction.current().subscriptions[key]

    def _insert_secrets(self, transaction: Transaction, org: Id, owner: Id, fresh: Sequence[StoredSecret]) -> None:
        if fresh:
            rows = [sealed_secret(self._vault, org, owner, "subscription", secret) for secret in fresh]
            transaction.execute(insert(secrets), rows)

    @staticmethod
    def _expire(transaction: Transaction, org: Id, owner: Id, slots: Sequence[str], now: int, overlap: int) -> None:
        mine = (secrets.c.org == org, secrets.c.owner == owner, secrets.c.slot.in_(slots))
        if overlap <= 0:
            transaction.execute(delete(secrets).where(*mine))
            return
        end = now + overlap
        later = or_(secrets.c.expires.is_(None), secrets.c.expires > end)
        transaction.execute(update(secrets).where(*mine, later).values(expires=end))
        transaction.execute(delete(secrets).where(*mine, secrets.c.expires <= now))


def _found(transaction: Transaction, org: Id, subscription: Id) -> SubscriptionRecord:
    record = transaction.current().subscriptions.get(subscription)
    if record is None or record.org != org:
        raise NotFound("no such subscription")
    return record
