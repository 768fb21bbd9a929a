"""RETRY of the HTTP contract: how often to try again, and how long to wait before each try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

__all__ = ["DELIVERY_SCHEDULE", "DeliveryRetry", "Retry", "RetrySchedule"]


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


class RetrySchedule(BaseModel):
    """The wait before each retry, written out: as many retries as waits.

    Each wait is jittered: with 0.25, a wait of 100 seconds is anything from 75 to 125.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    wait_seconds: Annotated[
        tuple[Annotated[float, Field(ge=0, le=604_800)], ...],
        Field(max_length=100, description="The wait before each retry; there are as many retries."),
    ]
    jitter: Annotated[float, Field(ge=0, le=1, description="Largest part of a wait that is added or left out.")] = 0.2

    @property
    def retries(self) -> int:
        """Tries after the first one."""
        return len(self.wait_seconds)

    def span(self, retry: int) -> tuple[float, float]:
        """The shortest and the longest wait in seconds before retry `retry`, 1 to `retries`."""
        wait = self.wait_seconds[retry - 1]
        return wait * (1 - self.jitter), wait * (1 + self.jitter)


def _form(value: Any) -> str:
    written = isinstance(value, Mapping) and ("wait_seconds" in value or "jitter" in value)
    return "schedule" if written or isinstance(value, RetrySchedule) else "backoff"


DeliveryRetry = Annotated[
    Annotated[Retry, Tag("backoff")] | Annotated[RetrySchedule, Tag("schedule")], Discriminator(_form)
]
"""How deliveries are retried: by a backoff or by a schedule. The fields say which."""

_HOUR = 3_600.0
DELIVERY_SCHEDULE = RetrySchedule(
    wait_seconds=(5, 300, _HOUR / 2, 2 * _HOUR, 5 * _HOUR, *[12 * _HOUR] * 6), jitter=0.16
)
"""Twelve tries over three days: after 5 s, 5 min, 30 min, 2 h and 5 h, then after 10 to 14 h each."""
