"""Every route of the API: who may call it, and that no org learns anything of another one.

The routes are those of the running application, so that a new one is tested, or fails here, by itself. What each role
may do is said in `role_matrix`, and not read from the application.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from werkzeug.routing import Rule

from hub.model.ids import new_id, short_id, write_id
from hub.testing.live import ADMIN_KEY, HubResponse, LiveHub
from tests.acceptance.settling import written
from tests.acceptance.sources.role_matrix import PUBLIC, ROLES, STATUSES

OWN_NAMES = {"connections.put"}
"""Routes whose name in the path belongs to the caller's own org."""
OF_ALL = {"vendors.show"}
"""Routes to what plugins bring, the same for every org."""
BODIES: dict[str, dict[str, Any]] = {
    "subscriptions.test": {"event": "canary.type"},
    "subscriptions.recover": {"since": "2020-01-01T00:00:00Z"},
    "subscriptions.verify": {"headers": {}, "body": ""},
    "plextrac.test": {"event": "ReportPublished"},
}
"""What a call needs to get as far as the thing it names."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def named(rule: Rule, method: str) -> str:
    """A route as the matrix names it."""
    path = re.sub(r"<(?:[a-z]+:)?([a-z]+)>", r"{\1}", rule.rule)
    return f"{method} {path.removeprefix('/prod')}"


@dataclass
class Orgs:
    """Two orgs: everything there is belongs to the first."""

    hub: LiveHub
    keys: dict[str, str]
    stranger: str
    things: dict[str, str]
    canaries: list[str]

    def routes(self) -> Iterator[tuple[Rule, str]]:
        """Rule and method of every route with a view; the addresses of senders have none."""
        app = self.hub.hub.app
        for rule in app.url_map.iter_rules():
            if rule.endpoint in app.view_functions:
                yield from ((rule, method) for method in sorted(set(rule.methods or ()) & set(METHODS)))

    def private(self) -> Iterator[tuple[Rule, str]]:
        """Those that need a key."""
        return ((rule, method) for rule, method in self.routes() if named(rule, method) not in PUBLIC)

    def path(self, rule: Rule, things: dict[str, str]) -> str:
        """The rule with its parameters filled in."""
        path = rule.rule.replace("<int:number>", "1").replace("<number>", "1")
        for name in rule.arguments - {"number"}:
            path = path.replace(f"<{name}>", things[name])
        return path

    async def call(self, method: str, path: str, key: str | None, body: dict[str, Any] | None = None) -> HubResponse:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        if key == ADMIN_KEY:
            headers["X-Api-Org"] = "alpha"
        sent = b"" if method in {"GET", "DELETE"} else json.dumps(body or {}).encode()
        return await self.hub.send(method, path, sent, headers=headers)


async def _made(hub: LiveHub, path: str, body: Any, key: str, status: int = 201) -> dict[str, Any]:
    answer = await hub.api("POST", path, body, key=key)
    assert answer.status == status, answer.body
    made: dict[str, Any] = answer.json()
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def orgs(shared: LiveHub) -> Orgs:
    hub = shared
    keys: dict[str, dict[str, str]] = {}
    ids: dict[str, str] = {}
    for org in ("alpha", "beta"):
        assert (await hub.api("POST", "/api/orgs", {"name": org})).status == 201
        for role in ROLES[1:]:
            answer = await hub.api(
                "POST", "/api/keys", {"name": f"{org} {role}", "role": role}, headers={"X-Api-Org": org}
            )
            keys.setdefault(org, {})[role] = answer.json()["key"]
            ids[f"{org} {role}"] = answer.json()["id"]
        keys[org]["operator"] = ADMIN_KEY
    key = keys["alpha"]["admin"]
    nodes = [{"id": "canary", "action": "transform", "with": {"value": "canary-value"}}]
    workflow = await _made(hub, "/api/workflows", {"name": "canary-workflow", "nodes": nodes}, key)
    webhook = await _made(hub, "/api/webhooks", {"name": "canary-webhook"}, key, 200)
    await _made(hub, "/api/connections", {"name": "canary_connection", "values": {"token": "canary-token"}}, key)
    await _made(hub, "/api/event-types", {"name": "canary.type", "direction": "out", "schema": {"type": "object"}}, key)
    subscription = await _made(
        hub,
        "/api/subscriptions",
        {"name": "canary-sub", "url": "https://canary.example/", "events": ["canary.type"]},
        key,
    )
    message = await _made(hub, "/api/messages", {"type": "canary.type", "data": {"canary": "canary-data"}}, key, 202)
    plextrac = {
        "clientCuids": [], "name": "canary-plextrac", "url": "https://canary.example/p", "sslVerification": True,
        "events": ["ReportPublished"], "enabled": False, "secret": None,
    }  # fmt: skip
    registered = (await hub.api("POST", "/api/internal/webhooks", plextrac, key=key)).json()
    sent = await hub.post(workflow["source"]["urls"]["tracecat"], {"canary": "canary-body"})
    request = sent.headers["X-Request-Id"]
    form = b'--B\r\nContent-Disposition: form-data; name="f"; filename="canary-file"\r\n\r\ncanary-body\r\n--B--\r\n'
    upload = {"Content-Type": "multipart/form-data; boundary=B"}
    uploaded = (await hub.send("POST", workflow["source"]["urls"]["tracecat"], form, headers=upload)).headers
    file = (await hub.api("GET", f"/api/requests/{uploaded['X-Request-Id']}", key=key)).json()["files"][0]
    await written(hub)
    event = (await hub.api("GET", "/api/events", key=key)).json()["items"][0]
    job = await _made(hub, "/api/requests/replay", {"since": "2020-01-01T00:00:00Z"}, key, 202)
    await hub.services.jobs.settled()
    deliveries = (await hub.api("GET", "/api/deliveries", key=key)).json()["items"]
    secret = (await hub.api("GET", f"/api/subscriptions/{subscription['id']}", key=key)).json()
    things = {
        "workflow": workflow["id"],
        "source": workflow["source"]["id"],
        "n": "1",
        "id": request,
        "event": event["id"],
        "ref": file["ref"],
        "execution": sent.json()["wf_exec_id"].rpartition("/")[2],
        "job": job["id"],
        "key": ids["alpha admin"],
        "webhook": webhook["id"],
        "name": "canary_connection",
        "direction": "out",
        "subscription": subscription["id"],
        "secret": json.dumps(secret).partition("sec_")[2][:22]
        and "sec_" + json.dumps(secret).partition("sec_")[2][:22],
        "message": message["id"],
        "delivery": deliveries[0]["id"],
        "cuid": registered.get("cuid") or registered["data"]["cuid"],
        "token": "forged",
        "vendor": "okta",
    }
    canaries = [value for name, value in things.items() if len(value) >= 16] + [
        "canary-value", "canary-workflow", "canary-webhook", "canary_connection", "canary-token", "canary-sub",
        "canary-data", "canary-plextrac", "canary-body", "canary-file", workflow["source"]["secret"],
    ]  # fmt: skip
    return Orgs(hub, keys["alpha"], keys["beta"]["admin"], things, canaries)


def _unknown(things: dict[str, str]) -> dict[str, str]:
    """Ids of the same form that nobody has."""
    other: dict[str, str] = {}
    for name, value in things.items():
        prefix, _, rest = value.partition("_")
        if len(rest) == 22:
            other[name] = write_id(prefix, new_id())  # type: ignore[arg-type] # a prefix, since a written id has it
        else:
            other[name] = value
    other |= {"webhook": short_id(new_id()), "name": "nobodys_name", "cuid": "c" * len(things["cuid"])}
    return other


def _told(answer: HubResponse, things: dict[str, str]) -> tuple[int, str]:
    """Status and body without ids and the request's own id."""
    text = answer.body.decode()
    for value in sorted(things.values(), key=len, reverse=True):
        if len(value) > 6:
            text = text.replace(value, "ID").replace(value[:60], "ID")
    try:
        body = json.loads(text)
    except ValueError:
        return answer.status, text
    if isinstance(body, dict):
        body.pop("request_id", None)
    return answer.status, json.dumps(body)


