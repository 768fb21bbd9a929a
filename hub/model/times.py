"""Times as microseconds since 1970 UTC, the form that the hub stores and compares, and as datetimes.

Both directions are exact and never fail. A datetime within a few hours of the ends of the calendar can lie beyond them
in UTC: its number of microseconds is right, and `from_micros` gives the nearest time that a datetime can hold.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["NEVER", "SECOND", "from_micros", "to_micros"]

SECOND: Final = 1_000_000
"""Microseconds in a second."""

NEVER: Final = 253_402_300_799_000_000
"""The last second of the calendar: what is due then is not due."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC of a datetime; one without a time zone is read as UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - _EPOCH) // _MICROSECOND


_FIRST: Final = to_micros(datetime.min.replace(tzinfo=UTC))
_LAST: Final = to_micros(datetime.max.replace(tzinfo=UTC))


def from_micros(micros: int) -> datetime:
    """The time in UTC; one before the year 1 or after 9999 becomes the first or last microsecond of the calendar."""
    return _EPOCH + timedelta(microseconds=min(max(micros, _FIRST), _LAST))
