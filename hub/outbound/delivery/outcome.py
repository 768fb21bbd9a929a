"""What follows from an attempt: a pure function of the answer and the subscription's retry rule."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from hub.model.retry import Retry, RetrySchedule
from hub.model.stored.outbound import Attempt, DeliveryRecord, DeliveryState
from hub.model.times import SECOND
from hub.outbound.delivery.backoff import backoff, retry_after

__all__ = ["THROTTLING", "AttemptOutcome", "outcome_of", "status_error"]

THROTTLING = frozenset({429, 503})
"""With these statuses a receiver says that it is overloaded, so the whole subscription waits, not one delivery."""

_LONGEST_THROTTLE = 300.0
"""Seconds that 429 and 503 throttle a subscription without a `Retry-After`."""
_LONGEST_LOCATION = 500
_GRID = 100_000
"""Microseconds. Retries are due at whole tenths of a second, so that those of the same tenth share one claim."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What becomes of a delivery and of its subscription.

    Attributes:
        state: The state of the delivery from now on.
        due: When a pending delivery is tried again, microseconds UTC.
        throttled_until: Until when nothing is sent to the subscription, microseconds UTC; 0 without a throttle.
        gone: The receiver answered 410, so the subscription is to be disabled.
    """

    state: DeliveryState
    due: int = 0
    throttled_until: int = 0
    gone: bool = False


def outcome_of(
    delivery: DeliveryRecord, attempt: Attempt, retry: Retry | RetrySchedule, now: int, rng: random.Random
) -> AttemptOutcome:
    """Decide what follows from an attempt.

    A complete 2xx answer means delivered. 410 (RFC 9110, section 15.5.11) ends the delivery and disables the
    subscription. Everything else, redirects included, is retried after a jittered wait until the retries are used up.
    `Retry-After`, 429 and 503 throttle the whole subscription: for as long as `Retry-After` says, otherwise for the
    wait of this retry, but five minutes at most, since one old delivery must not hold new ones back for hours.

    Args:
        delivery: As it was claimed; its `tries` do not count this attempt.
        attempt: The attempt.
        retry: The retry rule of the subscription.
        now: When the attempt ended, microseconds UTC.
        rng: Source of the jitter.
    """
    if attempt.status is not None and 200 <= attempt.status < 300 and not attempt.error:
        return AttemptOutcome("delivered")
    if attempt.status == 410:
        return AttemptOutcome("dead", gone=True)
    retries_used = delivery.tries
    # After the last retry there is no wait; a throttle then lasts as long as the last wait.
    number = min(retries_used + 1, retry.retries) if isinstance(retry, RetrySchedule) else retries_used + 1
    delay = backoff(retry, number, rng) if number else 0.0
    asked = retry_after(attempt.response_headers, now) if attempt.status is not None else None
    throttled_until = 0
    if asked is not None:
        delay = max(delay, asked)
        throttled_until = now + int(asked * SECOND)
    elif attempt.status in THROTTLING:
        throttled_until = now + int(min(delay, _LONGEST_THROTTLE) * SECOND)
    if retries_used >= retry.retries:
        return AttemptOutcome("dead", throttled_until=throttled_until)
    due = -(-(now + int(delay * SECOND)) // _GRID) * _GRID  # rounded up
    return AttemptOutcome("pending", due=due, throttled_until=throttled_until)


def status_error(status: int, headers: Iterable[tuple[str, str]] = ()) -> str:
    """Why an answer with this status does not count as delivered; empty for 2xx.

    Args:
        status: Of the answer.
        headers: Of the answer; names in any case. The sentence about a redirect says where it leads.
    """
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        location = next((value for name, value in headers if name.lower() == "location"), "")
        where = f" to {location[:_LONGEST_LOCATION]}" if location.isprintable() and location else ""
        hint = "redirects are not followed, set the final URL on the subscription"
        return f"the receiver answered {status}{where}: {hint}"
    if status == 410:
        return "the receiver answered 410 Gone: it wants no more deliveries"
    return f"the receiver answered {status}"
