"""A refused request is judged again by the credentials of now; on a pass it runs."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from hub.testing.live import HubResponse, LiveHub, live_hub

SECRET = "a-shared-hmac-secret"
BODY = b'{"n":1}'


@pytest.fixture(name="hub")
def _hub(shared: LiveHub) -> LiveHub:
    return shared


def signed(secret: str, body: bytes = BODY) -> dict[str, str]:
    return {"X-Webhook-Signature": hmac.digest(secret.encode(), body, "sha256").hex()}


async def sent(hub: LiveHub, url: str, body: bytes, headers: dict[str, str]) -> HubResponse:
    return await hub.send("POST", url, body, headers={"Content-Type": "application/json", **headers})


async def refused(hub: LiveHub, source: str) -> dict[str, Any]:
    """The only refused request, or the newest one; it is written after the sender has its answer."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        while not found:
            found = (await hub.api("GET", f"/api/requests?source={source}&state=refused")).json()["items"]
    return found[0]


async def judged(hub: LiveHub, request: str, status: int) -> dict[str, Any]:
    answer = await hub.api("POST", f"/api/requests/{request}/replay", {"judge_again": True})
    assert answer.status == status, answer.body
    said: dict[str, Any] = answer.json()
    return said


async def test_a_request_signed_with_a_secret_that_came_later_passes_then(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"hmac_secret": "the-wrong-one-of-old"})
    source, url = workflow["source"]["id"], workflow["source"]["urls"]["tracecat"]
    assert (await sent(hub, url, BODY, signed(SECRET))).status == 401
    request = (await refused(hub, source))["id"]

    still = await judged(hub, request, 200)
    assert (still["verdict"], still["id"], still["executions"]) == ("fail", None, [])
    assert still["steps"][-1]["check"] == "hmac"
    assert "matches no live HMAC secret" in still["reason"]
    assert [one["result"] for one in still["steps"][:-1]] == ["pass"] * (len(still["steps"]) - 1)
    await hub.api("PATCH", f"/api/sources/{source}", {"hmac_secret": SECRET})

    passes = await judged(hub, request, 202)

    assert (passes["verdict"], passes["replay_of"], passes["duplicate"]) == ("pass", request, False)
    assert SECRET not in str(passes)
    [started] = passes["executions"]
    execution = await hub.finished(started["id"])
    assert execution["result"] == {"n": 1}
    shown = (await hub.api("GET", f"/api/requests/{passes['id']}")).json()
    assert (shown["state"], shown["replay_of"], shown["body"]) == ("accepted", request, BODY.decode())
    assert (await hub.api("GET", f"/api/requests/{request}")).json()["state"] == "refused"
    plain = await hub.api("POST", f"/api/requests/{request}/replay")
    assert plain.status == 409


async def test_a_credential_that_is_a_fingerprint_passes_if_it_is_that_of_a_live_secret(hub: LiveHub) -> None:
    made = await hub.workflow(source={"hmac_secret": "x" * 20})
    source, url = made["source"]["id"], made["source"]["urls"]["tracecat"]
    assert (await sent(hub, url, BODY, signed(SECRET))).status == 401
    request = await refused(hub, source)
    assert "fp:" in request["url"]
    await hub.api("PATCH", f"/api/sources/{source}", {"hmac_secret": SECRET})
    await hub.api("POST", f"/api/sources/{source}/secrets", {"slot": "url", "secret": "another-url-secret"})
    assert (await judged(hub, request["id"], 202))["verdict"] == "pass", "the URL's secret is still live"
    secrets = (await hub.api("GET", f"/api/sources/{source}")).json()["credentials"]
    old = min((one for one in secrets if one["slot"] == "url"), key=lambda one: one["n"])
    answer = await hub.api("DELETE", f"/api/sources/{source}/secrets/{old['id']}")
    assert answer.status in {200, 204}, answer.body
    fails = await judged(hub, request["id"], 200)
    assert (fails["verdict"], fails["steps"][-1]["step"]) == ("fail", "identify")


