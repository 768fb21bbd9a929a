"""kill -9 between the 2xx and the end of the execution: nothing accepted is lost, nothing runs twice."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.testing.live import HubProcess
from tests.acceptance.okta import SECRET, delivery, okta_source

NODES = [
    {"id": "first", "action": "transform", "with": {"value": "{{ TRIGGER.uuid }}"}},
    {"id": "pause", "action": "sleep", "with": {"seconds": 0.02}, "needs": ["first"]},
    {"id": "last", "action": "transform", "with": {"value": "{{ nodes.first.output }} done"}, "needs": ["pause"]},
]
HEADERS = {"Authorization": SECRET}


async def _send_until_killed(hub: HubProcess, url: str, prefix: str, kill_after: int) -> set[str]:
    """Send concurrently and kill the hub after so many answers. Returns the uuids that were answered 200."""
    answered: set[str] = set()
    enough = asyncio.Event()

    async def sender(number: int) -> None:
        for count in range(200):
            uuid = f"{prefix}-{number}-{count}"
            try:
                answer = await hub.post(url, delivery(uuid), headers=HEADERS)
            except (aiohttp.ClientError, ConnectionError):
                return
            assert answer.status == 200
            answered.add(uuid)
            if len(answered) >= kill_after:
                enough.set()

    senders = asyncio.gather(*(sender(number) for number in range(8)))
    reached = asyncio.create_task(enough.wait())
    waiting: set[asyncio.Future[Any]] = {senders, reached}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    reached.cancel()
    await hub.kill()
    await senders
    return answered


async def _items(hub: HubProcess, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await hub.api("GET", f"{path}{'&' if '?' in path else '?'}limit=200{cursor}")).json()
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


async def _kill_rounds(data_dir: Path, rounds: int) -> None:
    chance = random.Random(rounds)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        hub = HubProcess(data_dir, session)
        await hub.start()
        try:
            workflow = await hub.workflow(NODES, source=okta_source())
            urls = workflow["source"]["urls"]
            answered: set[str] = set()
            for number in range(rounds):
                lost = await _send_until_killed(hub, urls["tracecat"], f"r{number}", chance.randint(1, 40))
                await hub.start()
                for uuid in lost:
                    again = await hub.post(urls["tracecat_wait"], delivery(uuid), headers=HEADERS)
                    assert (again.status, again.json()) == (200, {"kind": "value", "value": f"{uuid} done"})
                answered |= lost
            executions = await _items(hub, f"/api/executions?workflow={workflow['id']}")
            events = [one["event"] for one in executions]
            assert len(events) == len(set(events)) >= len(answered)
            await hub.stop()
        finally:
            await hub.kill()


@pytest.mark.timeout(400)  # twenty starts of a process
async def test_twenty_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    await _kill_rounds(tmp_path, 20)


@pytest.mark.soak
async def test_two_hundred_kills_lose_and_repeat_nothing(tmp_path: Path) -> None:
    await _kill_rounds(tmp_path, 200)
