"""Subscriptions and their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from hub.errors import Conflict, NotFound, PreconditionFailed
from hub.model.ids import Id, base62, new_id
from hub.model.stored.outbound import SubscriptionChange, SubscriptionRecord, SubscriptionSpec
from hub.model.stored.source import StoredSecret
from hub.ports.store.page import Page
from hub.store.sql.outbound.queue import cancel_deliveries, pause_deliveries, resume_deliveries, unskip_ordered
from hub.store.sql.paging import page
from hub.store.sql.records import sealed_spec, subscription_record
from hub.store.sql.registry.secrets import OwnedSecrets
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import subscriptions
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
        self._secrets = OwnedSecrets(resources.vault, "subscription")

    async def subscribe(
        self, org: Id, spec: SubscriptionSpec, secrets: Sequence[StoredSecret], *, cuid: str | None = None
    ) -> SubscriptionRecord:
        """See `hub.ports.store.OutboundStore.subscribe`."""
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
            self._secrets.insert(transaction, org, subscription, secrets)
            transaction.changed("subscription", org, subscription)
            return transaction.current().subscriptions[subscription]

        return await self._writer.run(Priority.JOURNAL, work)

    async def change_subscription(
        self, org: Id, subscription: Id, change: SubscriptionChange, *, generation: int | None = None
    ) -> SubscriptionRecord:
        """See `hub.ports.store.OutboundStore.change_subscription`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> SubscriptionRecord:
            record = _found(transaction, org, subscription, generation)
            columns: dict[str, Any] = {"updated": now}
            if change.spec is not None:
                columns["sealed_spec"] = sealed_spec(self._vault, org, subscription, change.spec)
                if change.spec.enabled and not record.spec.enabled:
                    columns |= {"failing_since": None, "warned": False, "disabled_reason": "", "disabled_at": None}
                    if change.catch_up and record.disabled_at is not None:
                        unskip_ordered(transaction, org, subscription, record.disabled_at, now)
                    resume_deliveries(transaction, org, subscription)
                elif not change.spec.enabled and record.spec.enabled:
                    columns["disabled_at"] = now
                    pause_deliveries(transaction, org, subscription)
            self._secrets.change(transaction, org, subscription, change.secrets, now)
            return _update(transaction, org, subscription, columns)

        return await self._writer.run(Priority.JOURNAL, work)

    async def delete_subscription(self, org: Id, subscription: Id, *, generation: int | None = None) -> None:
        """See `hub.ports.store.OutboundStore.delete_subscription`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            _found(transaction, org, subscription, generation)
            cancel_deliveries(transaction, org, subscription, now)
            self._secrets.delete_all(transaction, org, subscription)
            transaction.execute(
                delete(subscriptions).where(subscriptions.c.org == org, subscriptions.c.id == subscription)
            )
            transaction.changed("subscription", org, subscription)

        await self._writer.run(Priority.JOURNAL, work)

    async def subscriptions(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SubscriptionRecord]:
        """See `hub.ports.store.OutboundStore.subscriptions`."""
        held = self._writer.snapshot.subscriptions
        return await page(
            self._database,
            select(subscriptions).where(subscriptions.c.org == org),
            subscriptions.c.id,
            lambda row: held.get(row.id) or subscription_record(self._vault, row, ()),
            limit=limit,
            cursor=cursor,
        )

    async def mark(
        self,
        org: Id,
        subscription: Id,
        *,
        failing_since: int | None,
        warned: bool = False,
        disabled_reason: str = "",
    ) -> SubscriptionRecord:
        """See `hub.ports.store.OutboundStore.mark`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> SubscriptionRecord:
            record = _found(transaction, org, subscription)
            columns: dict[str, Any] = {"failing_since": failing_since, "warned": warned}
            if disabled_reason and record.spec.enabled:
                spec = record.spec.model_copy(update={"enabled": False})
                columns |= {
                    "sealed_spec": sealed_spec(self._vault, org, subscription, spec),
                    "disabled_reason": disabled_reason,
                    "disabled_at": now,
                    "updated": now,
                }
                pause_deliveries(transaction, org, subscription)
            return _update(transaction, org, subscription, columns)

        return await self._writer.run(Priority.JOURNAL, work)


def _found(transaction: Transaction, org: Id, subscription: Id, generation: int | None = None) -> SubscriptionRecord:
    record = transaction.current().subscriptions.get(subscription)
    if record is None or record.org != org:
        raise NotFound("no such subscription")
    if generation is not None and record.generation != generation:
        raise PreconditionFailed("subscription")
    return record


def _update(transaction: Transaction, org: Id, subscription: Id, columns: dict[str, Any]) -> SubscriptionRecord:
    transaction.execute(
        update(subscriptions)
        .where(subscriptions.c.org == org, subscriptions.c.id == subscription)
        .values(generation=subscriptions.c.generation + 1, **columns)
    )
    transaction.changed("subscription", org, subscription)
    return transaction.current().subscriptions[subscription]
