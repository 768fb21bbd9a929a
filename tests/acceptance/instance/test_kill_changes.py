"""kill -9 around PATCH requests that change several parts: afterwards all parts are the old ones, or all the new."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.model.stored.source import SIGNING_SLOT, StoredSecret
from hub.ports.clock import SystemClock
from hub.ports.store import Snapshot
from hub.store.blobs import DirectoryBlobs
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault
from hub.testing.live import HubProcess

SCHEMES = ("github", "hmac-sha256")
VENDORS = ("okta", "github")


def workflow_body(number: int) -> dict[str, Any]:
    """The n-th definition with a source of the n-th vendor and secret, published."""
    node = {"id": "a", "action": "transform", "with": {"value": number}}
    return {"name": f"n{number}", "nodes": [node], "source": source_body(number), "published": True}


def source_body(number: int) -> dict[str, Any]:
    """The n-th vendor with the n-th secret."""
    return {"name": f"n{number}", "vendor": VENDORS[number % 2], "signing_secrets": [f"secret-{number}"]}


def subscription_body(number: int) -> dict[str, Any]:
    """The n-th scheme with the n-th secret."""
    body = {"name": f"n{number}", "scheme": SCHEMES[number % 2], "secret": f"secret-{number}"}
    return body | {"url": f"https://127.0.0.1/{number}", "events": [f"type-{number}"]}


def webhook_body(number: int) -> dict[str, Any]:
    """PlexTrac's face: the n-th URL with the n-th secret."""
    body = {"name": f"n{number}", "secret": f"secret-{number}", "url": f"https://127.0.0.1/{number}"}
    return body | {"events": ["ReportPublished"], "enabled": number % 2 == 0}


def workflow_parts(snapshot: Snapshot) -> list[str]:
    """The number in each part of the workflow."""
    [workflow] = snapshot.workflows.values()
    source = snapshot.sources[workflow.source]
    drafts = (workflow.draft, snapshot.published[workflow.id].definition)
    return [workflow.name[1:], *(str(draft["nodes"][0]["with"]["value"]) for draft in drafts), *_source(source)]


def source_parts(snapshot: Snapshot) -> list[str]:
    """The number in each part of the shared source."""
    [source] = [one for one in snapshot.sources.values() if one.workflow is None]
    return _source(source)


def _source(source: Any) -> list[str]:
    number = _secret(source.secrets)
    assert source.spec.vendor == VENDORS[int(number) % 2]
    return [source.spec.name[1:], number]


def subscription_parts(snapshot: Snapshot) -> list[str]:
    """The number in each part of the subscription."""
    [one] = [each for each in snapshot.subscriptions.values() if each.spec.events != ("ReportPublished",)]
    number = _secret(one.secrets)
    assert one.spec.scheme == SCHEMES[int(number) % 2]
    return [one.spec.name[1:], number, one.spec.url.rpartition("/")[2], one.spec.events[0].rpartition("-")[2]]


def webhook_parts(snapshot: Snapshot) -> list[str]:
    """The number in each part of PlexTrac's webhook."""
    [one] = [each for each in snapshot.subscriptions.values() if each.spec.events == ("ReportPublished",)]
    number = _secret(one.secrets)
    assert one.spec.enabled is (int(number) % 2 == 0)
    return [one.spec.name[1:], number, one.spec.url.rpartition("/")[2]]


def _secret(secrets: tuple[StoredSecret, ...]) -> str:
    [secret] = [one for one in secrets if one.slot == SIGNING_SLOT]
    return secret.text.rpartition("-")[2]


@dataclass
class Noun:
    """A thing that is changed again and again; every part of it carries the number of its last change."""

    collection: str
    body: Callable[[int], dict[str, Any]]
    parts: Callable[[Snapshot], list[str]]
    path: str = ""
    sent: int = 0
    answered: int = 0

    async def create(self, hub: HubProcess) -> None:
        answer = await hub.api("POST", self.collection, self.body(0))
        assert answer.status == 201, answer.body
        self.path = f"{self.collection}/{answer.json().get('id') or answer.json()['cuid']}"

    async def change(self, hub: HubProcess, told: Callable[[], None]) -> None:
        """Send one PATCH after another until the hub is gone."""
        while True:
            self.sent += 1
            try:
                answer = await hub.api("PATCH", self.path, self.body(self.sent))
            except (aiohttp.ClientError, ConnectionError):
                return
            assert answer.status == 200, answer.body
            self.answered = self.sent
            told()

    def check(self, snapshot: Snapshot) -> None:
        """All parts carry one number: that of the last answered change, or of the one that was under way."""
        numbers = self.parts(snapshot)
        assert len(set(numbers)) == 1, (self.collection, numbers)
        assert self.answered <= int(numbers[0]) <= self.sent
        self.answered = self.sent = int(numbers[0])


@dataclass
class Countdown:
    """An event that is set by the n-th call."""

    left: int
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.over.set()


async def _reopened(data_dir: Path) -> Snapshot:
    """What a hub that starts on this directory has."""
    store = SqlStore(
        None,
        data_dir,
        vault=Vault(data_dir / "keys"),
        blobs=DirectoryBlobs(data_dir / "blobs"),
        clock=SystemClock(),
        owner="reader",
    )
    await store.start()
    snapshot = store.snapshot
    await store.stop()
    return snapshot


async def _kill_rounds(data_dir: Path, rounds: int) -> None:
    chance = random.Random(rounds)
    nouns = [
        Noun("/api/workflows", workflow_body, workflow_parts),
        Noun("/api/sources", source_body, source_parts),
        Noun("/api/subscriptions", subscription_body, subscription_parts),
        Noun("/api/internal/webhooks", webhook_body, webhook_parts),
    ]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        hub = HubProcess(data_dir, session, HUB_EGRESS_ALLOW="127.0.0.0/8")
        await hub.start()
        for noun in nouns:
            await noun.create(hub)
        for _ in range(rounds):
            countdown = Countdown(chance.randint(1, 60))
            async with asyncio.TaskGroup() as changing:
                for noun in nouns:
                    changing.create_task(noun.change(hub, countdown))
                await countdown.over.wait()
                await hub.kill()
            snapshot = await _reopened(data_dir)
            for noun in nouns:
                noun.check(snapshot)
            await hub.start()
        await hub.stop()


async def test_a_kill_during_changes_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    await _kill_rounds(tmp_path, 6)


@pytest.mark.soak
async def test_a_hundred_kills_during_changes_leave_the_old_or_the_new(tmp_path: Path) -> None:
    await _kill_rounds(tmp_path, 100)
