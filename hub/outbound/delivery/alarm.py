"""A timer that can be set earlier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.ports.clock import Clock

__all__ = ["Alarm"]


class Alarm:
    """Calls `ring` once the clock has reached the earliest time that it was set to.

    Args:
        clock: The hub's clock.
        ring: Called in the event loop; it may set the alarm again.
    """

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._when: int | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, when: int) -> None:
        """Ring at `when` (microseconds UTC), unless it is to ring before that anyway."""
        if self._when is not None and self._when <= when:
            return
        self._when = when
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.get_running_loop().create_task(self._wait(when))

    def stop(self) -> None:
        """Ring no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._when = None

    async def _wait(self, when: int) -> None:
        await self._clock.sleep_until(when)
        self._when = None
        self._task = None
        self._ring()
