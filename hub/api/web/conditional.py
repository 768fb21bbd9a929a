"""Changes that do not overwrite those of somebody else, and If-Match (RFC 9110, section 13.1.1).

A change is computed from a record of the snapshot and written only if the store still has that generation. If not, a
caller that sent If-Match is answered 412; for any other caller the change is computed again from the new record.
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
        """Increases with each change; the ETag of the record."""
        ...


R = TypeVar("R", bound=Changeable)
T = TypeVar("T")

_TRIES = 10
"""Each failed try means that somebody else has changed the record meanwhile, so this many mean a flood of changes."""
_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')


async def change_current(noun: str, find: Callable[[], R], change: Callable[[R], Awaitable[T]], store: Store) -> T:
    """The result of `change` for the current record.

    Args:
        noun: The kind of record, for errors: `source`.
        find: Reads the record from the snapshot; raises `NotFound` if it does not exist.
        change: Computes the change from the record and writes it. It raises `PreconditionFailed` if the store has
            another generation by then, and may be called several times.
        store: The store; its snapshot is refreshed when it is out of date.

    Raises:
        PreconditionFailed: If-Match does not have the generation of the record.
        Conflict: Others keep changing the record.
    """
    expected = _expected_generations()
    for _ in range(_TRIES):
        record = find()
        if expected is not None and record.generation not in expected:
            # Another process may have answered the GET, with a change that this one does not have yet.
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
    raise Conflict(f"the {noun} keeps changing: try again later")


def _expected_generations() -> frozenset[int] | None:
    """The generations in If-Match; None without the header and for `*`.

    Weak tags count too, since proxies that compress answers weaken their ETags. A tag that is not the hub's matches
    nothing.
    """
    value = ", ".join(request.headers.getlist("If-Match")).strip()
    if value in {"", "*"}:
        return None
    tags = (quoted or plain for quoted, plain in _TAG.findall(value))
    numbers = (whole_number(tag) for tag in tags)
    return frozenset(number for number in numbers if number is not None)
