"""Vectense's facts (docs/reference/wire.md), row by row, over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing.live import HubResponse, LiveHub


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


KEY = "webhook-secret-key-2024"


async def call(hub: LiveHub, source: dict[str, Any], body: bytes, media_type: str = "application/json") -> HubResponse:
    workflow = await hub.workflow(source={"shared_key": KEY, **source})
    headers = {"Content-Type": media_type} if media_type else {}
    return await hub.send("POST", workflow["source"]["urls"]["vectense"], body, headers=headers)


async def test_accepted(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"shared_key": KEY})
    url = workflow["source"]["urls"]["vectense"]
    assert url.endswith(f"/api/webhook/default/{workflow['id']}?key={KEY}")
    answer = await hub.post(url, {"event": "user_created"})
    assert (answer.status, answer.json()) == (200, {"status": "accepted", "workflow_started": True})


@pytest.mark.parametrize("query", ["", "?key=", "?key=wrong", f"?key={KEY}x", f"?key={KEY}&key={KEY}", f"?KEY={KEY}"])
async def test_a_missing_or_wrong_key_is_unauthorized(hub: LiveHub, query: str) -> None:
    workflow = await hub.workflow(source={"shared_key": KEY})
    answer = await hub.post(f"/api/webhook/default/{workflow['id']}{query}", {})
    assert (answer.status, answer.json()) == (401, {"error": "Invalid shared key"})


async def test_unknown_workflow_foreign_workspace_and_unset_key_look_like_a_wrong_key(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"shared_key": KEY})
    without = await hub.workflow()
    for path in (
        f"/api/webhook/default/wf_4itKqkgCZrLhgYiq5L211X?key={KEY}",
        f"/api/webhook/elsewhere/{workflow['id']}?key={KEY}",
        f"/api/webhook/default/{without['id']}?key={KEY}",
    ):
        answer = await hub.post(path, {})
        assert (answer.status, answer.json()) == (401, {"error": "Invalid shared key"})


@pytest.mark.parametrize(
    ("media_type", "body"), [("application/json", b"{"), ("application/hal+json", b"x"), ("", b"\xff")]
)
async def test_a_body_that_cannot_be_read_is_refused(hub: LiveHub, media_type: str, body: bytes) -> None:
    answer = await call(hub, {}, body, media_type)
    assert (answer.status, answer.json()) == (400, {"error": "Invalid request format"})


@pytest.mark.parametrize(
    ("media_type", "body", "seen"),
    [
        ("application/json", b'{"event":"x"}', {"event": "x"}),
        ("text/plain", b"plain words", "plain words"),
        ("", b"[1]", [1]),
        ("application/json", b"", None),
    ],
)
async def test_header_and_body_variables(hub: LiveHub, media_type: str, body: bytes, seen: Any) -> None:
    nodes = [
        {
            "id": "show",
            "action": "transform",
            "with": {"value": {"body": "{{ requestBody }}", "agent": "{{ requestHeaders['x-from'] }}"}},
        }
    ]
    source = {"shared_key": KEY, "header_variable": "requestHeaders", "body_variable": "requestBody"}
    workflow = await hub.workflow(nodes, source=source)
    headers = {"X-From": "shop", **({"Content-Type": media_type} if media_type else {})}
    answer = await hub.send("POST", workflow["source"]["urls"]["vectense"], body, headers=headers)
    assert answer.status == 200
    items = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    assert (await hub.finished(items[0]["id"]))["result"] == {"body": seen, "agent": "shop"}


async def test_over_the_size_limit(hub: LiveHub) -> None:
    answer = await call(hub, {"max_body_bytes": 4}, b'"12345"')
    assert (answer.status, answer.json()) == (413, {"error": "Request too large"})


async def test_over_the_rate_limit(hub: LiveHub) -> None:
    source = {"shared_key": KEY, "rate_limit": {"requests": 2, "per_seconds": 60}}
    url = (await hub.workflow(source=source))["source"]["urls"]["vectense"]
    assert [(await hub.post(url, {})).status for _ in range(2)] == [200, 200]
    answer = await hub.post(url, {})
    assert (answer.status, answer.json()) == (429, {"error": "Rate limit exceeded"})
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


async def test_the_key_is_never_kept(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"shared_key": KEY})
    await hub.post(workflow["source"]["urls"]["vectense"], {})
    listed = await hub.api("GET", f"/api/requests?source={workflow['source']['id']}")
    assert len(listed.json()["items"]) == 1
    assert KEY.encode() not in listed.body
    assert "key=fp" in listed.json()["items"][0]["url"]


async def test_one_workflow_in_all_dialects_needs_the_key_in_each(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"shared_key": KEY})
    url = workflow["source"]["urls"]["tracecat"]
    assert (await hub.post(url, {})).status == 401
    assert (await hub.post(f"{url}?key={KEY}", {})).status == 200
