"""What people ask to be sent: one delivery again, one message again, a test message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hub.errors import Conflict, Invalid, Problem
from hub.model.ids import Id, new_id
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import Attempt, Attempted, MessageRecord, SubscriptionRecord
from hub.outbound.delivery.attempt_sender import AttemptSender, public_error
from hub.outbound.delivery.dispatch import Dispatcher
from hub.outbound.publish.bodies import timestamp
from hub.outbound.publish.catalog import EventCatalog
from hub.outbound.publish.publish import Publisher
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["Resender", "SentTest"]

_TEST_LEASE = 60_000_000


@dataclass(frozen=True, slots=True)
class SentTest:
    """A test message that was sent; it is in the log like any other."""

    message: Id
    delivery: Id
    attempt: Attempt


class Resender:
    """Sends what a person asks for.

    Args:
        store: Keeps messages and deliveries.
        publisher: Finds subscriptions and renders bodies.
        dispatcher: Sends what is pending again.
        sender: Makes the attempt of a test.
        catalog: Provides the examples that tests send.
        clock: The hub's clock.
        owner: Id of this process in leases.
    """

    def __init__(
        self,
        *,
        store: Store,
        publisher: Publisher,
        dispatcher: Dispatcher,
        sender: AttemptSender,
        catalog: EventCatalog,
        clock: Clock,
        owner: str,
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._dispatcher = dispatcher
        self._sender = sender
        self._catalog = catalog
        self._clock = clock
        self._owner = owner

    async def retry(self, org: Id, delivery: Id) -> None:
        """Send a finished delivery again, with the same id and body and all its retries.

        Raises:
            NotFound: The org has no such delivery.
            Conflict: It is not finished, its subscription was deleted, or it has no body.
        """
        record, _ = await self._store.outbound.delivery(org, delivery)
        changed = await self._store.outbound.requeue(org, (delivery,), self._clock.now())
        if delivery in changed:
            self._dispatcher.note_due(org, record.subscription, self._clock.now())
            return
        if record.subscription not in self._store.snapshot.subscriptions:
            raise Conflict("the subscription of this delivery was deleted")
        if record.state in ("pending", "paused"):
            raise Conflict(f"the delivery is {record.state}: it will be sent anyway")
        raise Conflict("the delivery has no body, since its body template failed: fix it and replay the message")

    async def replay(self, org: Id, message: Id) -> int:
        """Send a message again to every subscription that matches it now; returns to how many.

        The plugins process a held message again. Deliveries that exist already keep their ids and bodies.

        Raises:
            NotFound: The org has no such message.
            Conflict: A plugin dropped the message, or it is still held; says why.
        """
        record, deliveries = await self._store.outbound.message(org, message)
        if record.state == "dropped":
            raise Conflict(f"the message was dropped: {record.reason}")
        release = record.state == "held"
        if release:
            record = await self._publisher.run_hooks(replace(record, state="accepted", reason=""))
            if record.state != "accepted":
                raise Conflict(f"the message is still {record.state}: {record.reason}")
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
            self._dispatcher.note_due(org, each.id, now)
        return len(changed) + added

    async def test(self, subscription: SubscriptionRecord, event: str) -> SentTest:
        """Send a test message once, guard and signing included, even to a disabled subscription.

        Its data is the catalog's example of the type, or a small object that says that it is a test.

        Raises:
            Invalid: The body template failed.
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
        attempt = await self._sender.send(subscription, due.record, fresh[0].record.body)
        await self._store.outbound.attempted(
            Attempted(
                of=due,
                attempt=attempt,
                state="dead" if attempt.error else "delivered",
                at=self._clock.now(),
                error=public_error(attempt),
            )
        )
        return SentTest(message.id, due.record.id, attempt)

    def _example(self, org: Id, event: str, now: int) -> Any:
        event_type = self._catalog.outgoing(org, event)
        if event_type is not None and event_type.example is not None:
            return event_type.example
        return {"event": event, "test": True, "text": "This is a test.", "at": timestamp(now)}
