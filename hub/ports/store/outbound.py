"""Subscriptions, messages, deliveries, attempts, event types of operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.outbound import (
    Attempt,
    Attempted,
    Claim,
    DeliveryRecord,
    DueDelivery,
    MessageRecord,
    MessageTotals,
    NewDelivery,
    Published,
    Resent,
    SubscriptionChange,
    SubscriptionRecord,
    SubscriptionSpec,
)
from hub.model.stored.source import StoredSecret
from hub.model.wire.event_type import EventType
from hub.ports.store.page import Page

__all__ = ["OutboundStore"]


class OutboundStore(Protocol):
    """Subscriptions, messages, their deliveries with each attempt, and the operators' event types.

    **Leases.** A delivery is sent under a lease: an owner (a hub process), an end and a fence. Each claim raises the
    fence by one. An owner whose lease has ended may still renew it and log its attempt as long as nobody else has
    claimed the delivery; afterwards that raises `Fenced` and changes nothing.

    **Ordering keys.** Deliveries of one subscription with the same ordering key are sent one after the other, in the
    order in which their messages were committed (`sequence`): only the oldest one that is pending or paused may be
    claimed. The next one may go as soon as that is delivered, dead or cancelled.
    """

    async def subscribe(
        self, org: Id, spec: SubscriptionSpec, secrets: Sequence[StoredSecret], *, cuid: str | None = None
    ) -> SubscriptionRecord:
        """Create a subscription; it is in the snapshot when this returns.

        Args:
            org: Whose subscription it is.
            spec: What an integrator sets on it.
            secrets: Its secrets.
            cuid: A second id, unique in the org; one is made if it is left out.

        Raises:
            Conflict: The cuid is taken.
        """
        ...

    async def change_subscription(
        self, org: Id, subscription: Id, change: SubscriptionChange, *, generation: int | None = None
    ) -> SubscriptionRecord:
        """Change spec and secrets in one commit: after a crash all of `change` is there, or nothing of it.

        The snapshot shows the change when this returns, and the generation is a larger one.
        Queued deliveries use the new URL and secrets from their next attempt on. Disabling pauses what is pending;
        enabling makes it pending again and forgets the health noted before.

        Args:
            org: Whose subscription it is.
            subscription: Its id.
            change: What changes.
            generation: That of the record from which `change` was made; None changes whatever is there.

        Raises:
            NotFound: There is no such subscription, or no secret that `change.secrets.remove` names.
            PreconditionFailed: The subscription's generation is another one by now.
        """
        ...

    async def delete_subscription(self, org: Id, subscription: Id, *, generation: int | None = None) -> None:
        """Delete a subscription with its secrets: its pending and paused deliveries are cancelled, the log stays.

        Raises:
            NotFound: There is no such subscription.
            PreconditionFailed: `generation` is given and the subscription has another one.
        """
        ...

    async def subscriptions(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SubscriptionRecord]:
        """Subscriptions of the org with their secrets."""
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
        """Note how a subscription fares; with a `disabled_reason` disable it, which pauses its pending deliveries.

        Args:
            org: Whose subscription it is.
            subscription: Its id.
            failing_since: Since when no delivery has succeeded, microseconds UTC; None: it is well.
            warned: Whether its owner has been warned.
            disabled_reason: Why the hub disables it. Without effect on one that is disabled already.

        Raises:
            NotFound: The org has no such subscription.
        """
        ...

    async def publish(self, message: MessageRecord, deliveries: Sequence[NewDelivery]) -> Published:
        """Commit a message with its deliveries.

        If a message of the org has the same idempotency key, also one that is committed at this very moment, nothing
        is kept and that message is the answer, as a duplicate.

        Each delivery gets the next `sequence`. One whose subscription is gone by now is kept as cancelled; one whose
        subscription is disabled by now as skipped, unless the message is a test. A delivery with a `lease` is claimed
        at once, which saves the claim; but one behind an older delivery of its ordering key waits without a lease.
        The bodies are frozen: every attempt sends these bytes, and equal ones of a message are kept once.
        """
        ...

    async def published(self, org: Id, idempotency_key: str) -> Published | None:
        """The message with this idempotency key, as a duplicate; None if there is none."""
        ...

    async def add(self, org: Id, message: Id, deliveries: Sequence[NewDelivery], *, release: bool = False) -> int:
        """Add deliveries to a message: a replay, for subscriptions that it has no delivery for.

        A delivery without a body, which could not be frozen, gives way to a new one for its subscription. Otherwise
        as `publish`, but without leases at birth.

        Args:
            org: Whose message it is.
            message: Its id.
            deliveries: What to add.
            release: Make a held message an accepted one.

        Returns:
            How many were added.

        Raises:
            NotFound: The org has no such message.
        """
        ...

    async def claim(
        self, owner: str, until: int, now: int, wanted: Mapping[tuple[Id, Id], int], held: Sequence[int] = ()
    ) -> Claim:
        """Lease deliveries to `owner`: pending ones that are due and have no lease, or one that has ended.

        Those that have been due longer come first, then those committed earlier. Taking over an ended lease of another
        owner counts as a crash (`crashes` of the record includes it).

        Args:
            owner: Id of the process.
            until: End of the leases, microseconds UTC.
            now: Microseconds UTC.
            wanted: (org, subscription) -> deliveries at most.
            held: Sequences of deliveries that `owner` is still at work on: they are not leased to it again, though
                their leases may have ended.
        """
        ...

    async def renew(self, deliveries: Sequence[DueDelivery], until: int) -> frozenset[Id]:
        """Set the end of leases, all of one owner.

        Returns:
            The deliveries that this owner still holds, even if their leases had ended; the others are lost.
        """
        ...

    async def release(self, deliveries: Sequence[DueDelivery], due: int) -> None:
        """Give up leases, all of one owner, of deliveries that were not tried: they may be claimed from `due`.

        Deliveries that the owner holds no more are left alone. This counts neither as an attempt nor as a crash.
        """
        ...

    async def expire(self, owner: str, now: int) -> None:
        """End all leases of `owner` at `now`.

        Its process is known to be gone: what it held may be claimed without waiting for the end of the leases.
        """
        ...

    async def attempted(self, done: Attempted) -> bool:
        """Log an attempt and give its delivery its new state, in one commit, and give up the lease.

        A delivery that was paused or cancelled meanwhile stays so if the attempt leaves it pending. Attempts are
        numbered from 1; each number is logged once.

        Returns:
            Whether another delivery of its ordering key may be claimed now because this one has finished.

        Raises:
            Fenced: Somebody else has claimed the delivery since, or an attempt of this number is logged.
        """
        ...

    async def backlog(self, owner: str, now: int) -> Mapping[tuple[Id, Id], int]:
        """For each (org, subscription) with deliveries to be claimed: when the first one may be, microseconds UTC.

        Deliveries that `owner` holds under leases that last beyond `now` do not count; those of other owners count from
        the end of their leases.
        """
        ...

    async def message(self, org: Id, message: Id) -> tuple[MessageRecord, tuple[DeliveryRecord, ...]]:
        """One message with its data, and its deliveries in commit order, without their bodies.

        Raises:
            NotFound: The org has no such message.
        """
        ...

    async def delivery(self, org: Id, delivery: Id) -> tuple[DeliveryRecord, tuple[Attempt, ...]]:
        """One delivery with its body, from the blob store if need be, and its attempts in order.

        Raises:
            NotFound: The org has no such delivery.
        """
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
        """Deliveries of the org, or of one subscription, or in one state, without their bodies."""
        ...

    async def messages(
        self, org: Id, *, undelivered: bool = False, limit: int, cursor: str | None = None
    ) -> Page[tuple[MessageRecord, Mapping[str, int]]]:
        """Messages of the org without their data, each with the number of its deliveries in each state.

        `undelivered` keeps those that are held or have a delivery in another state than delivered.
        """
        ...

    async def account(self, org: Id, since: int, until: int) -> MessageTotals:
        """What became of every message that was accepted from `since` on and before `until` (microseconds UTC).

        The time of a message is that in its id, in milliseconds.
        """
        ...

    async def attempts(
        self, org: Id, subscription: Id, *, limit: int, cursor: str | None = None
    ) -> Page[tuple[DeliveryRecord, str, Attempt]]:
        """The log of a subscription: delivery without body, origin of its message, attempt.

        The newest delivery comes first, and of one delivery the last attempt.
        """
        ...

    async def requeue(self, org: Id, deliveries: Sequence[Id], due: int) -> frozenset[Id]:
        """Make finished deliveries pending again, due at `due`, at the end of their ordering keys.

        Their tries are counted from 0 again, attempts and log go on. Those of a disabled subscription become paused.

        Returns:
            The deliveries changed. Pending, paused and unknown ones, those without a body, and those whose subscription
            is gone are not.
        """
        ...

    async def recoverable(
        self, org: Id, subscription: Id, since: int, until: int, *, limit: int, cursor: str = ""
    ) -> tuple[tuple[Id, ...], str]:
        """Dead and skipped deliveries of a subscription made from `since` on and before `until`, oldest first.

        The time of a delivery is that in its id, in milliseconds.

        Returns:
            `limit` ids at most, and the cursor behind them; no ids at the end.

        Raises:
            Invalid: The cursor is not one that this returned.
        """
        ...

    async def count_recoverable(self, org: Id, subscription: Id, since: int, until: int, *, cursor: str = "") -> int:
        """How many deliveries `recoverable` lists in all, from that cursor on. Raises as it does."""
        ...

    async def resent(self, org: Id, subscription: Id, begin: str, end: str, since: int) -> Resent:
        """What became of the deliveries of a subscription between two cursors of `recoverable`.

        Those that were finished before `since` (microseconds UTC) do not count.

        Raises:
            Invalid: A cursor is not one that `recoverable` returned.
        """
        ...

    async def pending(self, org: Id, subscription: Id, limit: int) -> int:
        """How many deliveries of a subscription are pending, counted up to `limit`."""
        ...

    async def put_event_type(self, org: Id, event_type: EventType) -> None:
        """Create the operator's event type of that direction and name, or replace it.

        It is in the snapshot when this returns.
        """
        ...

    async def delete_event_type(self, org: Id, direction: str, name: str) -> None:
        """Remove an operator's event type; it is not in the snapshot any more when this returns.

        Raises:
            NotFound: The org has no such event type.
        """
        ...

    async def event_types(self, org: Id) -> tuple[EventType, ...]:
        """All event types of the org's operators, in any order."""
        ...
