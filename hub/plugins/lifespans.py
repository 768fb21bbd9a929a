"""Runs `hub_lifespan` of each plugin, in one task each: a context must be left in the task that entered it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog

from hub.errors import PluginError, described
from hub.plugins.calling import answer_of
from hub.plugins.hooks import Implementation
from hub.sdk.handle import HubHandle

__all__ = ["Lifespans"]

_log = structlog.get_logger("hub.plugins")


@dataclass(frozen=True, slots=True)
class _Lifespan:
    task: asyncio.Task[None]
    ending: asyncio.Event


class Lifespans:
    """The running lifespans.

    Args:
        start_seconds: How long a plugin may take to start.
        stop_seconds: How long it may take to stop, before it is cancelled.
    """

    def __init__(self, start_seconds: float = 30.0, stop_seconds: float = 10.0) -> None:
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._running: dict[str, _Lifespan] = {}

    async def start(self, one: Implementation, hub: HubHandle) -> None:
        """Enter a plugin's context.

        Raises:
            PluginError: It failed, took too long, or is not an async context manager.
        """
        entered, ending = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(_live(one, hub, entered, ending), name=f"hub_lifespan of {one.plugin}")
        waiter = asyncio.create_task(entered.wait())
        try:
            await asyncio.wait({task, waiter}, timeout=self._start_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()
            if not entered.is_set() and not task.done():
                await _end(task)
        if entered.is_set():
            self._running[one.plugin] = _Lifespan(task, ending)
        elif task.cancelled():
            raise PluginError(one.plugin, f"hub_lifespan did not start within {self._start_seconds:g} s")
        else:
            error = task.exception()
            raise PluginError(one.plugin, f"hub_lifespan failed to start: {described(error)}") from error

    async def stop(self, plugin: str) -> None:
        """Leave a plugin's context; failures are logged."""
        running = self._running.pop(plugin, None)
        if running is None:
            return
        running.ending.set()
        done, _ = await asyncio.wait({running.task}, timeout=self._stop_seconds)
        if not done:
            _log.error("hub_lifespan did not stop in time", plugin=plugin, seconds=self._stop_seconds)
            await _end(running.task)
        elif not running.task.cancelled() and (error := running.task.exception()) is not None:
            _log.error("hub_lifespan failed to stop", plugin=plugin, error=described(error))

    async def stop_all(self) -> None:
        """Leave every context, the last one entered first."""
        for plugin in reversed(tuple(self._running)):
            await self.stop(plugin)


async def _live(one: Implementation, hub: HubHandle, entered: asyncio.Event, ending: asyncio.Event) -> None:
    context = answer_of(one.plugin, one.function, one.arguments(hub))
    if not isinstance(context, AbstractAsyncContextManager):
        raise TypeError("it must be an async context manager: mark it with @asynccontextmanager")
    try:
        async with context:
            entered.set()
            await ending.wait()
    except SystemExit as error:
        raise PluginError(one.plugin, f"tried to end the process: SystemExit({error.code!r})") from error


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
