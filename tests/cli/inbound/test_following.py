"""`hub tail` and `hub listen` show every request once: those that end out of order too, and across a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from hub.testing.live import ADMIN_KEY, HubProcess, LiveHub, live_hub
from tests.cli.processes import start_hub

SECONDS = 60


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), SECONDS)
    assert line, (await process.communicate())[1].decode()
    return line.decode()


async def tail(url: str, source: str, *more: str) -> asyncio.subprocess.Process:
    arguments = ("tail", "--source", source, "--every", "0.05", "-j", *more)
    return await start_hub(*arguments, HUB_URL=url, HUB_API_KEY=ADMIN_KEY)


async def stop(process: asyncio.subprocess.Process) -> str:
    """End it; what it said to standard error."""
    process.kill()
    return (await asyncio.wait_for(process.communicate(), SECONDS))[1].decode()


async def slow(hub: LiveHub, url: str, arrived: asyncio.Event, release: asyncio.Event) -> str:
    """A request whose body takes until `release`; its id."""

    async def body() -> AsyncIterator[bytes]:
        yield b'{"slow":'
        arrived.set()
        await release.wait()
        yield b"true}"

    async with hub.session.post(url, data=body(), headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 200
        return str(answer.headers["X-Request-Id"])


async def test_a_request_that_began_earlier_and_ended_later_is_shown(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data") as hub:
        made: dict[str, Any] = (await hub.api("POST", "/api/sources", {"open": True})).json()
        url = made["urls"]["vibeiq"]
        await hub.post(url, {"n": 0})
        arrived, release = asyncio.Event(), asyncio.Event()
        late = asyncio.create_task(slow(hub, url, arrived, release))
        await arrived.wait()
        process = await tail(hub.url, made["id"], "-n", "1")
        try:
            await line_of(process)
            fast = (await hub.post(url, {"n": 1})).headers["X-Request-Id"]
            assert json.loads(await line_of(process))["id"] == fast
            release.set()
            assert json.loads(await line_of(process))["id"] == await late
            last = (await hub.post(url, {"n": 2})).headers["X-Request-Id"]
            assert json.loads(await line_of(process))["id"] == last, "each once"
        finally:
            await stop(process)


async def test_a_restart_of_the_hub_costs_one_line_and_no_request(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        hub = HubProcess(tmp_path / "data", session)
        await hub.start()
        try:
            made = (await hub.api("POST", "/api/sources", {"open": True})).json()
            path = f"/prod/api/trigger-webhooks/{made['urls']['vibeiq'].rpartition('/')[2]}"
            first = (await hub.post(path, {"n": 0})).headers["X-Request-Id"]
            process = await tail(hub.url, made["id"], "-n", "1")
            try:
                assert json.loads(await line_of(process))["id"] == first
                await hub.stop()
                assert process.stderr is not None
                said = (await asyncio.wait_for(process.stderr.readline(), SECONDS)).decode()
                assert "no hub answers" in said
                assert "trying again" in said
                await hub.start()
                sent = [(await hub.post(path, {"n": number})).headers["X-Request-Id"] for number in range(3)]
                assert [json.loads(await line_of(process))["id"] for _ in sent] == sent
            finally:
                assert await stop(process) == "", "one line for one restart"
        finally:
            await hub.stop()


async def test_a_refused_call_ends_it(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data") as hub:
        process = await start_hub("tail", HUB_URL=hub.url, HUB_API_KEY="wrong" * 8)
        _, said = await asyncio.wait_for(process.communicate(), SECONDS)
        assert (process.returncode, "401" in said.decode()) == (1, True)
