"""Limits that count: rate and concurrent requests of each source, in memory of this process."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from hub.model.ids import Id
from hub.model.source import RateLimit

__all__ = ["Limits"]


class Limits:
    """Counts requests of sources; a source without limits costs nothing."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._running: dict[Id, int] = {}

    async def rate(self, source: Id, limit: RateLimit) -> int | None:
        """Count a request; None when it may pass, else seconds until the next one may."""
        item = RateLimitItemPerSecond(limit.requests, limit.per_seconds)
        if await self._limiter.hit(item, source.hex()):
            return None
        window = await self._limiter.get_window_stats(item, source.hex())
        return max(1, math.ceil(window.reset_time - time.time()))

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
