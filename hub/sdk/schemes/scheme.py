"""Schemes: ways to sign. One object verifies inbound and signs outbound."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source

__all__ = ["Covers", "Outgoing", "Scheme", "can_sign"]

Covers = Literal["all", "part", "none"]
"""What of the body a scheme protects: `all`: no altered byte passes; `part`: some do; `none`: it looks at no body."""


class Outgoing(Protocol):
    """A message about to be sent; what `Scheme.sign` is over."""

    @property
    def id(self) -> str:
        """Id of the message, the same for each attempt."""
        ...

    @property
    def url(self) -> str:
        """Where it goes, query included."""
        ...

    @property
    def body(self) -> bytes:
        """The exact bytes."""
        ...

    @property
    def at(self) -> datetime:
        """When this attempt is made, with its time zone."""
        ...


class Scheme(Protocol):
    """A way to sign."""

    @property
    def covers(self) -> Covers:
        """What of the body it protects; read by the contract suite and shown to operators."""
        return "all"

    def verify(self, request: Request, source: Source) -> Grant | Awaitable[Grant]:
        """Check a request against the live secrets of its source.

        Raises:
            Reject: It is not what it claims to be.
            Unavailable: A key server did not answer; the sender is asked to try again (503).
        """
        ...

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        """Headers that prove the message, under all live secrets (newest first) where the scheme has room for several.

        Raises:
            ValueError: There is no secret, or a secret cannot sign.
            TypeError: The scheme only verifies; `can_sign` says so beforehand.
        """
        ...


def can_sign(scheme: Scheme) -> bool:
    """Whether `scheme.sign` works: not for `Check`, nor where a callable stands in for data."""
    return bool(getattr(scheme, "signs", True))
