"""`Expect: 100-continue`: a sender that asks first learns that it is refused before it sends its body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hypercorn.typing import HTTPScope

__all__ = ["CONTINUE", "allow_body"]

CONTINUE = "hub.continue"
"""Key of the scope's state under which the server puts the function that tells the sender to go on."""


async def allow_body(scope: HTTPScope) -> None:
    """Tell the sender to go on, where it waits for that; call it once the body is wanted, before it is read."""
    go_on: Callable[[], Awaitable[None]] | None = scope["state"].get(CONTINUE)
    if go_on is not None:
        await go_on()
