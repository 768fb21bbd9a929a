"""Twilio, with its own library as the sender: the signature is over the public URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from twilio.request_validator import RequestValidator

from hub import Recording, Secret
from hub.testing import VendorContract
from tests.vendors.conftest import Serve
from tests.vendors.examples.twilio import vendor

TOKEN = "12345"
FIELDS = {
    "AccountSid": "AC00000000000000000000000000000000",
    "MessageSid": "SM00000000000000000000000000000000",
    "SmsStatus": "received",
    "From": "+14158675309",
    "Body": "Grüße & more=1",
}
FORM = {"content-type": "application/x-www-form-urlencoded"}
RECORDED = Recording(
    name="message",
    event_types=("message.received",),
    headers={**FORM, "i-twilio-idempotency-token": "1b2c4f2e-5a1c-4c7e-9f6f-2d8b7c1a0e11"},
    body=urlencode(FIELDS).encode(),
    expect={"status": 200, "body": "<Response/>"},
)


class TestContract(VendorContract):
    vendor = vendor
    recorded = (RECORDED,)

    def signed(self, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        fields = dict(parse_qsl(recording.body.decode(), keep_blank_values=True))
        signature = RequestValidator(secrets[0].value.decode()).compute_signature(url, fields)
        return replace(recording, headers={**recording.headers, "x-twilio-signature": signature})


async def test_twilios_own_signature_over_the_public_url_is_accepted(serve: Serve) -> None:
    public = "https://hub.example.com"
    async with serve("twilio", source={"signing_secrets": [TOKEN]}, public_url=public) as served:
        url = served.url + "?team=blue"
        assert url.startswith(public)
        signature = RequestValidator(TOKEN).compute_signature(url, FIELDS)
        headers = {**RECORDED.headers, "x-twilio-signature": signature}
        answer = await served.send(RECORDED.body, headers, query="?team=blue")
        assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, b"<Response/>", "text/xml")
        assert await served.results() == [["message.received", FIELDS]]


async def test_a_signature_over_another_url_or_of_another_account_is_answered_403(serve: Serve) -> None:
    async with serve("twilio", source={"signing_secrets": [TOKEN]}) as served:
        for url, token in ((served.url + "?team=blue", TOKEN), (served.url, "54321")):
            signature = RequestValidator(token).compute_signature(url, FIELDS)
            headers = {**RECORDED.headers, "x-twilio-signature": signature}
            assert (await served.send(RECORDED.body, headers)).status == 403
        assert await served.results() == []
