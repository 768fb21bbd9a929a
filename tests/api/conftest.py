"""The management API of a hub over real HTTP, and a receiver on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.testing.live import LiveHub, live_hub
from tests.outbound.conftest import Receiver, serving


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    """A hub that may call loopback."""
    async with live_hub(tmp_path / "data", egress_allow="127.0.0.0/8") as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveHub]:
    """One such hub for all tests that look at nothing but what they make themselves."""
    async with live_hub(tmp_path_factory.mktemp("shared") / "data", egress_allow="127.0.0.0/8") as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that answers 200 unless told otherwise."""
    one = Receiver()
    async with serving([one]):
        yield one
