"""Schemes: ways to sign. One object verifies inbound and signs outbound."""

from __future__ import annotations

import hmac
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.errors import Reject, Unavailable
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source

__all__ = ["AnyOf", "Check", "Checked", "Covers", "Outgoing", "Scheme", "Token", "can_sign", "octets", "same"]

Covers = Literal["all", "part", "none"]
"""What of the body a scheme protects: `all`: no altered byte passes; `part`: some do; `none`: it looks at no body."""

Checked = Grant | Secret
"""What a rule of `Check` gives: a grant, or the secret that matched."""


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


def octets(text: str) -> bytes:
    """The bytes of a header value as they came (values are read as Latin-1); UTF-8 for any other text."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def same(a: bytes | str, b: bytes | str) -> bool:
    """Whether two values are equal, in constant time; an empty value equals nothing, itself included.

    Text is compared by its UTF-8 bytes. Against bytes, text that was read from a header (Latin-1) is compared by
    the bytes that the header had.
    """
    if isinstance(a, str) and isinstance(b, str):
        return _equal(_utf8(a), _utf8(b))
    if isinstance(a, str):
        a, b = b, a
    if isinstance(b, str) and isinstance(a, bytes):
        return _equal(a, _utf8(b)) | (not b.isascii() and _equal(a, octets(b)))
    return isinstance(a, bytes) and isinstance(b, bytes) and _equal(a, b)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _equal(a: bytes, b: bytes) -> bool:
    return hmac.compare_digest(a, b) and bool(a)


@dataclass(frozen=True, kw_only=True)
class _Token(Scheme):
    header: str | None
    query: str | None
    prefix: str
    slot: str
    covers: Covers = "none"

    @property
    def signs(self) -> bool:
        return self.header is not None

    def verify(self, request: Request, source: Source) -> Grant:
        where = self.header or self.query or ""
        found = request.headers.all(where) if self.header is not None else request.query.all(where)
        if len(found) != 1:
            raise Reject(f"{where} is given {len(found)} times" if found else f"{where} is missing")
        sent = octets(found[0]) if self.header is not None else _utf8(found[0])
        prefix = self.prefix.encode()
        if not sent.startswith(prefix):
            raise Reject(f"{where} does not start with {self.prefix!r}")
        return Grant(source.match(lambda secret: _equal(secret.value, sent[len(prefix) :]), self.slot))

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        del message
        if self.header is None:
            raise TypeError("a token in the query cannot be sent in headers")
        live = [secret for secret in secrets if secret.value]
        if not live:
            raise ValueError("there is no secret to send")
        return {self.header: self.prefix + live[0].value.decode("latin-1")}


def Token(  # noqa: N802 - reads as the scheme that it makes
    *, header: str | None = None, query: str | None = None, prefix: str = "", slot: str = "signing"
) -> Scheme:
    """A shared secret that is sent along as it is, in a header or in the query.

        Token(header="authorization", prefix="Bearer ")
        Token(query="token")

    Compared in constant time with each live secret; a missing or repeated one is refused. It covers no body.

    Args:
        header: Name of the header, in any case; or
        query: Name of the query parameter.
        prefix: What must stand before the secret.
        slot: Where its secrets live.

    Raises:
        ValueError: Neither or both of `header` and `query` are given.
    """
    if (header is None) == (query is None) or "" in (header, query):
        raise ValueError("a token stands in a header or in the query: name one of them")
    return _Token(header=header.lower() if header else None, query=query, prefix=prefix, slot=slot)


@dataclass(frozen=True, kw_only=True)
class _Check(Scheme):
    rule: Callable[[Request, Source], Checked | Awaitable[Checked]]
    covers: Covers = "all"
    signs: bool = False

    def verify(self, request: Request, source: Source) -> Grant | Awaitable[Grant]:
        try:
            checked = self.rule(request, source)
        except Reject:
            raise
        except Exception as error:
            raise _stumbled(error) from error
        return self._later(checked) if inspect.isawaitable(checked) else _grant(checked)

    @staticmethod
    async def _later(checked: Awaitable[Checked]) -> Grant:
        try:
            given = await checked
        except Reject:
            raise
        except Exception as error:
            raise _stumbled(error) from error
        return _grant(given)

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        del message, secrets
        raise TypeError("a rule only verifies")


def _stumbled(error: Exception) -> Reject:
    """A rule that stumbles over what it was sent refuses it."""
    return Reject(f"the rule failed: {type(error).__name__}: {error}")


def _grant(checked: object) -> Grant:
    if isinstance(checked, Secret):
        return Grant(secret=checked)
    if isinstance(checked, Grant):
        return checked
    raise TypeError(f"the rule must return a Grant or a Secret, not {type(checked).__name__}")


def Check(  # noqa: N802 - reads as the scheme that it makes
    f: Callable[[Request, Source], Checked | Awaitable[Checked]], *, covers: Covers
) -> Scheme:
    """A rule of your own, sync or async; it only verifies.

        Check(lambda request, source: source.match(lambda s: same(request.json()["clientState"], s.value)),
              covers="none")

    Args:
        f: Gives a `Grant` or the matching `Secret`; any exception refuses (401) but `Unavailable` (503).
        covers: What of the body the rule protects.
    """
    if not callable(f):
        raise TypeError("Check takes a function of request and source")
    return _Check(rule=f, covers=covers)


@dataclass(frozen=True)
class _AnyOf(Scheme):
    schemes: tuple[Scheme, ...]

    @property
    def covers(self) -> Covers:
        return max((scheme.covers for scheme in self.schemes), key=("all", "part", "none").index)

    @property
    def signs(self) -> bool:
        return any(can_sign(scheme) for scheme in self.schemes)

    def verify(self, request: Request, source: Source) -> Grant | Awaitable[Grant]:
        failures: list[Exception] = []
        for position, scheme in enumerate(self.schemes):
            try:
                granted = scheme.verify(request, source)
            except Exception as error:  # noqa: BLE001 - one scheme's failure leaves the decision to the next
                failures.append(error)
                continue
            if isinstance(granted, Grant):
                return granted
            return self._later(granted, self.schemes[position + 1 :], failures, request, source)
        raise _verdict(failures)

    @staticmethod
    async def _later(
        pending: Awaitable[Grant],
        rest: tuple[Scheme, ...],
        failures: list[Exception],
        request: Request,
        source: Source,
    ) -> Grant:
        try:
            return await pending
        except Exception as error:  # noqa: BLE001 - as above
            failures.append(error)
        for scheme in rest:
            try:
                granted = scheme.verify(request, source)
                return granted if isinstance(granted, Grant) else await granted
            except Exception as error:  # noqa: BLE001 - as above
                failures.append(error)
        raise _verdict(failures)

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        for scheme in self.schemes:
            if can_sign(scheme):
                return scheme.sign(message, secrets)
        raise TypeError("none of these schemes signs")


def _verdict(failures: Sequence[Exception]) -> Reject:
    """Undecided if any scheme was, else refused with every reason."""
    for failure in failures:
        if isinstance(failure, Unavailable):
            return failure
    reasons = (
        failure.reason if isinstance(failure, Reject) else f"{type(failure).__name__}: {failure}"
        for failure in failures
    )
    return Reject("; ".join(dict.fromkeys(reasons)))


def AnyOf(*schemes: Scheme) -> Scheme:  # noqa: N802 - reads as the scheme that it makes
    """The first of several schemes that grants; for senders that changed theirs, or offer two.

    It covers what the weakest of them covers, and signs as the first one that can. Where none grants and one could
    not decide (`Unavailable`), the request is undecided (503).

    Raises:
        ValueError: No scheme is given.
    """
    if not schemes:
        raise ValueError("AnyOf takes at least one scheme")
    return _AnyOf(schemes)
