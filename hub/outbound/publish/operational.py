"""Operational events: what the hub publishes about itself. Any subscription can name them."""

from __future__ import annotations

from typing import Any

from hub.model.ids import write_id
from hub.model.stored.outbound import SubscriptionRecord
from hub.model.wire.event_type import EventType
from hub.outbound.publish.bodies import timestamp

__all__ = ["DISABLED", "FAILING", "OPERATIONAL", "RESERVED", "subscription_data"]

RESERVED = "hub."
"""Names with this prefix are reserved for the hub."""
FAILING = "hub.subscription.failing"
DISABLED = "hub.subscription.disabled"

_SCHEMA = {
    "type": "object",
    "properties": {
        "subscription": {"type": "string"},
        "name": {"type": "string"},
        "failing_since": {"type": ["string", "null"]},
        "reason": {"type": "string"},
    },
    "required": ["subscription", "name", "failing_since", "reason"],
}
_EXAMPLE = {
    "subscription": "sub_4itKqkgCZrLhgYiq5L211X",
    "name": "Orders to the warehouse",
    "failing_since": "2026-01-31T08:00:00.000000Z",
    "reason": "the receiver answered 500",
}

OPERATIONAL = (
    EventType(FAILING, "out", None, "1", "Deliveries of a subscription have failed for a long time", _SCHEMA, _EXAMPLE),
    EventType(DISABLED, "out", None, "1", "The hub has disabled a subscription", _SCHEMA, _EXAMPLE),
)


def subscription_data(subscription: SubscriptionRecord, failing_since: int | None, reason: str) -> dict[str, Any]:
    """The data of an operational event about a subscription, without its URL and secrets."""
    return {
        "subscription": write_id("sub", subscription.id),
        "name": subscription.spec.name,
        "failing_since": None if failing_since is None else timestamp(failing_since),
        "reason": reason,
    }
