"""Pages of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Page"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items newest first and the cursor of the next page, None at the end. Cursors are opaque text."""

    items: tuple[T, ...]
    next: str | None = None