async def test_a_fingerprint_that_a_sender_presents_is_no_credential(hub: LiveHub) -> None:
    """Somebody who may read requests sees fingerprints; sending one must not count as sending the secret."""
    made = await hub.workflow(source={"shared_key": "the-shared-key-1"})
    source, url = made["source"]["id"], made["source"]["urls"]["tracecat"]
    assert (await hub.post(f"{url}?key=the-shared-key-1", {})).status == 200
    kept = (await hub.api("GET", f"/api/requests?source={source}")).json()["items"][0]["url"]
    mark = kept.partition("key=")[2]
    assert mark.startswith("fp")
    assert (await hub.post(f"{url}?key={mark}", {})).status == 401
    request = await refused(hub, source)
    assert mark not in request["url"]
    assert (await judged(hub, request["id"], 200))["verdict"] == "fail"


async def test_a_body_that_was_cut_or_never_read_is_said(hub: LiveHub) -> None:
    made = await hub.workflow(source={"hmac_secret": "x" * 20})
    source, url = made["source"]["id"], made["source"]["urls"]["tracecat"]
    large = b'{"n":"' + b"x" * 40_000 + b'"}'
    assert (await sent(hub, url, large, signed(SECRET, large))).status == 401
    cut = await hub.api("POST", f"/api/requests/{(await refused(hub, source))['id']}/replay", {"judge_again": True})
    assert (cut.status, "only the first 16384 of 40008 bytes" in cut.json()["detail"]) == (409, True)
    other = await hub.workflow(source={"enabled": False})
    source, url = other["source"]["id"], other["source"]["urls"]["tracecat"]
    assert (await sent(hub, url, BODY, signed(SECRET))).status == 400
    unread = await hub.api("POST", f"/api/requests/{(await refused(hub, source))['id']}/replay", {"judge_again": True})
    assert (unread.status, "its body was not kept" in unread.json()["detail"]) == (409, True)


async def test_an_accepted_request_is_not_judged_again(hub: LiveHub) -> None:
    made = await hub.workflow()
    assert (await hub.post(made["source"]["urls"]["tracecat"], {})).status == 200
    items = (await hub.api("GET", f"/api/requests?source={made['source']['id']}")).json()["items"]
    answer = await hub.api("POST", f"/api/requests/{items[0]['id']}/replay", {"judge_again": True})
    assert (answer.status, "was not refused" in answer.json()["detail"]) == (409, True)
    assert (await hub.api("POST", f"/api/requests/{items[0]['id']}/replay", {"judge": True})).status == 422


async def test_a_vendors_signature_is_checked_at_the_moment_when_it_came_in(tmp_path: Path) -> None:
    """And its events are duplicates of what the sender's own retry brought."""
    async with live_hub(tmp_path / "data") as hub:
        made = await hub.workflow(source={"vendor": "github", "signing_secrets": ["the-wrong-one-of-old"]})
        source, url = made["source"]["id"], made["source"]["urls"]["tracecat"]
        body = b'{"action":"opened","issue":{}}'
        digest = hashlib.sha256
        headers = {
            "X-GitHub-Event": "issues",
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "X-Hub-Signature-256": f"sha256={hmac.new(SECRET.encode(), body, digest).hexdigest()}",
        }
        assert (await sent(hub, url, body, headers)).status == 401
        request = (await refused(hub, source))["id"]
        assert (await judged(hub, request, 200))["steps"][-1]["step"] == "verify"
        await hub.api("PATCH", f"/api/sources/{source}", {"signing_secrets": [SECRET]})
        first = await judged(hub, request, 202)
        assert (first["verdict"], len(first["executions"])) == ("pass", 1)
        again = await judged(hub, request, 202)
        assert (again["duplicate"], again["executions"]) == (True, first["executions"])
        retried = await sent(hub, url, body, headers)
        assert retried.json()["wf_exec_id"].endswith(first["executions"][0]["id"])
