"""Waiting for a time or for somebody who rings."""

from __future__ import annotations

import asyncio

from hub.engine.work.alarm import Alarm
from hub.testing.clock import ManualClock


async def test_it_ends_at_its_time() -> None:
    clock = ManualClock()
    wait = asyncio.ensure_future(Alarm(clock).wait(clock.now() + 1_000_000))
    while clock.next_wake is None:
        await asyncio.wait([wait], timeout=0)
    clock.advance(1)
    assert await wait is False


async def test_it_ends_when_rung_before_or_meanwhile() -> None:
    clock = ManualClock()
    alarm = Alarm(clock)
    alarm.ring()
    assert await alarm.wait(None) is True, "rung before"
    for until in (None, clock.now() + 1_000_000):
        wait = asyncio.ensure_future(alarm.wait(until))
        await asyncio.wait([wait], timeout=0)
        alarm.ring()
        assert await wait is True


async def test_a_time_that_has_passed_does_not_wait() -> None:
    clock = ManualClock()
    assert await Alarm(clock).wait(clock.now()) is False
