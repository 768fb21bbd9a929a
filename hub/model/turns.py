"""Long work in the event loop that lets other tasks have their turns."""

from __future__ import annotations

import asyncio
import time

__all__ = ["Turns"]

_LONGEST_SECONDS = 0.005
"""How long a task may work before the other tasks of the event loop get a turn."""


class Turns:
    """Counts how long a task has worked since other tasks had a turn.

    turns = Turns()
    for one in many:
        work(one)
        if turns.over:
            await turns.give()
    """

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = time.perf_counter()

    @property
    def over(self) -> bool:
        """Whether the turn of this task is over."""
        return time.perf_counter() - self._since > _LONGEST_SECONDS

    async def give(self) -> None:
        """Let all other tasks that are ready run once."""
        await asyncio.sleep(0)
        self._since = time.perf_counter()
