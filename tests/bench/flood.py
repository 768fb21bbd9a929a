"""How far a flood at one source slows another one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.bench.ingest import BODY
from tests.bench.report import Report
from tests.bench.servers import hub_server
from tests.bench.wrk import load

__all__ = ["measure"]


async def measure(directory: Path, report: Report) -> None:
    """Four senders at one source, alone and while 64 connections flood another that has a rate limit."""
    (directory / "good").mkdir()
    (directory / "flood").mkdir()
    async with hub_server(directory / "hub-flood") as (hub, _):
        limit = {"rate_limit": {"requests": 100, "per_seconds": 1}}
        good = (await hub.workflow())["source"]["urls"]["tracecat"]
        flooded = (await hub.workflow(source=limit))["source"]["urls"]["tracecat"]
        alone = await asyncio.to_thread(load, good, BODY, directory / "good", connections=4, seconds=4)
        report.step()
        beside, flood = await asyncio.gather(
            asyncio.to_thread(load, good, BODY, directory / "good", connections=4, seconds=4),
            asyncio.to_thread(load, flooded, BODY, directory / "flood", connections=64, seconds=4),
        )
        report.step()
    report.row(
        "a flood at another source",
        f"{beside.per_second:,.0f}/s",
        f"{beside.per_second / alone.per_second:.2f} of {alone.per_second:,.0f}/s without it",
        f"p99 {alone.p99:.0f} -> {beside.p99:.0f} ms; the flood: {flood.per_second:,.0f}/s, {flood.errors} refused",
    )
