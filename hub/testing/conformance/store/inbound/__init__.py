"""Tests of `hub.ports.store.InboundStore` and `hub.ports.store.DriftCounts`."""

from __future__ import annotations

from hub.testing.conformance.store.inbound.accepting import AcceptChecks
from hub.testing.conformance.store.inbound.batches import BatchChecks
from hub.testing.conformance.store.inbound.drift import DriftChecks
from hub.testing.conformance.store.inbound.duplicates import DuplicateChecks
from hub.testing.conformance.store.inbound.files import FileChecks
from hub.testing.conformance.store.inbound.generations import StaleSourceChecks
from hub.testing.conformance.store.inbound.holding import HoldChecks
from hub.testing.conformance.store.inbound.nonces import NonceChecks
from hub.testing.conformance.store.inbound.reading import RequestReadingChecks
from hub.testing.conformance.store.inbound.refusing import RefusalChecks

__all__ = ["InboundChecks"]


class InboundChecks(
    AcceptChecks,
    BatchChecks,
    DuplicateChecks,
    NonceChecks,
    StaleSourceChecks,
    HoldChecks,
    FileChecks,
    RefusalChecks,
    RequestReadingChecks,
    DriftChecks,
):
    """All of them."""
