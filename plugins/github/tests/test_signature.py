"""`X-Hub-Signature-256`: what is accepted, and every refusal."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import Grant, Reject, Request, Secret, Source
from hub_github.signature import CREDENTIAL, SCHEME

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
"""The pair that GitHub publishes for testing an implementation."""

Arrive = Callable[..., Request]
Made = Callable[..., Source]
Verify = Callable[..., Grant]


def refused(verify: Verify, request: Request, source: Source) -> None:
    with pytest.raises(Reject) as refusal:
        verify(request, source)
    assert refusal.value.status in (400, 401)


def test_the_published_vector_is_accepted(arrive: Arrive, source: Made, verify: Verify) -> None:
    grant = verify(arrive(BODY, {"X-Hub-Signature-256": SIGNATURE}), source(SECRET))
    assert grant.secret is not None
    assert grant.secret.value == SECRET.encode()


def test_what_the_scheme_signs_is_what_github_would_send(sign: Callable[..., dict[str, str]]) -> None:
    assert sign(BODY, SECRET) == {"x-hub-signature-256": SIGNATURE}


def test_a_form_is_signed_as_sent_and_not_by_the_json_inside(
    arrive: Arrive, source: Made, verify: Verify, sign: Callable[..., dict[str, str]]
) -> None:
    form = b"payload=%7B%22zen%22%3A%22x%22%7D"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert verify(arrive(form, kind | sign(form, SECRET)), source(SECRET)).secret is not None
    refused(verify, arrive(form, kind | sign(b'{"zen":"x"}', SECRET)), source(SECRET))


def test_old_and_new_secret_work_while_both_are_live(arrive: Arrive, source: Made, verify: Verify) -> None:
    granted = verify(arrive(BODY, {"x-hub-signature-256": SIGNATURE}), source("new", SECRET))
    assert granted.secret == Secret("sec_1", "signing", SECRET.encode())


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("x-hub-signature-256", "")],
        [("x-hub-signature-256", SIGNATURE.removeprefix("sha256="))],
        [("x-hub-signature-256", SIGNATURE.replace("sha256=", "sha1="))],
        [("x-hub-signature-256", "SHA256=" + SIGNATURE.removeprefix("sha256="))],
        [("x-hub-signature-256", "sha256=" + SIGNATURE.removeprefix("sha256=").upper())],
        [("x-hub-signature-256", SIGNATURE[:-1])],
        [("x-hub-signature-256", SIGNATURE + "0")],
        [("x-hub-signature-256", SIGNATURE + " ")],
        [("x-hub-signature-256", SIGNATURE), ("X-Hub-Signature-256", SIGNATURE)],
        [("x-hub-signature-256", f"{SIGNATURE},{SIGNATURE}")],
        [("x-hub-signature-256", "sha256=ÿ" + SIGNATURE[8:])],
        [("x-hub-signature", SIGNATURE)],
    ],
    ids=[
        "missing",
        "empty",
        "no prefix",
        "another prefix",
        "prefix in upper case",
        "hex in upper case",
        "too short",
        "too long",
        "space behind",
        "header doubled",
        "two in one header",
        "non-ASCII bytes",
        "header of the old scheme",
    ],
)
def test_any_other_way_to_write_the_signature_is_refused(
    arrive: Arrive, source: Made, verify: Verify, headers: list[tuple[str, str]]
) -> None:
    refused(verify, arrive(BODY, headers), source(SECRET))


def test_the_sha1_of_the_older_header_is_not_read(arrive: Arrive, source: Made, verify: Verify) -> None:
    old = "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    refused(verify, arrive(BODY, {"x-hub-signature": old}), source(SECRET))


def test_no_secret_and_an_empty_one_accept_nothing(arrive: Arrive, source: Made, verify: Verify) -> None:
    blank = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    for held in (source(), source("")):
        refused(verify, arrive(BODY, {"x-hub-signature-256": blank}), held)
        refused(verify, arrive(BODY, {"x-hub-signature-256": SIGNATURE}), held)


@given(body=st.binary(min_size=1, max_size=200), secret=st.text(min_size=1, max_size=40), data=st.data())
def test_every_altered_byte_is_refused(  # noqa: PLR0917 - fixtures and hypothesis' values
    arrive: Arrive,
    source: Made,
    verify: Verify,
    sign: Callable[..., dict[str, str]],
    body: bytes,
    secret: str,
    data: st.DataObject,
) -> None:
    headers = sign(body, secret)
    assert verify(arrive(body, headers), source(secret)).secret is not None
    at = data.draw(st.integers(0, len(body) - 1))
    altered = bytearray(body)
    altered[at] ^= data.draw(st.integers(1, 255))
    refused(verify, arrive(bytes(altered), headers), source(secret))
    refused(verify, arrive(body, headers), source(secret + "x"))


@given(value=st.text(max_size=100))
def test_garbage_in_the_header_is_refused_and_nothing_else(
    arrive: Arrive, source: Made, verify: Verify, value: str
) -> None:
    shown = value.encode("utf-8", "surrogatepass").decode("latin-1")
    refused(verify, arrive(BODY, {"x-hub-signature-256": shown}), source(SECRET))


def test_it_covers_the_whole_body_and_the_secret_is_made_by_the_hub() -> None:
    assert SCHEME.covers == "all"
    assert CREDENTIAL.origin == "hub"
