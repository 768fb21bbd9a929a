"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from hub.model.times import SECOND

__all__ = ["ManualClock"]

_START = 1_800_000_000_000_000


class ManualClock:
    """Implements `hub.ports.clock.Clock`; time passes only in `advance` and `set`.

    Args:
        now: Microseconds since 1970, UTC; by default a time in January 2027.
    """

    def __init__(self, now: int = _START) -> None:
        self._now = now
        self._order = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass. Sleepers whose time has come go on in the next iteration of the event loop."""
        self.set(self._now + round(seconds * SECOND))

    def set(self, now: int) -> None:
        """Set the time, microseconds UTC; a clock may also be set back."""
        self._now = now
        while self._sleepers and self._sleepers[0][0] <= now:
            sleeper = heapq.heappop(self._sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)

    async def sleep_until(self, when: int) -> None:
        """Return once `now() >= when` (microseconds UTC)."""
        while when > self._now:
            sleeper = asyncio.get_running_loop().create_future()
            heapq.heappush(self._sleepers, (when, next(self._order), sleeper))
            await sleeper

    @property
    def next_wake(self) -> int | None:
        """When the first sleeper is to wake, None if there is none."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None
