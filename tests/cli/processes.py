"""Commands as operators meet them: processes of their own, their output, their exit status."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hub.server import listen

SECONDS = 60


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str


def environment(**given: str) -> dict[str, str]:
    """The environment of a command: none of the caller's HUB_ variables, the given ones added."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "", "HUB_LOG_LEVEL": "error", **given}


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with listen("127.0.0.1", 0) as probe:
        return int(probe.getsockname()[1])


async def start_hub(*arguments: str, **given: str) -> asyncio.subprocess.Process:
    """Start `hub …`; its output is piped.

    A script's background jobs ignore SIGINT, and a process inherits that. The command heeds SIGINT in any case.
    """
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hub.cli",
            *arguments,
            env=environment(**given),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    finally:
        signal.signal(signal.SIGINT, inherited)


async def run_hub(*arguments: str, **given: str) -> Said:
    """Run `hub …` to its end."""
    process = await start_hub(*arguments, **given)
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    return Said(process.returncode or 0, out.decode(), err.decode())


class Serving:
    """`hub serve` as a process; its output is kept.

    Attributes:
        url: Where it listens.
        greeting: What it printed once it was ready.
    """

    def __init__(self, url: str, process: asyncio.subprocess.Process, greeting: str) -> None:
        self.url = url
        self.process = process
        self.greeting = greeting

    def signal(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop."""
        self.process.send_signal(how)

    async def ended(self) -> Said:
        """What it said after the greeting, once it has ended."""
        out, err = await asyncio.wait_for(self.process.communicate(), SECONDS)
        return Said(self.process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def serving(*arguments: str, until: str = "listens", **given: str) -> AsyncIterator[Serving]:
    """Serve on a free port until the block ends; `until` stands in the last line of the greeting that is waited for."""
    port = free_port()
    process = await start_hub("serve", *arguments, HUB_PORT=str(port), **given)
    try:
        lines: list[str] = []
        while not lines or until not in lines[-1]:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), SECONDS)
            assert line, ("".join(lines), (await process.communicate())[1].decode())
            lines.append(line.decode())
        yield Serving(f"http://127.0.0.1:{port}", process, "".join(lines))
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.communicate(), SECONDS)
