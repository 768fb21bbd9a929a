"""Waiting for a time or for somebody who rings, whichever comes first."""

from __future__ import annotations

import asyncio

from hub.ports.clock import Clock

__all__ = ["Alarm"]


class Alarm:
    """One task waits, anybody rings. A ring while nobody waits is kept for the next wait."""

    __slots__ = ("_clock", "_event")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    def ring(self) -> None:
        """End the wait under way, or the next one."""
        self._event.set()

    async def wait(self, until: int | None) -> bool:
        """Return at `until` (microseconds UTC; None: never) or once rung; whether it was rung."""
        if until is None:
            await self._event.wait()
        elif not self._event.is_set() and self._clock.now() < until:
            sleeper = asyncio.ensure_future(self._clock.sleep_until(until))
            ringer = asyncio.ensure_future(self._event.wait())
            try:
                await asyncio.wait((sleeper, ringer), return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeper.cancel()
                ringer.cancel()
        rung = self._event.is_set()
        self._event.clear()
        return rung
