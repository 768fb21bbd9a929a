"""The conformance suite of engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from hub.ports.clock import Clock
from hub.store.parts import sql_store
from hub.testing.clock import ManualClock
from hub.testing.conformance.engine.accepting import AcceptingChecks
from hub.testing.conformance.engine.children import ChildChecks
from hub.testing.conformance.engine.failing import FailingChecks
from hub.testing.conformance.engine.killing import KillChecks
from hub.testing.conformance.engine.running import RunningChecks
from hub.testing.conformance.engine.scene import EngineFactory, EngineScene, StoreFactory
from hub.testing.conformance.engine.stopping import StoppingChecks
from hub.testing.conformance.engine.waiting import WaitingChecks

__all__ = ["EngineConformance"]


class EngineConformance(
    RunningChecks,
    AcceptingChecks,
    WaitingChecks,
    FailingChecks,
    ChildChecks,
    StoppingChecks,
    KillChecks,
):
    """Subclass it in a test file and name the factory that the plugin registers with `registry.engine`.

    Each test opens a store over an empty database and an engine over it. Some open a second engine beside it, start
    another one after a stop, or start engines in processes of the operating system and kill these.

    The actions of the tests run in the process of the test, and its clock stands still but for `pass_time`. In the
    tests with processes time is real.

    Attributes:
        factory: Makes an engine of `hub.backends.EngineParts`. It is a function or class of a module, so that other
            processes can import it.
        store: Makes the store, of `hub.store.parts.StoreParts`; by default the core's own in a file.
    """

    factory: ClassVar[EngineFactory]
    store: ClassVar[StoreFactory] = sql_store

    def url(self, folder: Path) -> str | None:  # noqa: ARG002 - for those that override it
        """The URL of a test's database; override it for a store that keeps nothing in the data directory.

        Args:
            folder: A data directory. The same folder always means the same database, which is empty at first.
        """
        return None

    def clock(self) -> Clock:
        """The clock of a test; override it, with `pass_time`, for an engine that has timers of its own."""
        return ManualClock()

    async def pass_time(self, clock: Clock, seconds: float) -> None:
        """Let so many seconds pass for the engine."""
        if isinstance(clock, ManualClock):
            clock.advance(seconds)
        else:
            await asyncio.sleep(seconds)

    async def play(self, check: Callable[[EngineScene], Awaitable[None]], folder: Path) -> None:
        """Run `check` over a new database and a new engine."""
        factory, store = type(self).factory, type(self).store
        scene = EngineScene(factory, store, self.url, folder, self.clock(), pass_time=self.pass_time)
        await scene.start()
        try:
            await check(scene)
        finally:
            await scene.stop()
