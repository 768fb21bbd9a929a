"""A workflow that can never work is refused; one that lacks something as things are is saved with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing.live import LiveHub


def transform(value: str) -> dict[str, Any]:
    return {"nodes": [{"id": "a", "action": "transform", "with": {"value": value}}]}


def call(**settings: Any) -> dict[str, Any]:
    return {"nodes": [{"id": "a", "action": "http.request", "with": settings}]}


@pytest.mark.parametrize(
    ("definition", "pointer", "words"),
    [
        (transform("{{ SECRETS.token.KEY }}"), "/nodes/0/with/value", "connections.<name>"),
        (transform("${{ ACTIONS.first.result }}"), "/nodes/0/with/value", "nodes.<id>.output"),
        (transform("{{ FN.upper(TRIGGER.a) }}"), "/nodes/0/with/value", "functions are filters"),
        (transform("{{ ENV.HOME | default('x') }}"), "/nodes/0/with/value", "there is no environment here"),
        (transform("{{ trigger.boddy.x }}"), "/nodes/0/with/value", "trigger has account, body, data"),
        (transform("{{ event.data.x }}"), "/nodes/0/with/value", "event has body, headers"),
        (transform("{{ nodes.zz.output }}"), "/nodes/0/with/value", "does not exist"),
        (call(url="/relative"), "/nodes/0/with/url", "absolute URL"),
        (call(url="example.com/x"), "/nodes/0/with/url", "absolute URL"),
        (call(url="ftp://example.com/x"), "/nodes/0/with/url", "absolute URL"),
    ],
)
async def test_what_can_never_work_is_refused(
    shared: LiveHub, definition: dict[str, Any], pointer: str, words: str
) -> None:
    answer = await shared.api("POST", "/api/workflows", {"name": "w", **definition})
    assert answer.status == 422, answer.body
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert words in fault["message"]


async def warned(hub: LiveHub, definition: dict[str, Any]) -> list[tuple[str, str]]:
    answer = await hub.api("POST", "/api/workflows", {"name": "w", **definition})
    assert answer.status == 201, answer.body
    made = answer.json()
    shown = (await hub.api("GET", f"/api/workflows/{made['id']}")).json()
    assert shown["warnings"] == made["warnings"]
    return [(one["pointer"], one["message"]) for one in made["warnings"]]


@pytest.mark.parametrize(
    ("definition", "pointer", "words"),
    [
        (
            {**transform("{{ TRIGGER }}"), "triggers": ["webhookId:nobody"]},
            "/triggers/0",
            "no source is named 'nobody'",
        ),
        (
            {**transform("{{ TRIGGER }}"), "triggers": [{"source": "src_0000000000000000000000"}]},
            "/triggers/0/source",
            "no source is named",
        ),
        (call(url="https://example.com", auth="{{ connections.nope.token }}"), "/nodes/0/with", "no connection 'nope'"),
        (transform("{{ payload.x }}"), "/nodes/0/with/value", "the event's data is TRIGGER"),
        (transform("{{ trigger.body.x }}"), "/nodes/0/with/value", "use trigger.data"),
        (
            {**transform("{{ TRIGGER }}"), "source": {"vendor": "github"}},
            "/source/secrets/signing",
            "every request of GitHub is refused until one is set",
        ),
    ],
)
async def test_what_is_missing_as_things_are_is_a_warning(
    shared: LiveHub, definition: dict[str, Any], pointer: str, words: str
) -> None:
    [(place, message)] = await warned(shared, definition)
    assert place == pointer
    assert words in message


async def test_a_workflow_that_lacks_nothing_has_no_warnings(shared: LiveHub) -> None:
    source = (await shared.api("POST", "/api/sources", {"open": True})).json()
    fine = {
        **transform("{{ payload.x }} {{ nodes.b.output }} {{ trigger.headers.host }}"),
        "triggers": [f"webhookId:{source['id']}"],
        "source": {"body_variable": "payload", "vendor": "github", "signing_secrets": ["a-secret-of-length"]},
    }
    fine["nodes"][0]["needs"] = ["b"]
    fine["nodes"].append({"id": "b", "action": "transform", "with": {"value": "{{ trigger.body }}"}})
    assert await warned(shared, fine) == []
