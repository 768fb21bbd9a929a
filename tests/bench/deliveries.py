"""Signed, logged deliveries per second to a local receiver, beside bare aiohttp posting the same."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from hub.server import listen
from hub.testing.live import HubProcess
from tests.bench.ingest import BODY
from tests.bench.report import Report
from tests.bench.servers import hub_server

__all__ = ["arrived", "measure", "receiver", "subscribe"]

SUBSCRIPTIONS = 20
MESSAGES = 150
CONCURRENCY = 64


@asynccontextmanager
async def receiver() -> AsyncIterator[str]:
    """The receiver as a process of its own; its base URL."""
    probe = listen("127.0.0.1", 0)
    port = probe.getsockname()[1]
    probe.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.receiver", str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None or b"listens" not in await process.stdout.readline():
            raise RuntimeError("the receiver did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.communicate()


async def subscribe(hub: HubProcess, url: str, **fields: Any) -> None:
    """A subscription to `bench.event`."""
    answer = await hub.api("POST", "/api/subscriptions", {"url": url, "events": ["bench.event"], **fields})
    if answer.status != 201:
        raise RuntimeError(answer.body.decode())


async def arrived(hub: HubProcess, base: str, number: int) -> list[tuple[str, str, float]]:
    """Path, id and time (seconds since 1970) of what came, once `number` have come to `/ok/…`."""
    seen: list[tuple[str, str, float]] = (await hub.send("GET", f"{base}/arrived/{number}")).json()["seen"]
    return seen


async def _publish(hub: HubProcess, messages: int) -> None:
    async def publisher(number: int) -> None:
        for _ in range(number):
            answer = await hub.api("POST", "/api/messages", {"type": "bench.event", "data": {"text": BODY.decode()}})
            if answer.status != 202:
                raise RuntimeError(answer.body.decode())

    await asyncio.gather(*(publisher(messages // 10) for _ in range(10)))


async def _bare(base: str, total: int) -> float:
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def sender(number: int) -> None:
            for _ in range(number):
                async with session.post(f"{base}/ok/bare", data=BODY) as response:
                    await response.read()

        started = time.perf_counter()
        await asyncio.gather(*(sender(total // CONCURRENCY) for _ in range(CONCURRENCY)))
        return total / (time.perf_counter() - started)


async def measure(directory: Path, report: Report) -> None:
    """Publish to twenty subscriptions; from the first publish to the last receipt."""
    total = SUBSCRIPTIONS * MESSAGES
    async with receiver() as base, hub_server(directory / "deliveries") as (hub, _):
        for number in range(SUBSCRIPTIONS):
            await subscribe(hub, f"{base}/ok/{number}", concurrency=16)
        bare = await _bare(base, total)
        report.step()
        await hub.send("POST", f"{base}/forget")
        started = time.perf_counter()
        await _publish(hub, MESSAGES)
        await arrived(hub, base, total)
        rate = total / (time.perf_counter() - started)
        report.step()
    report.row(
        "signed, logged deliveries",
        f"{rate:,.0f}/s",
        f"{rate / bare:.2f} of bare aiohttp's {bare:,.0f}/s",
        f"{MESSAGES} messages to {SUBSCRIPTIONS} subscriptions, publishing included",
    )
