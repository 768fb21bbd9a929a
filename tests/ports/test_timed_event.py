"""Waiting for an event with a time limit."""

from __future__ import annotations

import asyncio

from hub.ports.timed_event import TimedEvent
from hub.testing.clock import ManualClock


async def test_it_ends_at_its_time() -> None:
    clock = ManualClock()
    wait = asyncio.ensure_future(TimedEvent(clock).wait(clock.now() + 1_000_000))
    while clock.next_wake is None:
        await asyncio.wait([wait], timeout=0)
    clock.advance(1)
    assert await wait is False


async def test_it_ends_when_set_before_or_meanwhile() -> None:
    clock = ManualClock()
    event = TimedEvent(clock)
    event.set()
    assert await event.wait(None) is True, "set before"
    for until in (None, clock.now() + 1_000_000):
        wait = asyncio.ensure_future(event.wait(until))
        await asyncio.wait([wait], timeout=0)
        event.set()
        assert await wait is True


async def test_a_time_that_has_passed_does_not_wait() -> None:
    clock = ManualClock()
    assert await TimedEvent(clock).wait(clock.now()) is False
