"""Calls of authors' functions, sync or async, within the time of a request."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from hub.errors import PluginError, Unavailable
from hub.plugins.clock import RequestClock

__all__ = ["Unanswered", "answer_of", "ask", "awaited"]

T = TypeVar("T")

_GRACE_SECONDS = 0.1
"""How long a call that is broken off may take to clean up before the hub goes on without it."""
_abandoned: set[asyncio.Future[Any]] = set()
"""Calls that go on although they were cancelled; kept, since a task that nobody refers to may be collected."""


class Unanswered(Unavailable):
    """A plugin was called and did not return within the time of the request."""


def answer_of(plugin: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call an author's function. Its exceptions pass; SystemExit and the like are turned into `PluginError`.

    Raises:
        PluginError: The function raised SystemExit or something else that is not an `Exception`.
    """
    try:
        return function(*arguments)
    except Exception:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and not _in_a_task():
            raise
        raise _ended(plugin, error) from error


async def awaited(plugin: str, answer: Awaitable[T]) -> T:
    """Await the result of an author's function. Exceptions as in `answer_of`; a cancelled caller is cancelled.

    Raises:
        PluginError: The function tried to end the process, or cancelled the task it ran in.
    """
    try:
        return await answer
    except (Exception, GeneratorExit):
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling()):
            raise
        raise _ended(plugin, error) from error


async def ask(plugin: str, clock: RequestClock, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call an author's function and await its result if that is awaitable.

    Only an awaitable gets a timeout. Exceptions of the function pass; `clock.asking` names the plugin afterwards.

    Raises:
        Unavailable: The time of the request was used up before the call.
        Unanswered: It was used up during the call.
        PluginError: The plugin tried to end the process, or cancelled the task it ran in.
    """
    before, clock.asking = clock.asking, plugin
    if clock.expired:
        used = "" if before is None else f"; plugin {before} was called last"
        raise Unavailable(f"plugin {plugin} was not called: the {clock.seconds:g} s of the request were used up{used}")
    answer = answer_of(plugin, function, arguments)
    return await _within(plugin, clock, answer) if inspect.isawaitable(answer) else answer


async def _within(plugin: str, clock: RequestClock, answer: Awaitable[Any]) -> Any:
    """Await in a task of its own, so that an author's function that ignores its cancellation holds nobody."""
    task = asyncio.ensure_future(awaited(plugin, answer))
    try:
        await asyncio.wait({task}, timeout=clock.remaining())
        if task.done():
            return _result(plugin, task)
        await _broken_off(task)
    except asyncio.CancelledError:
        if not task.done():
            _abandon(task)
        raise
    raise Unanswered(f"plugin {plugin} did not answer within {clock.seconds:g} s")


def _result(plugin: str, task: asyncio.Future[Any]) -> Any:
    if task.cancelled():
        raise _ended(plugin, asyncio.CancelledError())
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise _ended(plugin, error) from error
    return task.result()


async def _broken_off(task: asyncio.Future[Any]) -> None:
    """Cancel a task and let it clean up for a moment; one that goes on is left to itself."""
    task.cancel()
    await asyncio.wait({task}, timeout=_GRACE_SECONDS)
    _abandon(task)


def _abandon(task: asyncio.Future[Any]) -> None:
    task.cancel()
    _abandoned.add(task)
    task.add_done_callback(_gone)


def _gone(task: asyncio.Future[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # it was too late: nobody asks for it any more


def _ended(plugin: str, error: BaseException) -> PluginError:
    if isinstance(error, SystemExit):
        return PluginError(plugin, f"tried to end the process: SystemExit({error.code!r})")
    if isinstance(error, asyncio.CancelledError):
        return PluginError(plugin, "cancelled the task it ran in")
    return PluginError(plugin, f"raised {type(error).__name__}, which is not an Exception")


def _in_a_task() -> bool:
    """Whether the event loop is running. Then Ctrl-C is a signal that the loop handles, not a KeyboardInterrupt."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False
