"""Executions of a five-node workflow per second, nobody waiting: accepted as NDJSON, worked off by the engine."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from hub.testing.live import HubProcess
from tests.bench.report import Report
from tests.bench.servers import hub_server

__all__ = ["measure"]

BATCHES = 10
LINES = 300
NODES: list[dict[str, Any]] = [{"id": "n1", "action": "transform", "with": {"value": "{{ TRIGGER.n + 1 }}"}}] + [
    {
        "id": f"n{number}",
        "action": "transform",
        "needs": [f"n{number - 1}"],
        "with": {"value": f"{{{{ nodes.n{number - 1}.output + 1 }}}}"},
    }
    for number in range(2, 6)
]
N8N = 56
"""Asynchronous executions per second that n8n 1.123 accepted on a comparable machine, as published by its makers."""


async def _finished(hub: HubProcess, workflow: str) -> None:
    """Return once nothing is queued or running."""
    while True:
        left = 0
        for state in ("queued", "running"):
            page = await hub.api("GET", f"/api/executions?workflow={workflow}&state={state}&limit=1")
            left += len(page.json()["items"])
        if not left:
            return
        await asyncio.sleep(0.05)


async def measure(directory: Path, report: Report) -> None:
    """From the first POST to the end of the last execution."""
    async with hub_server(directory / "executions") as (hub, usage):
        workflow = await hub.workflow(NODES, source={"max_body_bytes": 10_000_000})
        url = workflow["source"]["urls"]["tracecat"]
        body = b"\n".join(b'{"n":%d}' % number for number in range(LINES))
        headers = {"Content-Type": "application/x-ndjson"}
        started = time.perf_counter()
        for _ in range(BATCHES):
            answer = await hub.send("POST", url, body, headers=headers)
            if answer.status != 200:
                raise RuntimeError(answer.body.decode())
            report.step()
        await _finished(hub, workflow["id"])
        rate = BATCHES * LINES / (time.perf_counter() - started)
        report.row(
            "executions of five nodes",
            f"{rate:,.0f}/s",
            f"{rate / N8N:.0f} times n8n's {N8N}/s",
            f"{BATCHES * LINES} accepted, kept and finished; {usage.megabytes:.0f} MB",
        )
