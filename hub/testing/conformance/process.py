"""Another process of the operating system: to race with, and to be killed."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

from hub.model.json import dumps

__all__ = ["OtherProcess", "found_at", "place_of", "tell"]

_NOT_INHERITED = frozenset({"PYTHONDONTWRITEBYTECODE", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"})
"""What would make each start slow; a process that is killed leaves no coverage data behind anyway."""


def tell(*words: str) -> None:
    """Say something to the test that started this process."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


class OtherProcess:
    """A process that runs a module with an order as its argument.

    Args:
        program: Name of the module; it reads the order, as JSON, from its first argument.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._process: asyncio.subprocess.Process | None = None

    async def launch(self, order: Mapping[str, Any]) -> None:
        """Start it."""
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._program,
            dumps(order).decode(),
            env=inherited | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )

    @property
    def _running(self) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
        process = self._process
        if process is None or process.stdout is None:
            raise AssertionError("the process was not started")
        return process, process.stdout

    async def hear(self) -> list[str]:
        """The words that it tells next. Raises AssertionError when it ends instead."""
        line = await self._running[1].readline()
        if not line.endswith(b"\n"):
            raise AssertionError("the other process ended before its task was done; see its error output")
        return line.decode().split()

    async def kill(self) -> list[list[str]]:
        """End it with SIGKILL, as a power cut would; what it told before and was not heard yet."""
        process, stdout = self._running
        if process.returncode is None:
            process.kill()
        said = await stdout.read()
        await process.wait()
        return [line.decode().split() for line in said.splitlines(keepends=True) if line.endswith(b"\n")]

    async def ask(self, *words: str) -> None:
        """Say something to it, on its standard input."""
        stdin = self._running[0].stdin
        if stdin is None:
            raise AssertionError("a pipe was asked for")
        stdin.write(" ".join(words).encode() + b"\n")
        await stdin.drain()

    async def finish(self) -> list[list[str]]:
        """Wait for its end; what it told and was not heard yet. Raises AssertionError when its task failed."""
        process, stdout = self._running
        said = await stdout.read()
        if await process.wait() != 0:
            raise AssertionError("the task of the other process failed; see its error output")
        return [line.decode().split() for line in said.splitlines()]


def place_of(function: Callable[..., Any]) -> dict[str, str | None]:
    """Where another process finds a function: by the name of its module, or else by its file."""
    name = getattr(function, "__qualname__", "")
    if not name or "<" in name:
        raise AssertionError(f"{function!r} cannot be imported: make it a function or class of a module")
    return {"module": function.__module__, "name": name, "file": inspect.getsourcefile(function)}


def found_at(place: Mapping[str, str]) -> Any:
    """The function at a place that another process gave (`place_of`)."""
    try:
        return _within(import_module(place["module"]), place["name"])
    except (ImportError, AttributeError):
        spec = spec_from_file_location(place["module"], place["file"])
        if spec is None or spec.loader is None:
            raise
        module = module_from_spec(spec)
        sys.modules[place["module"]] = module
        spec.loader.exec_module(module)
        return _within(module, place["name"])


def _within(module: ModuleType, name: str) -> Any:
    return reduce(getattr, name.split("."), module)
