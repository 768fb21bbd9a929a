"""A timer that keeps the earliest of the times it was set to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hub.ports.clock import Clock

__all__ = ["EarliestTimer"]


class EarliestTimer:
    """Calls a function once the clock has reached the earliest time that the timer was set to.

    Args:
        clock: The hub's clock.
        fire: Called in the event loop. It may set the timer again.
    """

    def __init__(self, clock: Clock, fire: Callable[[], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._when: int | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, when: int) -> None:
        """Fire at `when` (microseconds UTC), unless the timer fires earlier anyway."""
        if self._when is not None and self._when <= when:
            return
        self._when = when
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.get_running_loop().create_task(self._wait(when))

    def stop(self) -> None:
        """Do not fire any more, unless the timer is set again."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._when = None

    async def _wait(self, when: int) -> None:
        await self._clock.sleep_until(when)
        self._when = None
        self._task = None
        self._fire()