async def test_the_matrix_has_a_row_for_every_route(orgs: Orgs) -> None:
    assert {named(rule, method) for rule, method in orgs.routes()} == set(STATUSES) | set(PUBLIC)


async def test_every_parameter_of_every_route_is_known_here(orgs: Orgs) -> None:
    names = {name for rule, _ in orgs.routes() for name in rule.arguments}
    assert names - {"number"} <= set(orgs.things)
    assert all(orgs.things.values())


async def test_nobody_gets_in_without_a_key(orgs: Orgs) -> None:
    for rule, method in orgs.private():
        for key in (None, "wrong", "", orgs.keys["admin"] + "x"):
            answer = await orgs.call(method, orgs.path(rule, orgs.things), key)
            assert answer.status == 401, (method, rule.rule, answer.body)
            assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_is_answered_as_the_matrix_says(orgs: Orgs, role: str) -> None:
    unknown = _unknown(orgs.things)
    for rule, method in orgs.private():
        answer = await orgs.call(method, orgs.path(rule, unknown), orgs.keys[role])
        assert answer.status == STATUSES[named(rule, method)][role], (role, method, rule.rule, answer.body)


async def test_a_route_without_a_key_tells_nothing_of_an_org(orgs: Orgs) -> None:
    unknown = _unknown(orgs.things)
    for rule, method in orgs.routes():
        if named(rule, method) in PUBLIC:
            answer = await orgs.call(method, orgs.path(rule, unknown), None)
            assert answer.status == PUBLIC[named(rule, method)], (method, rule.rule, answer.body)
            assert not [canary for canary in orgs.canaries if canary in answer.body.decode()], rule.rule


