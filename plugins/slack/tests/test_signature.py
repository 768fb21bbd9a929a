"""Slack's `v0` signature: what is accepted, every refusal, and slack_sdk as the independent second opinion."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier

from hub import Grant, Reject, Request, Source
from hub_slack.signature import CREDENTIAL, SCHEME

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a1"
    b"4d10d2c447fce8b6703c"
)
STAMP = "1531420618"
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
"""Slack's published example, as slack_sdk's own tests have it."""

HEADERS = {"X-Slack-Request-Timestamp": STAMP, "X-Slack-Signature": SIGNATURE}

Arrive = Callable[..., Request]
Made = Callable[..., Source]
Verify = Callable[..., Grant]
Sign = Callable[..., dict[str, str]]


class At(Clock):
    """slack_sdk's clock, standing still."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> float:
        return self.moment.timestamp()


def refused(verify: Verify, request: Request, source: Source) -> None:
    with pytest.raises(Reject) as refusal:
        verify(request, source)
    assert refusal.value.status in (400, 401)


def with_(**changes: str | None) -> list[tuple[str, str]]:
    """The headers of the example, changed: `signature` and `stamp`, None leaves one out."""
    values = {"signature": SIGNATURE, "stamp": STAMP} | changes
    names = {"signature": "X-Slack-Signature", "stamp": "X-Slack-Request-Timestamp"}
    return [(names[key], value) for key, value in values.items() if value is not None]


def test_the_published_vector_is_accepted(arrive: Arrive, source: Made, verify: Verify) -> None:
    grant = verify(arrive(BODY, HEADERS), source("another", SECRET))
    assert grant.secret is not None
    assert grant.secret.id == "sec_1"


def test_what_the_scheme_signs_is_slack_s_own_example(sign: Sign) -> None:
    assert sign(BODY, SECRET) == {"x-slack-signature": SIGNATURE, "x-slack-request-timestamp": STAMP}


