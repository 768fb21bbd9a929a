"""Requests as evidence: list, read, replay one and many, explain."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from hub.testing.live import LiveHub
from tests.acceptance.settling import written


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


SECRET = "evidence-secret"


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def listed(hub: LiveHub, workflow: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    await written(hub)
    answer = await hub.api("GET", f"/api/requests?source={workflow['source']['id']}{query}")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def read(hub: LiveHub, request: str) -> dict[str, Any]:
    found: dict[str, Any] = (await hub.api("GET", f"/api/requests/{request}")).json()
    return found


async def test_an_accepted_request_is_kept_byte_for_byte(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    body = b'\xef\xbb\xbf{ "a" : 1.0 }'
    answer = await hub.send(
        "POST", workflow["source"]["urls"]["tracecat"] + "?a=%20b", body, headers=[("X-Two", "1"), ("X-Two", "2")]
    )
    [one] = await listed(hub, workflow)
    assert answer.headers["X-Request-Id"] == one["id"]
    kept = await read(hub, one["id"])
    assert base64.b64decode(kept["body_base64"]) == body
    assert [value for name, value in kept["headers"] if name == "x-two"] == ["1", "2"]
    assert kept["url"].endswith("?a=%20b")
    assert kept["sha256"] == hashlib.sha256(body).hexdigest()
    assert (kept["state"], kept["method"], kept["client"], kept["dialect"]) == (
        "accepted",
        "POST",
        "127.0.0.1",
        "tracecat",
    )
    assert [event["type"] for event in kept["events"]] == ["webhook"]
    assert answer.json()["wf_exec_id"].endswith(kept["executions"][0]["id"])
    event = (await hub.api("GET", f"/api/events/{kept['events'][0]['id']}")).json()
    assert (event["data"], event["request"]) == ({"a": 1.0}, one["id"])


@pytest.mark.parametrize(
    ("source", "spoil", "step", "word"),
    [
        ({"enabled": False}, {}, "admit", "disabled"),
        ({"methods": ["GET"]}, {}, "admit", "methods"),
        ({"allowlist": ["203.0.113.1"]}, {}, "admit", "allowlist"),
        ({"max_body_bytes": 1}, {}, "admit", "over 1 bytes"),
        ({}, {"url": "x"}, "identify", "credential"),
        ({"hmac_secret": SECRET}, {}, "verify", "missing"),
        ({}, {"body": b"{"}, "read", "json"),
    ],
)
async def test_a_refused_request_tells_step_and_reason(
    hub: LiveHub, source: dict[str, Any], spoil: dict[str, Any], step: str, word: str
) -> None:
    workflow = await hub.workflow(source=source)
    url = workflow["source"]["urls"]["tracecat"] + spoil.get("url", "")
    answer = await hub.send("POST", url, spoil.get("body", b"{}"))
    [one] = await listed(hub, workflow, "&state=refused")
    assert (one["id"], one["status"]) == (answer.headers["X-Request-Id"], answer.status)
    assert (one["state"], one["step"]) == ("refused", step)
    assert word in one["reason"]
    assert word not in answer.body.decode() or step == "read"
    assert (await hub.api("POST", f"/api/requests/{one['id']}/replay")).status == 409


async def test_a_large_refused_body_is_kept_in_part(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET})
    await hub.send("POST", workflow["source"]["urls"]["tracecat"], b"[" + b" " * 50_000 + b"]")
    [one] = await listed(hub, workflow)
    kept = await read(hub, one["id"])
    assert (kept["size"], len(base64.b64decode(kept["body_base64"])), kept["truncated"]) == (50_002, 16_384, True)
    assert (await hub.api("POST", "/api/verify", {"request": one["id"]})).status == 422


async def test_a_flood_of_refusals_is_capped(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    url = workflow["source"]["urls"]["tracecat"]
    for _ in range(130):
        assert (await hub.post(url + "x", {})).status == 401
    assert len(await listed(hub, workflow, "&limit=200")) <= 110


async def test_pages_go_on_from_the_cursor(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    for number in range(5):
        await hub.post(workflow["source"]["urls"]["tracecat"], {"n": number})
    path = f"/api/requests?source={workflow['source']['id']}&limit=2"
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await hub.api("GET", f"{path}&cursor={cursor}")).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 5
    assert (await hub.api("GET", f"{path}&cursor=nonsense")).status == 422
    assert (await hub.api("GET", f"{path}&state=nonsense")).status == 422


async def test_a_replay_is_a_new_request_linked_to_the_first(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET})
    body = b'{"n": 1}'
    await hub.send(
        "POST", workflow["source"]["urls"]["flowtrux"] + "?a=1", body, headers={"X-Webhook-Signature": signature(body)}
    )
    [first] = await listed(hub, workflow)
    answer = await hub.api("POST", f"/api/requests/{first['id']}/replay")
    assert answer.status == 202
    again = await read(hub, answer.json()["id"])
    assert (again["replay_of"], again["state"]) == (first["id"], "accepted")
    assert again["secret"] == first["secret"]
    original = (await read(hub, first["id"]))["executions"][0]["id"]
    execution = await hub.finished(answer.json()["executions"][0]["id"])
    assert (execution["kind"], execution["replay_of"]) == ("replay", original)
    assert execution["result"] == {"n": 1, "_query": {"a": "1"}}


async def test_a_replay_inherits_the_verdict_and_takes_the_version_of_now(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    await hub.post(workflow["source"]["urls"]["tracecat"], {"n": 1})
    [first] = await listed(hub, workflow)
    source = f"/api/sources/{workflow['source']['id']}"
    await hub.api("PATCH", source, {"hmac_secret": SECRET, "enabled": False})
    nodes = [{"id": "new", "action": "transform", "with": {"value": "second version"}}]
    await hub.api("PATCH", f"/api/workflows/{workflow['id']}", {"nodes": nodes, "published": True})
    answer = await hub.api("POST", f"/api/requests/{first['id']}/replay")
    execution = await hub.finished(answer.json()["executions"][0]["id"])
    assert (execution["result"], execution["version"]) == ("second version", 2)


async def test_every_line_of_a_batch_is_linked_to_its_own_execution(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    headers = {"Content-Type": "application/x-ndjson"}
    sent = await hub.send("POST", workflow["source"]["urls"]["tracecat"], b'{"n":1}\n{"n":2}\n', headers=headers)
    originals = [one.rpartition("/")[2] for one in sent.json()["executions"]]
    [first] = await listed(hub, workflow)
    answer = (await hub.api("POST", f"/api/requests/{first['id']}/replay")).json()
    runs = [await hub.finished(one["id"]) for one in answer["executions"]]
    assert [(run["result"]["n"], run["replay_of"]) for run in runs] == [(1, originals[0]), (2, originals[1])]


async def test_many_replays_are_a_job_with_progress(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    for number in range(12):
        await hub.post(workflow["source"]["urls"]["tracecat"], {"n": number})
    await hub.post(workflow["source"]["urls"]["tracecat"] + "x", {})
    body = {"source": workflow["source"]["id"], "since": "2020-01-01T00:00:00Z"}
    answer = await hub.api("POST", "/api/requests/replay", body)
    assert (answer.status, answer.json()["kind"]) == (202, "replay")
    await hub.services.jobs.settled()
    job = (await hub.api("GET", f"/api/jobs/{answer.json()['id']}")).json()
    assert (job["state"], job["total"], job["done"], job["failed"]) == ("done", 12, 12, 0)
    items = (await hub.api("GET", f"/api/executions?workflow={workflow['id']}&limit=200")).json()["items"]
    replays = [await hub.finished(one["id"]) for one in items if one["kind"] == "replay"]
    assert [one["result"]["n"] for one in replays][::-1] == list(range(12))
    again = await hub.api("POST", "/api/requests/replay", body)
    await hub.services.jobs.settled()
    assert (await hub.api("GET", f"/api/jobs/{again.json()['id']}")).json()["total"] == 12
    assert (await hub.api("POST", f"/api/jobs/{job['id']}/cancel")).status == 409


async def test_a_job_of_replays_can_be_cancelled(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    for number in range(30):
        await hub.post(workflow["source"]["urls"]["tracecat"], {"n": number})
    body = {"source": workflow["source"]["id"], "since": "2020-01-01T00:00:00Z"}
    job = (await hub.api("POST", "/api/requests/replay", body)).json()
    cancelled = await hub.api("POST", f"/api/jobs/{job['id']}/cancel")
    assert cancelled.status == 200
    assert cancelled.json()["state"] == "cancelled"
    assert cancelled.json()["done"] < 30


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/since"),
        ({"since": "yesterday"}, "/since"),
        ({"since": "2020-01-01T00:00:00Z", "until": "2019-01-01T00:00:00Z"}, "/since"),
        ({"since": "2020-01-01T00:00:00Z", "state": "refused"}, "/state"),
    ],
)
async def test_a_span_that_makes_no_sense_is_refused(hub: LiveHub, body: dict[str, Any], pointer: str) -> None:
    answer = await hub.api("POST", "/api/requests/replay", body)
    assert answer.status == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def explained(hub: LiveHub, **fields: Any) -> dict[str, Any]:
    answer = await hub.api("POST", "/api/verify", fields)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def failing(said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in said["steps"] if one["result"] == "fail")
    return found


BODY = b'{"b": 1, "a": "\xc3\xa4"}'


@pytest.mark.parametrize(
    ("headers", "body", "hint"),
    [
        ({}, BODY, None),
        ({"X-Webhook-Signature": "0" * 64}, BODY, None),
        ({"X-Webhook-Signature": signature(BODY).upper()}, BODY, "lower case"),
        ({"X-Webhook-Signature": "sha256=" + signature(BODY)}, BODY, "prefix sha256="),
        ({"X-Webhook-Signature": base64.b64encode(bytes.fromhex(signature(BODY))).decode()}, BODY, "base64"),
        ({"X-Webhook-Signature": signature(BODY)}, BODY + b"\n", "line break at its end"),
        ({"X-Webhook-Signature": signature(b'{"b":1,"a":"\xc3\xa4"}')}, BODY, "wrote it again"),
        ({"X-Webhook-Signature": signature(BODY, "old-evidence-secret")}, BODY, "expired"),
    ],
)
async def test_verify_says_why_a_signature_fails(
    hub: LiveHub, headers: dict[str, str], body: bytes, hint: str | None
) -> None:
    workflow = await hub.workflow(source={"hmac_secret": "old-evidence-secret"})
    path = f"/api/sources/{workflow['source']['id']}/secrets"
    await hub.api("POST", path, {"slot": "hmac", "secret": SECRET, "overlap_seconds": 0})
    answer = await hub.api(
        "POST",
        "/api/verify",
        {"source": workflow["source"]["id"], "method": "POST", "headers": headers, "body": body.decode()},
    )
    said = answer.json()
    assert said["verdict"] == "fail"
    assert (failing(said)["step"], failing(said)["check"]) == ("verify", "hmac")
    assert hint is None or any(hint in one for one in failing(said)["hints"]), failing(said)
    shown = answer.body.decode()
    for hidden in (SECRET, "old-evidence-secret", signature(body)):
        assert hidden not in shown
    assert (await listed(hub, workflow)) == []


async def test_verify_passes_what_would_pass(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET})
    said = await explained(
        hub,
        source=workflow["source"]["id"],
        url=workflow["source"]["urls"]["tracecat"],
        headers={"x-webhook-signature": signature(BODY)},
        body=BODY.decode(),
    )
    assert said["verdict"] == "pass"
    assert said["events"] == [{"type": "webhook", "id": None}]
    assert workflow["source"]["secret"] not in json.dumps(said)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"url": "{url}x"}, "url_secret"),
        ({"url": "/api/webhook/default/{id}?key=wrong"}, "url_secret"),
        ({"method": "PUT"}, "method"),
        ({"client": "198.51.100.1"}, "allowlist"),
        ({"body": "{"}, "body"),
    ],
)
async def test_verify_names_the_check_that_fails(hub: LiveHub, change: dict[str, str], check: str) -> None:
    workflow = await hub.workflow(source={"allowlist": ["203.0.113.0/24"], "shared_key": "k" * 16})
    url = workflow["source"]["urls"]["tracecat"]
    fields = {"client": "203.0.113.1", "body": "{}", "url": url + "?key=" + "k" * 16} | {
        name: value.format(url=url, id=workflow["id"]) if name == "url" else value for name, value in change.items()
    }
    said = await explained(hub, source=workflow["source"]["id"], **fields)
    assert failing(said)["check"] == check


async def test_verify_explains_a_kept_request(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET})
    url = workflow["source"]["urls"]["flowtrux"]
    await hub.send("POST", url, b"{}", headers={"X-Webhook-Signature": signature(b"{}")})
    await hub.send("POST", url, b"{}", headers={"X-Webhook-Signature": signature(b"{ }")})
    bad, good = await listed(hub, workflow)
    assert (await explained(hub, request=good["id"]))["verdict"] == "pass"
    assert (await explained(hub, request=bad["id"]))["verdict"] == "fail"


async def test_verify_asks_the_vendors_scheme_and_tells_of_its_window(hub: LiveHub) -> None:
    source = (
        await hub.api("POST", "/api/sources", {"vendor": "slack", "open": True, "signing_secrets": ["slack-signing"]})
    ).json()
    body, stamp = '{"type":"event_callback"}', "1700000000"
    mac = hmac.new(b"slack-signing", f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"}
    said = await explained(hub, source=source["id"], headers=headers, body=body)
    assert failing(said)["check"] == "signature"
    assert any("2023-11-14" in one for one in failing(said)["hints"]), failing(said)
    then = await explained(hub, source=source["id"], headers=headers, body=body, received="2023-11-14T22:13:30Z")
    assert not any(one["check"] == "signature" and one["result"] == "fail" for one in then["steps"])


async def test_report_only_accepts_and_notes_what_would_be_refused(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": SECRET, "verification": "report"})
    url = workflow["source"]["urls"]["tracecat"]
    assert (await hub.send("POST", url, b"{}")).status == 200
    assert (await hub.send("POST", url, b"{}", headers={"X-Webhook-Signature": signature(b"{}")})).status == 200
    signed, unsigned = await listed(hub, workflow)
    assert signed["reason"] == ""
    assert unsigned["reason"].startswith("report only, would be refused")
    assert (await hub.post(url + "x", {})).status == 401
    assert (await hub.send("POST", workflow["source"]["urls"]["flowtrux"], b"{}")).status == 401
