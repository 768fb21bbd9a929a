"""Lists: `limit` and `cursor` in the query, `items` and `next` in the answer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from quart import request

from hub.errors import Invalid, Problem
from hub.model.json import dumps, loads
from hub.ports.store.page import Page

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "ListKey", "page_arguments", "page_of", "whole_list"]

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

T = TypeVar("T")

ListKey = tuple[str | int, ...]
"""By what a list in memory is ordered. No two items have the same one."""


def page_arguments() -> tuple[int, str | None]:
    """The limit (clamped to 1-200; 50 if it is missing or not a number) and the cursor of the current request."""
    try:
        limit = int(request.args.get("limit", DEFAULT_LIMIT))
    except ValueError:
        limit = DEFAULT_LIMIT
    return max(1, min(limit, MAX_LIMIT)), request.args.get("cursor") or None


def page_of(page: Page[T], render: Callable[[T], Any]) -> dict[str, Any]:
    """A page as an answer."""
    return {"items": [render(item) for item in page.items], "next": page.next}


def whole_list(items: Iterable[T], key: Callable[[T], ListKey], *, descending: bool = False) -> dict[str, Any]:
    """The answer with a list that is in memory: all of it, unless the request asks for a page.

    The cursor is the key of the last item, not its place: items that come and go meanwhile shift nobody else from one
    page to another.

    Args:
        items: As the answer shows them.
        key: By what they are ordered: texts and numbers of the same types for every item.
        descending: The greatest key comes first.

    Raises:
        Invalid: The cursor is not from this list.
    """
    limit, cursor = page_arguments()
    ordered = sorted(items, key=key, reverse=descending)
    if cursor is None and "limit" not in request.args:
        return {"items": ordered, "next": None}
    rest = ordered
    if cursor is not None:
        last = _read_cursor(cursor)
        if ordered and list(map(type, key(ordered[0]))) != list(map(type, last)):
            raise _not_ours()
        rest = [one for one in ordered if (key(one) < last if descending else key(one) > last)]
    return {"items": rest[:limit], "next": _cursor(key(rest[limit - 1])) if limit < len(rest) else None}


def _cursor(key: ListKey) -> str:
    return base64.urlsafe_b64encode(dumps(list(key))).decode().rstrip("=")


def _read_cursor(cursor: str) -> ListKey:
    try:
        key = loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except ValueError as error:
        raise _not_ours() from error
    if not isinstance(key, list) or not key or not all(isinstance(one, str | int) for one in key):
        raise _not_ours()
    return tuple(key)


def _not_ours() -> Invalid:
    return Invalid("the cursor is invalid", (Problem("/cursor", "must be the `next` of an answer"),))
