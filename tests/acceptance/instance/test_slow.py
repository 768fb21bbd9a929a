"""Slow and half-sent connections are closed in time and delay no others."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from hub.testing.live import HubProcess, LiveHub, live_hub

HEAD = b"POST /webhooks/x/y HTTP/1.1\r\nHost: hub\r\nX-Slow: "


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port)


def half_body(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000\r\n\r\n{{".encode()


async def closed(reader: asyncio.StreamReader) -> bytes:
    """What the hub sends before it closes; nothing if it closes while bytes are left unread."""
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b""


async def test_half_a_head_is_cut_off_however_slowly_it_dribbles_in(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data", head_seconds=0.5) as hub:
        silent, quiet = await connect(hub.url)
        dribbling, writer = await connect(hub.url)
        writer.write(HEAD)

        async def dribble() -> None:
            while not ended.done():
                writer.write(b"x")
                await asyncio.wait({ended}, timeout=0.05)

        ended = asyncio.ensure_future(closed(dribbling))
        dribbler = asyncio.ensure_future(dribble())
        started = time.monotonic()
        assert await closed(silent) == b""
        await ended
        assert time.monotonic() - started < 10
        await asyncio.wait({dribbler})
        for one in (writer, quiet):
            one.transport.abort()


async def test_a_body_that_never_ends_is_answered_408(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data", body_seconds=0.3) as hub:
        workflow = await hub.workflow()
        path = urlsplit(workflow["source"]["urls"]["tracecat"]).path
        reader, writer = await connect(hub.url)
        writer.write(half_body(path))
        answer = await closed(reader)
        assert answer.startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_a_stranger_is_turned_away_before_its_body_is_read(shared: LiveHub) -> None:
    reader, writer = await connect(shared.url)
    writer.write(half_body("/webhooks/wf_4itKqkgCZrLhgYiq5L211X/wrong"))
    assert (await closed(reader)).startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_a_sender_that_hangs_up_half_way_leaves_nothing_behind(shared: LiveHub) -> None:
    workflow = await shared.workflow(source={"max_concurrent": 1})
    path = urlsplit(workflow["source"]["urls"]["tracecat"]).path
    _, writer = await connect(shared.url)
    writer.write(half_body(path))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    statuses: list[int] = []
    while 200 not in statuses and len(statuses) < 200:
        statuses.append((await shared.post(workflow["source"]["urls"]["tracecat"], {})).status)
    assert statuses[-1] == 200


@pytest.mark.parametrize("number", [200, pytest.param(2_000, marks=pytest.mark.soak)])
async def test_slow_connections_do_not_stop_good_requests(tmp_path: Path, number: int) -> None:
    async with aiohttp.ClientSession() as session:
        process = HubProcess(tmp_path / "data", session, HUB_HEAD_SECONDS="600", HUB_BODY_SECONDS="600")
        await process.start()
        try:
            workflow = await process.workflow()
            url = workflow["source"]["urls"]["tracecat"]
            halves = (HEAD, half_body(urlsplit(url).path), b"", half_body("/api/sources"))
            slow = []
            for index in range(number):
                reader, writer = await connect(process.url)
                writer.write(halves[index % len(halves)])
                slow.append((reader, writer))
            took = []
            for index in range(20):
                started = time.monotonic()
                assert (await process.post(url, {"n": index})).status == 200
                took.append(time.monotonic() - started)
            assert sorted(took)[10] < 1.0
            assert sum(reader.at_eof() for reader, _ in slow) < number // 2
            for _, writer in slow:
                writer.transport.abort()
        finally:
            await process.kill()
