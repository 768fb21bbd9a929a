"""VibeIQ's facts (docs/reference/wire.md), row by row, over real HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.testing.live import ADMIN_KEY, LiveHub


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
SHORT = r"[A-Za-z0-9_-]{16}"
PREFIXES = ["/api", "/prod/api"]


def management(org: str = "default", key: str = ADMIN_KEY) -> dict[str, str]:
    return {"X-Api-Key": key, "X-Api-Org": org}


async def created(hub: LiveHub, prefix: str = "/api", body: bytes = b"") -> dict[str, Any]:
    answer = await hub.send("POST", f"{prefix}/webhooks", body, headers=management())
    assert answer.status == 200, answer.body
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("key", [ADMIN_KEY, f"app:{ADMIN_KEY}"])
async def test_create_answers_the_six_fields(hub: LiveHub, prefix: str, key: str) -> None:
    headers = {"Content-Type": "application/json", **management(key=key)}
    answer = await hub.send("POST", f"{prefix}/webhooks", headers=headers)
    made = answer.json()
    assert answer.status == 200
    assert set(made) == {"createdOn", "updatedOn", "createdById", "updatedById", "orgId", "id"}
    assert all(re.fullmatch(INSTANT, made[name]) for name in ("createdOn", "updatedOn"))
    assert all(re.fullmatch(SHORT, made[name]) for name in ("createdById", "updatedById", "orgId", "id"))


async def test_the_org_may_be_named_by_its_short_id(hub: LiveHub) -> None:
    made = await created(hub)
    answer = await hub.send("GET", f"/api/webhooks/{made['id']}", headers=management(made["orgId"]))
    assert (answer.status, answer.json()) == (200, made)
    assert (await hub.send("GET", "/api/webhooks", headers=management("nobody"))).status == 403
    assert (await hub.send("GET", "/api/webhooks", headers={"X-Api-Key": "app:wrong"})).status == 401


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_webhook_is_listed_changed_and_deleted(hub: LiveHub, prefix: str) -> None:
    made = await created(hub, prefix)
    path = f"{prefix}/webhooks/{made['id']}"
    listed = await hub.send("GET", f"{prefix}/webhooks", headers=management())
    assert made in listed.json()
    changed = await hub.send("PATCH", path, b'{"name": "orders"}', headers=management())
    assert changed.status == 200
    assert changed.json()["id"] == made["id"]
    assert changed.json()["updatedOn"] >= made["updatedOn"]
    assert (await hub.send("DELETE", path, headers=management())).status == 204
    assert (await hub.send("GET", path, headers=management())).status == 404
    assert (await hub.send("POST", f"{prefix}/trigger-webhooks/{made['id']}", b"{}")).status == 404


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_every_workflow_that_lists_it_starts(hub: LiveHub, prefix: str) -> None:
    made = await created(hub)
    nodes = [{"id": "show", "action": "transform", "with": {"value": "{{ event.body }}"}}]
    joined = [await hub.workflow(nodes, triggers=[f"webhookId:{made['id']}"]) for _ in range(2)]
    await hub.workflow(nodes)
    answer = await hub.post(f"{prefix}/trigger-webhooks/{made['id']}", {"foo": "bar"}, headers={"X-Extra": "1"})
    processes = answer.json()
    assert answer.status == 200
    assert {one["workflowId"] for one in processes} == {one["id"] for one in joined}
    for one in processes:
        assert {name: one[name] for name in ("status", "triggerEvent", "taskOutputs", "orgId")} == {
            "status": "PENDING",
            "triggerEvent": {"foo": "bar"},
            "taskOutputs": {},
            "orgId": made["orgId"],
        }
        assert all(re.fullmatch(SHORT, one[name]) for name in ("eventWorkflowTemplateId", "id"))
        assert all(re.fullmatch(SHORT, name) for name in one["eventWorkflowTaskIds"])
        assert all(re.fullmatch(INSTANT, one[name]) for name in ("createdOn", "updatedOn"))
        assert (await hub.finished(one["executionId"]))["result"] == {"foo": "bar"}


async def test_nobody_listens(hub: LiveHub) -> None:
    answer = await hub.post(f"/api/trigger-webhooks/{(await created(hub))['id']}", {})
    assert (answer.status, answer.json()) == (200, [])


async def test_the_workflow_sees_headers_and_body(hub: LiveHub) -> None:
    made = await created(hub)
    value = {"body": "{{ event.body }}", "signature": "{{ event.headers['x-verify-signature'] }}"}
    nodes = [{"id": "show", "action": "transform", "with": {"value": value}}]
    await hub.workflow(nodes, triggers=[f"webhookId:{made['id']}"])
    headers = {"X-Verify-Signature": "my-secret-key"}
    answer = await hub.post(f"/prod/api/trigger-webhooks/{made['id']}", {"foo": "bar"}, headers=headers)
    result = (await hub.finished(answer.json()[0]["executionId"]))["result"]
    assert result == {"body": {"foo": "bar"}, "signature": "my-secret-key"}


async def test_an_unknown_id_and_a_source_that_is_not_open_look_the_same(hub: LiveHub) -> None:
    shut = (await hub.api("POST", "/api/sources", {"name": "shut"})).json()
    own = (await hub.workflow())["source"]
    answers = [
        await hub.post(f"/api/trigger-webhooks/{name}", {})
        for name in ("0000000000000000", shut["id"], shut["short_id"], own["id"], own["short_id"])
    ]
    assert {(answer.status, answer.body) for answer in answers} == {(404, b'{"message":"Webhook not found"}')}


async def test_a_secret_given_to_a_webhook_is_enforced(hub: LiveHub) -> None:
    made = await created(hub)
    path = f"/api/trigger-webhooks/{made['id']}"
    assert (await hub.post(path, {})).status == 200
    await hub.send("PATCH", f"/api/webhooks/{made['id']}", b'{"shared_key": "0123456789"}', headers=management())
    assert (await hub.post(path, {})).status == 401
    assert (await hub.post(f"{path}?key=0123456789", {})).status == 200


async def test_create_takes_fields_of_a_source(hub: LiveHub) -> None:
    made = await created(hub, body=b'{"shared_key": "0123456789", "aliases": ["4X0bETHdBKw87l6i"]}')
    path = f"/api/trigger-webhooks/{made['id']}"
    assert (await hub.post(path, {})).status == 401
    assert (await hub.post("/api/trigger-webhooks/4X0bETHdBKw87l6i?key=0123456789", {})).status == 200


async def test_the_management_api_knows_a_webhook_by_its_short_id(hub: LiveHub) -> None:
    made = (await hub.api("POST", "/api/webhooks")).json()["id"]
    source = (await hub.api("GET", f"/api/sources/{made}")).json()
    assert (source["short_id"], source["open"]) == (made, True)
    await hub.post(f"/api/trigger-webhooks/{made}", {})
    for what in ("requests", "events"):
        items = (await hub.api("GET", f"/api/{what}?source={made}")).json()["items"]
        assert [one["source"] for one in items] == [source["id"]]
    assert (await hub.api("POST", "/api/verify", {"source": made, "body": "{}"})).json()["source"] == source["id"]
