"""A test that hangs is ended by pytest-timeout, and the report says where it hung; the run goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

HANGING = """
import asyncio
import pytest

async def never():
    await asyncio.Event().wait()

async def test_hangs():
    await never()

@pytest.mark.asyncio(loop_scope="session")
async def test_hangs_in_a_shared_loop():
    await never()

def test_runs_afterwards():
    pass
"""


def test_what_hangs_is_ended_and_shown(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(HANGING)
    settings = ("-c", str(ROOT / "pyproject.toml"), "-p", "tests.hanging", "-p", "no:cacheprovider", "--timeout", "0.5")
    command = (sys.executable, "-m", "pytest", "-q", *settings, str(tmp_path))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "2 failed, 1 passed" in done.stdout
    assert "Timeout (>0.5s) from pytest-timeout" in done.stdout
    assert done.stdout.count("test_it.py:6 never: await asyncio.Event().wait()") == 2
