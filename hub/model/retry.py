"""RETRY of the HTTP contract: how often to try again, and how long to wait before each try."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Retry"]


class Retry(BaseModel):
    """Exponential backoff; fractions of seconds are allowed.

    The wait before retry n (from 1) is at most `initial_seconds * factor ** (n - 1)`, capped by `max_seconds`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    retries: Annotated[int, Field(ge=0, le=100, description="Tries after the first one.")] = 5
    initial_seconds: Annotated[float, Field(ge=0, le=86_400)] = 1.0
    factor: Annotated[float, Field(ge=1, le=100)] = 2.0
    max_seconds: Annotated[float, Field(ge=0, le=604_800)] = 3_600.0

    def ceiling(self, retry: int) -> float:
        """The longest wait in seconds before retry `retry` (1 is the first one after the first try)."""
        try:
            wait = self.initial_seconds * self.factor ** (retry - 1)
        except OverflowError:
            wait = self.max_seconds
        return min(wait, self.max_seconds)
