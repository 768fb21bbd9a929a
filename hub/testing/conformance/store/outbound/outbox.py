"""What the tests of messages and deliveries do with a scene, in short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.model.ids import Id, new_id
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import (
    Attempt,
    Attempted,
    Claim,
    DeliveryRecord,
    DueDelivery,
    MessageRecord,
    NewDelivery,
    SubscriptionChange,
    SubscriptionRecord,
    SubscriptionSpec,
)
from hub.model.stored.source import StoredSecret
from hub.ports.store import OutboundStore
from hub.testing.conformance.store.scene import SECOND, StoreScene, page_through

__all__ = ["SPEC", "Outbox", "signing_secret"]

SPEC = SubscriptionSpec(url="https://receiver.example/", events=("thing",), headers={"Authorization": "Bearer sesame"})


def signing_secret(text: str, created: int = 0, slot: str = "signing") -> StoredSecret:
    """A secret to sign with."""
    return StoredSecret(new_id(), slot, text.encode(), text, created=created)


class Outbox:
    """Publishes, claims and tries, as the hub's dispatcher does."""

    def __init__(self, scene: StoreScene) -> None:
        self.scene = scene
        self.clock = scene.clock

    @property
    def store(self) -> OutboundStore:
        """The scene's store."""
        return self.scene.store.outbound

    @property
    def org(self) -> Id:
        """The scene's org."""
        return self.scene.org

    async def subscribe(self, *secrets: StoredSecret, **spec: Any) -> SubscriptionRecord:
        """A subscription; `spec` are fields other than the usual ones."""
        return await self.store.subscribe(self.org, SPEC.model_copy(update=spec), secrets)

    async def enable(self, subscription: SubscriptionRecord) -> SubscriptionRecord:
        """Enable a subscription."""
        return await self._change(subscription, enabled=True)

    async def disable(self, subscription: SubscriptionRecord) -> SubscriptionRecord:
        """Disable a subscription."""
        return await self._change(subscription, enabled=False)

    async def delete(self, subscription: SubscriptionRecord) -> None:
        """Delete a subscription."""
        await self.store.delete_subscription(self.org, subscription.id)

    def new(
        self, *subscriptions: SubscriptionRecord, lease: Lease | None = None, body: bytes = b"{}", **fields: Any
    ) -> tuple[MessageRecord, list[NewDelivery]]:
        """A message that no store knows yet, with a delivery for each subscription; `fields` are the message's."""
        message = MessageRecord(self.org, self.scene.id(), "thing", {"n": 1}, self.clock.now(), **fields)
        return message, [NewDelivery(self.delivery(message, each, body), lease) for each in subscriptions]

    def delivery(
        self, message: MessageRecord, subscription: SubscriptionRecord, body: bytes = b"{}", **fields: Any
    ) -> DeliveryRecord:
        """A delivery of a message."""
        values: dict[str, Any] = {
            "org": message.org,
            "id": self.scene.id(),
            "message": message.id,
            "subscription": subscription.id,
            "type": message.type,
            "state": "pending",
            "body": body,
            "created": message.created,
            "ordering_key": message.ordering_key,
            "due": message.created,
        }
        return DeliveryRecord(**(values | fields))

    async def publish(self, *subscriptions: SubscriptionRecord, **fields: Any) -> Id:
        """Publish a message; its id."""
        return (await self.store.publish(*self.new(*subscriptions, **fields))).id

    async def ask(
        self,
        subscription: SubscriptionRecord,
        owner: str = "one",
        limit: int = 100,
        seconds: int = 60,
        held: Sequence[int] = (),
    ) -> Claim:
        """Claim deliveries of a subscription for so many seconds."""
        now = self.clock.now()
        return await self.store.claim(owner, now + seconds * SECOND, now, {(self.org, subscription.id): limit}, held)

    async def claim(self, subscription: SubscriptionRecord, **asked: Any) -> tuple[DueDelivery, ...]:
        """What `ask` won."""
        return (await self.ask(subscription, **asked)).deliveries

    def done(
        self, due: DueDelivery, state: Any = "delivered", *, delay: int = 0, number: int | None = None
    ) -> Attempted:
        """The next attempt of a delivery, which leaves it in `state`."""
        now = self.clock.now()
        error = "" if state == "delivered" else "no"
        tried = due.record.attempts + 1 if number is None else number
        attempt = Attempt(tried, now, "127.0.0.1", 200, 5, (("a", "b"),), (("c", "d"),), "body", error)
        return Attempted(due, attempt, state, now, due=now + delay * SECOND, error=error, tries=due.record.tries + 1)

    async def attempt(self, due: DueDelivery, state: Any = "delivered", *, delay: int = 0) -> bool:
        """Log the next attempt."""
        return await self.store.attempted(self.done(due, state, delay=delay))

    async def states(self) -> list[str]:
        """The state of each delivery, oldest first."""
        return [each.state for each in reversed(await page_through(self.store.deliveries, self.org, limit=50))]

    async def _change(self, subscription: SubscriptionRecord, **spec: Any) -> SubscriptionRecord:
        change = SubscriptionChange(spec=subscription.spec.model_copy(update=spec))
        return await self.store.change_subscription(self.org, subscription.id, change)
