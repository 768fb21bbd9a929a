"""Times at the ends of the calendar: what lies beyond them in UTC is a time like any other."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from hub.testing.live import LiveHub

FIRST = "0001-01-01T00:00:00+14:00"
LAST = "9999-12-31T23:59:59.999999-14:00"


@pytest.mark.parametrize("since", [FIRST, LAST])
async def test_requests_are_replayed_since_any_time(hub: LiveHub, since: str) -> None:
    answer = await hub.api("POST", "/api/requests/replay", {"since": since, "until": LAST})
    assert answer.status == (202 if since == FIRST else 422)


@pytest.mark.parametrize("since", [FIRST, LAST])
async def test_a_subscription_recovers_since_any_time(hub: LiveHub, since: str) -> None:
    made = (await hub.api("POST", "/api/subscriptions", {"url": "https://example.com/", "events": ["a.b"]})).json()
    answer = await hub.api("POST", f"/api/subscriptions/{made['id']}/recover", {"since": since, "until": LAST})
    assert answer.status == (202 if since == FIRST else 422)


@pytest.mark.parametrize("received", [FIRST, LAST])
async def test_a_request_of_any_time_is_explained(hub: LiveHub, received: str) -> None:
    source = (await hub.api("POST", "/api/sources", {"hmac_secret": "a-secret-of-some-length"})).json()
    body = {"source": source["id"], "method": "POST", "body": "{}", "received": received}
    answer = await hub.api("POST", "/api/verify", body)
    assert answer.status == 200


async def test_a_key_may_expire_after_the_calendar(hub: LiveHub) -> None:
    answer = await hub.api("POST", "/api/keys", {"role": "viewer", "expires": LAST})
    assert answer.status == 201
    assert answer.json()["expires"] == "9999-12-31T23:59:59.999Z"
    assert (await hub.api("POST", "/api/keys", {"role": "viewer", "expires": FIRST})).status == 422


@pytest.mark.parametrize("time", [FIRST, LAST])
async def test_messages_are_counted_from_and_to_any_time(hub: LiveHub, time: str) -> None:
    answer = await hub.api("GET", f"/api/messages/account?since={quote(time)}&until={quote(LAST)}")
    assert (answer.status, answer.json()["messages"]) == (200, 0)


async def test_executions_are_retried_since_any_time(hub: LiveHub) -> None:
    body = {"state": "failed", "since": FIRST, "until": LAST, "dry_run": True}
    assert (await hub.api("POST", "/api/executions/retry", body)).status == 202
