"""The awaiting caller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.errors import PluginError, Reject, Unavailable
from hub.plugins.calling import Unanswered, answer_of, ask
from hub.plugins.clock import RequestClock


async def test_sync_and_async_functions_answer_alike() -> None:
    async def later(a: int, b: int) -> int:
        await asyncio.get_running_loop().run_in_executor(None, int)
        return a + b

    clock = RequestClock(10)
    assert await ask("a", clock, lambda a, b: a + b, 1, 2) == 3
    assert await ask("b", clock, later, 1, 2) == 3
    assert clock.asking == "b"


async def test_one_clock_counts_for_all_plugins_of_a_request() -> None:
    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    clock = RequestClock(0.02)
    with pytest.raises(Unavailable, match=r"plugin a did not answer within 0\.02 s"):
        await ask("a", clock, hang)
    asked: list[str] = []
    with pytest.raises(Unavailable, match="plugin b was not called"):
        await ask("b", clock, lambda: asked.append("b"))
    assert asked == []


async def test_exceptions_of_the_author_pass_as_they_are() -> None:
    async def own_timeout() -> None:
        raise TimeoutError("the author's own")

    def refuse() -> None:
        raise Reject("no", 403)

    with pytest.raises(TimeoutError, match="the author's own"):
        await ask("a", RequestClock(10), own_timeout)
    with pytest.raises(Reject, match="no"):
        await ask("a", RequestClock(10), refuse)


async def test_an_attempt_to_end_the_process_is_the_plugins_fault() -> None:
    def leave() -> None:
        raise SystemExit(3)

    async def leave_later() -> None:
        raise SystemExit(3)

    for function in (leave, leave_later):
        with pytest.raises(PluginError, match=r"plugin a: tried to end the process: SystemExit\(3\)"):
            await ask("a", RequestClock(10), function)


async def test_a_plugin_that_cancels_itself_is_blamed_but_a_cancelled_request_is_cancelled() -> None:
    async def cancel() -> None:
        raise asyncio.CancelledError

    with pytest.raises(PluginError, match="cancelled the task"):
        await ask("a", RequestClock(10), cancel)

    waiting = asyncio.Event()

    async def wait() -> Any:
        waiting.set()
        await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(ask("a", RequestClock(10), wait))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_call_that_comes_too_late_names_the_plugin_that_was_called_before() -> None:
    clock = RequestClock(0.001)
    with pytest.raises(Unanswered):
        await ask("slow", clock, lambda: asyncio.get_running_loop().create_future())
    with pytest.raises(Unavailable, match="were used up; plugin slow was called last"):
        await ask("late", clock, lambda: None)


def test_a_clock_counts_down_and_stops_at_zero() -> None:
    clock = RequestClock(60)
    assert 59 < clock.remaining() <= 60
    assert not clock.expired
    assert clock.asking is None
    spent = RequestClock(0)
    assert spent.expired
    assert spent.remaining() == 0
    assert RequestClock(-1).remaining() == 0


class _Boom(BaseException):
    """What an author may derive from the wrong base."""


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), _Boom("x"), asyncio.CancelledError()])
async def test_what_is_no_exception_is_the_plugins_fault_and_goes_no_further(error: BaseException) -> None:
    def now() -> None:
        raise error

    async def later() -> None:
        await asyncio.get_running_loop().run_in_executor(None, int)
        raise error

    for function in (now, later):
        with pytest.raises(PluginError, match="plugin a: "):
            await ask("a", RequestClock(10), function)


def test_ctrl_c_outside_the_event_loop_is_the_operators() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer_of("a", interrupted, ())
