"""The shared secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub import Grant, Reject, Request, Source
from hub_okta.settings import OktaSettings
from hub_okta.verification import CREDENTIAL, scheme

SECRET = "a-long-random-secret"


def refused(verify: Callable[..., Grant], request: Request, source: Source) -> str:
    with pytest.raises(Reject) as refusal:
        verify(request, source)
    assert refusal.value.status == 401
    return refusal.value.reason


def test_the_secret_in_authorization_is_accepted_and_named(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    grant = verify(arrive(b"{}", {"Authorization": SECRET}), source("other", SECRET))
    assert grant.secret is not None
    assert grant.secret.id == "sec_1"


def test_the_header_is_the_one_that_the_source_names_and_no_other(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    named = source(SECRET, header="X-Okta-Secret")
    assert verify(arrive(b"{}", {"x-okta-secret": SECRET}), named).secret is not None
    assert "missing" in refused(verify, arrive(b"{}", {"authorization": SECRET}), named)


@pytest.mark.parametrize("secret", ["Bearer abc", "Basic dXNlcjpwYXNz", "Bearer", "SSWS 00x"])
def test_a_value_that_looks_like_a_scheme_is_compared_as_a_whole(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], secret: str
) -> None:
    assert verify(arrive(b"{}", {"authorization": secret}), source(secret)).secret is not None
    bare = secret.partition(" ")[2] or "abc"
    refused(verify, arrive(b"{}", {"authorization": bare}), source(secret))
    refused(verify, arrive(b"{}", {"authorization": secret}), source(bare))
    refused(verify, arrive(b"{}", {"authorization": secret.lower()}), source(secret))


def test_several_live_secrets_work_at_once(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    both = source("new", "old")
    matched = [verify(arrive(b"{}", {"authorization": one}), both).secret for one in ("new", "old")]
    assert [secret.value for secret in matched if secret is not None] == [b"new", b"old"]


def test_a_missing_header_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    assert "missing" in refused(verify, arrive(b"{}"), source(SECRET))


def test_a_doubled_header_is_refused_even_if_both_are_right(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    twice = [("authorization", SECRET), ("Authorization", SECRET)]
    assert "2 times" in refused(verify, arrive(b"{}", twice), source(SECRET))


@pytest.mark.parametrize("value", ["", "wrong", SECRET[:-1], SECRET + "x", SECRET.upper(), f"{SECRET},{SECRET}"])
def test_a_wrong_value_is_refused(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], value: Any
) -> None:
    refused(verify, arrive(b"{}", {"authorization": value}), source(SECRET))


@pytest.mark.parametrize("secrets", [(), ("",), (b"",)])
@pytest.mark.parametrize("value", ["", "anything"])
def test_an_empty_or_absent_secret_matches_nothing(
    arrive: Callable[..., Request],
    source: Callable[..., Source],
    verify: Callable[..., Grant],
    secrets: Any,
    value: Any,
) -> None:
    refused(verify, arrive(b"{}", {"authorization": value}), source(*secrets))


def test_bytes_are_compared_so_a_secret_outside_ascii_works(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    sent = "pässwörd ✓".encode().decode("latin-1")
    assert verify(arrive(b"{}", {"authorization": sent}), source("pässwörd ✓")).secret is not None
    refused(verify, arrive(b"{}", {"authorization": "p\xe4ssw\xf6rd"}), source("pässwörd ✓"))


def test_a_get_without_challenge_and_secret_does_not_pass(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant]
) -> None:
    refused(verify, arrive(method="GET"), source(SECRET))


def test_the_scheme_says_that_it_covers_no_byte_of_the_body() -> None:
    assert scheme(None).covers == "none"


@given(
    secret=st.text(min_size=1).filter(lambda text: text.strip() != ""), value=st.text(st.characters(max_codepoint=255))
)
def test_only_the_very_bytes_of_the_secret_pass(
    arrive: Callable[..., Request], source: Callable[..., Source], verify: Callable[..., Grant], secret: str, value: Any
) -> None:
    request = arrive(b"{}", {"authorization": value})
    if value.encode("latin-1") == secret.encode("utf-8", "surrogatepass"):
        assert verify(request, source(secret.encode("utf-8", "surrogatepass"))).secret is not None
    else:
        refused(verify, request, source(secret.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize(
    "header",
    ["", "x okta", "x:y", "x\r\ny", "é", "host", "Content-Type", "content-length", "x-okta-verification-challenge"],
)
def test_a_header_that_cannot_carry_a_secret_is_refused_when_saved(header: str) -> None:
    with pytest.raises(ValidationError):
        OktaSettings(header=header)


def test_an_unknown_setting_is_refused_when_saved() -> None:
    with pytest.raises(ValidationError):
        OktaSettings.model_validate({"headr": "authorization"})


def test_the_hub_may_make_the_secret_and_it_is_taken_as_it_stands() -> None:
    assert CREDENTIAL.decode(" Bearer x ") == b" Bearer x "
    assert CREDENTIAL.origin == "hub"
    assert CREDENTIAL.decode(CREDENTIAL.generate())
