"""Whether one receiver that hangs and one that fails delay the other forty-eight."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from hub.testing.live import HubProcess
from tests.bench.deliveries import arrived, receiver, subscribe
from tests.bench.report import Report
from tests.bench.servers import hub_server

__all__ = ["measure"]

MESSAGES = 200
"""So many that the slowest one alone, which is one of 48 deliveries each, does not decide the p99."""
PAUSE = 0.05


async def _run(directory: Path, paths: list[str]) -> float:
    """p99 in milliseconds from publish to receipt at the `/ok/` paths."""
    async with receiver() as base, hub_server(directory) as (hub, _):
        for path in paths:
            await subscribe(hub, f"{base}/{path}")
        published = await _publish(hub)
        good = [path for path in paths if path.startswith("ok")]
        seen = await arrived(hub, base, len(good) * MESSAGES)
        delays = sorted(at - published[identity] for path, identity, at in seen if path.startswith("/ok/"))
        return delays[int(len(delays) * 0.99) - 1] * 1000


async def _publish(hub: HubProcess) -> dict[str, float]:
    published = {}
    for _ in range(MESSAGES):
        at = time.time()
        answer = await hub.api("POST", "/api/messages", {"type": "bench.event", "data": {"n": 1}})
        published[answer.json()["id"]] = at
        await asyncio.sleep(PAUSE)
    return published


async def measure(directory: Path, report: Report) -> None:
    """The same run with and without the two."""
    good = [f"ok/{number}" for number in range(48)]
    without = await _run(directory / "fair", good)
    report.step()
    beside = await _run(directory / "unfair", [*good, "hang/1", "bad/1"])
    report.step()
    report.row(
        "48 receivers beside a hanging and a failing one",
        f"p99 {beside:.0f} ms",
        f"{beside / without:.2f} of {without:.0f} ms without the two",
        f"{MESSAGES} messages, one each {PAUSE:g} s",
    )
