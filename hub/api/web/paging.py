"""Lists: `limit` and `cursor` in the query, `items` and `next` in the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from quart import request

from hub.api.web.rendering import whole_number
from hub.errors import Invalid, Problem
from hub.ports.store.page import Page

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "page_arguments", "page_of", "whole_list"]

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

T = TypeVar("T")


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


def whole_list(items: Sequence[Any]) -> dict[str, Any]:
    """The answer with a list that is in memory: all of it, unless the request asks for a page.

    Raises:
        Invalid: The cursor is not from this list.
    """
    limit, cursor = page_arguments()
    if cursor is None and "limit" not in request.args:
        return {"items": list(items), "next": None}
    start = 0 if cursor is None else whole_number(cursor)
    if start is None:
        raise Invalid("the cursor is invalid", (Problem("/cursor", "must be the `next` of an answer"),))
    end = start + limit
    return {"items": list(items[start:end]), "next": str(end) if end < len(items) else None}
