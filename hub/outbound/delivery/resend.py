"""Sending by hand: one delivery again, one message again, a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hub.errors import Conflict, Invalid, Problem
from hub.model.ids import Id, new_id
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import Attempt, Attempted, MessageRecord, SubscriptionRecord
from hub.outbound.delivery.deliver import Courier, public_error
from hub.outbound.delivery.dispatch import Dispatcher
from hub.outbound.publish.catalog import OutboundCatalog
from hub.outbound.publish.freeze import timestamp
from hub.outbound.publish.publish import Publisher
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["Resender", "Tried"]

_TEST_LEASE = 60_000_000


@dataclass(frozen=True, slots=True)
class Tried:
    """A test as it went: its message and delivery are in the log like any other."""

    message: Id
    delivery: Id
    attempt: Attempt


class Resender:
    """What a person asks to be sent.

    Args:
        store: Where everything is.
        publisher: Matches and freezes.
        dispatcher: Sends what is requeued.
        courier: Makes the attempt of a test.
        catalog: Has the examples that tests send.
        clock: The hub's clock.
        owner: Id of this process in leases.
    """

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        dispatcher: Dispatcher,
        courier: Courier,
        catalog: OutboundCatalog,
        clock: Clock,
        owner: str,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._dispatcher = dispatcher
        self._courier = courier
        self._catalog = catalog
        self._clock = clock
        self._owner = owner

    async def retry(self, org: Id, delivery: Id) -> None:
        """Send a finished delivery again, with the same id and body and its retries afresh.

        Raises:
            NotFound: No such delivery.
            Conflict: It is under way, its subscription was deleted, or its body template failed (replay the message).
        """
        record, _ = await self._store.outbound.delivery(org, delivery)
        changed = await self._store.outbound.requeue(org, (delivery,), self._clock.now())
        if delivery in changed:
            self._dispatcher.due(org, record.subscription, self._clock.now())
            return
        if record.subscription not in self._store.snapshot.subscriptions:
            raise Conflict("the subscription of this delivery was deleted")
        if record.state in ("pending", "paused"):
            raise Conflict(f"the delivery is {record.state}: it is going to be sent anyway")
        raise Conflict("the delivery has no body, since its body template failed: mend it and replay the message")

    async def replay(self, org: Id, message: Id) -> int:
        """Send a message again to every subscription that wants it now; returns to how many.

        A held message is shown to the plugins again. Deliveries that are there already keep their ids and bodies.

        Raises:
            NotFound: No such message.
            Conflict: A plugin dropped the message, or it is held still; says why.
        """
        record, deliveries = await self._store.outbound.message(org, message)
        if record.state == "dropped":
            raise Conflict(f"the message was dropped: {record.reason}")
        release = record.state == "held"
        if release:
            record = await self._publisher.fold(replace(record, state="accepted", reason=""))
            if record.state != "accepted":
                raise Conflict(f"the message is {record.state} still: {record.reason}")
        wanted = [each for each in self._publisher.matching(record) if each.spec.enabled]
        now = self._clock.now()
        wanting = {each.id for each in wanted}
        finished = [each.id for each in deliveries if each.subscription in wanting]
        changed = await self._store.outbound.requeue(org, finished, now)
        known = {each.subscription for each in deliveries if each.id in changed or each.state == "pending"}
        missing = [each for each in wanted if each.id not in known]
        fresh = self._publisher.deliveries(record, missing, lambda _: None)
        added = await self._store.outbound.add(org, message, fresh, release=release)
        for each in wanted:
            self._dispatcher.due(org, each.id, now)
        return len(changed) + added

    async def test(self, subscription: SubscriptionRecord, event: str) -> Tried:
        """Send a test the real way, guard and signing included, once; disabled subscriptions too.

        The data is the catalog's example of the type, else a small object that says that it is a test.

        Raises:
            Invalid: The body template fails.
        """
        now = self._clock.now()
        message = MessageRecord(
            org=subscription.org,
            id=new_id(),
            type=event,
            data=self._example(subscription.org, event, now),
            created=now,
            origin="test",
        )
        enabled = replace(subscription, spec=subscription.spec.model_copy(update={"enabled": True}))
        lease = Lease(self._owner, now + _TEST_LEASE)
        fresh = self._publisher.deliveries(message, [enabled], lambda _: lease)
        if not fresh[0].record.body:
            raise Invalid("the test was not sent", (Problem("/template", fresh[0].record.error),))
        published = await self._store.outbound.publish(message, fresh)
        due = published.leased[0]
        attempt = await self._courier.attempt(subscription, due.record, fresh[0].record.body)
        await self._store.outbound.attempted(
            Attempted(
                of=due,
                attempt=attempt,
                state="dead" if attempt.error else "delivered",
                at=self._clock.now(),
                error=public_error(attempt),
            )
        )
        return Tried(message.id, due.record.id, attempt)

    def _example(self, org: Id, event: str, now: int) -> Any:
        event_type = self._catalog.outgoing(org, event)
        if event_type is not None and event_type.example is not None:
            return event_type.example
        return {"event": event, "test": True, "text": "This is a test.", "at": timestamp(now)}
