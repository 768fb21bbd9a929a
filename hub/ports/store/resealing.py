"""Sealing again what stands under an older master key."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Resealing"]


class Resealing(Protocol):
    """Walks all sealed values after the master key was rotated; then the old key files may be removed."""

    async def step(self, cursor: str = "", *, limit: int = 200) -> tuple[int, str | None]:
        """Look at up to `limit` values from `cursor` on and seal those again that are under an older master key.

        Returns how many were sealed again, and the cursor of the next step, None at the end. Raises `Invalid` for a
        cursor that is none.
        """
        ...
