"""The one-time verification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub import Reject, Reply, Request, Source
from hub_okta import vendor
from hub_okta.handshake import challenge

HEADER = "x-okta-verification-challenge"


def test_the_value_of_the_header_comes_back_as_verification(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    answer = challenge(arrive(headers={HEADER: "My verification challenge"}, method="GET"), source())
    assert answer == Reply(200, {"verification": "My verification challenge"})
    assert answer.encoded() == (b'{"verification":"My verification challenge"}', "application/json")


def test_it_needs_neither_secret_nor_body_and_the_vendor_lets_get_through(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    assert vendor.challenge is challenge
    assert vendor.methods == ("GET", "POST")
    assert challenge(arrive(headers={"X-Okta-Verification-Challenge": "v"}, method="GET"), source()) is not None


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {"x-okta-verification": "v"}])
def test_a_request_without_the_value_is_an_ordinary_one(
    arrive: Callable[..., Request], source: Callable[..., Source], headers: Any
) -> None:
    assert challenge(arrive(headers=headers, method="GET"), source("s3cret")) is None


def test_a_doubled_header_is_refused(arrive: Callable[..., Request], source: Callable[..., Source]) -> None:
    with pytest.raises(Reject) as refusal:
        challenge(arrive(headers=[(HEADER, "a"), (HEADER, "b")], method="GET"), source())
    assert refusal.value.status == 400


def test_a_challenge_in_the_body_is_an_ordinary_request(
    arrive: Callable[..., Request], source: Callable[..., Source]
) -> None:
    body = b'{"type":"url_verification","challenge":"c","verification":"v"}'
    assert challenge(arrive(body), source("s3cret")) is None


def test_the_answer_holds_nothing_of_the_secrets(arrive: Callable[..., Request], source: Callable[..., Source]) -> None:
    request = arrive(headers={HEADER: "v"}, method="GET")
    assert challenge(request, source("s3cret")) == challenge(request, source("another"))


@pytest.mark.parametrize("value", ['"}</script>', "caf\xe9", "x" * 8000, "{{ 7*7 }}"])
def test_whatever_the_value_is_it_stays_a_json_text(
    arrive: Callable[..., Request], source: Callable[..., Source], value: Any
) -> None:
    answer = challenge(arrive(headers={HEADER: value}, method="GET"), source())
    assert answer is not None
    assert answer.body == {"verification": value}


@pytest.mark.parametrize("method", vendor.methods)
def test_the_header_decides_and_not_the_method(
    arrive: Callable[..., Request], source: Callable[..., Source], method: str
) -> None:
    answer = challenge(arrive(b"{}", {HEADER: "v"}, method), source())
    assert answer == Reply(200, {"verification": "v"})
