"""`Idempotency-Key` on every POST that makes something."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.testing.clock import ManualClock
from hub.testing.live import HubResponse, LiveHub, live_hub

NODES = [{"id": "a", "action": "transform", "with": {"value": 1}}]
DAY = 86_400


async def send(hub: LiveHub, path: str, value: Any, key: str, headers: Mapping[str, str] | None = None) -> HubResponse:
    return await hub.api("POST", path, value, headers={"Idempotency-Key": key, **(headers or {})})


@pytest.mark.parametrize(
    ("path", "first", "other"),
    [
        ("/api/workflows", {"name": "one", "nodes": NODES}, {"name": "two", "nodes": NODES}),
        ("/api/sources", {"name": "one", "hmac_secret": "z" * 20}, {"name": "two"}),
        ("/api/webhooks", {"name": "one"}, {"name": "two"}),
        ("/api/subscriptions", {"url": "https://a.example/", "events": ["a.b"]},
         {"url": "https://b.example/", "events": ["a.b"]}),
        ("/api/event-types", {"name": "idem.one"}, {"name": "idem.two"}),
        ("/api/connections", {"name": "idem_one", "kind": "g", "values": {"t": "x"}},
         {"name": "idem_two", "kind": "g", "values": {"t": "x"}}),
        ("/api/keys", {"name": "one", "role": "viewer"}, {"name": "two", "role": "viewer"}),
        ("/api/orgs", {"name": "idem-one"}, {"name": "idem-two"}),
    ],
)  # fmt: skip
async def test_the_same_call_makes_one_thing_and_other_data_is_refused(
    hub: LiveHub, path: str, first: dict[str, Any], other: dict[str, Any]
) -> None:
    key = f"key of {path}"
    made = await send(hub, path, first, key)
    assert made.status in {200, 201}, made.body
    again = await send(hub, path, dict(reversed(first.items())), key)
    assert (again.status, again.json()) == (made.status, made.json()), "a secret that is shown once too"
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers.get("ETag") == made.headers.get("ETag")
    refused = await send(hub, path, other, key)
    assert (refused.status, "other data" in refused.json()["detail"]) == (422, True)
    assert (await send(hub, path, other, key + " again")).status in {200, 201}


async def test_a_run_by_hand_starts_once(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    path = f"/api/workflows/{workflow['id']}/run"
    answers = await asyncio.gather(*(send(hub, path, {"data": 1}, "run") for _ in range(8)))
    assert {one.status for one in answers} == {202}
    assert len({one.json()["id"] for one in answers}) == 1
    assert len((await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]) == 1
    assert (await send(hub, path, {"data": 2}, "run")).status == 422
    audit = (await hub.api("GET", "/api/audit?limit=200")).json()["items"]
    assert sum(one["target"] == workflow["id"] and one["action"].endswith("run") for one in audit) == 1


async def test_a_call_that_failed_gives_its_key_back(hub: LiveHub) -> None:
    assert (await send(hub, "/api/event-types", {"name": ""}, "fails")).status == 422
    assert (await send(hub, "/api/event-types", {"name": "idem.corrected"}, "fails")).status == 201


async def test_keys_are_apart_by_org_and_checked(hub: LiveHub) -> None:
    await hub.api("POST", "/api/orgs", {"name": "idem-apart"})
    mine = await send(hub, "/api/sources", {"name": "mine"}, "apart")
    theirs = await send(hub, "/api/sources", {"name": "theirs"}, "apart", {"X-Api-Org": "idem-apart"})
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]
    for key in ("", "x" * 256):
        assert (await send(hub, "/api/sources", {}, key)).status == 422
        assert (await send(hub, "/api/messages", {"type": "a", "data": 1}, key)).status == 422
    publisher = (await hub.api("POST", "/api/keys", {"name": "p", "role": "publisher"})).json()["key"]
    headers = {"Idempotency-Key": "apart"}
    assert (await hub.api("POST", "/api/sources", {"name": "mine"}, key=publisher, headers=headers)).status == 403


async def test_a_message_with_other_data_is_refused(hub: LiveHub) -> None:
    body = {"type": "idem.message", "data": {"a": 1, "b": 2}}
    first = await send(hub, "/api/messages", body, "message")
    assert first.status == 202
    again = await send(hub, "/api/messages", {"data": {"b": 2, "a": 1}, "type": "idem.message"}, "message")
    assert (again.status, again.json()["id"], again.json()["duplicate"]) == (202, first.json()["id"], True)
    for change in ({"data": {"a": 2}}, {"client": "c"}, {"ordering_key": "o"}, {"type": "idem.other"}):
        refused = await send(hub, "/api/messages", body | change, "message")
        assert (refused.status, "other data" in refused.json()["detail"]) == (422, True), change
    answers = await asyncio.gather(*(send(hub, "/api/messages", body, "at once") for _ in range(8)))
    assert len({one.json()["id"] for one in answers}) == 1


async def test_a_key_is_known_for_a_day_across_restarts(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live_hub(tmp_path / "data", clock=clock) as hub:
        made = (await send(hub, "/api/sources", {}, "day")).json()
    clock.advance(DAY)
    async with live_hub(tmp_path / "data", clock=clock) as hub:
        await hub.services.jobs.settled()
        assert (await send(hub, "/api/sources", {}, "day")).json()["id"] == made["id"]
