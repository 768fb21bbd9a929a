"""The awaiting caller: authors' functions, sync or async, under the request's clock, with the blame kept."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from hub.errors import PluginError, Unavailable
from hub.plugins.clock import RequestClock

__all__ = ["Unanswered", "answer_of", "ask"]


class Unanswered(Unavailable):
    """A plugin was asked and did not answer in the time of the request."""


def answer_of(plugin: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call an author's function; its exceptions pass, an attempt to end the process does not.

    Raises:
        PluginError: It raised SystemExit.
    """
    try:
        return function(*arguments)
    except SystemExit as error:
        raise PluginError(plugin, f"tried to end the process: SystemExit({error.code!r})") from error


async def ask(plugin: str, clock: RequestClock, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call an author's function and await what it gives if that can be awaited.

    Only awaiting costs a timeout. Exceptions of the function pass as they are; `clock.asking` names the plugin.

    Raises:
        Unavailable: The request's time was used up before the plugin was asked.
        Unanswered: It was used up while the plugin was asked.
        PluginError: The plugin tried to end the process, or cancelled the task it ran in.
    """
    clock.asking = plugin
    if clock.expired:
        raise Unavailable(f"plugin {plugin} was not asked: the {clock.seconds:g} s of the request were used up")
    answer = answer_of(plugin, function, arguments)
    return await _within(plugin, clock, answer) if inspect.isawaitable(answer) else answer


async def _within(plugin: str, clock: RequestClock, answer: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(clock.remaining()) as limit:
            return await answer
    except TimeoutError as error:
        if limit.expired():
            raise Unanswered(f"plugin {plugin} did not answer within {clock.seconds:g} s") from error
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise PluginError(plugin, "cancelled the task it ran in") from error
    except SystemExit as error:
        raise PluginError(plugin, f"tried to end the process: SystemExit({error.code!r})") from error
