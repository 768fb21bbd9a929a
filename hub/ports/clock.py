"""The clock port: the one source of time for everything that the hub decides by time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from hub.model.times import SECOND

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Time as the hub sees it; tests drive one by hand (`hub.testing.ManualClock`)."""

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        ...

    async def sleep_until(self, when: int) -> None:
        """Return once `now() >= when` (microseconds UTC)."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        return time.time_ns() // 1000

    async def sleep_until(self, when: int) -> None:
        """Return once `now() >= when`; steps of a minute at most, so that a corrected clock is noticed."""
        while (left := when - self.now()) > 0:  # noqa: ASYNC110 - time is not an event
            await asyncio.sleep(min(left / SECOND, 60.0))
