"""Microseconds and datetimes: exact in both directions, also at the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.times import SECOND, from_micros, to_micros

EAST = timezone(timedelta(hours=14))
WEST = timezone(timedelta(hours=-14))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_the_round_trip(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


@given(st.integers(min_value=-(10**60), max_value=10**60))
def test_every_number_is_a_time_in_utc(micros: int) -> None:
    assert from_micros(micros).tzinfo is UTC


def test_known_times() -> None:
    assert to_micros(datetime(1970, 1, 2)) == 86_400 * SECOND  # noqa: DTZ001 - a time without a zone is the case
    assert to_micros(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400 * SECOND
    assert to_micros(datetime(1970, 1, 1, 14, tzinfo=EAST)) == 0
    assert to_micros(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == 253_402_300_799_999_999
    assert from_micros(1_704_067_200_123_457) == datetime(2024, 1, 1, 0, 0, 0, 123_457, tzinfo=UTC)


@pytest.mark.parametrize(
    ("beyond", "nearest"),
    [
        (datetime.min.replace(tzinfo=EAST), datetime.min.replace(tzinfo=UTC)),
        (datetime.max.replace(tzinfo=WEST), datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_beyond_the_calendar_the_nearest_time_is_answered(beyond: datetime, nearest: datetime) -> None:
    assert to_micros(beyond) != to_micros(nearest)
    assert from_micros(to_micros(beyond)) == nearest
