"""The signature, in and out."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import Grant, Reject, Request, Source
from hub_plextrac.signature import CREDENTIAL, SCHEME

SECRET = "s3cret"
BODY = b'{"cuid":"c1","actorCuid":"u1","event":"ReportPublished","targetCuid":"r1","targetType":"report","text":"t"}'
SIGNATURE = "3a67ea7d2e9cf1f8c1510442f03e7f417251ef953de77e315f6de2c6b0c83788"
HEADER = "X-Authorization-HMAC-256"


@dataclass(frozen=True)
class Message:
    """What a scheme signs."""

    body: bytes
    id: str = "msg_1"
    url: str = "https://example.com/"
    type: str = "finding.created"
    at: datetime = datetime(2026, 3, 28, 17, 3, 38, tzinfo=UTC)


def refused(verify: Callable[..., Grant], request: Request, source: Source) -> str:
    with pytest.raises(Reject) as refusal:
        verify(request, source)
    assert refusal.value.status == 401
    return refusal.value.reason


def test_the_known_vector_is_accepted(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    grant = verify(arrive(BODY, {HEADER: SIGNATURE}), source("other", SECRET))
    assert grant.secret is not None
    assert grant.secret.id == "sec_1"


def test_the_known_vector_is_what_the_hub_sends(source: Callable[..., Source]) -> None:
    assert SCHEME.sign(Message(BODY), source(SECRET).secrets()) == {HEADER.lower(): SIGNATURE}


def test_a_plain_hash_over_secret_and_body_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    concatenated = hashlib.sha256(SECRET.encode() + BODY).hexdigest()
    refused(verify, arrive(BODY, {HEADER: concatenated}), source(SECRET))
    keyless = hmac.digest(b"", SECRET.encode() + BODY, "sha256").hex()
    refused(verify, arrive(BODY, {HEADER: keyless}), source(SECRET))


def test_the_header_is_found_in_any_case(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    assert verify(arrive(BODY, {"x-authorization-hmac-256": SIGNATURE}), source(SECRET)).secret is not None


def test_a_missing_header_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    assert "missing" in refused(verify, arrive(BODY), source(SECRET))
    assert "missing" in refused(verify, arrive(BODY, {HEADER: ""}), source(SECRET))


def test_a_doubled_header_is_refused_even_if_both_are_right(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    assert "2 times" in refused(verify, arrive(BODY, [(HEADER, SIGNATURE)] * 2), source(SECRET))


@pytest.mark.parametrize(
    "value",
    [
        "wrong",
        SIGNATURE.upper(),
        SIGNATURE[:-1],
        SIGNATURE + "0",
        f"sha256={SIGNATURE}",
        f"{SIGNATURE},{SIGNATURE}",
        f" {SIGNATURE}",
        "\xe9" * 64,
        "0" * 64,
    ],
)
def test_a_wrong_signature_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], value: str
) -> None:
    refused(verify, arrive(BODY, {HEADER: value}), source(SECRET))


@pytest.mark.parametrize("secrets", [(), ("",), ("wrong",), (SECRET.upper(),)])
def test_without_the_right_secret_nothing_passes(
    arrive: Callable[..., Request],
    source: Callable[..., Source],
    verify: Callable[..., Grant],
    secrets: tuple[str, ...],
) -> None:
    refused(verify, arrive(BODY, {HEADER: SIGNATURE}), source(*secrets))


def test_an_empty_secret_does_not_make_its_own_signature_pass(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    refused(verify, arrive(BODY, {HEADER: hmac.digest(b"", BODY, "sha256").hex()}), source(""))


def test_the_received_bytes_count_and_not_the_json_they_mean(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    refused(verify, arrive(BODY.replace(b'":"', b'": "', 1), {HEADER: SIGNATURE}), source(SECRET))
    refused(verify, arrive(b"\xef\xbb\xbf" + BODY, {HEADER: SIGNATURE}), source(SECRET))


def test_the_scheme_covers_all_of_the_body() -> None:
    assert SCHEME.covers == "all"


@given(body=st.binary(max_size=100), secret=st.text(min_size=1, max_size=20), flip=st.integers(min_value=0))
def test_what_is_signed_is_accepted_and_no_altered_byte_passes(
    arrive: Callable[..., Request],
    source: Callable[..., Source],
    verify: Callable[..., Grant],
    body: bytes,
    secret: str,
    flip: int,
) -> None:
    held = source(secret.encode("utf-8", "replace").decode())
    headers = SCHEME.sign(Message(body), held.secrets())
    assert verify(arrive(body, headers), held).secret is not None
    altered = bytearray(body or b"\0")
    altered[flip // 8 % len(altered)] ^= (1 << flip % 8) if body else 0
    refused(verify, arrive(bytes(altered), headers), held)


@given(value=st.text(st.characters(max_codepoint=255), max_size=80))
def test_a_garbled_header_raises_nothing_but_reject(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], value: str
) -> None:
    refused(verify, arrive(BODY, {HEADER: value}), source(SECRET))


def test_the_secret_is_taken_as_it_stands() -> None:
    assert CREDENTIAL.decode("s3cret") == b"s3cret"
    assert CREDENTIAL.origin == "hub"
