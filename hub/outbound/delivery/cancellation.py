"""Cancelling tasks at certain points only: a task cancelled within a call of the store would not learn its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["CancellationPoints"]


class CancellationPoints:
    """Knows which tasks are at a point where they may be cancelled."""

    def __init__(self) -> None:
        self._at_point: set[asyncio.Task[Any]] = set()
        self._asked: set[asyncio.Task[Any]] = set()

    @contextmanager
    def point(self) -> Iterator[None]:
        """A block within which the running task may be cancelled.

        Raises:
            CancelledError: At the beginning of the block, if the task was asked to stop before.
        """
        task = asyncio.current_task()
        if task is None or task in self._asked:
            raise asyncio.CancelledError
        self._at_point.add(task)
        try:
            yield
        finally:
            self._at_point.discard(task)

    async def stop(self, tasks: Collection[asyncio.Task[Any]]) -> None:
        """Return once every task has ended. Each runs on to its next point."""
        self._asked.update(tasks)
        for task in self._at_point.intersection(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._asked.difference_update(tasks)
