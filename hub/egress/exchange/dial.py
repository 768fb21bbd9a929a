"""What a call learns about its connection, which aiohttp makes out of its sight."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from hub.errors import AddressRefused

__all__ = ["DIAL", "Dial"]


@dataclass(slots=True)
class Dial:
    """Filled in by the guard while a connection is made. A kept-alive connection leaves it empty except for `peer`.

    Attributes:
        address: The address that was dialled last.
        refusal: The guard's refusal of an address when it was dialled.
        peer: The address that the request was sent to, over a new or a kept-alive connection; None before that.
    """

    address: str | None = None
    peer: str | None = None
    refusal: AddressRefused | None = None


DIAL: ContextVar[Dial | None] = ContextVar("DIAL", default=None)
"""The call of the running task. The tasks with which aiohttp tries several addresses at once inherit it."""
