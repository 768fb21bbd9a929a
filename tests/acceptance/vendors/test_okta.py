"""Okta against a running hub: verification, deliveries, duplicates."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.testing.live import LiveHub
from tests.acceptance.okta import SECRET, delivery, okta_source

AUTHORIZED = {"Authorization": SECRET}


def _url(workflow: dict[str, Any], suffix: str = "") -> str:
    return str(workflow["source"]["urls"]["tracecat"]) + suffix


async def _executions(hub: LiveHub, workflow: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await hub.api("GET", f"/api/executions?workflow={workflow['id']}&limit=200")
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_one_time_verification_is_answered_and_starts_nothing(hub: LiveHub) -> None:
    workflow = await hub.workflow(source=okta_source())
    answer = await hub.send("GET", _url(workflow), headers={"X-Okta-Verification-Challenge": "abc"})
    assert (answer.status, answer.json()) == (200, {"verification": "abc"})
    assert await _executions(hub, workflow) == []


async def test_source_bound_to_none_lends_the_challenge_only(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    url = _url(workflow, "?vendor=okta")
    answer = await hub.send("GET", url, headers={"X-Okta-Verification-Challenge": "abc"})
    assert (answer.status, answer.json()) == (200, {"verification": "abc"})
    assert (await hub.send("GET", url)).status == 405
    assert (await hub.post(url, {"a": 1})).status == 200
    assert len(await _executions(hub, workflow)) == 1


async def test_delivery_runs_the_workflow_once_per_event(hub: LiveHub) -> None:
    nodes = [
        {"id": "who", "action": "transform", "with": {"value": "{{ TRIGGER.actor.displayName }}: {{ trigger.type }}"}}
    ]
    workflow = await hub.workflow(nodes, source=okta_source())
    answer = await hub.post(_url(workflow), delivery("u1", "u2"), headers=AUTHORIZED)
    assert answer.status == 200
    executions = answer.json()["executions"]
    assert [(await hub.finished(one))["result"] for one in executions] == ["Ada: user.session.start"] * 2


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "wrong"}, {"Authorization": ""}, {"Authorization": SECRET + " "[:0] + "x"}]
)
async def test_delivery_without_the_secret_is_refused_and_kept(hub: LiveHub, headers: dict[str, str]) -> None:
    workflow = await hub.workflow(source=okta_source())
    answer = await hub.post(_url(workflow), delivery("u1"), headers=headers)
    assert (answer.status, answer.json()) == (401, {"detail": "Unauthorized webhook request"})
    assert await _executions(hub, workflow) == []


async def test_source_without_a_live_secret_refuses_everything(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"vendor": "okta"})
    assert (await hub.post(_url(workflow), delivery("u1"), headers={"Authorization": ""})).status == 401


async def test_duplicate_is_answered_with_the_first_execution(hub: LiveHub) -> None:
    workflow = await hub.workflow(source=okta_source())
    first = (await hub.post(_url(workflow), delivery("u1"), headers=AUTHORIZED)).json()
    again = (await hub.post(_url(workflow), delivery("u1"), headers=AUTHORIZED)).json()
    assert again == first
    waited = await hub.post(_url(workflow, "/wait"), delivery("u1"), headers=AUTHORIZED)
    assert waited.json()["value"]["uuid"] == "u1"
    assert len(await _executions(hub, workflow)) == 1


async def test_duplicates_at_the_same_moment_start_one_execution(hub: LiveHub) -> None:
    workflow = await hub.workflow(source=okta_source())
    answers = await asyncio.gather(*(hub.post(_url(workflow), delivery("u1"), headers=AUTHORIZED) for _ in range(20)))
    assert {answer.json()["wf_exec_id"] for answer in answers} == {answers[0].json()["wf_exec_id"]}
    assert len(await _executions(hub, workflow)) == 1


async def test_same_event_on_two_sources_is_two_events(hub: LiveHub) -> None:
    one = await hub.workflow(source=okta_source())
    two = await hub.workflow(source=okta_source())
    for workflow in (one, two):
        await hub.post(_url(workflow), delivery("u1"), headers=AUTHORIZED)
        assert len(await _executions(hub, workflow)) == 1


async def test_challenge_shaped_request_to_an_unbound_source_is_an_ordinary_one(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"methods": ["GET", "POST"]})
    answer = await hub.send("GET", _url(workflow), headers={"X-Okta-Verification-Challenge": "abc"})
    assert answer.json()["message"] == "Workflow execution created"


async def test_disabled_plugin_answers_503_and_comes_back(hub: LiveHub) -> None:
    workflow = await hub.workflow(source=okta_source())
    await hub.api("POST", "/api/plugins/okta/disable")
    answer = await hub.post(_url(workflow), delivery("u1"), headers=AUTHORIZED)
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    await hub.api("POST", "/api/plugins/okta/enable")
    assert (await hub.post(_url(workflow), delivery("u1"), headers=AUTHORIZED)).status == 200


INLINE = {
    "eventType": "com.okta.oauth2.tokens.transform",
    "source": "https://example.okta.com/api/v1/inlineHooks/cal1",
    "data": {"access": {"claims": {"sub": "ada@example.com"}}},
}


async def test_an_inline_hook_is_answered_with_the_commands_of_a_workflow(hub: LiveHub) -> None:
    command = {"type": "com.okta.access.patch", "value": [{"op": "add", "path": "/claims/who", "value": "who"}]}
    nodes = [
        {"id": "say", "action": "respond", "with": {"status": 200, "body": {"commands": [command]}}},
        {"id": "later", "action": "transform", "needs": ["say"], "with": {"value": "{{ trigger.type }}"}},
    ]
    workflow = await hub.workflow(nodes, source=okta_source())
    answer = await hub.post(_url(workflow), INLINE | {"eventId": "call-1"}, headers=AUTHORIZED)
    assert (answer.status, answer.json()) == (200, {"commands": [command]})
    [execution] = await _executions(hub, workflow)
    finished = await hub.finished(execution["id"])
    assert finished["result"] == "okta.inline.com.okta.oauth2.tokens.transform"


async def test_an_inline_hook_without_commands_gets_an_empty_204(hub: LiveHub) -> None:
    workflow = await hub.workflow(source=okta_source())
    for _ in range(2):
        answer = await hub.post(_url(workflow), INLINE | {"eventId": "call-1"}, headers=AUTHORIZED)
        assert (answer.status, answer.body) == (204, b"")
    assert len(await _executions(hub, workflow)) == 1
    assert (await hub.post(_url(workflow), INLINE, headers={"Authorization": "wrong"})).status == 401
