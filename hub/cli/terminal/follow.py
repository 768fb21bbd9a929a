"""New requests as they come in, for `hub tail` and `hub listen`."""

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
    """Requests in the order in which they came in, as the list of the API shows them; goes on for ever.

    Args:
        client: Calls the hub.
        source: Of this source only.
        state: In this state only.
        last: How many of those that are there already come first.
        every: Seconds between two looks.
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
    """Everything after the request `newest`, newest first; ids grow with time, and so do their letters' places."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        query = {"source": source, "state": state, "limit": str(_LIMIT), "cursor": cursor}
        page = client.call("GET", "/api/requests", query=query)
        for one in page["items"]:
            if _place(one["id"]) <= _place(newest):
                return found
            found.append(one)
        cursor = page["next"]
        if cursor is None:
            break
    return found


def _place(written: str) -> str:
    """Base62 ids sort by time when upper and lower case change places: digits, lower case, upper case."""
    return written.swapcase()
