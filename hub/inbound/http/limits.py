"""Limits of each source, counted in the memory of this process: requests in a span of time, and running requests."""

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

_PROMPT_REFUSALS = 10
"""Refusals of one source within a second that are answered at once."""
_PAUSE_SECONDS = 1.0
"""How long the answer to each further one waits."""
_MAX_PAUSED = 2_000
"""Answers that wait at the same time; where there are as many, the next one does not wait."""
_MAX_SOURCES = 10_000


class Limits:
    """Counts requests of sources; a source without limits costs nothing."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._running: dict[Id, int] = {}
        self._entered: dict[Id, Id] = {}
        self._full: dict[tuple[Id, RateLimit], float] = {}
        self._refused: dict[Id, int] = {}
        self._second = 0
        self._paused = 0

    async def rate(self, source: Id, limit: RateLimit) -> int | None:
        """Count a request; None when it may pass, else the seconds until the next one may.

        A source that is refused many times within a second gets its answers after a pause. So the sender that floods
        the hub waits, and the others do not.
        """
        full = self._full.get((source, limit))
        if full is None or full <= time.time():
            item = RateLimitItemPerSecond(limit.requests, limit.per_seconds)
            if await self._limiter.hit(item, source.hex()):
                return None
            full = (await self._limiter.get_window_stats(item, source.hex())).reset_time
            if len(self._full) >= _MAX_SOURCES:
                self._full.clear()
            self._full[source, limit] = full
        await self._pause(source)
        return max(1, math.ceil(full - time.time()))

    async def _pause(self, source: Id) -> None:
        """Keep the sender waiting, unless few of its requests were refused in this second or very many wait."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._refused.clear()
        refused = self._refused[source] = self._refused.get(source, 0) + 1
        if refused <= _PROMPT_REFUSALS or self._paused >= _MAX_PAUSED:
            return
        self._paused += 1
        try:
            await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._paused -= 1

    def enter(self, source: Id, at_most: int, request: Id) -> bool:
        """Count `request` as running until it leaves; False when `at_most` requests of the source are running."""
        running = self._running.get(source, 0)
        if running >= at_most:
            return False
        self._running[source] = running + 1
        self._entered[request] = source
        return True

    def leave(self, request: Id) -> None:
        """The request has been answered; its place is free again, if it had entered."""
        source = self._entered.pop(request, None)
        if source is None:
            return
        running = self._running[source] - 1
        if running:
            self._running[source] = running
        else:
            del self._running[source]
