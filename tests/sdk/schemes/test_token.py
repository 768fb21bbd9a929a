"""Tokens: shared secrets that are sent along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import Reject
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import can_sign
from hub.sdk.schemes.token import Token

MakeRequest = Callable[..., Request]
MakeSource = Callable[..., Source]

GOOD = Token(header="x-token")


def test_a_token_in_a_header_is_compared_whole(make_request: MakeRequest, make_source: MakeSource) -> None:
    scheme = Token(header="Authorization", prefix="Bearer ")
    source = make_source(b"old", b"token")
    assert scheme.verify(make_request(headers={"authorization": "Bearer token"}), source) == Grant(source.secrets()[1])
    assert scheme.covers == "none"
    for sent in ("Bearer toke", "Bearer token ", "bearer token", "token", "Bearer ", "Bearer \xff"):
        with pytest.raises(Reject) as caught:
            scheme.verify(make_request(headers={"authorization": sent}), source)
        assert caught.value.status == 401


def test_a_missing_or_doubled_token_is_refused(make_request: MakeRequest, make_source: MakeSource) -> None:
    for headers in ([], [("x-token", "t"), ("X-Token", "t")]):
        with pytest.raises(Reject, match=r"is missing|is given 2 times") as caught:
            GOOD.verify(make_request(headers=headers), make_source(b"t"))
        assert caught.value.status == 401


def test_a_token_in_the_query_is_compared_decoded(make_request: MakeRequest, make_source: MakeSource) -> None:
    scheme = Token(query="token")
    source = make_source("pä ss".encode())
    assert scheme.verify(make_request(url="https://h.example/?token=p%C3%A4%20ss"), source)
    for url in ("https://h.example/?token=p%E4%20ss", "https://h.example/?token=x&token=x", "https://h.example/"):
        with pytest.raises(Reject):
            scheme.verify(make_request(url=url), source)


def test_a_token_beyond_ascii_matches_by_its_bytes(make_request: MakeRequest, make_source: MakeSource) -> None:
    sent = "ключ".encode().decode("latin-1")
    assert GOOD.verify(make_request(headers={"x-token": sent}), make_source("ключ".encode()))


def test_an_empty_token_matches_nothing(make_request: MakeRequest, make_source: MakeSource) -> None:
    for source in (make_source(b""), make_source(), make_source(b"t")):
        with pytest.raises(Reject):
            GOOD.verify(make_request(headers={"x-token": ""}), source)


def test_a_token_signs_in_a_header_only(make_source: MakeSource, make_message: Callable[..., Any]) -> None:
    secrets = make_source(b"new", b"old").secrets()
    assert GOOD.sign(make_message(), secrets) == {"x-token": "new"}
    assert not can_sign(Token(query="t"))
    with pytest.raises(TypeError, match="query"):
        Token(query="t").sign(make_message(), secrets)
    with pytest.raises(ValueError, match="no secret"):
        GOOD.sign(make_message(), [])


@pytest.mark.parametrize("places", [{}, {"header": "a", "query": "b"}, {"header": ""}, {"query": ""}])
def test_a_token_stands_in_one_place(places: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header or in the query"):
        Token(**places)
