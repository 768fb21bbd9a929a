"""The servers that are measured, each a process of its own, and what they use."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from hub.server import listen
from hub.testing.live import HubProcess

__all__ = ["Usage", "bare_server", "hub_server"]

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What a process has used so far."""

    pid: int

    @property
    def cpu_seconds(self) -> float:
        """User and system time, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


@asynccontextmanager
async def bare_server() -> AsyncIterator[tuple[str, Usage]]:
    """An empty Quart view under the same Hypercorn and event loop; its URL and usage."""
    probe = listen("127.0.0.1", 0)
    port = probe.getsockname()[1]
    probe.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bare", str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None or b"listens" not in await process.stdout.readline():
            raise RuntimeError("the bare server did not start")
        yield f"http://127.0.0.1:{port}/", Usage(process.pid)
    finally:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def hub_server(data_dir: Path, **environment: str) -> AsyncIterator[tuple[HubProcess, Usage]]:
    """`hub serve` on a fresh database; allowed to call loopback."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:
        hub = HubProcess(data_dir, session, HUB_EGRESS_ALLOW="127.0.0.0/8", **environment)
        await hub.start()
        try:
            yield hub, Usage(hub.pid)
        finally:
            await hub.stop()
