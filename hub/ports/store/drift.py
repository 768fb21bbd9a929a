"""The counts of what arrives that a catalog does not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.drift import Drift

__all__ = ["DriftCounts"]


class DriftCounts(Protocol):
    """What differs from the catalog, with counts; at most some hundred rows per source, whatever is sent."""

    async def count(self, seen: Sequence[Drift]) -> None:
        """Add counts to those that are there. A source that has too many rows already gets no new ones."""
        ...

    async def drifts(self, org: Id, *, source: Id | None = None, limit: int) -> tuple[Drift, ...]:
        """The most frequent first, `limit` at most."""
        ...

    async def forget(self, org: Id, *, source: Id | None = None) -> None:
        """Begin counting anew, of one source or of all."""
        ...
