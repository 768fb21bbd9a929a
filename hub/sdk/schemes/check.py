"""Schemes that are a function of the author; they only verify."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from hub.errors import Reject, described
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.sdk.schemes.scheme import Covers, Outgoing, Scheme, SignedBytes

__all__ = ["Check", "Checked"]

Checked = Grant | Secret
"""What a rule of `Check` returns: a grant, or the secret that matched."""


@dataclass(frozen=True, kw_only=True)
class _Check(Scheme):
    rule: Callable[[Request, Source], Checked | Awaitable[Checked]]
    covers: Covers = "all"
    signed_bytes: SignedBytes = "received"
    signs: bool = False

    def verify(self, request: Request, source: Source) -> Grant | Awaitable[Grant]:
        try:
            checked = self.rule(request, source)
        except Reject:
            raise
        except Exception as error:
            raise _failed(error) from error
        return self._later(checked) if inspect.isawaitable(checked) else _grant(checked)

    @staticmethod
    async def _later(checked: Awaitable[Checked]) -> Grant:
        try:
            given = await checked
        except Reject:
            raise
        except Exception as error:
            raise _failed(error) from error
        return _grant(given)

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        del message, secrets
        raise TypeError("a rule only verifies")


def _failed(error: Exception) -> Reject:
    """The refusal of a request for which the rule failed."""
    return Reject(f"the rule failed: {described(error)}")


def _grant(checked: object) -> Grant:
    if isinstance(checked, Secret):
        return Grant(secret=checked)
    if isinstance(checked, Grant):
        return checked
    raise TypeError(f"the rule must return a Grant or a Secret, not {type(checked).__name__}")


def Check(  # noqa: N802 - named like the scheme that it makes
    f: Callable[[Request, Source], Checked | Awaitable[Checked]],
    *,
    covers: Covers,
    signed_bytes: SignedBytes | None = None,
) -> Scheme:
    """A rule of yours, sync or async, as a scheme that only verifies.

        Check(lambda request, source: source.match(lambda s: same(request.json()["clientState"], s.value)),
              covers="none")

    Args:
        f: Returns a `Grant` or the matching `Secret`. Any exception refuses (401), except `Unavailable` (503).
        covers: Which part of the body the rule protects.
        signed_bytes: Which bytes of a compressed body the rule is given: as `received`, or `decoded`. Unless said:
            decoded for a rule that covers no body, since it can only read it.
    """
    if not callable(f):
        raise TypeError("Check takes a function of request and source")
    chosen: SignedBytes = signed_bytes or ("decoded" if covers == "none" else "received")
    return _Check(rule=f, covers=covers, signed_bytes=chosen)
