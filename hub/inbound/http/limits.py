"""Limits that count: rate and concurrent requests of each source, in memory of this process."""

from __future__ import annotations

import asyncio
import math
import time

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from hub.model.ids import Id
from hub.model.stored.source import RateLimit

__all__ = ["Limits"]

_PATIENT = 10
"""Refusals of a source within a second that are told at once."""
_PAUSE = 1.0
"""Seconds that further ones are kept waiting."""
_PAUSED = 2_000
"""Refusals that wait at the same time; more are told at once."""
_SOURCES = 10_000


class Limits:
    """Counts requests of sources; a source without limits costs nothing."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._running: dict[Id, int] = {}
        self._full: dict[tuple[Id, RateLimit], float] = {}
        self._refused: dict[Id, int] = {}
        self._second = 0
        self._paused = 0

    async def rate(self, source: Id, limit: RateLimit) -> int | None:
        """Count a request; None when it may pass, else seconds until the next one may.

        A source that goes on and on is told after a pause, so that whoever floods it waits and not the others.
        """
        full = self._full.get((source, limit))
        if full is None or full <= time.time():
            item = RateLimitItemPerSecond(limit.requests, limit.per_seconds)
            if await self._limiter.hit(item, source.hex()):
                return None
            full = (await self._limiter.get_window_stats(item, source.hex())).reset_time
            if len(self._full) >= _SOURCES:
                self._full.clear()
            self._full[source, limit] = full
        await self._pause(source)
        return max(1, math.ceil(full - time.time()))

    async def _pause(self, source: Id) -> None:
        """Keep the sender waiting unless few were refused in this second, or very many are waiting."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._refused.clear()
        refused = self._refused[source] = self._refused.get(source, 0) + 1
        if refused <= _PATIENT or self._paused >= _PAUSED:
            return
        self._paused += 1
        try:
            await asyncio.sleep(_PAUSE)
        finally:
            self._paused -= 1

    def enter(self, source: Id, at_most: int) -> bool:
        """Count a request as running; False when `at_most` are."""
        running = self._running.get(source, 0)
        if running >= at_most:
            return False
        self._running[source] = running + 1
        return True

    def leave(self, source: Id) -> None:
        """The request that `enter` counted is answered."""
        left = self._running[source] - 1
        if left:
            self._running[source] = left
        else:
            del self._running[source]
