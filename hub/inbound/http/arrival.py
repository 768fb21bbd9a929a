"""A request on the wire, before its body is read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from hub.model.ids import Id
from hub.model.wire.values import Values
from hub.sdk.dialect import Dialect, Route

__all__ = ["Arrival"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Arrival:
    """What the server knows when the head of a request has come in.

    Attributes:
        received: Microseconds UTC; the only clock that verification uses.
        path: As sent, percent-encoding kept.
        client: Address of the sender, after configured trusted proxies.
        chunks: Gives the body as it streams in; raises `ConnectionError` when the sender hangs up.
    """

    id: Id
    received: int
    method: str
    path: str
    raw_query: str
    query: Values[str]
    headers: Values[str]
    client: str
    dialect: Dialect
    route: Route
    params: Mapping[str, str]
    chunks: Callable[[], AsyncIterator[bytes]]

    @property
    def declared_length(self) -> int | None:
        """Content-Length, None when absent or no number."""
        values = self.headers.all("content-length")
        return int(values[0]) if len(values) == 1 and values[0].isascii() and values[0].isdigit() else None
