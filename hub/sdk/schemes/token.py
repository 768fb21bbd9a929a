"""Tokens: shared secrets that are sent as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.errors import Reject
from hub.model.wire.grant import Grant
from hub.model.wire.request import Request
from hub.model.wire.secret import Secret
from hub.sdk.context import Source
from hub.sdk.schemes.comparison import octets, same, utf8
from hub.sdk.schemes.scheme import Covers, Outgoing, Scheme, SignedBytes

__all__ = ["Token"]


@dataclass(frozen=True, kw_only=True)
class _Token(Scheme):
    header: str | None
    query: str | None
    prefix: str
    slot: str
    covers: Covers = "none"
    signed_bytes: SignedBytes = "decoded"

    @property
    def signs(self) -> bool:
        return self.header is not None

    def verify(self, request: Request, source: Source) -> Grant:
        where = self.header or self.query or ""
        found = request.headers.all(where) if self.header is not None else request.query.all(where)
        if len(found) != 1:
            raise Reject(f"{where} is given {len(found)} times" if found else f"{where} is missing")
        sent = octets(found[0]) if self.header is not None else utf8(found[0])
        prefix = self.prefix.encode()
        if not sent.startswith(prefix):
            raise Reject(f"{where} does not start with {self.prefix!r}")
        return Grant(source.match(lambda secret: same(secret.value, sent[len(prefix) :]), self.slot))

    def sign(self, message: Outgoing, secrets: Sequence[Secret]) -> Mapping[str, str]:
        del message
        if self.header is None:
            raise TypeError("a token in the query cannot be sent in headers")
        live = [secret for secret in secrets if secret.value]
        if not live:
            raise ValueError("there is no secret to send")
        return {self.header: self.prefix + live[0].value.decode("latin-1")}


def Token(  # noqa: N802 - named like the scheme that it makes
    *, header: str | None = None, query: str | None = None, prefix: str = "", slot: str = "signing"
) -> Scheme:
    """A shared secret that is sent as it is, in a header or in the query.

        Token(header="authorization", prefix="Bearer ")
        Token(query="token")

    It is compared in constant time with each live secret. A missing or repeated token is refused. It covers no body.

    Args:
        header: Name of the header, in any case; or
        query: Name of the query parameter.
        prefix: Text that must precede the secret.
        slot: Slot of its secrets.

    Raises:
        ValueError: Neither or both of `header` and `query` are given.
    """
    if (header is None) == (query is None) or "" in (header, query):
        raise ValueError("a token is in a header or in the query: name one of them")
    return _Token(header=header.lower() if header else None, query=query, prefix=prefix, slot=slot)
