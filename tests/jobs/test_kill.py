"""A hub killed in the middle of a job, and two hubs on one data directory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.testing.live import HubProcess
from tests.jobs.conftest import eventually

COUNT = 150
ALL = {"since": "2020-01-01T00:00:00Z"}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
async def hub(tmp_path: Path, session: aiohttp.ClientSession) -> AsyncIterator[HubProcess]:
    process = HubProcess(tmp_path / "data", session)
    await process.start()
    yield process
    await process.kill()


async def fill(hub: HubProcess, nodes: list[dict[str, Any]] | None = None) -> None:
    url = (await hub.workflow(nodes))["source"]["urls"]["tracecat"]
    answers = await asyncio.gather(*(hub.post(url, {"n": number}) for number in range(COUNT)))
    assert {answer.status for answer in answers} == {200}


def replays(tmp_path: Path) -> Counter[bytes]:
    """How often each request was replayed."""
    with sqlite3.connect(tmp_path / "data" / "hub.db") as database:
        rows = database.execute("SELECT replay_of FROM requests WHERE replay_of IS NOT NULL").fetchall()
    database.close()
    return Counter(row[0] for row in rows)


def reached(hub: HubProcess, path: str, check: Callable[[dict[str, Any]], bool]) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return check((await hub.api("GET", path)).json())

    return look


def has_done(count: int, job: dict[str, Any]) -> bool:
    return bool(job["done"] >= count)


async def test_a_killed_hub_goes_on_with_its_replays_and_repeats_one_at_most(tmp_path: Path, hub: HubProcess) -> None:
    await fill(hub)
    path = f"/api/jobs/{(await hub.api('POST', '/api/requests/replay', ALL)).json()['id']}"
    for part in (COUNT // 3, 2 * COUNT // 3):
        await eventually(reached(hub, path, partial(has_done, part)))
        await hub.kill()
        assert len(replays(tmp_path)) < COUNT
        await hub.start()
    await eventually(reached(hub, path, lambda job: job["state"] not in {"counting", "running"}))

    job = (await hub.api("GET", path)).json()
    times = replays(tmp_path)
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("done", COUNT, COUNT, 0)
    assert len(times) == COUNT
    assert set(times.values()) <= {1, 2}
    assert sum(times.values()) - COUNT <= 2


async def test_a_killed_hub_goes_on_with_its_retries_and_counts_right(tmp_path: Path, hub: HubProcess) -> None:
    await fill(hub, [{"id": "fail", "action": "fail", "with": {"message": "no"}}])

    async def failed() -> bool:
        with sqlite3.connect(tmp_path / "data" / "hub.db") as database:
            [(count,)] = database.execute("SELECT count(*) FROM executions WHERE state = 'failed'").fetchall()
        database.close()
        return bool(count == COUNT)

    await eventually(failed)
    path = f"/api/jobs/{(await hub.api('POST', '/api/executions/retry', {'state': 'failed'})).json()['id']}"
    await eventually(reached(hub, path, lambda job: job["done"] >= COUNT // 2))
    await hub.kill()
    await hub.start()
    await eventually(reached(hub, path, lambda job: job["state"] not in {"counting", "running"}))

    job = (await hub.api("GET", path)).json()
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("done", COUNT, COUNT, 0)


async def test_a_job_moves_to_the_other_hub_and_obeys_it(
    tmp_path: Path, hub: HubProcess, session: aiohttp.ClientSession
) -> None:
    other = HubProcess(tmp_path / "data", session)
    await fill(hub)
    await other.start()
    try:
        path = f"/api/jobs/{(await hub.api('POST', '/api/requests/replay', ALL)).json()['id']}"
        await eventually(reached(other, path, lambda job: job["done"] >= 5))
        paused = await other.api("POST", f"{path}/pause")
        assert (paused.status, paused.json()["state"]) == (200, "paused")
        assert (await hub.api("GET", path)).json()["state"] == "paused"
        assert (await hub.api("POST", f"{path}/resume")).json()["state"] == "running"
        await eventually(reached(other, path, lambda job: job["done"] >= COUNT // 3))

        await hub.kill()
        await eventually(reached(other, path, lambda job: job["done"] >= COUNT // 2))

        cancelled = await other.api("POST", f"{path}/cancel")
        assert cancelled.json()["state"] == "cancelled"
        await other.stop()
        times = replays(tmp_path)
        assert sum(times.values()) - len(times) <= 1
        await other.start()
        job = (await other.api("GET", path)).json()
        assert (job["state"], job["done"], job["failed"]) == ("cancelled", len(times), 0)
        assert job["done"] < COUNT
    finally:
        await other.kill()
