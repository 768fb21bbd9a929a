"""Tasks are interrupted only where they rest."""

from __future__ import annotations

import asyncio

import pytest

from hub.outbound.delivery.cancellation import CancellationPoints


async def test_a_task_at_rest_ends_at_once() -> None:
    points = CancellationPoints()

    async def work() -> None:
        with points.point():
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await points.stop([task])
    assert task.cancelled()


async def test_a_task_at_work_ends_when_it_rests() -> None:
    points = CancellationPoints()
    working, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        while True:
            working.set()
            await go_on.wait()
            done.append("whole")
            with points.point():
                await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await working.wait()
    stopping = asyncio.create_task(points.stop([task]))
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    await stopping
    assert task.cancelled()
    assert done == ["whole"]


async def test_others_go_on() -> None:
    points = CancellationPoints()
    event = asyncio.Event()

    async def work() -> str:
        with points.point():
            await event.wait()
        return "well"

    one, other = asyncio.create_task(work()), asyncio.create_task(work())
    await asyncio.sleep(0)
    await points.stop([one])
    event.set()
    assert await other == "well"
    with pytest.raises(asyncio.CancelledError):
        await one