async def test_a_strangers_call_is_answered_as_for_an_id_that_nobody_has(orgs: Orgs) -> None:
    unknown = _unknown(orgs.things)
    for rule, method in orgs.private():
        if not rule.arguments or rule.endpoint in OWN_NAMES | OF_ALL:
            continue
        body = BODIES.get(rule.endpoint)
        theirs = await orgs.call(method, orgs.path(rule, orgs.things), orgs.stranger, body)
        nobodys = await orgs.call(method, orgs.path(rule, unknown), orgs.stranger, body)
        assert theirs.status in {403, 404}, (method, rule.rule, theirs.body)
        assert _told(theirs, orgs.things) == _told(nobodys, unknown), (method, rule.rule)


async def test_a_strangers_lists_and_answers_hold_nothing_of_the_other_org(orgs: Orgs) -> None:
    for rule, method in orgs.private():
        if rule.arguments or method != "GET":
            continue
        answer = await orgs.call(method, rule.rule, orgs.stranger)
        assert answer.status in {200, 403, 422}, (rule.rule, answer.body)
        text = answer.body.decode()
        assert not [canary for canary in orgs.canaries if canary in text], rule.rule


async def test_a_stranger_reaches_nothing_by_naming_it_in_a_body_or_query(orgs: Orgs) -> None:
    hub, things = orgs.hub, orgs.things
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/api/verify", {"source": things["source"], "body": "{}"}),
        ("POST", "/api/verify", {"request": things["id"]}),
        ("POST", "/api/requests/replay", {"source": things["source"], "since": "2020-01-01T00:00:00Z"}),
        ("GET", f"/api/requests?source={things['source']}", None),
        ("GET", f"/api/events?source={things['source']}", None),
        ("GET", f"/api/events?request={things['id']}", None),
        ("GET", f"/api/executions?workflow={things['workflow']}", None),
        ("GET", f"/api/sources/{things['source']}/guide", None),
        ("GET", f"/api/deliveries?subscription={things['subscription']}", None),
    ]
    for method, path, body in calls:
        answer = await hub.api(method, path, body, key=orgs.stranger)
        empty = answer.status == 200 and answer.json()["items"] == []
        assert empty or answer.status == 404, (path, answer.body)
    headers = {"X-Api-Org": "alpha"}
    assert (await hub.api("GET", "/api/workflows", key=orgs.stranger, headers=headers)).status == 403


async def test_a_strangers_workflow_does_not_join_the_others_source(orgs: Orgs) -> None:
    hub = orgs.hub
    nodes = [{"id": "a", "action": "transform", "with": {"value": "{{ TRIGGER }}"}}]
    body = {"name": "spy", "nodes": nodes, "triggers": [f"webhookId:{orgs.things['webhook']}"]}
    await hub.api("POST", "/api/workflows", body, key=orgs.stranger)
    answer = await hub.post(f"/api/trigger-webhooks/{orgs.things['webhook']}", {"canary": "canary-body"})
    assert (answer.status, answer.json()) == (200, [])
    assert (await hub.api("GET", "/api/executions", key=orgs.stranger)).json()["items"] == []


async def test_after_all_that_everything_is_still_there(orgs: Orgs) -> None:
    for rule, method in orgs.private():
        if method == "GET" and rule.arguments:
            answer = await orgs.call("GET", orgs.path(rule, orgs.things), orgs.keys["admin"])
            assert answer.status == 200, (rule.rule, answer.body)
