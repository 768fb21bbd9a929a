"""Removing what is old, in the background: one small step at a time, with a line in the log for what is gone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import structlog

from hub.errors import HubError
from hub.ports.clock import Clock
from hub.ports.store import Retention
from hub.ports.store.retention import RETENTION_KINDS, RetentionKind
from hub.settings import Settings

__all__ = ["Keeper", "days_kept"]

log = structlog.get_logger(__name__)

_DAY = 86_400_000_000
_HOUR = 3_600_000_000
_SOON = 60_000_000


def days_kept(settings: Settings) -> Mapping[RetentionKind, int]:
    """For how many days each kind is kept; 0 for ever. Finished jobs are kept as long as the audit log."""
    return {
        "requests": settings.retain_requests_days,
        "executions": settings.retain_executions_days,
        "messages": settings.retain_deliveries_days,
        "audit": settings.retain_audit_days,
        "jobs": settings.retain_audit_days,
    }


class Keeper:
    """Prunes every kind a minute after the start and then once an hour.

    Args:
        retention: Removes.
        days: Of each kind; 0 keeps for ever.
        clock: The hub's clock.
    """

    def __init__(self, retention: Retention, days: Mapping[RetentionKind, int], clock: Clock) -> None:
        self._retention = retention
        self._days = days
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._work(), name="hub-retention")

    async def stop(self) -> None:
        """Stop; a step that is under way is committed."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def run_once(self) -> Mapping[RetentionKind, int]:
        """Prune every kind to its end; how many things of each are gone. Between two steps everybody else goes first.

        Raises:
            HubError: Database or disk refused; the next round goes on.
        """
        removed: dict[RetentionKind, int] = {}
        for kind in RETENTION_KINDS:
            if self._days.get(kind, 0) > 0:
                removed[kind] = await self._prune(kind, self._clock.now() - self._days[kind] * _DAY)
        return removed

    async def _prune(self, kind: RetentionKind, before: int) -> int:
        removed = blobs = 0
        cursor: str | None = None
        while True:
            step = await self._retention.prune(kind, before, cursor=cursor)
            removed += step.removed
            blobs += step.blobs
            cursor = step.cursor
            if cursor is None:
                break
        if removed:
            log.info("removed what is old", kind=kind, removed=removed, blobs=blobs, days=self._days[kind])
        return removed

    async def _work(self) -> None:
        due = self._clock.now() + _SOON
        while True:
            await self._clock.sleep_until(due)
            due = self._clock.now() + _HOUR
            try:
                await self.run_once()
            except HubError as error:
                log.warning("retention failed", error=str(error))
