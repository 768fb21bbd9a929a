"""Reply modes of every source and the `respond` node, over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from hub.testing.live import LiveHub

NODES = [
    {"id": "first", "name": "First step", "action": "transform", "with": {"value": {"n": "{{ trigger.data.n }}"}}},
    {"id": "last", "action": "transform", "needs": ["first"], "with": {"value": "{{ nodes.first.output.n + 1 }}"}},
]
FAILING = [{"id": "stop", "action": "fail", "with": {"message": "no"}}]


async def _signed(hub: LiveHub, workflow: dict[str, Any], body: bytes = b'{"n":1}') -> Any:
    signature = hmac.new(b"your-secret", body, hashlib.sha256).hexdigest()
    url = workflow["source"]["urls"]["flowtrux"]
    return await hub.send("POST", url, body, headers={"X-Webhook-Signature": signature})


def _source(mode: str, **fields: Any) -> dict[str, Any]:
    return {"hmac_secret": "your-secret", "response": {"mode": mode, **fields}}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (_source("lastNode"), 2),
        (_source("specificNode", node="first"), {"n": 1}),
        (
            _source("allNodes"),
            {"first": {"name": "First step", "output": {"n": 1}}, "last": {"name": "last", "output": 2}},
        ),
    ],
)
async def test_mode_answers_the_outputs(shared: LiveHub, response: dict[str, Any], expected: Any) -> None:
    answer = await _signed(shared, await shared.workflow(NODES, source=response))
    assert (answer.status, answer.json()) == (200, expected)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("mode", ["minimal", "lastNode", "allNodes"])
async def test_custom_status_and_headers_apply_in_every_mode(shared: LiveHub, mode: str) -> None:
    source = _source(mode, status=207, headers={"X-Mine": "yes"})
    answer = await _signed(shared, await shared.workflow(NODES, source=source))
    assert (answer.status, answer.headers["X-Mine"]) == (207, "yes")


async def test_failed_execution_is_never_a_success(shared: LiveHub) -> None:
    answer = await _signed(shared, await shared.workflow(FAILING, source=_source("lastNode", status=200)))
    body = answer.json()
    assert (answer.status, body["success"], body["error"]["node"]) == (500, False, "stop")
    assert body["executionId"].startswith("exec-")


async def test_mode_applies_to_the_tracecat_url_too(shared: LiveHub) -> None:
    workflow = await shared.workflow(NODES, source={"response": {"mode": "lastNode"}})
    assert (await shared.post(workflow["source"]["urls"]["tracecat"], {"n": 4})).json() == 5


@pytest.mark.parametrize("suffix", ["", "/wait"])
async def test_respond_node_answers_before_the_workflow_ends(shared: LiveHub, suffix: str) -> None:
    nodes = [
        {
            "id": "say",
            "action": "respond",
            "with": {"status": 201, "headers": {"X-Said": "{{ TRIGGER.n }}"}, "body": {"got": "{{ TRIGGER.n }}"}},
        },
        {"id": "later", "action": "sleep", "needs": ["say"], "with": {"seconds": 3600}},
    ]
    workflow = await shared.workflow(nodes)
    answer = await shared.post(workflow["source"]["urls"]["tracecat"] + suffix, {"n": 7})
    assert (answer.status, answer.json(), answer.headers["X-Said"]) == (201, {"got": 7}, "7")
    items = (await shared.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]
    assert [one["state"] for one in items] == ["waiting"]
    assert (await shared.api("POST", f"/api/executions/{items[0]['id']}/cancel")).status == 200


async def test_reply_cannot_set_a_cookie(shared: LiveHub) -> None:
    nodes = [{"id": "say", "action": "respond", "with": {"headers": {"Set-Cookie": "a=b"}, "body": "<script>"}}]
    answer = await shared.post((await shared.workflow(nodes))["source"]["urls"]["tracecat"], {})
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Content-Type"].startswith("text/plain")
