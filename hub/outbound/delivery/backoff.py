"""How long to wait before an attempt is made again."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime

from hub.model.retry import Retry, RetrySchedule
from hub.model.times import SECOND

__all__ = ["LONGEST_RETRY_AFTER", "backoff", "retry_after"]

LONGEST_RETRY_AFTER = 86_400.0
"""Seconds: a receiver that asks for more is asked again after a day."""


def backoff(retry: Retry | RetrySchedule, number: int, rng: random.Random) -> float:
    """Seconds to wait before retry `number` (1 is the first); all waits of its span are equally likely.

    The span of an exponential backoff begins at 0: full jitter spreads the retries of many deliveries that failed
    together over the whole wait. A schedule says its jitter.
    """
    if isinstance(retry, RetrySchedule):
        return rng.uniform(*retry.span(number))
    return rng.uniform(0.0, retry.ceiling(number))


def retry_after(headers: Iterable[tuple[str, str]], now: int) -> float | None:
    """Seconds that a `Retry-After` header (RFC 9110, 10.2.3) asks for; None when there is none that can be read.

    Args:
        headers: Of the response; names in any case.
        now: Microseconds UTC, against which an HTTP date is read.
    """
    text = next((value.strip() for name, value in headers if name.lower() == "retry-after"), "")
    if text.isascii() and text.isdigit():
        # A number of more digits than that asks for more than the longest wait anyway.
        return min(float(text[:12]), LONGEST_RETRY_AFTER)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max(when.timestamp() - now / SECOND, 0.0), LONGEST_RETRY_AFTER)
