"""How long to wait before an attempt is made again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.retry import DELIVERY_SCHEDULE, Retry, RetrySchedule
from hub.outbound.delivery.backoff import LONGEST_RETRY_AFTER, backoff, retry_after

NOW = 1_800_000_000_000_000


@given(number=st.integers(1, 50), seed=st.integers())
def test_the_wait_is_between_nothing_and_the_ceiling(number: int, seed: int) -> None:
    retry = Retry(initial_seconds=1, factor=2, max_seconds=60)
    assert 0 <= backoff(retry, number, random.Random(seed)) <= min(2.0 ** (number - 1), 60)


def test_jitter_is_full() -> None:
    """Waits are spread over the whole span, not only over its end."""
    rng = random.Random(1)
    waits = [backoff(Retry(initial_seconds=8), 1, rng) for _ in range(400)]
    assert min(waits) < 0.4
    assert max(waits) > 7.6
    assert 3.5 < sum(waits) / len(waits) < 4.5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        (" 7 ", 7),
        ("99999999999999999999", LONGEST_RETRY_AFTER),
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        ("Friday, 15-Jan-27 08:00:10 GMT", 10),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("١٢", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    assert retry_after([("Content-Type", "x"), ("RETRY-AFTER", value)], NOW) == seconds


def test_no_header_asks_for_nothing() -> None:
    assert retry_after([("content-type", "x")], NOW) is None


def test_the_default_schedule_has_twelve_tries_over_three_days() -> None:
    """Each wait of 3,600 draws stays within what the documentation says of it."""
    rng = random.Random(3)
    hour = 3_600
    spans = [(4, 6), (250, 350), (1_500, 2_100), (1.6 * hour, 2.4 * hour), (4 * hour, 6 * hour)]
    spans += [(10 * hour, 14 * hour)] * 6
    assert DELIVERY_SCHEDULE.retries == 11
    for number, (least, most) in enumerate(spans, 1):
        waits = [backoff(DELIVERY_SCHEDULE, number, rng) for _ in range(300)]
        assert least <= min(waits) < max(waits) <= most
    assert 72 <= sum(DELIVERY_SCHEDULE.wait_seconds) / hour <= 84


def test_a_schedule_without_jitter_waits_exactly() -> None:
    retry = RetrySchedule(wait_seconds=(3, 7), jitter=0)
    assert [backoff(retry, number, random.Random()) for number in (1, 2)] == [3, 7]
