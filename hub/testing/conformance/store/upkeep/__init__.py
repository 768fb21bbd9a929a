"""Tests of `hub.ports.store.Retention` and `hub.ports.store.Resealing`."""

from __future__ import annotations

from hub.testing.conformance.store.upkeep.resealing import ResealingChecks
from hub.testing.conformance.store.upkeep.retention import RetentionChecks

__all__ = ["UpkeepChecks"]


class UpkeepChecks(RetentionChecks, ResealingChecks):
    """All of them."""
