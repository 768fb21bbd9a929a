"""Counts of events that differ from what a catalog declares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.drift import Drift

__all__ = ["DRIFT_ROWS_PER_SOURCE", "DriftCounts"]

DRIFT_ROWS_PER_SOURCE = 500
"""Different drifts kept of one source: senders choose the names of their fields, and must not fill the database."""


class DriftCounts(Protocol):
    """How often events differ from the catalog, by source, event type and difference."""

    async def count(self, seen: Sequence[Drift]) -> None:
        """Add these counts to those kept under the same org, source, type and detail.

        `last` and `request` become those given, `first` stays. A source that has `DRIFT_ROWS_PER_SOURCE` different
        drifts gets no further ones; those that it has are still counted. Every other write goes first.
        """
        ...

    async def drifts(self, org: Id, *, source: Id | None = None, limit: int) -> tuple[Drift, ...]:
        """Drifts of the org, or of one source: the most frequent first, then the latest, `limit` at most."""
        ...

    async def forget(self, org: Id, *, source: Id | None = None) -> None:
        """Remove all drifts of the org, or of one source."""
        ...
