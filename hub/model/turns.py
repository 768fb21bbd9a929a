"""Long work in the event loop that lets other tasks have their turns."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from weakref import WeakKeyDictionary

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

    However many tasks do long work at the same time, one of them has a turn in each round of the event loop.
    """

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = time.perf_counter()

    @property
    def over(self) -> bool:
        """Whether the turn of this task is over."""
        return time.perf_counter() - self._since > _LONGEST_SECONDS

    async def give(self) -> None:
        """Let all other tasks that are ready run, and those that do long work too have one turn each."""
        loop = asyncio.get_running_loop()
        waiting = _waiting.get(loop)
        if waiting is None:
            waiting = _waiting[loop] = deque()
        turn = loop.create_future()
        waiting.append(turn)
        if len(waiting) == 1:
            loop.call_soon(_next, loop, waiting)
        await turn
        self._since = time.perf_counter()


_waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, deque[asyncio.Future[None]]] = WeakKeyDictionary()
"""For each event loop the tasks that wait for their next turn, the one that has waited longest first."""


def _next(loop: asyncio.AbstractEventLoop, waiting: deque[asyncio.Future[None]]) -> None:
    """Give the next task its turn, and come back in the next round while others wait."""
    turn = waiting.popleft()
    if not turn.done():  # the task may have been cancelled
        turn.set_result(None)
    if waiting:
        loop.call_soon(_next, loop, waiting)
