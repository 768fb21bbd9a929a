"""Stripe, with its own library as the sender."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import stripe

from hub import Recording
from hub.model.json import dumps
from hub.testing import Sender, VendorContract
from tests.vendors.conftest import Serve
from tests.vendors.examples.stripe import vendor

SECRET = "whsec_thrown_away"
BODY = dumps(
    {
        "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
        "object": "event",
        "account": "acct_1",
        "created": 1_686_089_970,
        "type": "setup_intent.created",
        "data": {"object": {"id": "seti_1NG8Du2eZvKYlo2C9XMqbR0x", "object": "setup_intent"}},
    }
)


def signed(body: bytes, at: float, secret: str = SECRET) -> dict[str, str]:
    signature = stripe.WebhookSignature._compute_signature(f"{int(at)}.{body.decode()}", secret)
    return {"content-type": "application/json", "stripe-signature": f"t={int(at)},v1={signature}"}


class TestContract(VendorContract):
    vendor = vendor
    recorded = (
        Recording(
            name="setup_intent",
            event_types=("setup_intent.created",),
            headers={"content-type": "application/json; charset=utf-8"},
            body=BODY,
        ),
    )


async def test_what_stripe_signs_starts_a_workflow(serve: Serve) -> None:
    async with serve("stripe", source={"signing_secrets": [SECRET]}) as served:
        answer = await served.send(BODY, signed(BODY, time.time()))
        assert answer.status == 200
        assert await served.results() == [
            ["setup_intent.created", {"object": {"id": "seti_1NG8Du2eZvKYlo2C9XMqbR0x", "object": "setup_intent"}}]
        ]


async def test_a_wrong_signature_and_an_old_one_are_answered_400(serve: Serve) -> None:
    async with serve("stripe", source={"signing_secrets": [SECRET]}) as served:
        now = time.time()
        for headers in (signed(BODY, now, "whsec_other"), signed(BODY, now - 400), {}):
            assert (await served.send(BODY, headers)).status == 400
        assert await served.results() == []


def test_stripe_accepts_what_the_scheme_signs() -> None:
    sender = Sender(vendor, secrets={"signing": SECRET})
    sent = sender.signed(Recording(name="event", body=BODY), datetime.now(UTC))
    event = stripe.Webhook.construct_event(sent.body, sent.headers["stripe-signature"], SECRET)
    assert event["type"] == "setup_intent.created"
