"""Another process of the operating system over the same database: to race with, and to be killed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from hub.model.ids import Id
from hub.ports.store import Store
from hub.store.parts import StoreParts
from hub.testing.conformance.process import OtherProcess, place_of

__all__ = ["READY", "Factory", "StoreProcess", "Task", "Tell"]

Factory = Callable[[StoreParts], Store]
"""What makes a store of its parts. It can be imported by its name, so that other processes find it too."""

Tell = Callable[..., None]
"""Takes the words of one line that a task tells the test."""

Task = Callable[..., Coroutine[Any, Any, None]]
"""What a process does: a function of a module that takes the scene there, a `Tell`, and texts."""

READY = "ready"
"""What a process tells first, when its store is open: it waits for a line then."""


class StoreProcess(OtherProcess):
    """A process that opens a store of its own and runs a task.

    Args:
        factory: Makes the store.
        url: The URL of the database.
        folder: The data directory.
        now: What its clock says for ever, microseconds UTC.
        owner: Its id in leases.
        source: Id of the scene's source.
    """

    def __init__(self, factory: Factory, url: str | None, folder: Path, now: int, owner: str, source: Id) -> None:
        super().__init__("hub.testing.conformance.store.worker")
        self._order = {
            "factory": place_of(factory),
            "url": url,
            "folder": str(folder),
            "now": now,
            "owner": owner,
            "source": source.hex(),
        }

    async def start(self, task: Task, arguments: Sequence[str]) -> None:
        """Start it; its store is open when this returns, and its task waits for `begin`."""
        await self.launch(self._order | {"task": place_of(task), "arguments": list(arguments)})
        if await self.hear() != [READY]:
            await self.kill()
            raise AssertionError("the other process told something before it was ready")

    async def begin(self) -> None:
        """Let it do its task."""
        await self.ask()
