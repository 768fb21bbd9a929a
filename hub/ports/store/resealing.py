"""Encrypting again what is sealed under an older master key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Resealed", "Resealing"]


@dataclass(frozen=True, slots=True)
class Resealed:
    """What one step has done.

    Attributes:
        looked_at: Values that are under the newest master key now.
        sealed_again: Those of them that were not before.
        cursor: Where the next step goes on, None when there is nothing more to do.
    """

    looked_at: int
    sealed_again: int
    cursor: str | None


class Resealing(Protocol):
    """Walks over every sealed value of the database after the vault's master key was rotated."""

    async def step(self, cursor: str = "", *, limit: int = 200) -> Resealed:
        """Look at up to `limit` sealed values and seal those again that are under an older master key.

        Once the steps from the first cursor to None are done, everything that was sealed before the first step opens
        without the older keys, so that their files may be removed. Each step is one transaction, and a walk may be
        interrupted and continued after a restart. Every other write goes first.

        Args:
            cursor: Empty at the beginning, then what the step before returned.
            limit: Values to look at.

        Raises:
            Invalid: No step returned this cursor.
            StoreError: A value was altered, or the master key that it needs is missing.
        """
        ...

    async def count(self, cursor: str = "") -> int:
        """How many sealed values the steps from `cursor` on look at.

        Raises:
            Invalid: No step returned this cursor.
        """
        ...
