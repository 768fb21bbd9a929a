"""Long work in the event loop gives others their turns, and shares the loop with other long work."""

from __future__ import annotations

import asyncio
import time

import pytest

from hub.model.turns import Turns


def work(seconds: float) -> None:
    """Keep the processor busy."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_a_turn_is_over_after_a_few_milliseconds() -> None:
    turns = Turns()
    assert not turns.over
    work(0.006)
    assert turns.over


async def test_a_turn_begins_anew_once_others_had_theirs() -> None:
    turns = Turns()
    work(0.006)
    await turns.give()
    assert not turns.over


async def test_of_many_tasks_with_long_work_one_has_a_turn_in_each_round() -> None:
    """So that a task with little to do waits for one turn, not for those of all others; and they take turns."""
    order: list[int | str] = []

    async def long(name: int) -> None:
        turns = Turns()
        for _ in range(3):
            order.append(name)
            await turns.give()

    async def short() -> None:
        for _ in range(5):
            order.append("short")
            await asyncio.sleep(0)

    tasks = [asyncio.ensure_future(long(number)) for number in range(4)]
    await asyncio.sleep(0)
    assert order == [0, 1, 2, 3]
    await asyncio.gather(*tasks, short())
    rest = order[4:]
    assert [one for one in rest if one != "short"] == [0, 1, 2, 3] * 2
    first = rest[: rest.index(3)]
    assert first.count("short") >= 2, "it did not wait until each of the others had a turn"


async def test_a_cancelled_task_leaves_its_turn_to_the_next() -> None:
    done: list[int] = []

    async def long(name: int) -> None:
        await Turns().give()
        done.append(name)

    tasks = [asyncio.ensure_future(long(number)) for number in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.gather(*tasks[1:])
    assert done == [1, 2]
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
