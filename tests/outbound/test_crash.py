"""kill -9 while a thousand deliveries are on their way (ten thousand in `make soak`)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.model.ids import base62
from hub.testing.live import HubProcess
from tests.outbound.conftest import Receiver, serving

PUBLISHERS = 8


async def _publish_all(hub: HubProcess, numbers: list[int], running: asyncio.Event) -> dict[int, str]:
    """Publish each number once, whatever happens meanwhile: the idempotency key makes trying again safe."""
    accepted: dict[int, str] = {}

    async def publisher() -> None:
        while numbers:
            number = numbers.pop()
            body = {"type": "order.created", "data": {"n": number}}
            try:
                answer = await hub.api("POST", "/api/messages", body, headers={"Idempotency-Key": f"n{number}"})
            except (aiohttp.ClientError, ConnectionError):
                numbers.append(number)
                await running.wait()
                continue
            assert answer.status == 202, answer.body
            accepted[number] = answer.json()["id"]

    await asyncio.gather(*(publisher() for _ in range(PUBLISHERS)))
    return accepted


def _logged(data_dir: Path) -> tuple[set[str], Counter[str]]:
    """Messages whose delivery is on the disk as delivered, and how many attempts of each are logged."""
    with sqlite3.connect(f"file:{data_dir / 'hub.db'}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT message, state, (SELECT count(*) FROM attempts"
            " WHERE attempts.org = deliveries.org AND attempts.delivery = deliveries.id) FROM deliveries"
        ).fetchall()
    database.close()
    delivered = {f"msg_{base62(message)}" for message, state, _ in rows if state == "delivered"}
    return delivered, Counter({f"msg_{base62(message)}": count for message, _, count in rows})


async def _settled(hub: HubProcess, total: int) -> dict[str, Any]:
    """The account once every message has arrived."""
    async with asyncio.timeout(120):
        while True:
            account: dict[str, Any] = (await hub.api("GET", "/api/messages/account")).json()
            if account["delivered"] == total:
                return account


async def _kill_while_delivering(data_dir: Path, total: int, kills: int) -> None:
    receiver = Receiver()
    running = asyncio.Event()
    repeated: set[str] = set()
    timeout = aiohttp.ClientTimeout(total=60)
    async with serving([receiver]), aiohttp.ClientSession(timeout=timeout) as session:
        hub = HubProcess(data_dir, session, HUB_EGRESS_ALLOW="127.0.0.0/8")
        await hub.start()
        running.set()
        body = {"url": receiver.url, "events": ["order.created"], "concurrency": 32}
        assert (await hub.api("POST", "/api/subscriptions", body)).status == 201
        publishing = asyncio.create_task(_publish_all(hub, list(range(total)), running))
        for number in range(1, kills + 1):
            await receiver.until(total * number // (kills + 2))
            running.clear()
            await hub.kill()
            before = len(receiver.got)
            delivered, _ = await asyncio.to_thread(_logged, data_dir)
            in_flight = {each.id for each in receiver.got} - delivered
            await hub.start()
            running.set()
            await receiver.until(before + 1)
            again = {each.id for each in receiver.got[before:]} & {each.id for each in receiver.got[:before]}
            assert again <= in_flight
            repeated |= in_flight
        accepted = await publishing
        account = await _settled(hub, total)
        await hub.stop()
    received = Counter(each.id for each in receiver.got)
    delivered, attempts = _logged(data_dir)
    assert len(accepted) == len(set(accepted.values())) == total
    assert set(received) == set(accepted.values()) == delivered
    numbers = {each.id: each.json()["data"]["n"] for each in receiver.got}
    assert numbers == {identity: number for number, identity in accepted.items()}
    twice = {identity for identity, count in received.items() if count > 1}
    assert twice <= repeated
    assert account["messages"] == total
    assert account["undelivered"] == account["unmatched"] == 0
    for identity, count in attempts.items():
        assert count == 1 if identity not in repeated else 1 <= count <= received[identity]


async def test_a_kill_during_a_thousand_deliveries_loses_none(tmp_path: Path) -> None:
    """Each arrives with one id; only attempts under way are repeated; the log accounts for all."""
    await _kill_while_delivering(tmp_path, 1_000, 1)


@pytest.mark.soak
async def test_kills_during_ten_thousand_deliveries_lose_none(tmp_path: Path) -> None:
    """The same, ten times as much and five times over."""
    await _kill_while_delivering(tmp_path, 10_000, 5)
