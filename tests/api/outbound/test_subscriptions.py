"""Subscriptions over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from hub.testing.live import LiveHub
from tests.egress.conftest import Authority
from tests.outbound.conftest import Receiver


async def subscribe(hub: LiveHub, url: str, **fields: Any) -> dict[str, Any]:
    answer = await hub.api("POST", "/api/subscriptions", {"url": url, "events": ["order.created"], **fields})
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json()
    return found


async def test_a_made_secret_is_shown_once(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    assert made["secret"].startswith("whsec_")
    shown = (await hub.api("GET", f"/api/subscriptions/{made['id']}")).json()
    assert "secret" not in shown
    assert shown["signed"]
    assert made["secret"] not in str(shown)


async def test_published_messages_arrive_signed_and_are_logged(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    answer = await hub.api("POST", "/api/messages", {"type": "order.created", "data": {"n": 1}})
    assert (answer.status, answer.json()["deliveries"]) == (202, 1)
    (got,) = await receiver.until(1)
    assert Webhook(made["secret"]).verify(got.body, got.headers)["data"] == {"n": 1}
    await hub.services.outbound.settled()
    listed = (await hub.api("GET", f"/api/deliveries?subscription={made['id']}&state=delivered")).json()["items"]
    (delivery,) = [(await hub.api("GET", f"/api/deliveries/{each['id']}")).json() for each in listed]
    (attempt,) = delivery["attempts"]
    assert (attempt["number"], attempt["status"], attempt["address"]) == (1, 200, "127.0.0.1")
    assert attempt["request_headers"]["webhook-signature"] == "********"
    message = (await hub.api("GET", f"/api/messages/{answer.json()['id']}")).json()
    assert message["deliveries"][0]["state"] == "delivered"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"url": "ftp://example.com/"}, "/url"),
        ({"url": "https://user:pw@example.com/"}, "/url"),
        ({"url": "http://10.0.0.5/"}, "/url"),
        ({"events": []}, "/events"),
        ({"events": "order.created"}, "/events"),
        ({"scheme": "nosuch"}, "/scheme"),
        ({"secret": "short"}, "/secret"),
        ({"secret": 5}, "/secret"),
        ({"headers": {"Host": "x"}}, "/headers/Host"),
        ({"headers": {"webhook-signature": "x"}}, "/headers/webhook-signature"),
        ({"headers": {"Connection": "x"}}, "/headers/Connection"),
        ({"headers": {"x y": "x"}}, "/headers/x y"),
        ({"headers": {"x": "a\r\nb: c"}}, "/headers/x"),
        ({"template": "{{ 1 +"}, "/template"),
        ({"ssl_verification": "maybe"}, "/ssl_verification"),
        ({"enabled": "maybe"}, "/enabled"),
        ({"clients": [1]}, "/clients/0"),
        ({"concurrency": 0}, "/concurrency"),
        ({"retry": {"retries": -1}}, "/retry/retries"),
        ({"tls": {"ca": "no pem"}}, "/tls/ca"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_each_fault_names_its_field(shared: LiveHub, fields: dict[str, Any], pointer: str) -> None:
    body = {"url": "https://127.0.0.1/", "events": ["order.created"], **fields}
    answer = await shared.api("POST", "/api/subscriptions", body)
    assert answer.status == 422, answer.body
    assert pointer in [each["pointer"] for each in answer.json()["errors"]]


async def test_patch_replaces_fields_and_if_match_guards(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, headers={"Authorization": "Bearer topsecret", "X-Plain": "shown"})
    path = f"/api/subscriptions/{made['id']}"
    assert made["headers"] == {"Authorization": "********", "X-Plain": "shown"}
    etag = (await hub.api("GET", path)).headers["ETag"]
    changed = await hub.api("PATCH", path, {"name": "orders", "headers": made["headers"]}, headers={"If-Match": etag})
    assert (changed.status, changed.json()["name"]) == (200, "orders")
    stale = await hub.api("PATCH", path, {"name": "again"}, headers={"If-Match": etag})
    assert stale.status == 412
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": 1})
    (got,) = await receiver.until(1)
    assert got.headers["authorization"] == "Bearer topsecret"


async def test_null_secret_means_no_signature(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, secret=None)
    assert not made["signed"]
    assert any("no secret" in each for each in made["warnings"])
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": 1})
    (got,) = await receiver.until(1)
    assert "webhook-signature" not in got.headers
    assert got.headers["webhook-id"].startswith("msg_")


async def test_a_test_goes_the_real_way_and_answers_the_attempt(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    receiver.replies = [web.Response(status=500, text="no")]
    answer = await hub.api("POST", f"/api/subscriptions/{made['id']}/test", {"event": "order.created"})
    body = answer.json()
    assert (answer.status, body["status"], body["delivered"]) == (200, 500, False)
    assert body["error"] == "the receiver answered 500"
    Webhook(made["secret"]).verify(receiver.got[0].body, receiver.got[0].headers)
    shown = (await hub.api("GET", f"/api/deliveries/{body['delivery']}")).json()
    assert (shown["state"], len(shown["attempts"])) == ("dead", 1)


async def test_rotation_signs_with_both_until_the_old_one_is_revoked(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    path = f"/api/subscriptions/{made['id']}"
    rotated = (await hub.api("POST", f"{path}/secret", {"overlap_seconds": 3600})).json()
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": 1})
    (got,) = await receiver.until(1)
    for secret in (made["secret"], rotated["secret"]):
        Webhook(secret).verify(got.body, got.headers)
    old = next(each for each in rotated["secrets"] if each["expires"])
    assert (await hub.api("DELETE", f"{path}/secrets/{old['id']}")).status == 200
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": 2})
    got = (await receiver.until(2))[1]
    Webhook(rotated["secret"]).verify(got.body, got.headers)
    assert len(got.headers["webhook-signature"].split()) == 1
    last = (await hub.api("GET", path)).json()["secrets"][0]["id"]
    assert (await hub.api("DELETE", f"{path}/secrets/{last}")).status == 409


async def test_a_receivers_signature_can_be_checked(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": {"a": 1}})
    (got,) = await receiver.until(1)
    path = f"/api/subscriptions/{made['id']}/verify"
    good = await hub.api("POST", path, {"headers": got.headers, "body": got.body.decode()})
    assert good.json()["valid"]
    altered = await hub.api("POST", path, {"headers": got.headers, "body": got.body.decode() + " "})
    assert not altered.json()["valid"]
    assert got.headers["webhook-signature"] not in altered.body.decode()


async def test_recovery_is_a_job_with_counts_and_progress(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, retry={"retries": 0})
    receiver.replies = [web.Response(status=500) for _ in range(3)]
    for number in range(3):
        await hub.api("POST", "/api/messages", {"type": "order.created", "data": number})
    await receiver.until(3)
    await hub.services.outbound.settled()
    answer = await hub.api("POST", f"/api/subscriptions/{made['id']}/recover", {"since": "2020-01-01T00:00:00Z"})
    job = answer.json()
    assert (answer.status, job["total"]) == (202, 3)
    await receiver.until(6)
    await hub.services.jobs.settled()
    shown = (await hub.api("GET", f"/api/jobs/{job['id']}")).json()
    assert (shown["state"], shown["done"], shown["progress"]) == ("done", 3, 1.0)
    assert (await hub.api("POST", f"/api/jobs/{job['id']}/cancel")).status == 409


async def test_catching_up_on_enabling_when_asked(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, enabled=False)
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": 7})
    path = f"/api/subscriptions/{made['id']}"
    changed = (await hub.api("PATCH", path, {"enabled": True, "catch_up": True})).json()
    assert changed["job"]["total"] == 1
    (got,) = await receiver.until(1)
    assert got.json()["data"] == 7


async def test_a_deleted_subscription_is_gone_and_its_log_stays(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    path = f"/api/subscriptions/{made['id']}"
    await hub.api("POST", f"{path}/test", {"event": "order.created"})
    assert (await hub.api("DELETE", path)).status == 204
    assert (await hub.api("GET", path)).status == 404
    assert len((await hub.api("GET", "/api/deliveries")).json()["items"]) == 1


async def test_a_recovery_can_be_paused_resumed_and_cancelled(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, retry={"retries": 0}, concurrency=1)
    receiver.always = lambda: web.Response(status=500)
    for number in range(210):
        await hub.api("POST", "/api/messages", {"type": "order.created", "data": number})
    await receiver.until(210)
    await hub.services.outbound.settled()
    receiver.gate.clear()
    job = (await hub.api("POST", f"/api/subscriptions/{made['id']}/recover", {"since": 0})).json()
    await receiver.until(211)
    path = f"/api/jobs/{job['id']}"
    paused = await hub.api("POST", f"{path}/pause")
    assert (paused.status, paused.json()["state"]) == (200, "paused")
    assert (await hub.api("POST", f"{path}/resume")).json()["state"] == "running"
    assert (await hub.api("POST", f"{path}/resume")).status == 409
    assert (await hub.api("POST", f"{path}/cancel")).json()["state"] == "cancelled"
    assert (await hub.api("POST", "/api/jobs/job_nothing/pause")).status == 404
    receiver.gate.set()


async def test_a_public_key_is_shown_and_a_private_one_never(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, scheme="standard-ed25519")
    assert made["secret"].startswith("whsk_")
    (secret,) = (await hub.api("GET", f"/api/subscriptions/{made['id']}")).json()["secrets"]
    assert secret["public_key"].startswith("whpk_")
    assert made["secret"] not in str(secret)


async def test_what_weakens_a_subscription_is_warned_of(hub: LiveHub) -> None:
    made = await subscribe(hub, "https://127.0.0.1/", ssl_verification=False, secret=None)
    assert len(made["warnings"]) == 2
    plain = await subscribe(hub, "http://127.0.0.1/")
    assert ["not https" in each for each in plain["warnings"]] == [True]


async def test_signatures_of_an_unsigned_subscription_cannot_be_checked(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, secret=None)
    answer = await hub.api("POST", f"/api/subscriptions/{made['id']}/verify", {"headers": {}, "body": ""})
    assert answer.status == 409


async def test_the_key_of_a_client_certificate_is_taken_and_never_shown(hub: LiveHub) -> None:
    pair = Authority("client").own()
    tls = {"client_certificate": pair.certificate, "client_key": pair.key}
    fields = {"url": "https://127.0.0.1:9/", "events": ["x"]}
    made = await hub.api("POST", "/api/subscriptions", {**fields, "tls": tls})
    assert made.status == 201, made.body
    shown = await hub.api("GET", f"/api/subscriptions/{made.json()['id']}")
    assert shown.json()["tls"]["client_certificate"] == pair.certificate
    for answer in (made, shown):
        assert "PRIVATE KEY" not in answer.body.decode()
    wrong = await hub.api("POST", "/api/subscriptions", {**fields, "tls": {**tls, "client_key": "nonsense"}})
    assert wrong.status == 422
    assert wrong.json()["errors"][0]["pointer"].startswith("/tls/client_")


async def test_retry_is_a_schedule_over_three_days_unless_given(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    waits = made["retry"]["wait_seconds"]
    assert waits[:5] == [5, 300, 1_800, 7_200, 18_000]
    assert len(waits) == 11
    path = f"/api/subscriptions/{made['id']}"
    own = await hub.api("PATCH", path, {"retry": {"wait_seconds": [1, 2], "jitter": 0}})
    assert own.json()["retry"] == {"wait_seconds": [1, 2], "jitter": 0}
    backoff = await hub.api("PATCH", path, {"retry": {"retries": 2}})
    assert backoff.json()["retry"] == {"retries": 2, "initial_seconds": 1, "factor": 2, "max_seconds": 3_600}
    renamed = await hub.api("PATCH", path, {"name": "x"})
    assert renamed.json()["retry"] == backoff.json()["retry"]


@pytest.mark.parametrize(
    ("retry", "pointer"),
    [
        ({"wait_seconds": [-1]}, "/retry/wait_seconds/0"),
        ({"wait_seconds": [1], "retries": 5}, "/retry/retries"),
        ({"jitter": 0.1}, "/retry/wait_seconds"),
        (5, "/retry"),
    ],
)
async def test_a_faulty_schedule_names_its_field(shared: LiveHub, retry: object, pointer: str) -> None:
    body = {"url": "https://127.0.0.1/", "events": ["order.created"], "retry": retry}
    answer = await shared.api("POST", "/api/subscriptions", body)
    assert answer.status == 422, answer.body
    assert pointer in [each["pointer"] for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("scheme", "asked", "signer"),
    [
        ("standard", {}, "all"),
        ("hmac-sha256-timestamped", {}, "all"),
        ("github", {}, "old"),
        ("bearer", {"sign_with": "old"}, "old"),
        ("hmac-sha256", {"sign_with": "new"}, "new"),
    ],
)
async def test_a_rotation_says_which_secret_signs(
    shared: LiveHub, scheme: str, asked: dict[str, str], signer: str
) -> None:
    made = await subscribe(shared, "https://127.0.0.1/", scheme=scheme)
    path = f"/api/subscriptions/{made['id']}"
    answer = await shared.api("POST", f"{path}/secret", {"overlap_seconds": 3_600, **asked})
    assert (answer.status, answer.json()["signs_with"]) == (201, signer)
    (end,) = [each["expires"] for each in answer.json()["secrets"] if each["expires"]]
    assert answer.json()["signs_with_until"] == (end if signer == "old" else None)
    chosen = await shared.api("PATCH", path, {"sign_with": "new"})
    assert chosen.json()["signs_with"] == ("all" if signer == "all" else "new")
    assert (await shared.api("POST", f"{path}/secret", {"sign_with": "both"})).status == 422


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"secret": "********"}, "/secret"),
        ({"secret": " ********abcd "}, "/secret"),
        ({"headers": {"Authorization": "********"}}, "/headers/Authorization"),
        ({"headers": {"X-Plain": "********"}}, "/headers/X-Plain"),
        ({"tls": {"client_key": "********"}}, "/tls/client_key"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_mask_is_never_stored(shared: LiveHub, method: str, fields: dict[str, Any], pointer: str) -> None:
    """Neither when it is new nor where there is nothing that it could stand for."""
    body, path = {"url": "https://127.0.0.1/", "events": ["order.created"]}, "/api/subscriptions"
    if method == "PATCH":
        made = await subscribe(shared, "https://127.0.0.1/", secret=None)
        body, path = {}, f"/api/subscriptions/{made['id']}"
    answer = await shared.api(method, path, {**body, **fields})
    assert answer.status == 422, answer.body
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("scheme", ["bearer", "github", "standard"])
async def test_what_is_read_can_be_written_back(hub: LiveHub, receiver: Receiver, scheme: str) -> None:
    """The secret, a header in other letters and the whole rest stay as they are."""
    made = await subscribe(hub, receiver.url, scheme=scheme, headers={"X-Api-Key": "the key of the receiver"})
    path = f"/api/subscriptions/{made['id']}"
    shown = (await hub.api("GET", path)).json()
    (masked,) = [each["masked"] for each in shown["secrets"]]
    for secret in ("********", masked):
        body = {"secret": secret, "headers": {"x-API-key": shown["headers"]["X-Api-Key"]}, "tls": shown["tls"]}
        assert (await hub.api("PATCH", path, body)).status == 200
    assert (await hub.api("POST", f"{path}/secret", {"secret": "********"})).status == 422
    (kept,) = (await hub.api("GET", path)).json()["secrets"]
    assert kept["id"] == shown["secrets"][0]["id"]
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": 1})
    (got,) = await receiver.until(1)
    assert got.headers["x-api-key"] == "the key of the receiver"


async def test_a_masked_client_key_keeps_the_key(shared: LiveHub) -> None:
    authority = Authority("ca")
    client = authority.issue("client")
    made = await subscribe(
        shared, "https://127.0.0.1/", tls={"client_certificate": client.certificate, "client_key": client.key}
    )
    path = f"/api/subscriptions/{made['id']}"
    for tls in ({**made["tls"], "client_key": "********"}, made["tls"]):
        answer = await shared.api("PATCH", path, {"tls": tls})
        assert (answer.status, answer.json()["tls"]) == (200, made["tls"])


async def test_the_deliveries_of_a_deleted_subscription_can_be_read(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url)
    await hub.api("POST", "/api/messages", {"type": "order.created", "data": 1})
    await receiver.until(1)
    await hub.services.outbound.settled()
    assert (await hub.api("DELETE", f"/api/subscriptions/{made['id']}")).status == 204
    (delivery,) = (await hub.api("GET", f"/api/deliveries?subscription={made['id']}")).json()["items"]
    shown = (await hub.api("GET", f"/api/deliveries/{delivery['id']}")).json()
    assert [each["status"] for each in shown["attempts"]] == [200]


async def test_a_recovery_says_what_arrived_failed_and_waits(hub: LiveHub, receiver: Receiver) -> None:
    made = await subscribe(hub, receiver.url, retry={"retries": 0})
    receiver.always = lambda: web.Response(status=500)
    for number in range(4):
        await hub.api("POST", "/api/messages", {"type": "order.created", "data": number})
    await receiver.until(4)
    await hub.services.outbound.settled()
    receiver.replies = [web.Response()]
    job = (await hub.api("POST", f"/api/subscriptions/{made['id']}/recover", {"since": 0})).json()
    await hub.services.jobs.settled()
    shown = (await hub.api("GET", f"/api/jobs/{job['id']}")).json()
    counts = {name: shown[name] for name in ("state", "total", "delivered", "done", "failed", "pending")}
    assert counts == {"state": "done", "total": 4, "delivered": 1, "done": 1, "failed": 3, "pending": 0}
