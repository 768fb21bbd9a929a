"""Schemes: ways to sign. One object verifies requests and signs messages."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source

__all__ = ["Covers", "Outgoing", "Scheme", "SignedBytes", "bytes_for", "can_sign", "signs_with_all"]

Covers = Literal["all", "part", "none"]
"""Which part of the body a scheme protects. all: no altered byte passes. part: some do. none: it ignores the body."""


SignedBytes = Literal["received", "decoded"]
"""Which bytes of a compressed body a sender signs: those that it sends, or those that it compressed."""


class Outgoing(Protocol):
    """A message about to be sent, as `Scheme.sign` sees it."""

    @property
    def id(self) -> str:
        """Id of the message, the same for each attempt."""
        ...

    @property
    def type(self) -> str:
        """Its event type."""
        ...

    @property
    def url(self) -> str:
        """The URL that it is sent to, with its query."""
        ...

    @property
    def body(self) -> bytes:
        """The exact bytes of the body."""
        ...

    @property
    def at(self) -> datetime:
        """Time of this attempt, with its time zone."""
        ...


class Scheme(Protocol):
    """A way to sign."""

    @property
    def covers(self) -> Covers:
        """Which part of the body it protects; `VendorContract` checks it, and operators see it."""
        return "all"

    def verify(self, request: Request, source: Source) -> Grant | Awaitable[Grant]:
        """Verify a request with the live secrets of its source.

        Raises:
            Reject: The request is not authentic.
            Unavailable: A key server did not answer; the sender is asked to try again (503).
        """
        ...

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        """Headers that prove the message, signed with all live secrets if the scheme allows several, else the first.

        A scheme that allows several says so with an attribute `several = True`, and gets the newest first. Any other
        gets first the one that is to sign: the oldest until its overlap ends, unless the subscription says `new`.

        Raises:
            ValueError: There is no secret, or a secret cannot sign.
            TypeError: The scheme only verifies; `can_sign` says so beforehand.
        """
        ...


def can_sign(scheme: Scheme) -> bool:
    """Whether `scheme.sign` works. It does not for `Check`, nor if a scheme has a function in place of data."""
    return bool(getattr(scheme, "signs", True))


def signs_with_all(scheme: Scheme) -> bool:
    """Whether `scheme.sign` makes a signature with each secret that it gets; else it takes the first secret."""
    return bool(getattr(scheme, "several", False))


def bytes_for(scheme: Scheme, request: Request) -> Request:
    """The request with the bytes that a scheme verifies: as received, or decoded where `signed_bytes` says so."""
    return request if getattr(scheme, "signed_bytes", "received") == "decoded" else request.as_received()
