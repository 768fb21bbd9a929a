"""Another process of the operating system over the same database: to race with, and to be killed."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.model.ids import Id
from hub.model.json import dumps
from hub.ports.store import Store
from hub.store.parts import StoreParts

__all__ = ["READY", "Factory", "StoreProcess", "Task", "Tell"]

Factory = Callable[[StoreParts], Store]
"""What makes a store of its parts. It can be imported by its name, so that other processes find it too."""

Tell = Callable[..., None]
"""Takes the words of one line that a task tells the test."""

Task = Callable[..., Coroutine[Any, Any, None]]
"""What a process does: a function of a module that takes the scene there, a `Tell`, and texts."""

READY = "ready"
"""What a process tells first, when its store is open: it waits for a line then."""

_NOT_INHERITED = frozenset({"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"})
"""What would make each start slow; a process that is killed leaves no coverage behind anyway."""


@dataclass
class StoreProcess:
    """A process that opens a store of its own and runs a task.

    Attributes:
        now: What its clock says for ever, microseconds UTC.
        owner: Its id in leases.
        source: Id of the scene's source.
    """

    factory: Factory
    url: str | None
    folder: Path
    now: int
    owner: str
    source: Id

    async def start(self, task: Task, arguments: Sequence[str]) -> None:
        """Start it; its store is open when this returns, and its task waits for `begin`."""
        order = {
            "factory": _place(self.factory),
            "task": _place(task),
            "arguments": list(arguments),
            "url": self.url,
            "folder": str(self.folder),
            "now": self.now,
            "owner": self.owner,
            "source": self.source.hex(),
        }
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hub.testing.conformance.store.worker",
            dumps(order).decode(),
            env=inherited | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("pipes were asked for")
        self._stdin, self._stdout = stdin, stdout
        if await self.hear() != [READY]:
            await self.kill()
            raise AssertionError("the other process told something before it was ready")

    async def begin(self) -> None:
        """Let it do its task."""
        self._stdin.write(b"\n")
        await self._stdin.drain()

    async def hear(self) -> list[str]:
        """The words that it tells next. Raises AssertionError when it ends instead."""
        line = await self._stdout.readline()
        if not line.endswith(b"\n"):
            raise AssertionError("the other process ended before its task was done; see its error output")
        return line.decode().split()

    async def kill(self) -> list[list[str]]:
        """SIGKILL, no chance to tidy up; what it told before and was not heard yet."""
        if self._process.returncode is None:
            self._process.kill()
        said = await self._stdout.read()
        await self._process.wait()
        return [line.decode().split() for line in said.splitlines(keepends=True) if line.endswith(b"\n")]

    async def finish(self) -> list[list[str]]:
        """Wait for its end; what it told and was not heard yet. Raises AssertionError when its task failed."""
        said = await self._stdout.read()
        if await self._process.wait() != 0:
            raise AssertionError("the task of the other process failed; see its error output")
        return [line.decode().split() for line in said.splitlines()]


def _place(function: Callable[..., Any]) -> dict[str, str | None]:
    """Where another process finds a function: by the name of its module, or else by its file."""
    name = getattr(function, "__qualname__", "")
    if not name or "<" in name:
        raise AssertionError(f"{function!r} cannot be imported: make it a function or class of a module")
    return {"module": function.__module__, "name": name, "file": inspect.getsourcefile(function)}
