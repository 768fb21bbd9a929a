"""Tests of `hub.ports.store.OutboundStore`."""

from __future__ import annotations

from hub.testing.conformance.store.outbound.attempts import AttemptChecks
from hub.testing.conformance.store.outbound.claims import DeliveryClaimChecks
from hub.testing.conformance.store.outbound.event_types import EventTypeChecks
from hub.testing.conformance.store.outbound.ordering import OrderingKeyChecks
from hub.testing.conformance.store.outbound.publishing import PublishChecks
from hub.testing.conformance.store.outbound.reading import OutboundReadingChecks
from hub.testing.conformance.store.outbound.recovering import RecoveryChecks
from hub.testing.conformance.store.outbound.subscriptions import SubscriptionChecks

__all__ = ["OutboundChecks"]


class OutboundChecks(
    SubscriptionChecks,
    PublishChecks,
    DeliveryClaimChecks,
    OrderingKeyChecks,
    AttemptChecks,
    RecoveryChecks,
    OutboundReadingChecks,
    EventTypeChecks,
):
    """All of them."""
