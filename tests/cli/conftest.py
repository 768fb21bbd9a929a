"""A session, a data directory and installed distributions for the tests of the command line."""

from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import aiohttp
import pytest

from hub.testing.live import ADMIN_KEY
from tests.cli.processes import SECONDS


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session:
        yield session


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """HUB_DATA_DIR in a directory of the test, and the admin key."""
    return {"HUB_DATA_DIR": str(tmp_path / "data"), "HUB_ADMIN_KEY": ADMIN_KEY}


@pytest.fixture
def distribution(tmp_path: Path) -> Callable[..., str]:
    """Lays out an installed distribution; gives the PYTHONPATH on which commands find all of them."""
    site = tmp_path / "site-packages"

    def write(name: str, points: Mapping[str, str], code: str) -> str:
        module = name.replace("-", "_")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = "".join(f"{point} = {value}\n" for point, value in points.items())
        (info / "entry_points.txt").write_text(f"[hub]\n{lines}")
        (site / f"{module}.py").write_text(textwrap.dedent(code))
        return str(site)

    return write