@given(body=st.text(max_size=200), secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_slack_sdk_accepts_ours_and_ours_accepts_slack_sdk(
    arrive: Arrive, source: Made, verify: Verify, sign: Sign, body: str, secret: str
) -> None:
    raw = body.encode()
    received = arrive(raw).received
    theirs = SignatureVerifier(secret, clock=At(received))
    assert theirs.is_valid_request(raw, sign(raw, secret))
    stamp = str(int(received.timestamp()))
    made = theirs.generate_signature(timestamp=stamp, body=raw)
    assert made is not None
    request = arrive(raw, {"x-slack-signature": made, "x-slack-request-timestamp": stamp})
    assert verify(request, source(secret)).secret is not None


@given(body=st.binary(max_size=100))
def test_a_body_that_is_no_text_is_signed_by_its_bytes(
    arrive: Arrive, source: Made, verify: Verify, body: bytes
) -> None:
    made = "v0=" + hmac.new(SECRET.encode(), b"v0:" + STAMP.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-signature": made, "x-slack-request-timestamp": STAMP}
    assert verify(arrive(body, headers), source(SECRET)).secret is not None


@pytest.mark.parametrize(
    "headers",
    [
        [],
        with_(signature=None),
        with_(stamp=None),
        with_(signature=""),
        with_(signature=SIGNATURE.removeprefix("v0=")),
        with_(signature=SIGNATURE.replace("v0=", "v1=")),
        with_(signature=SIGNATURE.replace("v0=", "V0=")),
        with_(signature="v0=" + SIGNATURE.removeprefix("v0=").upper()),
        with_(signature=SIGNATURE[:-1]),
        with_(signature=SIGNATURE + "0"),
        with_(signature="v0=\xff" + SIGNATURE[4:]),
        with_(signature=f"{SIGNATURE},{SIGNATURE}"),
        [*with_(), ("x-slack-signature", SIGNATURE)],
        [*with_(), ("x-slack-request-timestamp", STAMP)],
        with_(stamp=""),
        with_(stamp="now"),
        with_(stamp=" " + STAMP),
        with_(stamp="-" + STAMP),
        with_(stamp="0x5b47a48a"),
        with_(stamp="1_531_420_618"),
        with_(stamp="١٥٣١٤٢٠٦١٨".encode().decode("latin-1")),
        with_(stamp=STAMP + ".0"),
        with_(stamp="1e9"),
        with_(stamp="9" * 400),
        with_(stamp="nan"),
    ],
    ids=[
        "nothing",
        "no signature",
        "no timestamp",
        "empty signature",
        "no prefix",
        "another version",
        "prefix in upper case",
        "hex in upper case",
        "too short",
        "too long",
        "non-ASCII bytes",
        "two signatures",
        "signature header doubled",
        "timestamp header doubled",
        "empty timestamp",
        "word",
        "space",
        "negative",
        "hex timestamp",
        "underscores",
        "other digits",
        "not the text that was signed",
        "exponent",
        "huge",
        "nan",
    ],
)
def test_any_other_way_to_write_the_headers_is_refused(
    arrive: Arrive, source: Made, verify: Verify, headers: list[tuple[str, str]]
) -> None:
    refused(verify, arrive(BODY, headers), source(SECRET))


@pytest.mark.parametrize(("late", "accepted"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_timestamp_counts_for_five_minutes_both_ways(
    arrive: Arrive, source: Made, verify: Verify, late: int, accepted: bool
) -> None:
    received = datetime.fromtimestamp(int(STAMP), UTC) + timedelta(seconds=late)
    request = arrive(BODY, HEADERS, received=received)
    theirs = SignatureVerifier(SECRET, clock=At(received)).is_valid_request(BODY, HEADERS)
    assert theirs is accepted
    if accepted:
        assert verify(request, source(SECRET)).secret is not None
    else:
        refused(verify, request, source(SECRET))


def test_a_fresh_timestamp_on_an_old_signature_is_refused(arrive: Arrive, source: Made, verify: Verify) -> None:
    refused(verify, arrive(BODY, with_(stamp="1531420617")), source(SECRET))


def test_no_secret_and_an_empty_one_accept_nothing(arrive: Arrive, source: Made, verify: Verify) -> None:
    blank = "v0=" + hmac.new(b"", b"v0:" + STAMP.encode() + b":" + BODY, hashlib.sha256).hexdigest()
    for held in (source(), source("")):
        refused(verify, arrive(BODY, with_(signature=blank)), held)
        refused(verify, arrive(BODY, HEADERS), held)


@given(body=st.binary(min_size=1, max_size=200), data=st.data())
def test_every_altered_byte_is_refused(
    arrive: Arrive, source: Made, verify: Verify, sign: Sign, body: bytes, data: st.DataObject
) -> None:
    headers = sign(body, SECRET)
    assert verify(arrive(body, headers), source(SECRET)).secret is not None
    at = data.draw(st.integers(0, len(body) - 1))
    altered = bytearray(body)
    altered[at] ^= data.draw(st.integers(1, 255))
    refused(verify, arrive(bytes(altered), headers), source(SECRET))


@given(signature=st.binary(max_size=80), stamp=st.binary(max_size=30))
def test_garbage_in_the_headers_is_refused_and_nothing_else(
    arrive: Arrive, source: Made, verify: Verify, signature: bytes, stamp: bytes
) -> None:
    headers = [
        ("x-slack-signature", signature.decode("latin-1")),
        ("x-slack-request-timestamp", stamp.decode("latin-1")),
    ]
    refused(verify, arrive(BODY, headers), source(SECRET))
    refused(verify, arrive(BODY, [headers[0], ("x-slack-request-timestamp", STAMP)]), source(SECRET))


def test_it_covers_the_whole_body_and_slack_makes_the_secret() -> None:
    assert SCHEME.covers == "all"
    assert CREDENTIAL.origin == "vendor"
