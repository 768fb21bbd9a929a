"""Lists: limit and cursor in the query, items and the next cursor in the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from quart import request

from hub.ports.store.page import Page

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "page_arguments", "page_of"]

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

T = TypeVar("T")


def page_arguments() -> tuple[int, str | None]:
    """Limit (clamped to 1-200, 50 when absent or no number) and cursor of this request."""
    try:
        limit = int(request.args.get("limit", DEFAULT_LIMIT))
    except ValueError:
        limit = DEFAULT_LIMIT
    return max(1, min(limit, MAX_LIMIT)), request.args.get("cursor") or None


def page_of(page: Page[T], render: Callable[[T], Any]) -> dict[str, Any]:
    """The answer of a list."""
    return {"items": [render(item) for item in page.items], "next": page.next}
