"""A request whose head has come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from hub.model.ids import Id, write_id
from hub.model.times import from_micros
from hub.model.wire.request import Request
from hub.model.wire.values import Values
from hub.sdk.dialect import Dialect, DialectRoute
from hub.sdk.vendor import Vendor

__all__ = ["Arrival", "Body", "BodyStream"]

BodyStream = Callable[[], AsyncIterator[bytes]]
"""Gives the body as it streams in; raises `ConnectionError` when the sender hangs up."""


class Body(NamedTuple):
    """A whole body.

    Attributes:
        content: The bytes, decoded where a Content-Encoding was.
        encoded: The bytes as received where they were decoded, else None.
    """

    content: bytes
    encoded: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Arrival:
    """What the server knows when the head of a request has come in.

    Attributes:
        received: Microseconds UTC; the only clock that verification uses.
        path: As sent, percent-encoding kept.
        client: Address of the sender, after configured trusted proxies.
        body: How to read the body; or the exact bytes, where they are there: of a request that is checked a second
            time, of a kept one and of one that is explained. Such a request counts for no limit.
    """

    next_step: ClassVar = "identify"

    id: Id
    received: int
    method: str
    path: str
    raw_query: str
    query: Values[str]
    headers: Values[str]
    client: str
    dialect: Dialect
    route: DialectRoute
    params: Mapping[str, str]
    body: bytes | BodyStream

    @property
    def declared_length(self) -> int | None:
        """Content-Length; None when it is absent or not a number."""
        values = self.headers.all("content-length")
        return int(values[0]) if len(values) == 1 and values[0].isascii() and values[0].isdigit() else None

    @property
    def named_vendor(self) -> str | None:
        """The vendor that `vendor=` names, in the dialects that know this parameter; the last one counts."""
        named = self.query.all("vendor") if self.dialect.echoes else ()
        return named[-1] if named else None

    def request(self, body: Body, base_url: str, vendor: Vendor | None) -> Request:
        """The request as plugins see it.

        Args:
            body: The bytes, as received and decoded.
            base_url: The configured public base URL: what a sender says about its host is not believed.
            vendor: Says which charset its forms have.
        """
        query = f"?{self.raw_query}" if self.raw_query else ""
        return Request(
            id=write_id("req", self.id),
            method=self.method,
            client=self.client,
            body=body.content,
            headers=self.headers,
            url=f"{base_url}{self.path}{query}",
            received=from_micros(self.received),
            encoded=body.encoded,
            charset="utf-8" if vendor is None else vendor.charset,
            query=self.query,
            raw_query=self.raw_query,
        )
