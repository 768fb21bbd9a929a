"""Lifespans that do not start or stop in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import PluginError
from hub.plugins.hooks import Implementation
from hub.plugins.lifespans import Lifespans

HUB: Any = SimpleNamespace()


def implementation(function: Any) -> Implementation:
    return Implementation("a", "hub_lifespan", function, (0,), (1, "a"))


async def test_a_start_that_hangs_is_given_up_and_cancelled() -> None:
    cancelled = asyncio.Event()

    @asynccontextmanager
    async def hub_lifespan(_: Any) -> AsyncIterator[None]:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()
        yield

    with pytest.raises(PluginError, match=r"hub_lifespan did not start within 0\.02 s"):
        await Lifespans(start_seconds=0.02).start(implementation(hub_lifespan), HUB)
    assert cancelled.is_set()


async def test_a_stop_that_hangs_is_given_up_and_cancelled() -> None:
    cancelled = asyncio.Event()

    @asynccontextmanager
    async def hub_lifespan(_: Any) -> AsyncIterator[None]:
        yield
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    lifespans = Lifespans(stop_seconds=0.02)
    await lifespans.start(implementation(hub_lifespan), HUB)
    await lifespans.stop_all()
    assert cancelled.is_set()
    await lifespans.stop("a")


async def test_a_cancelled_start_cancels_the_plugin() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def hub_lifespan(_: Any) -> AsyncIterator[None]:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()
        yield

    starting = asyncio.create_task(Lifespans().start(implementation(hub_lifespan), HUB))
    await begun.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert cancelled.is_set()


async def test_a_plugin_that_ends_the_process_when_stopping_does_not() -> None:
    @asynccontextmanager
    async def hub_lifespan(_: Any) -> AsyncIterator[None]:
        yield
        raise SystemExit(1)

    lifespans = Lifespans()
    await lifespans.start(implementation(hub_lifespan), HUB)
    await lifespans.stop_all()
