"""Schemas of event types that cannot be used are refused when they are saved, never when an event comes."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing.live import LiveHub

UNUSABLE: list[tuple[Any, str]] = [
    ({"$dynamicRef": "#node", "$dynamicAnchor": "node"}, "/schema/$dynamicRef"),
    ({"$dynamicRef": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, "/schema/$dynamicRef"),
    ({"$dynamicRef": "#"}, "/schema/$dynamicRef"),
    ({"$dynamicRef": "#nowhere"}, "/schema/$dynamicRef"),
    ({"$dynamicRef": "https://example.com/"}, "/schema/$dynamicRef"),
    ({"properties": {"a": {"$dynamicRef": "#n"}}}, "/schema/properties/a/$dynamicRef"),
    ({"$ref": "#/allOf/x", "allOf": [True]}, "/schema/$ref"),
    ({"$ref": "#/minimum/a", "minimum": 1}, "/schema/$ref"),
]


@pytest.mark.parametrize(("schema", "pointer"), UNUSABLE)
async def test_an_unusable_schema_is_named_when_it_is_saved(shared: LiveHub, schema: Any, pointer: str) -> None:
    for direction in ("in", "out"):
        body = {"name": "odd.schema", "direction": direction, "schema": schema}
        answer = await shared.api("POST", "/api/event-types", body)
        assert answer.status == 422, answer.body
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1.5", "-0.0", "1e300"])
@pytest.mark.parametrize("validate", ["warn", "enforce"])
async def test_a_number_of_any_size_is_judged(shared: LiveHub, number: str, validate: str) -> None:
    schema = {"properties": {"n": {"multipleOf": 0.1}, "m": {"multipleOf": 10**400}}}
    await shared.api("POST", "/api/event-types", {"name": "webhook", "direction": "in", "schema": schema})
    url = (await shared.workflow(source={"validate": validate}))["source"]["urls"]["tracecat"]
    answer = await shared.send("POST", url, f'{{"n": {number}, "m": {number}}}'.encode())
    assert answer.status in ({200} if validate == "warn" else {200, 422})
    found = (await shared.api("GET", "/api/event-types")).json()["items"]
    for one in (each for each in found if each["name"] == "webhook"):
        await shared.api("DELETE", f"/api/event-types/{one['name']}")
