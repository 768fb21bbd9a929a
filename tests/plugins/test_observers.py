"""The queue before `hub_observe`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from hub.model.wire.record import Record
from hub.plugins.hooks import Implementation
from hub.plugins.observers import Observers

RECORD = Record("request", "req_1", "default", "accepted", datetime(2026, 1, 1, tzinfo=UTC))


async def test_a_full_queue_drops_and_counts_rather_than_waits() -> None:
    seen: list[str] = []
    one = Implementation("a", "hub_observe", lambda record: seen.append(record.id), (0,), (1, "a"))
    observers = Observers(lambda: (one,))
    observers.start()
    for _ in range(10_000 + 3):
        observers.put(RECORD)
    assert observers.dropped == 3
    await observers.drained()
    assert len(seen) == 10_000
    await observers.stop()


async def test_without_observers_nothing_is_queued() -> None:
    observers = Observers(lambda: ())
    observers.start()
    for _ in range(10_000 + 3):
        observers.put(RECORD)
    assert observers.dropped == 0
    await observers.stop()


async def test_a_stop_does_not_wait_for_ever() -> None:
    reached = asyncio.Event()

    async def hang(_: Record) -> None:
        reached.set()
        await asyncio.get_running_loop().create_future()

    observers = Observers(lambda: (Implementation("a", "hub_observe", hang, (0,), (1, "a")),))
    observers.start()
    observers.put(RECORD)
    await reached.wait()
    await observers.stop(seconds=0.02)
    await observers.stop()
