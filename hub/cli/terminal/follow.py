"""New requests as they arrive, for `hub tail` and `hub listen`: each one once, also across a restart of the hub.

The list of requests is in the order in which they began. One with a slow body, or whose answer took long, enters it
behind others that began later. So each look goes back over a window of time, and what was shown is remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import click

from hub.cli.terminal.client import CallFailed, HubClient
from hub.model.ids import read_id

__all__ = ["RequestFollower"]

T = TypeVar("T")

_LIMIT = 200
_WINDOW_MS = 120_000
"""How much later than the newest request one may be stored that began before it."""
_DEEP_SECONDS = 10.0
"""How often all of the window is read; other looks end at the first page that has nothing new."""
_LONGEST_PAUSE = 30.0


class RequestFollower:
    """Follows the requests of a running hub.

    Args:
        client: Calls the hub.
        source: Only requests to this source.
        state: Only requests in this state.
        every: Seconds between two looks.
    """

    def __init__(self, client: HubClient, *, source: str | None, state: str | None, every: float) -> None:
        self._client = client
        self._filters = {"source": source, "state": state}
        self._every = every
        self._seen: dict[str, int] = {}
        self._newest = 0
        self._deep_at = 0.0

    def requests(self, last: int) -> Iterator[dict[str, Any]]:
        """Requests as the API lists them, without end; first the latest `last` that exist.

        Raises:
            CallFailed: The hub does not answer at the first look, or refuses a call.
        """
        existing = self._look(deep=True, at_least=last)
        yield from existing[len(existing) - last :] if last else ()
        while True:
            time.sleep(self._every)
            deep = time.monotonic() >= self._deep_at
            yield from self.patiently(partial(self._look, deep=deep))

    def patiently(self, call: Callable[[], T]) -> T:
        """What a call to the hub gives; while the hub does not answer, it is made again after longer and longer pauses.

        Raises:
            CallFailed: The hub refuses the call.
        """
        pause = self._every
        told = False
        while True:
            try:
                return call()
            except CallFailed as failed:
                if not failed.temporary:
                    raise
                if not told:
                    click.echo(f"{failed.message}; trying again until it answers", err=True)
                told = True
            time.sleep(pause)
            pause = min(max(2 * pause, 0.1), _LONGEST_PAUSE)

    def _look(self, *, deep: bool, at_least: int = 0) -> list[dict[str, Any]]:
        """Requests that were not there at the last look, oldest first.

        Args:
            deep: Read all of the window.
            at_least: Read on until there are so many, whether they are in the window or not.
        """
        fresh: dict[str, dict[str, Any]] = {}
        newest = self._newest
        cursor: str | None = None
        while True:
            page = self._client.call(
                "GET", "/api/requests", query={**self._filters, "limit": str(_LIMIT), "cursor": cursor}
            )
            times = {one["id"]: _began(one["id"]) for one in page["items"]}
            newest = max([newest, *times.values()])
            found = {one["id"]: one for one in page["items"] if self._is_new(one["id"], times[one["id"]])}
            fresh |= found
            cursor = page["next"]
            oldest = min(times.values(), default=0)
            ended = oldest < (self._newest or newest) - _WINDOW_MS or not (deep or found)
            if cursor is None or (ended and len(fresh) >= at_least):
                break
        # Only now: if one of the pages did not come, the next look finds all of them again.
        self._remember(fresh, newest)
        if deep:
            self._deep_at = time.monotonic() + _DEEP_SECONDS
        return sorted(fresh.values(), key=lambda one: read_id("req", one["id"]) or b"")

    def _is_new(self, written: str, began: int) -> bool:
        return written not in self._seen and began >= self._newest - _WINDOW_MS

    def _remember(self, fresh: dict[str, dict[str, Any]], newest: int) -> None:
        self._seen |= {written: _began(written) for written in fresh}
        if newest > self._newest:
            self._newest = newest
            self._seen = {one: began for one, began in self._seen.items() if began >= newest - _WINDOW_MS}


def _began(written: str) -> int:
    """When a request began, in milliseconds, from its id."""
    return int.from_bytes((read_id("req", written) or b"")[:6])
