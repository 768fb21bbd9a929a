"""What any scheme may say of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import Outgoing, Scheme, can_sign

MakeSource = Callable[..., Source]


def test_a_scheme_of_ones_own_covers_all_unless_it_says_otherwise(make_source: MakeSource) -> None:
    class Own(Scheme):
        def verify(self, request: Request, source: Source) -> Grant:
            return Grant(source.match(lambda secret: secret.value == request.body))

        def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
            return {"x-own": str(len(secrets))}

    assert Own().covers == "all"
    assert can_sign(Own())
