"""The conformance suite of stores."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from hub.testing.clock import ManualClock
from hub.testing.conformance.store.crash import CrashChecks
from hub.testing.conformance.store.cursors import CursorChecks
from hub.testing.conformance.store.executions import ExecutionChecks
from hub.testing.conformance.store.inbound import InboundChecks
from hub.testing.conformance.store.jobs import JobChecks
from hub.testing.conformance.store.lifecycle import LifecycleChecks
from hub.testing.conformance.store.outbound import OutboundChecks
from hub.testing.conformance.store.process import Factory
from hub.testing.conformance.store.registry import RegistryChecks
from hub.testing.conformance.store.scene import StoreScene
from hub.testing.conformance.store.upkeep import UpkeepChecks

__all__ = ["StoreConformance"]


class StoreConformance(
    LifecycleChecks,
    InboundChecks,
    ExecutionChecks,
    OutboundChecks,
    JobChecks,
    RegistryChecks,
    UpkeepChecks,
    CursorChecks,
    CrashChecks,
):
    """Subclass it in a test file and name the factory that the plugin registers with `registry.store`.

    Each test opens a store over an empty database, and some open more of them over the same one: at the same time,
    after a restart, and in processes of the operating system, which are killed. The hub's clock is the suite's.

    Attributes:
        factory: Makes a store of `hub.store.parts.StoreParts`. It is a function or class of a module, so that other
            processes can import it.
    """

    factory: ClassVar[Factory]

    def url(self, folder: Path) -> str | None:  # noqa: ARG002 - for those that override it
        """The URL of a test's database; override it for a store that keeps nothing in the data directory.

        Args:
            folder: The test's data directory, its own and empty. The same folder always means the same database,
                which is empty at first.
        """
        return None

    async def play(self, check: Callable[[StoreScene], Awaitable[None]], folder: Path) -> None:
        """Run `check` over a new database."""
        scene = StoreScene(type(self).factory, self.url, folder, ManualClock())
        await scene.start()
        try:
            await check(scene)
        finally:
            await scene.stop()
