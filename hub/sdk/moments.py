"""Instants as senders write them, and whether one is recent."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from hub.errors import Reject
from hub.model.wire.request import Request

__all__ = ["fresh", "instant"]

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?", re.ASCII)
_EXPECTED = "a moment is a number of seconds or milliseconds since 1970, or ISO 8601"
_MILLISECONDS_FROM = 100_000_000_000
"""From here on a number counts milliseconds: as seconds it would be the year 5138, as milliseconds it is 1973."""


def instant(value: str | float) -> datetime:
    """A moment as senders write it, with its time zone.

    Read are seconds and milliseconds since 1970 as numbers or decimal text, and ISO 8601 of any precision (digits
    beyond microseconds are cut off). A moment without a zone is UTC.

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
        raise ValueError("a moment after the year 9999") from error


def _iso(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_EXPECTED) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def fresh(request: Request, when: Any, past: float = 300, future: float = 300) -> None:
    """Refuse unless `when` is close to the time of receipt, the only clock that verification uses.

    Args:
        request: What was received.
        when: A datetime, or whatever `instant` reads.
        past: Seconds that it may lie before the time of receipt, the bound included.
        future: Seconds that it may lie after it, the bound included.

    Raises:
        Reject: Status 401: `when` is unreadable, too old or too far in the future.
    """
    try:
        moment = when if isinstance(when, datetime) else instant(when)
        age = (request.received - moment).total_seconds()
    except (TypeError, ValueError, OverflowError) as error:
        raise Reject("the timestamp is not readable") from error
    if age > past:
        raise Reject(f"the timestamp is {age:.0f} s old, more than {past:g} s")
    if -age > future:
        raise Reject(f"the timestamp is {-age:.0f} s in the future, more than {future:g} s")
