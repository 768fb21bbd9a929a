"""The clock port: the one source of time for everything that the hub decides by time."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from hub.model.times import SECOND

__all__ = ["Clock", "InterruptibleSleep", "SystemClock"]


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


class InterruptibleSleep:
    """Lets one task sleep until a time or until somebody interrupts it, whichever comes first.

    An interruption while nobody sleeps ends the next sleep, so that none is lost between a look and the sleep after it.
    """

    __slots__ = ("_clock", "_interrupted")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._interrupted = asyncio.Event()

    def interrupt(self) -> None:
        """End the sleep under way, or the next one."""
        self._interrupted.set()

    async def until(self, when: int) -> None:
        """Return at `when` (microseconds UTC) or once interrupted."""
        if not self._interrupted.is_set() and self._clock.now() < when:
            ends = [
                asyncio.ensure_future(self._clock.sleep_until(when)),
                asyncio.ensure_future(self._interrupted.wait()),
            ]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
        self._interrupted.clear()
