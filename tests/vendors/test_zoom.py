"""Zoom: the handshake is signed, so it is answered after verification and is no oracle."""

from __future__ import annotations

import hashlib
import hmac
import time

from hub import Recording
from hub.model.json import dumps
from hub.testing import VendorContract
from tests.vendors.conftest import Serve
from tests.vendors.examples.zoom import vendor

SECRET = "thrown-away"
JSON = {"content-type": "application/json"}
VALIDATION = dumps(
    {
        "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"},
        "event_ts": 1_654_503_849_680,
        "event": "endpoint.url_validation",
    }
)
STARTED = dumps(
    {
        "event": "meeting.started",
        "event_ts": 1_626_230_691_572,
        "payload": {"account_id": "AAAAAABBBB", "object": {"id": "1234567890", "topic": "My Meeting"}},
    }
)


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time()))
    mac = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {**JSON, "x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={mac}"}


class TestContract(VendorContract):
    vendor = vendor
    recorded = (
        Recording(name="started", event_types=("meeting.started",), headers=JSON, body=STARTED),
        Recording(name="validation", event_types=("endpoint.url_validation",), headers=JSON, body=VALIDATION),
    )


async def test_the_handshake_is_answered_every_time_and_starts_nothing(serve: Serve) -> None:
    async with serve("zoom", source={"signing_secrets": [SECRET]}) as served:
        token = "qgg8vlvZRS6UYooatFL8Aw"
        encrypted = hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        for _ in range(2):
            answer = await served.send(VALIDATION, signed(VALIDATION))
            assert (answer.status, answer.json()) == (200, {"plainToken": token, "encryptedToken": encrypted})
        assert await served.results() == []


async def test_a_handshake_that_is_not_signed_is_refused(serve: Serve) -> None:
    async with serve("zoom", source={"signing_secrets": [SECRET]}) as served:
        answer = await served.send(VALIDATION, JSON)
        assert answer.status == 401
        assert b"encryptedToken" not in answer.body


async def test_an_event_starts_a_workflow(serve: Serve) -> None:
    async with serve("zoom", source={"signing_secrets": [SECRET]}) as served:
        assert (await served.send(STARTED, signed(STARTED))).status == 200
        [[kind, data]] = await served.results()
        assert (kind, data["object"]["topic"]) == ("meeting.started", "My Meeting")
