"""POSTs through the whole pipeline with commit, and /wait round trips, beside an empty Quart view."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

from tests.bench.report import Report
from tests.bench.servers import Usage, bare_server, hub_server
from tests.bench.wrk import Load, load

__all__ = ["BODY", "measure"]

BODY = (
    b'{"alert_id":"A-001","severity":"high","source":"monitor","tags":["cpu","web-01"],'
    b'"message":"cpu over 95 %","count":12345,"ok":true}'
)
"""130 bytes of JSON."""

ROUNDS = 5
SECONDS = 3


async def measure(directory: Path, report: Report) -> None:
    """Take turns, so that whatever else the machine does meets all three alike; medians of the rounds."""
    async with bare_server() as (bare_url, bare), hub_server(directory / "ingest") as (hub, usage):
        urls = (await hub.workflow())["source"]["urls"]
        turns: dict[str, tuple[str, Usage]] = {
            "empty Quart view": (bare_url, bare),
            "accepted and executed": (urls["tracecat"], usage),
            "/wait round trip": (urls["tracecat_wait"], usage),
        }
        runs: dict[str, list[tuple[Load, float]]] = {name: [] for name in turns}
        for _ in range(ROUNDS):
            for name, (url, used) in turns.items():
                before = used.cpu_seconds
                found = await asyncio.to_thread(load, url, BODY, directory, seconds=SECONDS)
                cpu = (used.cpu_seconds - before) / max(1.0, found.per_second * SECONDS)
                runs[name].append((found, cpu * 1e6))
                report.step()
        rate = {name: statistics.median(one.per_second for one, _ in turn) for name, turn in runs.items()}
        base = rate["empty Quart view"]
        for name, turn in runs.items():
            report.row(
                f"HTTP: {name}",
                f"{rate[name]:,.0f}/s",
                f"{rate[name] / base:.2f} of the empty view",
                f"p50 {statistics.median(one.p50 for one, _ in turn):.1f} ms, "
                f"p99 {statistics.median(one.p99 for one, _ in turn):.1f} ms, "
                f"{statistics.median(cpu for _, cpu in turn):.0f} us CPU each, "
                f"{sum(one.errors for one, _ in turn)} errors",
            )
        report.row("HTTP: memory after these", f"{usage.megabytes:.0f} MB", f"empty view {bare.megabytes:.0f} MB", "")
