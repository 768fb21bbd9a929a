"""Tests that are coroutines over a fresh scene, each named for the operations that it shows.

They run in an event loop of their own, so that an author needs no plugin of pytest for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["Conformance", "operation_name", "operations_of", "shows"]

S = TypeVar("S")

_SECONDS = 100
"""After so long a test has failed: its implementation hangs."""


class Conformance:
    """What all suites have in common."""

    async def play(self, check: Callable[[Any], Awaitable[None]], folder: Path) -> None:
        """Set the scene in an empty folder, run `check` on it, and clear it away."""
        raise NotImplementedError


def shows(
    *operations: object,
) -> Callable[[Callable[[Any, S], Coroutine[Any, Any, None]]], Callable[[Conformance, Path], None]]:
    """Make a test of a coroutine that takes a scene.

    Args:
        operations: What the test is about, methods and properties of a port: it fails if one of them does nothing.
    """

    def decorate(check: Callable[[Any, S], Coroutine[Any, Any, None]]) -> Callable[[Conformance, Path], None]:
        def test(self: Conformance, tmp_path: Path) -> None:
            asyncio.run(_within_bounds(self.play(partial(check, self), tmp_path)))

        test.__name__, test.__qualname__ = check.__name__, check.__qualname__
        test.__module__, test.__doc__ = check.__module__, check.__doc__
        vars(test)["operations"] = frozenset(operation_name(one) for one in operations)
        return test

    return decorate


def operation_name(operation: object) -> str:
    """`Executions.claim`, for a method or a property of a protocol."""
    function = operation.fget if isinstance(operation, property) else operation
    return str(getattr(function, "__qualname__"))  # noqa: B009 - an attribute that `object` does not promise


def operations_of(test: object) -> frozenset[str]:
    """The names of the operations that a test of a suite shows; none for anything else."""
    shown: frozenset[str] = getattr(test, "operations", frozenset())
    return shown


async def _within_bounds(playing: Coroutine[Any, Any, None]) -> None:
    try:
        async with asyncio.timeout(_SECONDS):
            await playing
    except TimeoutError as error:
        raise AssertionError(f"the test did not end within {_SECONDS} seconds") from error
