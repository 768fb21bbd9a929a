"""Changes that overwrite nothing that somebody else changed meanwhile, and If-Match (RFC 9110, section 13.1.1).

A change is computed from a record of the snapshot and written only if the store still has that very generation. When
it has not, a caller that sent If-Match is answered 412; for any other the change is computed again from the new record.
So two PATCH requests that set different fields at the same moment both take effect.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from quart import request

from hub.api.web.rendering import whole_number
from hub.errors import Conflict, PreconditionFailed
from hub.ports.store import Store

__all__ = ["Changeable", "change_current"]


class Changeable(Protocol):
    """A record that changes by generations."""

    @property
    def generation(self) -> int:
        """Grows with every change; the ETag of the record."""
        ...


R = TypeVar("R", bound=Changeable)
T = TypeVar("T")

_TRIES = 10
"""Somebody else's change was committed between any two of them, so that more than a few mean a flood of changes."""
_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')


async def change_current(noun: str, find: Callable[[], R], change: Callable[[R], Awaitable[T]], store: Store) -> T:
    """What `change` answers for the record as it is now.

    Args:
        noun: What is changed, for the error: `source`.
        find: Reads the record from the snapshot; raises `NotFound` when it is gone.
        change: Writes what it computed from the record given, and raises `PreconditionFailed` when the store has
            another generation by now. It may be called several times.
        store: Its snapshot is renewed when it turns out to be old.

    Raises:
        PreconditionFailed: If-Match names another generation than the record has.
        Conflict: Others keep changing the record.
    """
    expected = _expected_generations()
    for _ in range(_TRIES):
        record = find()
        if expected is not None and record.generation not in expected:
            # another process may have answered the GET, and this one not have heard of that change yet
            await store.refresh()
            record = find()
            if record.generation not in expected:
                raise PreconditionFailed(noun)
        try:
            return await change(record)
        except PreconditionFailed:
            if expected is not None:
                raise
            await store.refresh()
    raise Conflict(f"others keep changing the {noun}: try again later")


def _expected_generations() -> frozenset[int] | None:
    """The generations that If-Match names; None when it names none or any (`*`).

    Weak tags count too, since proxies that compress answers weaken their ETags. A tag that is none of the hub's is
    never matched.
    """
    value = ", ".join(request.headers.getlist("If-Match")).strip()
    if value in {"", "*"}:
        return None
    tags = (quoted or plain for quoted, plain in _TAG.findall(value))
    numbers = (whole_number(tag) for tag in tags)
    return frozenset(number for number in numbers if number is not None)
