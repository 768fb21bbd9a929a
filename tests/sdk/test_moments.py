"""Moments as senders write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Reject
from hub.model.wire.request import Request
from hub.sdk.moments import fresh, instant

NOW = 1_767_225_600
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        (NOW, NEW_YEAR),
        (float(NOW), NEW_YEAR),
        (str(NOW), NEW_YEAR),
        (NOW * 1000, NEW_YEAR),
        (f"{NOW}000", NEW_YEAR),
        ("1767225600.5", NEW_YEAR + timedelta(milliseconds=500)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00Z", NEW_YEAR),
        ("2026-01-01T00:00:00", NEW_YEAR),
        ("2026-01-01T00:00:00.123456789Z", NEW_YEAR + timedelta(microseconds=123456)),
        ("2026-01-01T00:00:00.1Z", NEW_YEAR + timedelta(milliseconds=100)),
        ("2025-12-31T19:00:00-05:00", NEW_YEAR),
        ("2026-01-01", NEW_YEAR),
    ],
)
def test_a_moment_is_read(written: str | float, moment: datetime) -> None:
    assert instant(written) == moment
    assert instant(written).tzinfo is not None


@pytest.mark.parametrize(
    "written",
    [
        "",
        "now",
        "-1",
        -1,
        "1e9",
        float("nan"),
        float("inf"),
        "9" * 15,
        10**20,
        "\uff11\uff12",
        "2026-13-01",
        True,
        "\u0661",
    ],
)
def test_what_is_no_moment_is_a_value_error(written: str | float) -> None:
    with pytest.raises(ValueError, match=r"a time|the time"):
        instant(written)


@given(st.datetimes(min_value=datetime(1974, 1, 1), max_value=datetime(5000, 1, 1)))  # noqa: DTZ001 - made aware below
def test_seconds_milliseconds_and_iso_of_one_moment_are_the_same(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    seconds = int(moment.timestamp())
    assert instant(seconds) == instant(str(seconds)) == instant(seconds * 1000) == moment
    assert instant(moment.isoformat()) == instant(moment.astimezone(timezone(timedelta(hours=5))).isoformat()) == moment


@given(st.text(max_size=40))
def test_no_text_does_worse_than_a_value_error(text: str) -> None:
    try:
        moment = instant(text)
    except ValueError:
        moment = NEW_YEAR
    assert moment.tzinfo is not None


def test_fresh_accepts_up_to_its_bounds(make_request: Callable[..., Request]) -> None:
    request = make_request(at=NOW)
    for when in (NOW - 300, NOW + 300, str(NOW), NEW_YEAR, NEW_YEAR.astimezone(timezone(timedelta(hours=3)))):
        fresh(request, when)
    fresh(request, NOW - 3600, past=3600)
    fresh(request, NOW + 5, future=5)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (NOW - 301, "301 s old"),
        (NOW + 301, "301 s in the future"),
        (None, "cannot be read"),
        ("soon", "cannot be read"),
        ([], "cannot be read"),
        ({}, "cannot be read"),
        (datetime(2026, 1, 1), "cannot be read"),  # noqa: DTZ001 - a naive moment is the case
    ],
)
def test_fresh_refuses_what_is_old_ahead_or_no_moment(
    make_request: Callable[..., Request], when: Any, said: str
) -> None:
    with pytest.raises(Reject, match=said) as caught:
        fresh(make_request(at=NOW), when)
    assert caught.value.status == 401
