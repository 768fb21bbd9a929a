"""Tasks are interrupted only where they rest."""

from __future__ import annotations

import asyncio

import pytest

from hub.outbound.delivery.resting import Resting


async def test_a_task_at_rest_ends_at_once() -> None:
    resting = Resting()

    async def work() -> None:
        with resting.rest():
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await resting.stop([task])
    assert task.cancelled()


async def test_a_task_at_work_ends_when_it_rests() -> None:
    resting = Resting()
    working, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        while True:
            working.set()
            await go_on.wait()
            done.append("whole")
            with resting.rest():
                await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await working.wait()
    stopping = asyncio.create_task(resting.stop([task]))
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    await stopping
    assert task.cancelled()
    assert done == ["whole"]


async def test_others_go_on() -> None:
    resting = Resting()
    event = asyncio.Event()

    async def work() -> str:
        with resting.rest():
            await event.wait()
        return "well"

    one, other = asyncio.create_task(work()), asyncio.create_task(work())
    await asyncio.sleep(0)
    await resting.stop([one])
    event.set()
    assert await other == "well"
    with pytest.raises(asyncio.CancelledError):
        await one
