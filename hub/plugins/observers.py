"""Hands records to `hub_observe`, off the request path."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import structlog

from hub.errors import described
from hub.model.wire.record import Record
from hub.plugins.calling import ask
from hub.plugins.clock import RequestClock
from hub.plugins.hooks import Implementation

__all__ = ["Observers"]

QUEUE_LENGTH = 10_000
"""Largest number of waiting records; further ones are dropped and counted."""

FAILURES = 5
"""Failures in a row after which a plugin's observing is suspended."""

SECONDS = 10.0
"""How long one plugin may take over one record."""

_log = structlog.get_logger("hub.plugins")


class Observers:
    """A queue of records and the task that hands each to every observing plugin, one after the other.

    Args:
        implementations: Returns the implementations of `hub_observe` in the active plugins.
    """

    def __init__(self, implementations: Callable[[], Sequence[Implementation]]) -> None:
        self._implementations = implementations
        self._queue: asyncio.Queue[Record] = asyncio.Queue(QUEUE_LENGTH)
        self._task: asyncio.Task[None] | None = None
        self._failures: Counter[str] = Counter()
        self._suspended: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self.dropped = 0

    def put(self, record: Record) -> None:
        """Queue a record; never waits. Before `start`, and without an observer, it is dropped."""
        if self._task is None or not self._implementations():
            return
        try:
            self._queue.put_nowait(record)
        except asyncio.QueueFull:
            self.dropped += 1
            if self.dropped & (self.dropped - 1) == 0:
                _log.warning("records dropped: observers are too slow", dropped=self.dropped)

    def put_changes(self, plugins: Iterable[tuple[str, str, str]]) -> None:
        """Queue a record for each plugin whose state has changed since the last call.

        Args:
            plugins: (name, state, reason) of every plugin.
        """
        for name, state, reason in plugins:
            known = self._states.get(name)
            self._states[name] = state
            if known not in (None, state):
                self.put(Record("plugin", name, "", state, datetime.now(UTC), reason))

    def start(self) -> None:
        """Start to hand out records."""
        self._task = asyncio.create_task(self._run(), name="hub_observe")

    async def stop(self, seconds: float = 5.0) -> None:
        """Hand out the queued records, for at most `seconds`, and stop."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._queue.join()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def drained(self) -> None:
        """Return once every record queued so far was handed out."""
        await self._queue.join()

    def resume(self, plugin: str) -> None:
        """Let a suspended plugin observe again."""
        self._suspended.pop(plugin, None)
        self._failures.pop(plugin, None)

    def suspension(self, plugin: str) -> str:
        """Why a plugin's observing is suspended; empty if it is not."""
        return self._suspended.get(plugin, "")

    async def _run(self) -> None:
        while True:
            record = await self._queue.get()
            try:
                for one in self._implementations():
                    if one.plugin not in self._suspended:
                        await self._hand(one, record)
            finally:
                self._queue.task_done()

    async def _hand(self, one: Implementation, record: Record) -> None:
        try:
            await ask(one.plugin, RequestClock(SECONDS), one.function, *one.arguments(record))
        except Exception as error:  # noqa: BLE001 - a failing observer must not stop the others
            self._failures[one.plugin] += 1
            reason = described(error)
            _log.warning("hub_observe failed", plugin=one.plugin, error=reason, record=record.id)
            if self._failures[one.plugin] >= FAILURES:
                self._suspended[one.plugin] = f"hub_observe is suspended after {FAILURES} failures: {reason}"
                _log.error("hub_observe suspended", plugin=one.plugin, failures=FAILURES)
        else:
            self._failures.pop(one.plugin, None)
