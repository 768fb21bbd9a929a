"""The watchdog: a real thread beside a real loop that is really blocked."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.plugins.watchdog import BlockedLoop, Watchdog, blame


@pytest.fixture
def reports() -> queue.Queue[BlockedLoop]:
    return queue.Queue()


async def test_a_plugin_that_blocks_the_loop_is_reported_with_file_and_line(
    install: Callable[..., Path], reports: queue.Queue[BlockedLoop]
) -> None:
    file = install(
        "hub-blocker",
        {"blocker": "hub_blocker"},
        """
        def read(until):
            values = sorted([2, 1], key=lambda n: n)
            until()
            return values
        """,
    )
    import hub_blocker  # type: ignore[import-not-found] # written above

    seen = threading.Event()
    found: list[BlockedLoop] = []

    def report(blocked: BlockedLoop) -> None:
        found.append(blocked)
        seen.set()

    watchdog = Watchdog(lambda: {"hub_blocker": "blocker"}, report, interval=0.01, threshold=0.05)
    watchdog.start()
    try:
        hub_blocker.read(lambda: seen.wait(10))
    finally:
        watchdog.stop()
    (blocked,) = found
    assert blocked.plugin == "blocker"
    assert blocked.file == str(file)
    assert blocked.line == 4
    assert blocked.function == "read"
    assert blocked.seconds >= 0.05
    assert f"plugin blocker blocks the event loop for {blocked.seconds:.1f} s at {file}:4 in read" == str(blocked)


async def test_a_loop_that_is_free_is_not_reported(reports: queue.Queue[BlockedLoop]) -> None:
    before = threading.enumerate()
    watchdog = Watchdog(dict, reports.put, interval=0.001, threshold=30)
    watchdog.start()
    while watchdog.beats < 3:  # noqa: ASYNC110 - the thread counts, the loop only has to be free
        await asyncio.sleep(0)
    watchdog.stop()
    assert reports.empty()
    assert [thread for thread in threading.enumerate() if thread.name == "hub-watchdog" and thread not in before] == []


def test_blame_without_a_plugin_names_the_innermost_frame() -> None:
    frame = sys._getframe()
    blocked = blame(frame, {"hub_none": "none"}, 1.25)
    assert blocked.plugin is None
    assert blocked.file == __file__
    assert blocked.function == "test_blame_without_a_plugin_names_the_innermost_frame"
    assert str(blocked).startswith("the hub blocks the event loop for 1.2 s at ")


def test_a_watchdog_that_was_not_started_stops() -> None:
    Watchdog(dict).stop()


async def test_a_watchdog_ends_when_its_loop_has_closed(reports: queue.Queue[BlockedLoop]) -> None:
    watchdogs: list[Watchdog] = []
    before = threading.enumerate()

    async def start() -> None:
        watchdog = Watchdog(dict, reports.put, interval=0.001, threshold=0.01)
        watchdog.start()
        watchdogs.append(watchdog)

    await asyncio.to_thread(asyncio.run, start())
    watchdogs[0].stop()
    assert [thread for thread in threading.enumerate() if thread.name == "hub-watchdog" and thread not in before] == []
