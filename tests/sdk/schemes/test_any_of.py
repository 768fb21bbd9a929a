"""Several schemes of which any may grant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import Reject, Unavailable
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.sdk.context import Source
from hub.sdk.schemes.any_of import AnyOf
from hub.sdk.schemes.check import Check
from hub.sdk.schemes.hmac import Hmac
from hub.sdk.schemes.scheme import can_sign
from hub.sdk.schemes.token import Token

MakeRequest = Callable[..., Request]
MakeSource = Callable[..., Source]

GOOD = Token(header="x-token")
NEVER = Hmac(header="x-sig")


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
