"""Subscriptions, messages, deliveries, attempts, event types of operators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.outbound import (
    Attempt,
    DeliveryRecord,
    DueDelivery,
    EventType,
    MessageRecord,
    SubscriptionRecord,
    SubscriptionSpec,
)
from hub.model.source import StoredSecret
from hub.ports.store.page import Page

__all__ = ["Outbound"]


class Outbound(Protocol):
    """The outbound registry and its log."""

    async def subscribe(
        self, org: Id, spec: SubscriptionSpec, secrets: Sequence[StoredSecret], *, cuid: str | None = None
    ) -> SubscriptionRecord:
        """Create a subscription; `cuid` is made when left out."""
        ...

    async def update(
        self, org: Id, subscription: Id, spec: SubscriptionSpec, *, generation: int | None = None
    ) -> SubscriptionRecord:
        """Replace the spec; queued deliveries use the new URL and secret. Raises `NotFound`, `Conflict` (412)."""
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

    async def mark(
        self,
        org: Id,
        subscription: Id,
        *,
        failing_since: int | None,
        warned: bool = False,
        disabled_reason: str = "",
    ) -> SubscriptionRecord:
        """Note health; a `disabled_reason` also sets `enabled` false and pauses its deliveries."""
        ...

    async def publish(self, message: MessageRecord, deliveries: Sequence[DeliveryRecord]) -> tuple[Id, int]:
        """Commit message and deliveries.

        Returns id and number of deliveries; for a repeated idempotency key those of the first message.
        """
        ...

    async def claim(self, owner: str, until: int, now: int, limit: int) -> tuple[DueDelivery, ...]:
        """Win due deliveries of all orgs, spread over subscriptions; per ordering key only the oldest unfinished."""
        ...

    async def attempted(
        self, org: Id, delivery: Id, fence: int, attempt: Attempt, *, state: str, due: int, error: str = ""
    ) -> None:
        """Log an attempt and the delivery's new state in one commit, and give up the lease. Raises `Fenced`."""
        ...

    async def next_due(self) -> int | None:
        """When the next delivery is due, microseconds UTC."""
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

    async def requeue(self, org: Id, delivery: Id, due: int) -> None:
        """Make a finished delivery pending again. Raises `NotFound`, `Conflict` while it is pending."""
        ...

    async def put_event_type(self, org: Id, event_type: EventType) -> None:
        """Create or replace an operator's event type."""
        ...

    async def event_types(self, org: Id) -> tuple[EventType, ...]:
        """The operator's own event types."""
        ...
