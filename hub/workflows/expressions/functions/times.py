"""Filters for times. They have no clock: expressions only compute with the times that they are given.

A time is an ISO 8601 string, or a number of seconds since 1970 (milliseconds if it is 100 billion or more). A time
without a zone is UTC. Results are ISO 8601.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.workflows.expressions.budget import Budget, Fault
from hub.workflows.expressions.functions.bounded import Table, text_of

__all__ = ["TIMES", "instant_of"]

TIMES = Table()
_FORMAT = re.compile(r"(?:[^%]|%[YmdHMSfjyIpaAbBzZuVG%])*", re.DOTALL)
_MILLISECONDS = 100_000_000_000


def instant_of(value: Any) -> datetime:
    """The time that a value means, see the module; raises `Fault`."""
    try:
        if isinstance(value, str) and len(value) <= 64:
            found = datetime.fromisoformat(value.strip())
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) >= _MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Fault("needs a time: ISO 8601 text, or seconds or milliseconds since 1970")


@TIMES.add("datetime")
def formatted(budget: Budget, value: Any, format: Any = None) -> str:  # noqa: A002 - authors of expressions write this name
    """The time as ISO 8601, or in a format of `%Y %m %d %H %M %S %f %j %y %I %p %a %A %b %B %z %Z %u %V %G`."""
    moment = instant_of(value)
    if format is None:
        return moment.isoformat()
    if len(text_of(format, "datetime")) > 200 or not _FORMAT.fullmatch(format):
        raise Fault("datetime supports the directives %Y %m %d %H %M %S %f %j %y %I %p %a %A %b %B %z %Z %u %V %G")
    return budget.text(moment.strftime(format))


@TIMES.add("timestamp")
def timestamp(_budget: Budget, value: Any) -> float | int:
    """Seconds since 1970; a whole number if there is no fraction."""
    seconds = instant_of(value).timestamp()
    return int(seconds) if seconds.is_integer() else seconds


@TIMES.add("timeshift")
def shifted(_budget: Budget, value: Any, seconds: Any = 0, minutes: Any = 0, hours: Any = 0, days: Any = 0) -> str:
    """The time shifted by so much (earlier with negative numbers), as ISO 8601."""
    try:
        span = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        return (instant_of(value) + span).isoformat()
    except (TypeError, OverflowError, ValueError):
        raise Fault("timeshift needs numbers that lead to a year from 1 to 9999") from None
