"""The clock of one request: how long its plugins may take together, and which of them is being asked."""

from __future__ import annotations

import time

__all__ = ["RequestClock"]


class RequestClock:
    """Starts when it is made; all plugins that a request meets share one.

    Args:
        seconds: How long the plugins may take together (`Vendor.deadline`).

    Attributes:
        seconds: As given.
        asking: Name of the plugin that was called last; None before the first call. It is named where the time is up.
    """

    __slots__ = ("_end", "asking", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.asking: str | None = None
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; 0 when there are none."""
        return max(0.0, self._end - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end
