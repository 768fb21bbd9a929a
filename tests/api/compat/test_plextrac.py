"""PlexTrac's routes: another face of the same registry."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from aiohttp import web

from hub.testing.live import LiveHub
from tests.outbound.conftest import Receiver

DATA = {
    "cuid": "c1",
    "actorCuid": "u1",
    "event": "ReportPublished",
    "targetCuid": "r1",
    "targetType": "report",
    "text": "t",
}


async def webhook(hub: LiveHub, url: str, **fields: Any) -> dict[str, Any]:
    body = {
        "clientCuids": [],
        "name": "reports",
        "url": url,
        "sslVerification": True,
        "events": ["ReportPublished"],
        "enabled": True,
        "secret": None,
        **fields,
    }
    answer = await hub.api("POST", "/api/internal/webhooks", body)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.json()
    return made


async def test_the_events_can_be_listed(hub: LiveHub) -> None:
    listed = (await hub.api("GET", "/api/internal/webhookevents")).json()["items"]
    assert {"ReportPublished", "FindingPublished", "ReportStatusChanged"} <= set(listed)


async def test_a_webhook_is_a_subscription(hub: LiveHub, receiver: Receiver) -> None:
    made = await webhook(hub, receiver.url)
    (subscription,) = (await hub.api("GET", "/api/subscriptions")).json()["items"]
    assert subscription["cuid"] == made["cuid"]
    assert made["secret"] is None
    (listed,) = (await hub.api("GET", "/api/internal/webhooks")).json()["items"]
    assert listed == made
    path = f"/api/internal/webhooks/{made['cuid']}"
    changed = (await hub.api("PATCH", path, {"name": "renamed", "enabled": False})).json()
    assert (changed["name"], changed["enabled"], changed["events"]) == ("renamed", False, ["ReportPublished"])
    assert (await hub.api("DELETE", path)).status == 204
    assert (await hub.api("GET", path)).status == 404


async def test_the_body_is_the_data_and_the_signature_is_plextracs(hub: LiveHub, receiver: Receiver) -> None:
    pytest.importorskip("hub_plextrac")
    made = await webhook(hub, receiver.url, secret="s3cret")
    assert "s3cret" not in str(made)
    published = await hub.api("POST", "/api/messages", {"type": "ReportPublished", "data": DATA})
    assert published.status == 202, published.body
    (got,) = await receiver.until(1)
    assert got.json() == DATA
    assert got.headers["x-authorization-hmac-256"] == hmac.digest(b"s3cret", got.body, hashlib.sha256).hex()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"clientCuids": "c1"}, "/clientCuids"),
        ({"clientCuids": [1]}, "/clientCuids/0"),
        ({"name": 5}, "/name"),
        ({"url": None}, "/url"),
        ({"url": "nonsense"}, "/url"),
        ({"secret": 5}, "/secret"),
        ({"sslVerification": "true"}, "/sslVerification"),
        ({"events": []}, "/events"),
        ({"events": ["NoSuchEvent"]}, "/events/0"),
        ({"events": "ReportPublished"}, "/events"),
        ({"enabled": 1}, "/enabled"),
    ],
)
async def test_each_rule_of_plextracs_list_names_its_field(
    shared: LiveHub, fields: dict[str, Any], pointer: str
) -> None:
    body = {"url": "https://127.0.0.1/", "events": ["ReportPublished"], **fields}
    answer = await shared.api("POST", "/api/internal/webhooks", body)
    assert answer.status == 422, answer.body
    assert pointer in [each["pointer"] for each in answer.json()["errors"]]


async def test_a_test_is_logged_under_its_own_event(hub: LiveHub, receiver: Receiver) -> None:
    made = await webhook(hub, receiver.url)
    receiver.replies = [web.Response(status=500)]
    path = f"/api/internal/webhooks/{made['cuid']}"
    answer = (await hub.api("POST", f"{path}/test", {"event": "ReportPublished"})).json()
    assert answer["error"] == "Failed to call webhook: the receiver answered 500"
    (entry,) = (await hub.api("GET", f"{path}/logs")).json()["items"]
    assert (entry["event"], entry["statusCode"], entry["success"]) == ("testWebhook", 500, False)
    assert entry["error"].startswith("Failed to call webhook")
    unknown = await hub.api("POST", f"{path}/test", {"event": "Nothing"})
    assert unknown.json()["errors"][0]["pointer"] == "/event"


async def test_clients_filter(hub: LiveHub, receiver: Receiver) -> None:
    await webhook(hub, receiver.url, clientCuids=["client-1"])
    counts = [
        (await hub.api("POST", "/api/messages", {"type": "ReportPublished", "data": DATA, **client})).json()
        for client in ({}, {"client": "client-2"}, {"client": "client-1"})
    ]
    assert [each["deliveries"] for each in counts] == [0, 0, 1]


async def test_webhooks_keep_the_retries_of_plextrac(hub: LiveHub, receiver: Receiver) -> None:
    made = await webhook(hub, receiver.url)
    path = f"/api/internal/webhooks/{made['cuid']}"
    assert (await hub.api("PATCH", path, {"name": "renamed"})).status == 200
    (subscription,) = (await hub.api("GET", "/api/subscriptions")).json()["items"]
    assert subscription["retry"]["retries"] == 5
    assert subscription["retry"]["initial_seconds"] == 1


async def test_a_webhook_that_is_read_can_be_written_back(hub: LiveHub, receiver: Receiver) -> None:
    """The mask that stands for the secret does not become the secret, and nothing signs with it."""
    made = await webhook(hub, receiver.url, secret="a secret of the receiver")
    path = f"/api/internal/webhooks/{made['cuid']}"
    shown = (await hub.api("GET", path)).json()
    assert shown["secret"] == "********"
    assert (await hub.api("PATCH", path, {**shown, "name": "renamed"})).status == 200
    await hub.api("POST", "/api/messages", {"type": "ReportPublished", "data": DATA})
    (got,) = await receiver.until(1)
    expected = hmac.new(b"a secret of the receiver", got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-authorization-hmac-256"] == expected


async def test_a_mask_is_refused_where_there_is_no_secret(hub: LiveHub, receiver: Receiver) -> None:
    made = await webhook(hub, receiver.url)
    path = f"/api/internal/webhooks/{made['cuid']}"
    for answer in (
        await hub.api("PATCH", path, {"secret": "********"}),
        await hub.api("POST", "/api/internal/webhooks", {**made, "secret": "********"}),
    ):
        assert (answer.status, answer.json()["errors"][0]["pointer"]) == (422, "/secret")
    assert (await hub.api("GET", path)).json()["secret"] is None


async def test_a_patch_judges_only_what_it_is_given(hub: LiveHub, receiver: Receiver) -> None:
    """The subscription has an event that PlexTrac's routes do not know."""
    body = {"url": receiver.url, "events": ["order.created"], "clients": []}
    made = (await hub.api("POST", "/api/subscriptions", body)).json()
    path = f"/api/internal/webhooks/{made['cuid']}"
    renamed = await hub.api("PATCH", path, {"name": "renamed"})
    assert (renamed.status, renamed.json()["events"]) == (200, ["order.created"])
    more = await hub.api("PATCH", path, {"events": ["order.created", "ReportPublished"]})
    assert more.status == 200
    unknown = await hub.api("PATCH", path, {"events": ["order.created", "order.unknown"]})
    assert [each["pointer"] for each in unknown.json()["errors"]] == ["/events/1"]
    assert (await hub.api("PATCH", path, {"events": []})).status == 422


async def test_the_log_of_a_deleted_webhook_can_be_read(hub: LiveHub, receiver: Receiver) -> None:
    made = await webhook(hub, receiver.url)
    path = f"/api/internal/webhooks/{made['cuid']}"
    await hub.api("POST", "/api/messages", {"type": "ReportPublished", "data": DATA})
    await receiver.until(1)
    await hub.services.outbound.settled()
    before = (await hub.api("GET", f"{path}/logs")).json()
    assert len(before["items"]) == 1
    assert (await hub.api("DELETE", path)).status == 204
    assert (await hub.api("GET", f"{path}/logs")).json() == before
    assert (await hub.api("GET", "/api/internal/webhooks/nonsense/logs")).status == 404
