"""Rules of the author."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.sdk.schemes.check import Check
from hub.sdk.schemes.scheme import can_sign

MakeRequest = Callable[..., Request]
MakeSource = Callable[..., Source]


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
