"""Which subscriptions get a message."""

from __future__ import annotations

from collections.abc import Mapping

from hub.model.ids import Id
from hub.model.stored.outbound import SubscriptionRecord
from hub.ports.store.snapshot import Snapshot

__all__ = ["subscribers", "wants"]


def subscribers(snapshot: Snapshot, org: Id, event_type: str, client: str | None) -> list[SubscriptionRecord]:
    """Subscriptions of the org that match the type and the client, including disabled ones."""
    found = snapshot.derived(_by_event_type).get((org, event_type), ())
    return [each for each in found if wants(each, event_type, client)]


def wants(subscription: SubscriptionRecord, event_type: str, client: str | None) -> bool:
    """Whether a subscription matches messages of this type and client.

    A subscription that lists clients gets messages of these clients only, and none without a client.
    """
    spec = subscription.spec
    return event_type in spec.events and (not spec.clients or client in spec.clients)


def _by_event_type(snapshot: Snapshot) -> Mapping[tuple[Id, str], tuple[SubscriptionRecord, ...]]:
    """The subscriptions of each org and event type."""
    found: dict[tuple[Id, str], list[SubscriptionRecord]] = {}
    for subscription in snapshot.subscriptions.values():
        for event_type in dict.fromkeys(subscription.spec.events):
            found.setdefault((subscription.org, event_type), []).append(subscription)
    return {key: tuple(each) for key, each in found.items()}
