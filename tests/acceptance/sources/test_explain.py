"""Explaining tells what it cannot tell, and what was said when a kept request came in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.testing.live import LiveHub, live_hub
from tests.acceptance.settling import written

SECRET = "secret-for-explaining"
API_KEY = "X-Tracecat-Api-Key"


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


def signature(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


async def explained(hub: LiveHub, sent: Any) -> dict[str, Any]:
    await written(hub)
    answer = await hub.api("POST", "/api/verify", {"request": sent.headers["X-Request-Id"]})
    assert answer.status == 200, answer.body
    said: dict[str, Any] = answer.json()
    return said


def results(said: dict[str, Any], step: str) -> list[str]:
    return [one["result"] for one in said["steps"] if one["step"] == step]


@pytest.mark.parametrize(("body", "verdict"), [(b'{"a": 1}', "unknown"), (b"x" * 5_000, "unknown"), (b"", "pass")])
async def test_without_the_body_it_cannot_be_told(hub: LiveHub, body: bytes, verdict: str) -> None:
    source = (await hub.workflow(source={"enabled": False}))["source"]
    sent = await hub.send("POST", source["urls"]["tracecat"], body)
    assert sent.status == 400
    assert (await hub.api("PATCH", f"/api/sources/{source['id']}", {"enabled": True})).status == 200
    said = await explained(hub, sent)
    assert said["verdict"] == verdict
    if verdict == "unknown":
        assert "without the body" in said["reason"]
        assert results(said, "read") == ["unknown"]
        assert said["events"] == []


async def test_a_body_that_was_too_large_was_never_kept(hub: LiveHub) -> None:
    source = (await hub.workflow(source={"max_body_bytes": 4, "hmac_secret": SECRET}))["source"]
    body = b'{"a": 1}'
    sent = await hub.send("POST", source["urls"]["tracecat"], body, headers={"X-Webhook-Signature": signature(body)})
    assert sent.status == 413
    said = await explained(hub, sent)
    assert (said["verdict"], results(said, "verify")) == ("unknown", ["unknown"])
    assert (said["recorded"]["state"], said["recorded"]["status"]) == ("refused", 413)


async def test_the_verdict_of_then_stands_beside_that_of_todays_credentials(hub: LiveHub) -> None:
    source = (await hub.workflow(source={"hmac_secret": "another-secret"}))["source"]
    body = b'{"a": 1}'
    headers = {"X-Webhook-Signature": signature(body)}
    refused = await hub.send("POST", source["urls"]["tracecat"], body, headers=headers)
    assert refused.status == 401
    said = await explained(hub, refused)
    assert (said["verdict"], said["recorded"]["state"], said["recorded"]["status"]) == ("fail", "refused", 401)
    assert (await hub.api("PATCH", f"/api/sources/{source['id']}", {"hmac_secret": SECRET})).status == 200
    accepted = await hub.send("POST", source["urls"]["tracecat"], body, headers=headers)
    assert accepted.status == 200
    said = await explained(hub, refused)
    assert (said["verdict"], said["recorded"]["state"]) == ("pass", "refused")
    assert said["recorded"]["reason"] == "the signature in X-Webhook-Signature matches no live HMAC secret"
    path = f"/api/sources/{source['id']}/secrets"
    fresh = {"slot": "hmac", "secret": "the-next-secret", "overlap_seconds": 0}
    assert (await hub.api("POST", path, fresh)).status in {200, 201}
    said = await explained(hub, accepted)
    assert (said["verdict"], said["recorded"]["state"], said["recorded"]["status"]) == ("fail", "accepted", 200)


async def test_a_credential_that_was_not_kept_leaves_the_verdict_open(hub: LiveHub) -> None:
    source = (await hub.workflow())["source"]
    key = (await hub.api("POST", f"/api/sources/{source['id']}/api-key")).json()["api_key"]
    for presented, status in ((key, 200), (f"{key}x", 401)):
        sent = await hub.send("POST", source["urls"]["tracecat"], b"{}", headers={API_KEY: presented})
        assert sent.status == status
        said = await explained(hub, sent)
        assert (said["verdict"], said["recorded"]["status"]) == ("unknown", status)
        assert "fingerprint" in said["reason"]


async def test_a_wrong_secret_in_the_url_still_fails(hub: LiveHub) -> None:
    source = (await hub.workflow())["source"]
    sent = await hub.send("POST", source["urls"]["tracecat"] + "x", b"{}")
    said = await explained(hub, sent)
    assert (said["verdict"], said["recorded"]["status"]) == ("fail", 401)


async def test_a_pasted_request_has_no_verdict_of_then(hub: LiveHub) -> None:
    source = (await hub.workflow())["source"]
    fields = {"source": source["id"], "url": source["urls"]["tracecat"], "body": "{}"}
    said = (await hub.api("POST", "/api/verify", fields)).json()
    assert (said["verdict"], said["recorded"]) == ("pass", None)


NOT_OURS = [
    "https://elsewhere.example.com/webhooks/wf_x/secret",
    "http://{host}:99999/webhooks/wf_x/secret",
    "http://{host}:port/webhooks/wf_x/secret",
    "http://[::1/webhooks/wf_x/secret",
    "http://[nonsense]/webhooks/wf_x/secret",
    "{host}/webhooks/wf_x/secret",
    "webhooks/wf_x/secret",
    "//elsewhere.example.com/webhooks/wf_x/secret",
    "ftp://{host}/webhooks/wf_x/secret",
    "mailto:somebody@example.com",
    "http://",
    "http://{host}",
    "http://{host}/",
    "/",
    "",
    "/nowhere",
    "/api/workflows",
    "/docs",
    "/webhooks/wf_x",
    "/hub/webhooks/wf_x/secret",
    "\u0000",
    "/\ud7ff\u202e",
    "?",
    "#",
]


@pytest.mark.parametrize("url", NOT_OURS)
@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "BREW"])
async def test_a_url_that_is_not_the_hubs_is_named(hub: LiveHub, url: str, method: str) -> None:
    source = (await hub.api("POST", "/api/sources", {"open": True})).json()
    fields = {"source": source["id"], "method": method, "url": url.format(host="127.0.0.1"), "body": "{}"}
    answer = await hub.api("POST", "/api/verify", fields)
    assert answer.status == 422, answer.body
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/url"]
    assert answer.json()["errors"][0]["message"]


@pytest.fixture
async def prefixed(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data", public_url="https://hub.example.com/hub") as running:
        yield running


async def test_under_a_path_prefix_the_url_is_found_with_it_and_without(prefixed: LiveHub) -> None:
    source = (await prefixed.workflow())["source"]
    url = source["urls"]["tracecat"]
    assert url.startswith("https://hub.example.com/hub/webhooks/")
    path = url.removeprefix("https://hub.example.com")
    for one in (url, url.upper().replace(path.upper(), path), path, path.removeprefix("/hub"), f"{url}/"):
        answer = await prefixed.api("POST", "/api/verify", {"source": source["id"], "url": one, "body": "{}"})
        assert (answer.status, answer.json().get("verdict")) == (200, "pass"), (one, answer.body)
    for one in (f"https://hub.example.com/other{path}", f"https://elsewhere.example.com{path}"):
        answer = await prefixed.api("POST", "/api/verify", {"source": source["id"], "url": one, "body": "{}"})
        assert answer.status == 422
