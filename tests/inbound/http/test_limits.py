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
    assert [limits.enter(source, 2) for _ in range(3)] == [True, True, False]
    limits.leave(source)
    assert limits.enter(source, 2)
    limits.leave(source)
    limits.leave(source)
    assert limits._running == {}
