"""Removing what is old."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["RETENTION_KINDS", "Pruned", "Retention", "RetentionKind"]

RetentionKind = Literal["requests", "executions", "messages", "audit", "jobs"]
"""requests: with their events, and claimed nonces. executions: with their journals. messages: with their deliveries
and attempts."""

RETENTION_KINDS: tuple[RetentionKind, ...] = ("requests", "executions", "messages", "audit", "jobs")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one step has removed.

    Attributes:
        removed: Things of the kind, those that hang on them not counted.
        blobs: Blobs that nothing refers to any more.
        cursor: Where the next step goes on, None when there is nothing more to do.
    """

    removed: int
    blobs: int
    cursor: str | None


class Retention(Protocol):
    """Deletes in small steps, of all orgs."""

    async def prune(self, kind: RetentionKind, before: int, *, limit: int = 200, cursor: str | None = None) -> Pruned:
        """Look at up to `limit` things of `kind` and remove those that ended before `before` (microseconds UTC).

        Held requests and messages, unfinished executions and jobs, and messages with a delivery that has not
        arrived (pending, paused, dead) stay, however old they are.
        """
        ...
