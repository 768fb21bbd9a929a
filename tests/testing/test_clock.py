"""The clock that tests move."""

from __future__ import annotations

import asyncio

from hub.testing.clock import ManualClock


async def test_sleepers_wake_in_order_when_their_time_comes() -> None:
    clock = ManualClock(1_000_000)
    woken: list[str] = []

    async def sleeper(name: str, when: int) -> None:
        await clock.sleep_until(when)
        woken.append(name)

    def seen() -> tuple[list[str], int | None]:
        return woken, clock.next_wake

    tasks = [asyncio.create_task(sleeper(name, when)) for name, when in (("b", 3_000_000), ("a", 2_000_000))]
    await asyncio.sleep(0)
    assert seen() == ([], 2_000_000)

    clock.advance(1)
    await tasks[1]
    assert seen() == (["a"], 3_000_000)
    clock.advance(0.5)
    assert not tasks[0].done()
    clock.set(3_000_000)
    await tasks[0]
    assert seen() == (["a", "b"], None)
    assert clock.now() == 3_000_000


async def test_a_time_that_has_passed_needs_no_sleep() -> None:
    await ManualClock(5).sleep_until(5)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(0)
    task = asyncio.create_task(clock.sleep_until(10))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert clock.next_wake is None
    clock.advance(1)
