"""The clock of one request: how long its plugins may take together, and which of them is being asked."""

from __future__ import annotations

import time

__all__ = ["RequestClock"]


class RequestClock:
    """Started when the head of a request has come in; one for the whole request, however many plugins it meets.

    Args:
        seconds: How long the plugins may take together (`Vendor.deadline`).

    Attributes:
        seconds: As given.
        asking: Name of the plugin that was asked last; None before the first one. Kept after a failure, for the
            blame.
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
