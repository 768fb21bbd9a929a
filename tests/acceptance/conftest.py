"""The whole hub over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.testing.live import LiveHub, live_hub


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    """A hub of the test's own."""
    async with live_hub(tmp_path / "data") as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveHub]:
    """One hub for all tests that change nothing of the instance; each makes its own workflows and sources."""
    async with live_hub(tmp_path_factory.mktemp("shared") / "data") as running:
        yield running
