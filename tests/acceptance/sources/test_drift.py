"""Schema drift: what events hold that the catalog does not know is reported with counts, where a source validates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

import hub
from hub.inbound.dialects import CORE_DIALECTS
from hub.plugins.host import Plugins
from hub.testing.live import LiveHub, live_hub
from hub.workflows.actions import CORE_ACTIONS

TOKEN = {"authorization": "Bearer t", "content-type": "application/cloudevents+json"}
ORDER = {
    "name": "order",
    "direction": "in",
    "vendor": "cloudevents",
    "schema": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "integer"}, "lines": {"items": {"properties": {"sku": {}}}}},
    },
}


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[LiveHub]:
    point = EntryPoint("cloudevents", "tests.vendors.examples.cloudevents:vendor", "hub")
    plugins = Plugins(
        version=hub.__version__, entry_points=[point], dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )
    async with live_hub(tmp_path / "data", plugins=plugins) as one:
        assert (await one.api("POST", "/api/event-types", ORDER)).status == 201
        yield one


async def source(running: LiveHub, validate: str) -> dict[str, Any]:
    made = await running.workflow(source={"vendor": "cloudevents", "signing_secrets": ["t"], "validate": validate})
    found: dict[str, Any] = made["source"]
    return found


async def send(running: LiveHub, to: dict[str, Any], data: Any, id: str, type_: str = "order") -> int:  # noqa: A002 - the event's
    event = {"type": type_, "source": "/s", "id": id, "data": data}
    return (await running.post(to["urls"]["tracecat"], event, headers=TOKEN)).status


async def report(running: LiveHub, query: str = "") -> list[tuple[str, str, int]]:
    await running.hub.drift.flush()
    answer = await running.api("GET", f"/api/event-types/drift{query}")
    return [(one["type"], one["detail"], one["count"]) for one in answer.json()["items"]]


async def test_warn_lets_everything_in_and_counts_what_differs(running: LiveHub) -> None:
    to = await source(running, "warn")
    for number in range(3):
        data = {"id": "secret value", "lines": [{"sku": 1}, {"size": number}]}
        assert await send(running, to, data, str(number)) == 200
    assert await send(running, to, {"id": 1}, "good") == 200
    found = await report(running)
    assert sorted(found) == [("order", "does not fit at /id", 3), ("order", "unknown field /lines/*/size", 3)]
    assert "secret value" not in str(found)
    [request] = {one["request"] for one in (await running.api("GET", "/api/event-types/drift")).json()["items"]}
    assert (await running.api("GET", f"/api/requests/{request}")).status == 200


@pytest.mark.parametrize("vendor", ["okta", None])
async def test_a_type_declared_for_another_vendor_or_for_none_does_not_judge_a_vendors_events(
    running: LiveHub, vendor: str | None
) -> None:
    strict = {"name": "parcel", "direction": "in", "vendor": vendor, "schema": {"required": ["never_sent"]}}
    assert (await running.api("POST", "/api/event-types", strict)).status == 201
    to = await source(running, "enforce")
    assert await send(running, to, {"id": 1}, "1", "parcel") == 200
    assert [detail for type_, detail, _ in await report(running) if type_ == "parcel"] == []


async def test_a_type_of_no_vendor_judges_the_events_of_sources_without_a_vendor(running: LiveHub) -> None:
    strict = {"name": "webhook", "direction": "in", "schema": {"required": ["never_sent"]}}
    to = (await running.workflow(source={"validate": "enforce"}))["source"]
    assert (await running.post(to["urls"]["tracecat"], {"a": 1})).status == 200
    events = (await running.api("GET", f"/api/events?source={to['id']}")).json()["items"]
    strict["name"] = events[0]["type"]
    assert (await running.api("POST", "/api/event-types", strict)).status == 201
    assert (await running.post(to["urls"]["tracecat"], {"a": 1})).status == 422


async def test_a_family_of_types_judges_every_name_with_its_beginning(running: LiveHub) -> None:
    family = {"name": "parcel.*", "direction": "in", "vendor": "cloudevents", "schema": {"required": ["id"]}}
    exact = {"name": "parcel.lost", "direction": "in", "vendor": "cloudevents", "schema": {"required": ["finder"]}}
    for one in (family, exact):
        assert (await running.api("POST", "/api/event-types", one)).status == 201
    to = await source(running, "enforce")
    assert await send(running, to, {"id": 1}, "1", "parcel.sent") == 200
    assert await send(running, to, {}, "2", "parcel.sent.again") == 422
    assert await send(running, to, {"finder": "me"}, "3", "parcel.lost") == 200
    assert await send(running, to, {"id": 1}, "4", "parcel.lost") == 422
    assert await send(running, to, {}, "5", "parcel") == 200


async def test_enforce_refuses_what_does_not_fit_and_counts_it(running: LiveHub) -> None:
    to = await source(running, "enforce")
    assert await send(running, to, {}, "1") == 422
    assert await send(running, to, {"id": 1, "more": 1}, "2") == 200, "a field more is allowed by the schema"
    assert sorted(await report(running)) == [("order", "missing field /id", 1), ("order", "unknown field /more", 1)]


async def test_off_counts_nothing_and_a_type_of_nobody_is_no_drift(running: LiveHub) -> None:
    assert await send(running, await source(running, "off"), {"more": 1}, "1") == 200
    assert await send(running, await source(running, "warn"), {"more": 1}, "2", "unheard.of") == 200
    assert await report(running) == []


async def test_the_report_is_per_source_and_can_start_again(running: LiveHub) -> None:
    first, second = await source(running, "warn"), await source(running, "warn")
    await send(running, first, {"id": 1, "a": 1}, "1")
    await send(running, second, {"id": 1, "b": 1}, "1")
    assert await report(running, f"?source={second['id']}") == [("order", "unknown field /b", 1)]
    assert (await running.api("DELETE", f"/api/event-types/drift?source={second['id']}")).status == 204
    assert await report(running) == [("order", "unknown field /a", 1)]
    assert (await running.api("DELETE", "/api/event-types/drift")).status == 204
    assert await report(running) == []


async def test_a_sender_who_makes_up_fields_fills_no_table(running: LiveHub) -> None:
    to = await source(running, "warn")
    for number in range(30):
        data = {"id": 1} | {f"made-up-{number}-{one}": 1 for one in range(20)}
        assert await send(running, to, data, str(number)) == 200
    await running.hub.drift.flush()
    org = running.services.store.snapshot.org_named("default")
    assert org is not None
    assert len(await running.services.store.drift.drifts(org.id, limit=10_000)) == 500


async def test_the_catalog_is_exported_as_openapi_webhooks(running: LiveHub) -> None:
    schema = {"$ref": "#/$defs/o", "$defs": {"o": {}}}
    out = {"name": "order.shipped", "direction": "out", "summary": "Shipped", "schema": schema, "example": {"id": 1}}
    assert (await running.api("POST", "/api/event-types", out)).status == 201
    document = (await running.api("GET", "/api/event-types/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    post = document["webhooks"]["order.shipped"]["post"]
    content = post["requestBody"]["content"]["application/json"]
    assert content["example"]["data"] == {"id": 1}
    assert content["schema"]["properties"]["data"]["$id"].startswith("urn:hub:event-type:out")
    assert [one["name"] for one in post["parameters"]] == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    incoming = (await running.api("GET", "/api/event-types/openapi.json?direction=in&vendor=cloudevents")).json()
    assert list(incoming["webhooks"]) == ["cloudevents/order"]
    assert (await running.api("GET", "/api/event-types/openapi.json?direction=up")).status == 422
