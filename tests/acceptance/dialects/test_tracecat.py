"""Tracecat's facts (docs/reference/wire.md), row by row, over real HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.testing.live import LiveHub


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


UNAUTHORIZED = {"detail": "Unauthorized webhook request"}


def _url(workflow: dict[str, Any], suffix: str = "") -> str:
    return str(workflow["source"]["urls"]["tracecat"]) + suffix


async def test_default_reply_names_workflow_and_execution(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    answer = await hub.post(_url(workflow), {"alert_id": "A-1"})
    body = answer.json()
    assert answer.status == 200
    assert set(body) == {"message", "wf_id", "wf_exec_id"}
    assert body["message"] == "Workflow execution created"
    assert body["wf_id"] == workflow["id"]
    assert re.fullmatch(r"wf_[0-9a-zA-Z]{22}/exec_[0-9a-zA-Z]{22}", body["wf_exec_id"])
    assert answer.headers["X-Request-Id"].startswith("req_")
    assert answer.headers["Content-Type"] == "application/json"
    assert (await hub.finished(body["wf_exec_id"]))["result"] == {"alert_id": "A-1"}


@pytest.mark.parametrize(
    ("media_type", "body", "trigger"),
    [
        ("application/json", b"", None),
        ("application/json", b"null", None),
        ("", b'{"a": [1, 2]}', {"a": [1, 2]}),
        ("text/plain", b"[1]", [1]),
        ("application/json", b"\xef\xbb\xbf1", 1),
        ("application/json", b'{"n": 123456789012345678901234567890}', {"n": 123456789012345678901234567890}),
        ("application/json", b'{"a": 1, "a": 2}', {"a": 2}),
        ("Application/X-WWW-Form-Urlencoded; charset=utf-8", b"a=1&b=&c=x+y", {"a": "1", "b": "", "c": "x y"}),
        ("application/x-www-form-urlencoded", b"tag=a&tag=b&tag=c", {"tag": ["a", "b", "c"]}),
    ],
)
async def test_body_becomes_trigger(hub: LiveHub, media_type: str, body: bytes, trigger: Any) -> None:
    workflow = await hub.workflow()
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await hub.send("POST", _url(workflow), body, headers=headers)
    assert answer.status == 200
    assert (await hub.finished(answer.json()["wf_exec_id"]))["result"] == trigger


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonlines", "application/JSONL"])
async def test_ndjson_starts_one_execution_per_line(hub: LiveHub, media_type: str) -> None:
    workflow = await hub.workflow()
    answer = await hub.send(
        "POST", _url(workflow), b'{"n":1}\r\n\n  \n{"n":2}\n{"n":3}', headers={"Content-Type": media_type}
    )
    body = answer.json()
    assert len(body["executions"]) == 3
    assert body["wf_exec_id"] == body["executions"][-1]
    results = [(await hub.finished(one))["result"] for one in body["executions"]]
    assert results == [{"n": 1}, {"n": 2}, {"n": 3}]


@pytest.mark.parametrize(
    ("media_type", "body", "detail"),
    [
        ("application/json", b"{", "Invalid json payload"),
        ("application/json", b"\xff", "Invalid json payload"),
        ("application/json", b"NaN", "Invalid json payload"),
        ("application/json", b'{"n":1e400}', "Invalid json payload"),
        ("application/json", b"[" * 100_000, "Invalid json payload"),
        ("application/x-ndjson", b'{"n":1}\n{bad\n{"n":3}', "Invalid ndjson payload"),
        ("application/x-www-form-urlencoded", b"a=\xff\xfe", "Invalid form data payload"),
        ("application/x-www-form-urlencoded", b"a=%FF", "Invalid form data payload"),
        ("multipart/form-data", b"no boundary", "Invalid form data payload"),
    ],
)
async def test_bad_body_is_refused_and_starts_nothing(hub: LiveHub, media_type: str, body: bytes, detail: str) -> None:
    workflow = await hub.workflow()
    answer = await hub.send("POST", _url(workflow), body, headers={"Content-Type": media_type})
    assert (answer.status, answer.json()) == (400, {"detail": detail})
    assert (await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"] == []


@pytest.mark.parametrize(
    "spoil", [lambda url: url + "x", lambda url: url[:-1], lambda url: url.rpartition("/")[0] + "/wrong"]
)
async def test_wrong_secret_is_unauthorized(hub: LiveHub, spoil: Any) -> None:
    answer = await hub.post(spoil(_url(await hub.workflow())), {})
    assert (answer.status, answer.json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    "workflow", ["wf_4itKqkgCZrLhgYiq5L211X", "8d3885a9-6470-4ee0-9d4d-d507cc97393d", "nonsense", "%00"]
)
async def test_unknown_workflow_looks_like_a_wrong_secret(hub: LiveHub, workflow: str) -> None:
    answer = await hub.post(f"/webhooks/{workflow}/secret", {})
    assert (answer.status, answer.json()) == (401, UNAUTHORIZED)


async def test_nothing_in_the_answer_tells_an_unknown_workflow_from_a_wrong_secret(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"enabled": False, "methods": ["PUT"], "hmac_secret": "h" * 20})
    answers = [await hub.post(url, {}) for url in ("/webhooks/wf_4itKqkgCZrLhgYiq5L211X/secret", _url(workflow) + "x")]
    told = [(answer.status, answer.body, sorted(set(answer.headers) - {"X-Request-Id", "Date"})) for answer in answers]
    assert told[0] == told[1]


async def test_workflow_may_be_named_by_uuid(hub: LiveHub) -> None:
    import uuid

    from hub.model.ids import read_id

    workflow = await hub.workflow()
    raw = read_id("wf", workflow["id"])
    assert raw is not None
    answer = await hub.post(_url(workflow).replace(workflow["id"], str(uuid.UUID(bytes=raw))), {})
    assert answer.status == 200


async def test_disabled_source_is_offline(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"enabled": False})
    answer = await hub.post(_url(workflow), {})
    assert (answer.status, answer.json()) == (400, {"detail": "Webhook is offline"})


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_method_outside_the_list_is_not_allowed(hub: LiveHub, method: str) -> None:
    answer = await hub.send(method, _url(await hub.workflow()))
    assert (answer.status, answer.json()) == (405, {"detail": "Request method not allowed"})


async def test_get_is_accepted_where_the_source_lists_it(hub: LiveHub) -> None:
    answer = await hub.send("GET", _url(await hub.workflow(source={"methods": ["GET"]})))
    assert answer.status == 200


async def test_address_outside_the_allowlist_is_unauthorized(hub: LiveHub) -> None:
    answer = await hub.post(_url(await hub.workflow(source={"allowlist": ["203.0.113.0/24"]})), {})
    assert (answer.status, answer.json()) == (403, UNAUTHORIZED)
    inside = await hub.post(_url(await hub.workflow(source={"allowlist": ["127.0.0.0/8"]})), {})
    assert inside.status == 200


async def test_unpublished_workflow_has_no_definition(hub: LiveHub) -> None:
    answer = await hub.post(_url(await hub.workflow(published=False)), {})
    assert answer.status == 404
    assert answer.json()["detail"].startswith("No workflow definition found")


async def test_checks_come_in_the_published_order(hub: LiveHub) -> None:
    """Unknown before offline, offline before method, method before address, address before publication, body last."""
    source: dict[str, Any] = {"enabled": False, "allowlist": ["203.0.113.0/24"]}
    workflow = await hub.workflow(source=source, published=False)
    assert (await hub.send("GET", _url(workflow, "x"), b"{")).status == 401
    assert (await hub.send("GET", _url(workflow), b"{")).status == 400
    path = f"/api/sources/{workflow['source']['id']}"
    await hub.api("PATCH", path, {"enabled": True})
    assert (await hub.send("GET", _url(workflow), b"{")).status == 405
    assert (await hub.send("POST", _url(workflow), b"{")).status == 403
    await hub.api("PATCH", path, {"allowlist": []})
    assert (await hub.send("POST", _url(workflow), b"{")).status == 404
    await hub.api("POST", f"/api/workflows/{workflow['id']}/publish")
    assert (await hub.send("POST", _url(workflow, "?vendor=nobody"), b"{")).json() == {"detail": "Invalid json payload"}
    answer = await hub.send("POST", _url(workflow, "?vendor=nobody"), b"{}")
    assert answer.status == 400
    assert answer.json()["detail"].startswith("Unsupported vendor: nobody. ")


async def test_echo_adds_the_parsed_body(hub: LiveHub) -> None:
    answer = await hub.post(_url(await hub.workflow(), "?echo=true"), {"challenge": "c"})
    body = answer.json()
    assert body["payload"] == {"challenge": "c"}
    assert body["wf_exec_id"]


async def test_empty_echo_answers_nothing(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    answer = await hub.post(_url(workflow, "?echo=true&empty_echo=true"), {"a": 1})
    assert (answer.status, answer.body) == (200, b"")
    assert len((await hub.api("GET", f"/api/executions?workflow={workflow['id']}")).json()["items"]) == 1


async def test_body_over_the_cap_is_refused_while_it_streams(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"max_body_bytes": 100})
    answer = await hub.send("POST", _url(workflow), b"[" + b" " * 200 + b"]")
    assert answer.status == 413

    async def chunks() -> Any:
        yield b"["
        yield b" " * 200
        yield b"]"

    async with hub.session.post(_url(workflow), data=chunks()) as streamed:
        assert streamed.status == 413


async def test_wait_answers_the_result(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    answer = await hub.post(_url(workflow, "/wait"), {"status": "ok"})
    assert (answer.status, answer.json()) == (200, {"kind": "value", "value": {"status": "ok"}})
    unwrapped = await hub.post(_url(workflow, "/wait?unwrap=true"), {"status": "ok"})
    assert (unwrapped.status, unwrapped.json()) == (200, {"status": "ok"})


async def test_wait_gives_a_link_to_a_large_result(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"max_body_bytes": 1_000_000})
    value = {"text": "x" * 200_000}
    answer = (await hub.post(_url(workflow, "/wait"), value)).json()
    assert answer["kind"] == "download_file"
    assert answer["expires_in_seconds"] == 10
    assert answer["content_type"] == "application/json"
    download = await hub.send("GET", answer["download_url"])
    assert download.json() == value
    assert answer["size_bytes"] == len(download.body)
    assert download.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in download.headers["Content-Security-Policy"]
    forged = answer["download_url"][:-2] + ("AA" if not answer["download_url"].endswith("AA") else "BB")
    assert (await hub.send("GET", forged)).status == 403
    too_large = await hub.post(_url(workflow, "/wait?unwrap=true"), value)
    assert too_large.status == 413
    assert too_large.json()["detail"]["kind"] == "download_file"
    collection = await hub.post(_url(workflow, "/wait"), ["x" * 1000] * 200)
    assert collection.json()["kind"] == "download_export"


async def test_wait_tells_of_a_failure(hub: LiveHub) -> None:
    nodes = [{"id": "stop", "action": "fail", "with": {"message": "no such luck"}}]
    answer = await hub.post(_url(await hub.workflow(nodes), "/wait"), {})
    detail = answer.json()["detail"]
    assert answer.status == 500
    assert detail["node"] == "stop"
    assert "no such luck" in detail["error"]
    assert detail["wf_exec_id"].startswith("wf_")


async def test_draft_runs_the_unpublished_draft(hub: LiveHub) -> None:
    workflow = await hub.workflow(published=False)
    answer = await hub.post(_url(workflow, "/draft"), {"draft": True})
    assert answer.status == 200
    assert (await hub.finished(answer.json()["wf_exec_id"]))["result"] == {"draft": True}
