"""New requests as they arrive, for `hub tail` and `hub listen`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from hub.cli.terminal.client import HubClient

__all__ = ["new_requests"]

_LIMIT = 200
_MOST_PAGES = 50


def new_requests(
    client: HubClient, *, source: str | None, state: str | None, last: int, every: float
) -> Iterator[dict[str, Any]]:
    """Requests in the order of arrival, as the API lists them, without end.

    Args:
        client: Calls the hub.
        source: Only requests to this source.
        state: Only requests in this state.
        last: How many of the latest existing requests to begin with.
        every: Seconds between two calls.
    """
    seen = _newest(client, source, state, max(last, 1))
    yield from reversed(seen[:last])
    newest = seen[0]["id"] if seen else ""
    while True:
        time.sleep(every)
        fresh = _since(client, source, state, newest)
        yield from reversed(fresh)
        newest = fresh[0]["id"] if fresh else newest


def _newest(client: HubClient, source: str | None, state: str | None, limit: int) -> list[dict[str, Any]]:
    query = {"source": source, "state": state, "limit": str(limit)}
    items: list[dict[str, Any]] = client.call("GET", "/api/requests", query=query)["items"]
    return items


def _since(client: HubClient, source: str | None, state: str | None, newest: str) -> list[dict[str, Any]]:
    """All requests after `newest`, newest first. Ids increase with time."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        query = {"source": source, "state": state, "limit": str(_LIMIT), "cursor": cursor}
        page = client.call("GET", "/api/requests", query=query)
        for one in page["items"]:
            if _sort_key(one["id"]) <= _sort_key(newest):
                return found
            found.append(one)
        cursor = page["next"]
        if cursor is None:
            break
    return found


def _sort_key(written: str) -> str:
    """A text that sorts as the id does. The digits of base62 are 0-9, a-z, A-Z, while ASCII has A-Z before a-z."""
    return written.swapcase()
