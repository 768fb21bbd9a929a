"""What a call learns about its own connection while aiohttp makes it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from hub.errors import AddressRefused

__all__ = ["DIAL", "Dial"]


@dataclass(slots=True)
class Dial:
    """Filled by the guard while a connection is made; left as it is where a kept-alive connection serves the call.

    Attributes:
        address: The address dialled last.
        refusal: What the guard said to the last address that it refused at this moment.
        peer: Who took the request, new connection or kept; None while there is no connection.
    """

    address: str | None = None
    peer: str | None = None
    refusal: AddressRefused | None = None


DIAL: ContextVar[Dial | None] = ContextVar("DIAL", default=None)
"""The call that the running task makes; tasks that race for a connection inherit it."""
