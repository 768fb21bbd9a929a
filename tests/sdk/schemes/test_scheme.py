"""Token, Check, AnyOf and same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Reject, Unavailable
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import AnyOf, Check, Outgoing, Scheme, Token, can_sign, same
from hub.sdk.schemes.signed import Hmac

MakeRequest = Callable[..., Request]
MakeSource = Callable[..., Source]

GOOD = Token(header="x-token")
NEVER = Hmac(header="x-sig")


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


def test_a_rule_may_give_a_grant_or_a_secret(make_request: MakeRequest, make_source: MakeSource) -> None:
    source = make_source(b"t")
    (secret,) = source.secrets()
    request = make_request()
    assert Check(lambda *_: secret, covers="all").verify(request, source) == Grant(secret)
    assert Check(lambda *_: Grant(account="a"), covers="part").verify(request, source) == Grant(account="a")


async def test_an_async_rule_is_awaited(make_request: MakeRequest, make_source: MakeSource) -> None:
    async def rule(_request: Request, source: Source) -> Secret:
        return source.secrets()[0]

    granted = Check(rule, covers="none").verify(make_request(), make_source(b"t"))
    assert not isinstance(granted, Grant)
    assert (await granted).secret is not None


@pytest.mark.parametrize("given", [None, True, "yes", 200])
async def test_a_rule_that_gives_anything_else_grants_nothing(
    make_request: MakeRequest, make_source: MakeSource, given: Any
) -> None:
    async def later(*_: object) -> Any:
        return given

    with pytest.raises(TypeError, match="Grant or a Secret"):
        Check(lambda *_: given, covers="all").verify(make_request(), make_source())
    pending = Check(later, covers="all").verify(make_request(), make_source())
    assert not isinstance(pending, Grant)
    with pytest.raises(TypeError, match="Grant or a Secret"):
        await pending


def test_a_rule_only_verifies_and_is_a_function(make_source: MakeSource, make_message: Callable[..., Any]) -> None:
    scheme = Check(lambda *_: Grant(), covers="all")
    assert not can_sign(scheme)
    with pytest.raises(TypeError, match="only verifies"):
        scheme.sign(make_message(), make_source(b"t").secrets())
    wrong: Any = "rule"
    with pytest.raises(TypeError, match="function"):
        Check(wrong, covers="all")


def test_any_of_gives_the_first_grant(make_request: MakeRequest, make_source: MakeSource) -> None:
    source = make_source(b"t")
    request = make_request(headers={"x-token": "t"})
    assert AnyOf(NEVER, GOOD).verify(request, source) == Grant(source.secrets()[0])
    with pytest.raises(Reject, match="x-sig is missing; x-token is missing"):
        AnyOf(NEVER, GOOD).verify(make_request(), source)


def test_any_of_survives_a_scheme_that_breaks(make_request: MakeRequest, make_source: MakeSource) -> None:
    broken = Check(lambda request, _: request.json()["none"], covers="all")
    assert AnyOf(broken, GOOD).verify(make_request(headers={"x-token": "t"}), make_source(b"t"))
    with pytest.raises(Reject, match="KeyError") as caught:
        AnyOf(broken, GOOD).verify(make_request(), make_source(b"t"))
    assert caught.value.status == 401


async def test_any_of_waits_for_schemes_that_must_be_awaited(
    make_request: MakeRequest, make_source: MakeSource
) -> None:
    async def refuse(*_: object) -> Grant:
        raise Reject("not this one")

    async def grant(*_: object) -> Grant:
        return Grant(account="later")

    request, source = make_request(), make_source(b"t")
    slow, late = Check(refuse, covers="all"), Check(grant, covers="all")
    for schemes in ((slow, late), (NEVER, late), (slow, NEVER, late)):
        pending = AnyOf(*schemes).verify(request, source)
        assert not isinstance(pending, Grant)
        assert await pending == Grant(account="later")
    granted = AnyOf(slow, GOOD).verify(make_request(headers={"x-token": "t"}), source)
    assert not isinstance(granted, Grant)
    assert (await granted).secret
    refused = AnyOf(slow, NEVER).verify(request, source)
    assert not isinstance(refused, Grant)
    with pytest.raises(Reject, match="not this one; x-sig is missing"):
        await refused


def test_any_of_is_undecided_if_one_scheme_was(make_request: MakeRequest, make_source: MakeSource) -> None:
    def undecided(*_: object) -> Grant:
        raise Unavailable("key server")

    scheme = Check(undecided, covers="all")
    for schemes in ((scheme, NEVER), (NEVER, scheme)):
        with pytest.raises(Unavailable, match="key server"):
            AnyOf(*schemes).verify(make_request(), make_source(b"t"))


def test_any_of_covers_what_the_weakest_covers_and_signs_with_the_first_that_can(
    make_source: MakeSource, make_message: Callable[..., Any]
) -> None:
    verify_only = Check(lambda *_: Grant(), covers="part")
    assert AnyOf(NEVER, NEVER).covers == "all"
    assert AnyOf(NEVER, verify_only).covers == "part"
    assert AnyOf(verify_only, GOOD, NEVER).covers == "none"
    assert AnyOf(verify_only, GOOD).sign(make_message(), make_source(b"t").secrets()) == {"x-token": "t"}
    assert not can_sign(AnyOf(verify_only))
    with pytest.raises(TypeError, match="none of these"):
        AnyOf(verify_only).sign(make_message(), [])
    with pytest.raises(ValueError, match="at least one"):
        AnyOf()


def test_a_scheme_of_ones_own_covers_all_unless_it_says_otherwise(make_source: MakeSource) -> None:
    class Own(Scheme):
        def verify(self, request: Request, source: Source) -> Grant:
            return Grant(source.match(lambda secret: secret.value == request.body))

        def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
            return {"x-own": str(len(secrets))}

    assert Own().covers == "all"
    assert can_sign(Own())


def test_same_compares_text_and_bytes() -> None:
    assert same("a", "a")
    assert same(b"a", "a")
    assert same("é", "é".encode())
    assert same("é".encode().decode("latin-1"), "é".encode())
    assert not same("é".encode().decode("latin-1"), "é")
    assert not same("a", "b")
    assert not same("a", "ab")


def test_same_says_that_empty_equals_nothing() -> None:
    assert not same("", "")
    assert not same(b"", b"")
    assert not same("", b"")


def test_same_of_anything_else_is_false() -> None:
    nothing: Any = None
    assert not same(nothing, nothing)
    assert not same("a", nothing)
    assert not same(nothing, b"a")


@given(st.text(), st.text())
def test_same_is_equality_of_text_that_is_not_empty(a: str, b: str) -> None:
    assert same(a, b) == (a == b and a != "")
    assert same(a, a) == (a != "")
