"""An event that one task waits for, with a time limit by the hub's clock."""

from __future__ import annotations

import asyncio

from hub.ports.clock import Clock

__all__ = ["TimedEvent"]


class TimedEvent:
    """One task waits; any other sets the event. Setting it while nobody waits ends the next wait at once."""

    __slots__ = ("_clock", "_event")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    def set(self) -> None:
        """End the current wait, or the next one."""
        self._event.set()

    async def wait(self, until: int | None) -> bool:
        """Wait for the event, at most until `until` (microseconds UTC; None: without limit), and clear it.

        Returns:
            Whether the event was set.
        """
        if until is None:
            await self._event.wait()
        elif not self._event.is_set() and self._clock.now() < until:
            timer = asyncio.ensure_future(self._clock.sleep_until(until))
            setter = asyncio.ensure_future(self._event.wait())
            try:
                await asyncio.wait((timer, setter), return_when=asyncio.FIRST_COMPLETED)
            finally:
                timer.cancel()
                setter.cancel()
        was_set = self._event.is_set()
        self._event.clear()
        return was_set
