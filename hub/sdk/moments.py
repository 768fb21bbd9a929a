"""Times as senders write them, and whether one is recent."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from hub.errors import Reject
from hub.model.wire.request import Request

__all__ = ["fresh", "instant"]

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_EXPECTED = "a time is a number of seconds or milliseconds since 1970, or ISO 8601"
_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are milliseconds: in seconds this would be the year 5138, in milliseconds it is 1973."""


def instant(value: str | float) -> datetime:
    """Read a time as senders write it; the result has a time zone.

    Accepted are seconds and milliseconds since 1970, as numbers or decimal text, and ISO 8601 of any precision (digits
    beyond microseconds are cut off). A time without a zone is UTC.

    Raises:
        ValueError: It is none of these, negative, or after the year 9999.
    """
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return _iso(value)
        value = float(value)
    if isinstance(value, bool) or not math.isfinite(value) or value < 0:
        raise ValueError(_EXPECTED)
    try:
        return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError("the time is after the year 9999") from error


def _iso(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_EXPECTED) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def fresh(request: Request, when: Any, past: float = 300, future: float = 300) -> None:
    """Refuse a request unless `when` is close to its time of receipt, the only clock that verification uses.

    Args:
        request: The request.
        when: A datetime, or a value that `instant` reads.
        past: Largest number of seconds before the time of receipt.
        future: Largest number of seconds after the time of receipt.

    Raises:
        Reject: Status 401: `when` cannot be read, is too old, or is too far in the future.
    """
    try:
        moment = when if isinstance(when, datetime) else instant(when)
        age = (request.received - moment).total_seconds()
    except (TypeError, ValueError, OverflowError) as error:
        raise Reject("the timestamp cannot be read") from error
    if age > past:
        raise Reject(f"the timestamp is {age:.0f} s old, more than {past:g} s")
    if -age > future:
        raise Reject(f"the timestamp is {-age:.0f} s in the future, more than {future:g} s")
