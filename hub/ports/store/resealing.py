"""Encrypting again what is sealed under an older master key."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Resealing"]


class Resealing(Protocol):
    """Walks over every sealed value of the database after the vault's master key was rotated."""

    async def step(self, cursor: str = "", *, limit: int = 200) -> tuple[int, str | None]:
        """Look at up to `limit` sealed values and seal those again that are under an older master key.

        Once the steps from the first cursor to None are done, everything that was sealed before the first step opens
        without the older keys, so that their files may be removed. Each step is one transaction, and a walk may be
        interrupted and continued after a restart. Every other write goes first.

        Args:
            cursor: Empty at the beginning, then what the step before returned.
            limit: Values to look at.

        Returns:
            How many values were sealed again, and the cursor of the next step, None at the end.

        Raises:
            Invalid: No step returned this cursor.
            StoreError: A value was altered, or the master key that it needs is missing.
        """
        ...
