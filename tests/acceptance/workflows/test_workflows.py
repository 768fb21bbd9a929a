"""Workflows over the management API: definitions, versions, runs by hand."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing.live import ADMIN_KEY, LiveHub

ECHO = {"id": "echo", "action": "transform", "with": {"value": "{{ TRIGGER }}"}}


@pytest.fixture
def hub(shared: LiveHub) -> LiveHub:
    """The shared hub: each test makes its own workflows in it."""
    return shared


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"nodes": [{**ECHO, "needs": ["echo"]}]}, "/nodes/0/needs"),
        ({"nodes": [{**ECHO, "needs": ["gone"]}]}, "/nodes/0/needs/0"),
        ({"nodes": [{**ECHO, "action": "transfrom"}]}, "/nodes/0/action"),
        ({"nodes": [ECHO, ECHO]}, "/nodes/1/id"),
        ({"nodes": [{**ECHO, "with": {"value": "{{ TRIGGER. }}"}}]}, "/nodes/0/with/value"),
        ({"nodes": [{**ECHO, "with": {"value": "{{ 9 ** 9 ** 9 }}"}}]}, "/nodes/0/with/value"),
        ({"nodes": [{"id": "wait", "action": "sleep", "with": {"seconds": "soon"}}]}, "/nodes/0/with/seconds"),
        ({"nodes": [ECHO], "source": {"response": {"mode": "specificNode", "node": "gone"}}}, "/source/response/node"),
        ({"nodes": [ECHO], "source": {"vendor": "nobody"}}, "/source/vendor"),
        ({"nodes": [ECHO], "source": {"allowlist": ["here"]}}, "/source/allowlist"),
        ({"nodes": [ECHO], "published": "yes"}, "/published"),
        ({}, "/nodes"),
        ({"nodes": {}}, "/nodes"),
        ({"nodes": [1]}, "/nodes/0"),
    ],
)
async def test_what_can_never_work_is_refused_with_a_pointer(
    hub: LiveHub, fields: dict[str, Any], pointer: str
) -> None:
    answer = await hub.api("POST", "/api/workflows", {"name": "bad", **fields})
    problem = answer.json()
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert problem["request_id"].startswith("req_")
    assert any(one["pointer"].startswith(pointer) and one["message"] for one in problem["errors"]), problem
    assert not any(word in str(problem["errors"]) for word in ("tuple", "dictionary", "instance", "Value error"))


async def test_definition_may_be_yaml(hub: LiveHub) -> None:
    text = b"name: from yaml\nnodes:\n- id: echo\n  action: transform\n  with: {value: '{{ TRIGGER.a }}'}\n"
    headers = {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/yaml"}
    created = (await hub.send("POST", "/api/workflows", text, headers=headers)).json()
    waited = await hub.post(created["source"]["urls"]["tracecat_wait"], {"a": [1]})
    assert waited.json()["value"] == [1]


async def test_published_versions_do_not_change(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    path = f"/api/workflows/{workflow['id']}"
    changed = [{**ECHO, "with": {"value": "second"}}]
    draft = (await hub.api("PATCH", path, {"nodes": changed})).json()
    assert (draft["version"], draft["nodes"][0]["with"]) == (1, {"value": "second"})
    url = workflow["source"]["urls"]["tracecat_wait"]
    assert (await hub.post(url, "first")).json()["value"] == "first"
    assert (await hub.api("POST", f"{path}/publish")).json()["version"] == 2
    assert (await hub.post(url, "first")).json()["value"] == "second"
    versions = (await hub.api("GET", f"{path}/versions")).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]
    changes = (await hub.api("GET", f"{path}/diff?from=1&to=2")).json()["changes"]
    assert [one["pointer"] for one in changes] == ["/nodes/echo/with/value"]
    assert changes[0]["after"] == "second"


async def test_if_match_guards_a_change(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    path = f"/api/workflows/{workflow['id']}"
    etag = (await hub.api("GET", path)).headers["ETag"]
    assert (await hub.api("PATCH", path, {"name": "one"}, headers={"If-Match": etag})).status == 200
    assert (await hub.api("PATCH", path, {"name": "two"}, headers={"If-Match": etag})).status == 412


async def test_a_change_replaces_the_source_as_a_whole_and_keeps_its_secrets(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"name": "one", "methods": ["GET", "POST"], "hmac_secret": "h" * 20})
    path, flowtrux = f"/api/workflows/{workflow['id']}", workflow["source"]["urls"]["flowtrux"]
    changed = (await hub.api("PATCH", path, {"source": {"name": "two", "shared_key": "k" * 20}})).json()["source"]
    assert (changed["id"], changed["name"], changed["methods"]) == (workflow["source"]["id"], "two", ["POST"])
    assert {one["slot"] for one in changed["credentials"]} == {"url", "hmac", "shared_key"}
    assert (await hub.post(flowtrux, {})).status == 401
    assert (await hub.api("PATCH", path, {"source": {"enabled": False}})).json()["source"]["enabled"] is False
    assert (await hub.post(workflow["source"]["urls"]["tracecat"], {})).json() == {"detail": "Webhook is offline"}


@pytest.mark.parametrize(
    ("source", "pointer"),
    [
        ({"allowlist": ["::1"]}, "/source/allowlist/0"),
        ({"vendor": "nobody"}, "/source/vendor"),
        ({"response": {"mode": "specificNode", "node": "gone"}}, "/source/response/node"),
        ("here", "/source"),
    ],
)
async def test_a_source_that_cannot_be_is_refused_and_changes_nothing(hub: LiveHub, source: Any, pointer: str) -> None:
    path = f"/api/workflows/{(await hub.workflow())['id']}"
    before = (await hub.api("GET", path)).json()
    answer = await hub.api("PATCH", path, {"name": "changed", "source": source})
    assert (answer.status, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer])
    assert (await hub.api("GET", path)).json() == before


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/versions/99999999999999999999", {}, 404),
        ("GET", "/versions/one", {}, 404),
        ("GET", "/diff?from=99999999999999999999", {}, 422),
        ("PATCH", "", {"If-Match": '"' + "9" * 5000 + '"'}, 412),
    ],
)
async def test_numbers_that_nothing_can_have_name_nothing(
    hub: LiveHub, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    workflow = await hub.workflow()
    answer = await hub.api(method, f"/api/workflows/{workflow['id']}{path}", headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")


async def test_workflow_runs_by_hand(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    answer = await hub.api("POST", f"/api/workflows/{workflow['id']}/run", {"data": {"by": "hand"}})
    assert answer.status == 202
    finished = await hub.finished(answer.json()["id"])
    assert (finished["kind"], finished["state"], finished["result"]) == ("manual", "succeeded", {"by": "hand"})
    unpublished = await hub.workflow(published=False)
    assert (await hub.api("POST", f"/api/workflows/{unpublished['id']}/run", {})).status == 409


async def test_actions_show_the_schema_of_their_settings(hub: LiveHub) -> None:
    items = {one["name"]: one for one in (await hub.api("GET", "/api/actions")).json()["items"]}
    assert {"transform", "http.request", "publish", "workflow.run", "sleep", "fail", "respond"} <= items.keys()
    assert "github.comment" in items
    assert items["http.request"]["input"]["properties"]["url"]


async def test_deleted_workflow_is_unknown_to_senders(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    assert (await hub.api("DELETE", f"/api/workflows/{workflow['id']}")).status == 204
    assert (await hub.post(workflow["source"]["urls"]["tracecat"], {})).status == 401
    assert (await hub.api("GET", f"/api/workflows/{workflow['id']}")).status == 404
