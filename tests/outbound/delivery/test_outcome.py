"""What an attempt means for its delivery."""

from __future__ import annotations

import random

import pytest

from hub.model.retry import Retry, RetrySchedule
from hub.model.stored.outbound import Attempt, DeliveryRecord
from hub.outbound.delivery.outcome import AttemptOutcome, outcome_of, status_error

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
RETRY = Retry(retries=2, initial_seconds=4, factor=2, max_seconds=100)


class Highest(random.Random):
    """Draws the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def outcome(status: int | None, *, tries: int = 0, error: str = "x", after: str | None = None) -> AttemptOutcome:
    delivery = DeliveryRecord(b"o", b"d", b"m", b"s", "t", "pending", b"", 0, tries=tries, attempts=tries)
    headers = () if after is None else (("retry-after", after),)
    return outcome_of(delivery, Attempt(1, NOW, None, status, 1, (), headers, "", error), RETRY, NOW, Highest())


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_delivers(status: int) -> None:
    assert outcome(status, error="") == AttemptOutcome("delivered")


def test_an_answer_that_broke_off_is_no_delivery() -> None:
    assert outcome(200, error="the answer ended too early").state == "pending"


@pytest.mark.parametrize("status", [None, 301, 302, 307, 400, 404, 500, 502])
def test_anything_else_is_tried_again_after_the_backoff(status: int | None) -> None:
    assert outcome(status) == AttemptOutcome("pending", due=NOW + 4 * SECOND)
    assert outcome(status, tries=1) == AttemptOutcome("pending", due=NOW + 8 * SECOND)


def test_after_the_last_retry_it_is_dead() -> None:
    assert outcome(500, tries=2) == AttemptOutcome("dead")


def test_410_ends_delivery_and_subscription() -> None:
    assert outcome(410) == AttemptOutcome("dead", gone=True)


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_receiver_slows_its_subscription_by_the_wait(status: int) -> None:
    assert outcome(status) == AttemptOutcome("pending", due=NOW + 4 * SECOND, throttled_until=NOW + 4 * SECOND)


@pytest.mark.parametrize("status", [429, 503, 500, 404])
def test_retry_after_slows_the_subscription_by_what_it_asks(status: int) -> None:
    assert outcome(status, after="60") == AttemptOutcome(
        "pending", due=NOW + 60 * SECOND, throttled_until=NOW + 60 * SECOND
    )


def test_a_short_retry_after_does_not_shorten_the_backoff() -> None:
    assert outcome(500, after="1") == AttemptOutcome("pending", due=NOW + 4 * SECOND, throttled_until=NOW + SECOND)


def test_a_dead_delivery_slows_the_others_too() -> None:
    assert outcome(429, tries=2, after="60") == AttemptOutcome("dead", throttled_until=NOW + 60 * SECOND)


def test_each_status_has_its_sentence() -> None:
    assert status_error(204) == ""
    assert "redirects are not followed" in status_error(302)
    assert "410" in status_error(410)
    assert status_error(500) == "the receiver answered 500"


def test_retries_fall_due_at_whole_tenths_of_a_second() -> None:
    """Never early; those of one tenth are claimed together."""
    delivery = DeliveryRecord(b"o", b"d", b"m", b"s", "t", "pending", b"", 0)
    attempt = Attempt(1, NOW, None, 500, 1, (), (), "", "x")
    for seed in range(50):
        due = outcome_of(delivery, attempt, RETRY, NOW + seed, random.Random(seed)).due
        wait = random.Random(seed).uniform(0, 4) * SECOND
        assert due % 100_000 == 0
        assert NOW + seed + int(wait) <= due < NOW + seed + wait + 100_000


@pytest.mark.parametrize(
    ("waits", "tries", "state", "due"),
    [
        ((), 0, "dead", 0),
        ((10, 1_000), 0, "pending", NOW + 10 * SECOND),
        ((10, 1_000), 1, "pending", NOW + 1_000 * SECOND),
        ((10, 1_000), 2, "dead", 0),
        ((10, 1_000), 7, "dead", 0),
    ],
)
def test_a_schedule_has_a_retry_for_each_wait(waits: tuple[float, ...], tries: int, state: str, due: int) -> None:
    delivery = DeliveryRecord(b"o", b"d", b"m", b"s", "t", "pending", b"", 0, tries=tries, attempts=tries)
    retry = RetrySchedule(wait_seconds=waits, jitter=0)
    found = outcome_of(delivery, Attempt(1, NOW, None, 500, 1, (), (), "", "x"), retry, NOW, random.Random())
    assert (found.state, found.due) == (state, due)


def test_a_late_retry_does_not_hold_the_subscription_for_hours() -> None:
    delivery = DeliveryRecord(b"o", b"d", b"m", b"s", "t", "pending", b"", 0, tries=0)
    retry = RetrySchedule(wait_seconds=(40_000,), jitter=0)
    found = outcome_of(delivery, Attempt(1, NOW, None, 503, 1, (), (), "", "x"), retry, NOW, random.Random())
    assert found == AttemptOutcome("pending", due=NOW + 40_000 * SECOND, throttled_until=NOW + 300 * SECOND)


def test_the_sentence_of_a_redirect_names_where_it_leads() -> None:
    headers = [("content-type", "x"), ("LOCATION", "https://new.example/hook")]
    assert status_error(308, headers).startswith(
        "the receiver answered 308 to https://new.example/hook: redirects are not"
    )
    assert status_error(302).startswith("the receiver answered 302: redirects are not")
    assert len(status_error(302, [("location", "x" * 5_000)])) < 700
