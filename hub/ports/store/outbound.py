"""Subscriptions, messages, deliveries, attempts, event types of operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.outbound import (
    Account,
    Attempt,
    Attempted,
    Claim,
    DeliveryRecord,
    DueDelivery,
    EventType,
    MessageRecord,
    NewDelivery,
    Published,
    SubscriptionRecord,
    SubscriptionSpec,
)
from hub.model.stored.source import StoredSecret
from hub.ports.store.page import Page

__all__ = ["OutboundStore"]


class OutboundStore(Protocol):
    """The outbound registry and its log."""

    async def subscribe(
        self, org: Id, spec: SubscriptionSpec, secrets: Sequence[StoredSecret], *, cuid: str | None = None
    ) -> SubscriptionRecord:
        """Create a subscription; `cuid` is made when left out."""
        ...

    async def update(
        self, org: Id, subscription: Id, spec: SubscriptionSpec, *, generation: int | None = None
    ) -> SubscriptionRecord:
        """Replace the spec; queued deliveries use the new URL and secret. Raises `NotFound`, `Conflict` (412).

        Disabling pauses what is pending; enabling makes it pending again and forgets the health noted before.
        """
        ...

    async def delete(self, org: Id, subscription: Id) -> None:
        """Pending deliveries become cancelled; the log stays. Raises `NotFound`."""
        ...

    async def subscriptions(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SubscriptionRecord]:
        """Subscriptions of the org."""
        ...

    async def put_secrets(
        self, org: Id, subscription: Id, secrets: Sequence[StoredSecret], *, overlap: int = 0
    ) -> SubscriptionRecord:
        """Rotate: older secrets of the same slots expire after `overlap` microseconds (0: at once)."""
        ...

    async def clear_secrets(self, org: Id, subscription: Id, slot: str) -> SubscriptionRecord:
        """Forget all secrets of a slot. Raises `NotFound`."""
        ...

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
        ...

    async def publish(self, message: MessageRecord, deliveries: Sequence[NewDelivery]) -> Published:
        """Commit message and deliveries together; for a repeated idempotency key the first message is the answer.

        A delivery with a lease is born claimed, which saves the claim. One whose ordering key has an older
        unfinished delivery is not: it waits for its turn.
        """
        ...

    async def published(self, org: Id, idempotency_key: str) -> Published | None:
        """The message that had this idempotency key, None when there is none."""
        ...

    async def add(self, org: Id, message: Id, deliveries: Sequence[NewDelivery], *, release: bool = False) -> int:
        """Add deliveries to an accepted message (a replay); `release` turns a held message into an accepted one.

        Returns how many were added; one per subscription and message is there already at most. Raises `NotFound`.
        """
        ...

    async def claim(
        self, owner: str, until: int, now: int, wanted: Mapping[tuple[Id, Id], int], held: Sequence[int] = ()
    ) -> Claim:
        """Win due deliveries: for each (org, subscription) at most that many; per ordering key only the oldest.

        What `owner` holds under leases that ended (`held`, by sequence) it does not win anew.
        """
        ...

    async def renew(self, deliveries: Sequence[DueDelivery], until: int) -> frozenset[Id]:
        """Extend leases; returns the ids of those still owned."""
        ...

    async def release(self, deliveries: Sequence[DueDelivery], due: int) -> None:
        """Give up leases of deliveries that were not tried; they may be claimed from `due`."""
        ...

    async def expire(self, owner: str, now: int) -> None:
        """End the leases of `owner` at `now`: its process is known to be gone."""
        ...

    async def attempted(self, done: Attempted) -> bool:
        """Log an attempt and the delivery's new state in one commit, and give up the lease.

        Returns whether the next delivery of its ordering key may go now. Raises `Fenced`.
        """
        ...

    async def backlog(self, owner: str, now: int) -> Mapping[tuple[Id, Id], int]:
        """For each (org, subscription) with pending deliveries: when the first may be claimed, microseconds UTC.

        What `owner` holds by leases that last does not count.
        """
        ...

    async def message(self, org: Id, message: Id) -> tuple[MessageRecord, tuple[DeliveryRecord, ...]]:
        """Raises `NotFound`."""
        ...

    async def delivery(self, org: Id, delivery: Id) -> tuple[DeliveryRecord, tuple[Attempt, ...]]:
        """Raises `NotFound`."""
        ...

    async def deliveries(
        self,
        org: Id,
        *,
        subscription: Id | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[DeliveryRecord]:
        """Deliveries newest first, bodies left out."""
        ...

    async def messages(
        self, org: Id, *, undelivered: bool = False, limit: int, cursor: str | None = None
    ) -> Page[tuple[MessageRecord, Mapping[str, int]]]:
        """Messages newest first, each with the number of its deliveries per state.

        `undelivered` leaves out those of which every delivery has arrived and those that nobody wanted.
        """
        ...

    async def account(self, org: Id, since: int, until: int) -> Account:
        """Where every message accepted in that span (microseconds UTC) has ended up."""
        ...

    async def attempts(
        self, org: Id, subscription: Id, *, limit: int, cursor: str | None = None
    ) -> Page[tuple[DeliveryRecord, str, Attempt]]:
        """The log of a subscription, newest first: delivery, origin of its message, attempt."""
        ...

    async def requeue(self, org: Id, deliveries: Sequence[Id], due: int) -> frozenset[Id]:
        """Make finished deliveries pending again, at the end of their ordering keys.

        Those of a disabled subscription become paused. Returns the ids changed: pending, paused and unknown ones,
        and those whose subscription is gone, are not.
        """
        ...

    async def recoverable(
        self, org: Id, subscription: Id, since: int, until: int, *, limit: int, cursor: str = ""
    ) -> tuple[tuple[Id, ...], str]:
        """Dead and skipped deliveries created in that span, oldest first, and the cursor behind them."""
        ...

    async def count_recoverable(self, org: Id, subscription: Id, since: int, until: int) -> int:
        """How many `recoverable` would go through."""
        ...

    async def pending(self, org: Id, subscription: Id, limit: int) -> int:
        """How many deliveries are pending, counted up to `limit`."""
        ...

    async def put_event_type(self, org: Id, event_type: EventType) -> None:
        """Create or replace an operator's event type."""
        ...

    async def delete_event_type(self, org: Id, direction: str, name: str) -> None:
        """Raises `NotFound`."""
        ...

    async def event_types(self, org: Id) -> tuple[EventType, ...]:
        """The operator's own event types."""
        ...
