"""FlowTrux's facts (docs/reference/wire.md), row by row, over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import pytest

from hub.testing.live import HubResponse, LiveHub


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


SECRET = "your-secret"
NODES = [
    {"id": "first", "name": "First step", "action": "transform", "with": {"value": {"got": "{{ trigger.data }}"}}},
    {"id": "second", "name": "Second step", "action": "transform", "needs": ["first"], "with": {"value": 2}},
]


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def call(hub: LiveHub, workflow: dict[str, Any], body: bytes, *, query: str = "", **headers: str) -> HubResponse:
    sent = {"Content-Type": "application/json", "X-Webhook-Signature": signature(body), **headers}
    sent = {name: value for name, value in sent.items() if value}
    return await hub.send("POST", workflow["source"]["urls"]["flowtrux"] + query, body, headers=sent)


@pytest.mark.parametrize(
    ("secret", "body", "sent"),
    [
        (
            "your-secret",
            b'{"event":"test"}',
            "ae73985dbf44593b8ab8007279f05bcbb47c811fa80741ccbd230e28e67d89eb",
        ),
        (
            "your-webhook-secret",
            b'{"event":"order_created","order_id":"12345"}',
            "f297210843e070a5784decd2fd890dd97273a4b5e87b01361f76bb0bcb4fcf18",
        ),
    ],
)
async def test_published_vectors_are_accepted(hub: LiveHub, secret: str, body: bytes, sent: str) -> None:
    workflow = await hub.workflow(source={"hmac_secret": secret})
    answer = await hub.send("POST", f"/api/webhooks/{workflow['id']}", body, headers={"X-Webhook-Signature": sent})
    assert answer.status == 200
    assert set(answer.json()) == {"success", "executionId"}
    assert answer.json()["success"] is True
    assert re.fullmatch(r"exec-[0-9a-zA-Z]{22}", answer.json()["executionId"])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-Webhook-Signature", "")],
        [("X-Webhook-Signature", "0" * 64)],
        [("X-Webhook-Signature", signature(b"{}").upper())],
        [("X-Webhook-Signature", f"sha256={signature(b'{}')}")],
        [("X-Webhook-Signature", signature(b"{}", "other"))],
        [("X-Webhook-Signature", signature(b"{} "))],
        [("X-Webhook-Signature", signature(b"{}")), ("X-Webhook-Signature", signature(b"{}"))],
        [("X-Webhook-Signature", "ä" * 64)],
    ],
)
async def test_missing_or_wrong_signature_is_refused(hub: LiveHub, headers: list[tuple[str, str]]) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET})
    answer = await hub.send("POST", workflow["source"]["urls"]["flowtrux"], b"{}", headers=headers)
    assert (answer.status, answer.json()) == (401, {"success": False, "error": "Invalid signature"})


async def test_an_unknown_workflow_and_one_without_a_secret_look_like_a_wrong_signature(hub: LiveHub) -> None:
    without = await hub.workflow()
    unknown = {"source": {"urls": {"flowtrux": "/api/webhooks/wf_4itKqkgCZrLhgYiq5L211X"}}}
    wrong = await call(hub, await hub.workflow(source={"hmac_secret": "other"}), b"{}")
    for one in (without, unknown):
        answer = await call(hub, one, b"{}")
        assert (answer.status, answer.body) == (401, wrong.body)


@pytest.mark.parametrize(
    ("query", "body", "data"),
    [
        ("", b'{"a": 1}', {"a": 1, "_query": {}}),
        ("?source=crm&priority=high", b"{}", {"_query": {"source": "crm", "priority": "high"}}),
        ("?tag=a&tag=b", b"[1]", {"_body": [1], "_query": {"tag": ["a", "b"]}}),
        (
            "?source=github&ref=main",
            b'{"action":"push"}',
            {"action": "push", "_query": {"source": "github", "ref": "main"}},
        ),
        ("", b"", {"_body": None, "_query": {}}),
    ],
)
async def test_query_parameters_stand_beside_the_body(hub: LiveHub, query: str, body: bytes, data: Any) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET})
    answer = await call(hub, workflow, body, query=query)
    assert (await hub.finished(answer.json()["executionId"]))["result"] == data


async def test_a_body_that_is_no_json_is_refused(hub: LiveHub) -> None:
    answer = await call(hub, await hub.workflow(source={"hmac_secret": SECRET}), b"{")
    assert (answer.status, answer.json()) == (400, {"success": False, "error": "Invalid JSON payload"})


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"mode": "lastNode"}, 2),
        ({"mode": "specificNode", "node": "first"}, {"got": {"a": 1, "_query": {}}}),
        (
            {"mode": "allNodes"},
            {
                "first": {"name": "First step", "output": {"got": {"a": 1, "_query": {}}}},
                "second": {"name": "Second step", "output": 2},
            },
        ),
    ],
)
async def test_response_modes(hub: LiveHub, response: dict[str, Any], expected: Any) -> None:
    workflow = await hub.workflow(NODES, source={"hmac_secret": SECRET, "response": response})
    answer = await call(hub, workflow, b'{"a": 1}')
    assert (answer.status, answer.json()) == (200, expected)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("mode", ["minimal", "lastNode", "allNodes"])
async def test_custom_status_and_headers_apply_in_every_mode(hub: LiveHub, mode: str) -> None:
    response = {"mode": mode, "status": 202, "headers": {"X-Flow": "yes", "Set-Cookie": "a=b"}}
    workflow = await hub.workflow(NODES, source={"hmac_secret": SECRET, "response": response})
    answer = await call(hub, workflow, b"{}")
    assert answer.status == 202
    assert answer.headers["X-Flow"] == "yes"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_a_status_that_has_no_body_is_answered_without_one(hub: LiveHub, status: int) -> None:
    source = {"hmac_secret": SECRET, "response": {"mode": "lastNode", "status": status}}
    answer = await call(hub, await hub.workflow(NODES, source=source), b"{}")
    assert (answer.status, answer.body) == (status, b"")


async def test_a_failed_workflow_is_never_a_success(hub: LiveHub) -> None:
    nodes = [{"id": "stop", "action": "fail", "with": {"message": "no such order"}}]
    workflow = await hub.workflow(nodes, source={"hmac_secret": SECRET, "response": {"mode": "lastNode"}})
    answer = await call(hub, workflow, b"{}")
    assert answer.status == 500
    assert answer.json()["success"] is False
    assert answer.json()["error"]["node"] == "stop"


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ({"enabled": False}, 403),
        ({"methods": ["GET"]}, 405),
        ({"allowlist": ["203.0.113.0/24"]}, 403),
        ({"max_body_bytes": 1}, 413),
    ],
)
async def test_limits_are_told_in_the_senders_dialect(hub: LiveHub, source: dict[str, Any], status: int) -> None:
    answer = await call(hub, await hub.workflow(source={"hmac_secret": SECRET, **source}), b"{}")
    assert answer.status == status
    assert answer.json()["success"] is False
    assert answer.json()["error"]


async def test_the_hmac_once_set_binds_in_every_dialect(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET, "shared_key": "k" * 12})
    urls = workflow["source"]["urls"]
    signed = {"X-Webhook-Signature": signature(b"{}")}
    for url in (urls["tracecat"] + "?key=" + "k" * 12, urls["vectense"]):
        assert (await hub.send("POST", url, b"{}")).status == 401
        assert (await hub.send("POST", url, b"{}", headers=signed)).status == 200


async def test_the_management_api_reads_the_execution_id_that_was_answered(hub: LiveHub) -> None:
    workflow = await hub.workflow(NODES, source={"hmac_secret": SECRET})
    written = (await call(hub, workflow, b"{}")).json()["executionId"]
    found = await hub.api("GET", f"/api/executions/{written}")
    assert (found.status, found.json()["id"]) == (200, written.replace("exec-", "exec_"))
