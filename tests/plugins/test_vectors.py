"""Signatures published by vendors, and their own libraries as senders and receivers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import nacl.signing
import pytest
from slack_sdk.signature import SignatureVerifier
from standardwebhooks.webhooks import Webhook

from hub.errors import Reject
from hub.model.wire.request import Request
from hub.model.wire.secret import Credential
from hub.sdk.context import Source
from hub.sdk.schemes.hmac import Hmac
from hub.sdk.schemes.public_key import PublicKey
from hub.sdk.schemes.standard import CORE_SCHEMES, Standard
from tests.narrowing import granted

MakeRequest = Callable[..., Request]
MakeSource = Callable[..., Source]

SLACK = Hmac(
    header="x-slack-signature", prefix="v0=", timestamp="x-slack-request-timestamp", content="v0:{timestamp}:{body}"
)
SLACK_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
    b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
    b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
    b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
PLEXTRAC = Hmac(header="x-authorization-hmac-256")
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_github_documentation(make_request: MakeRequest, make_source: MakeSource) -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    request = make_request(b"Hello, World!", {"X-Hub-Signature-256": signature})
    source = make_source(b"It's a Secret to Everybody")
    assert granted(CORE_SCHEMES["github"], request, source).secret is source.secrets()[0]


def test_slack_documentation(make_request: MakeRequest, make_source: MakeSource) -> None:
    headers = {"X-Slack-Signature": SLACK_SIGNATURE, "X-Slack-Request-Timestamp": "1531420618"}
    source = make_source(SLACK_SECRET.encode())
    assert SLACK.verify(make_request(SLACK_BODY, headers, at=1531420618), source).secret
    with pytest.raises(Reject, match="no signature matches"):
        SLACK.verify(make_request(SLACK_BODY + b"-", headers, at=1531420618), source)
    with pytest.raises(Reject, match="s old"):
        SLACK.verify(make_request(SLACK_BODY, headers, at=1531420618 + 301), source)


@pytest.mark.parametrize("body", [b"", b'{"a": "\xc3\xa9"}', SLACK_BODY])
def test_slack_sdk_signs_what_is_accepted_and_accepts_what_is_signed(
    make_request: MakeRequest, make_source: MakeSource, make_message: Callable[..., Any], body: bytes
) -> None:
    theirs = SignatureVerifier(SLACK_SECRET)
    now = datetime.now(UTC)
    stamp = str(int(now.timestamp()))
    signature = theirs.generate_signature(timestamp=stamp, body=body)
    source = make_source(SLACK_SECRET.encode())
    request = make_request(
        body, {"x-slack-signature": signature or "", "x-slack-request-timestamp": stamp}, at=now.timestamp()
    )
    assert SLACK.verify(request, source).secret
    headers = dict(SLACK.sign(make_message(body=body, at=now), source.secrets()))
    assert theirs.is_valid_request(body, headers)
    assert not theirs.is_valid_request(body + b" ", headers)


@pytest.mark.parametrize(
    ("secret", "body", "signature"),
    [
        ("your-secret", b'{"event":"test"}', "ae73985dbf44593b8ab8007279f05bcbb47c811fa80741ccbd230e28e67d89eb"),
        (
            "your-webhook-secret",
            b'{"event":"order_created","order_id":"12345"}',
            "f297210843e070a5784decd2fd890dd97273a4b5e87b01361f76bb0bcb4fcf18",
        ),
    ],
)
def test_flowtrux_documentation(
    make_request: MakeRequest, make_source: MakeSource, secret: str, body: bytes, signature: str
) -> None:
    request = make_request(body, {"X-Webhook-Signature": signature})
    assert granted(CORE_SCHEMES["hmac-sha256"], request, make_source(secret.encode())).secret


def test_plextrac_is_the_plain_hmac_and_not_the_hash_of_a_concatenation(
    make_request: MakeRequest, make_source: MakeSource
) -> None:
    body = (
        b'{"cuid":"c1","actorCuid":"u1","event":"ReportPublished","targetCuid":"r1","targetType":"report","text":"t"}'
    )
    signature = "3a67ea7d2e9cf1f8c1510442f03e7f417251ef953de77e315f6de2c6b0c83788"
    source = make_source(b"s3cret")
    assert PLEXTRAC.verify(make_request(body, {"X-Authorization-HMAC-256": signature}), source).secret
    concatenated = hashlib.sha256(b"s3cret" + body).hexdigest()
    with pytest.raises(Reject):
        PLEXTRAC.verify(make_request(body, {"X-Authorization-HMAC-256": concatenated}), source)


def test_standard_webhooks_documentation(make_request: MakeRequest, make_source: MakeSource) -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    request = make_request(b'{"test": 2432232314}', headers, at=1614265330)
    source = make_source(Credential(kind="whsec").decode(STANDARD_SECRET))
    assert granted(CORE_SCHEMES["standard"], request, source).secret


def test_the_standardwebhooks_library_signs_what_is_accepted_and_accepts_what_is_signed(
    make_request: MakeRequest, make_source: MakeSource, make_message: Callable[..., Any]
) -> None:
    theirs, ours = Webhook(STANDARD_SECRET), CORE_SCHEMES["standard"]
    now = datetime.now(UTC)
    body = json.dumps({"type": "a", "data": "é"}, ensure_ascii=False).encode()
    source = make_source(b"another key of some twenty-four bytes", Credential(kind="whsec").decode(STANDARD_SECRET))
    headers = dict(ours.sign(make_message(body=body, at=now), source.secrets()))
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert theirs.verify(body, headers) == {"type": "a", "data": "é"}
    signed = theirs.sign("msg_2", now, body.decode())
    sent = {"webhook-id": "msg_2", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signed}
    grant = granted(ours, make_request(body, sent, at=now.timestamp()), source)
    assert grant.secret is source.secrets()[1]


def test_senders_from_before_the_standard_use_other_header_names(
    make_request: MakeRequest, make_source: MakeSource, make_message: Callable[..., Any]
) -> None:
    scheme, source = Standard(headers="svix"), make_source(b"k" * 24)
    headers = scheme.sign(make_message(), source.secrets())
    assert set(headers) == {"svix-id", "svix-timestamp", "svix-signature"}
    assert granted(scheme, make_request(b"{}", headers), source).secret


def test_pynacl_signs_v1a_that_is_accepted_and_verifies_v1a_that_is_signed(
    make_request: MakeRequest, make_source: MakeSource, make_message: Callable[..., Any]
) -> None:
    credential, scheme = Credential(kind="whsk"), CORE_SCHEMES["standard-ed25519"]
    text = credential.generate()
    private = credential.decode(text)
    theirs = nacl.signing.SigningKey(private[:32])
    content = b"msg_1.1767225600.{}"
    signature = nacl.encoding.Base64Encoder.encode(theirs.sign(content).signature).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1767225600", "webhook-signature": f"v1,x v1a,{signature}"}
    receiving = make_source(bytes(theirs.verify_key))
    assert granted(scheme, make_request(b"{}", headers), receiving).secret
    made = scheme.sign(make_message(), make_source(private).secrets())["webhook-signature"]
    assert made == f"v1a,{signature}"


def test_discord_style_ed25519_of_timestamp_and_body(make_request: MakeRequest, make_source: MakeSource) -> None:
    scheme = PublicKey(
        header="x-signature-ed25519", timestamp="x-signature-timestamp", content="{timestamp}{body}", slot="public"
    )
    theirs = nacl.signing.SigningKey.generate()
    signature = theirs.sign(b'1767225600{"type":1}').signature.hex()
    headers = {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": "1767225600"}
    source = make_source(bytes(theirs.verify_key), slot="public")
    assert scheme.verify(make_request(b'{"type":1}', headers), source).secret
    with pytest.raises(Reject):
        scheme.verify(make_request(b'{"type":2}', headers), source)
