"""Counters of sources."""

from __future__ import annotations

from hub.inbound.http.limits import Limits
from hub.model.ids import new_id
from hub.model.stored.source import RateLimit


async def test_a_window_lets_so_many_pass_and_says_when_the_next_may() -> None:
    limits, source = Limits(), new_id()
    limit = RateLimit(requests=2, per_seconds=3600)
    assert [await limits.rate(source, limit) for _ in range(2)] == [None, None]
    after = await limits.rate(source, limit)
    assert after is not None
    assert 3500 < after <= 3600
    assert await limits.rate(new_id(), limit) is None


def test_running_requests_are_counted_up_and_down() -> None:
    limits, source = Limits(), new_id()
    first, second, third = requests = [new_id() for _ in range(3)]
    assert [limits.enter(source, 2, one) for one in requests] == [True, True, False]
    limits.leave(first)
    assert limits.enter(source, 2, third)
    for one in requests:
        limits.leave(one)
    limits.leave(second)
    assert (limits._running, limits._entered) == ({}, {})


def test_a_request_that_never_entered_frees_no_place() -> None:
    limits, source = Limits(), new_id()
    assert limits.enter(source, 1, new_id())
    limits.leave(new_id())
    assert not limits.enter(source, 1, new_id())
