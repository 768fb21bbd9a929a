"""Pages of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Page"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list.

    Attributes:
        items: In the order of the list.
        next: Cursor of the next page, None at the end. It is opaque text, and only its own list understands it.
    """

    items: tuple[T, ...]
    next: str | None = None
