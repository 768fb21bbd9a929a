"""Interrupting tasks only where they rest: never within a call of the store, whose outcome would be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Resting"]


class Resting:
    """Knows which tasks are at a place where they may be cancelled."""

    def __init__(self) -> None:
        self._at_rest: set[asyncio.Task[Any]] = set()
        self._asked: set[asyncio.Task[Any]] = set()

    @contextmanager
    def rest(self) -> Iterator[None]:
        """Where the running task may be cancelled; it is, at once, if it was asked to stop before."""
        task = asyncio.current_task()
        if task is None or task in self._asked:
            raise asyncio.CancelledError
        self._at_rest.add(task)
        try:
            yield
        finally:
            self._at_rest.discard(task)

    async def stop(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        """Return once every task has ended; each goes on until it rests."""
        self._asked.update(tasks)
        for task in self._at_rest.intersection(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._asked.difference_update(tasks)
