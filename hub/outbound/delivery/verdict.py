"""What an attempt means for its delivery: a pure function of the answer and the subscription's rules."""

from __future__ import annotations

import random
from dataclasses import dataclass

from hub.model.retry import Retry
from hub.model.stored.outbound import Attempt, DeliveryRecord, DeliveryState
from hub.model.times import SECOND
from hub.outbound.delivery.backoff import backoff, retry_after

__all__ = ["SLOWING", "Verdict", "judge", "sentence"]

SLOWING = frozenset({429, 503})
"""Statuses by which a receiver says that it is overloaded: the whole subscription waits, not only this delivery."""


_GRID = 100_000
"""Retries fall due at whole tenths of a second (microseconds), so that those of one tenth share a claim."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery and of its subscription.

    Attributes:
        due: When the delivery is tried again, microseconds UTC, while `state` is pending.
        slow_until: Until when nothing is sent to the subscription, microseconds UTC; 0 for no throttle.
        gone: The receiver said 410: the subscription is to be disabled.
    """

    state: DeliveryState
    due: int = 0
    slow_until: int = 0
    gone: bool = False


def judge(delivery: DeliveryRecord, attempt: Attempt, retry: Retry, now: int, rng: random.Random) -> Verdict:
    """Decide after an attempt.

    A whole answer of 2xx delivers. 410 (RFC 9110, 15.5.11) ends the delivery and the subscription. Anything else,
    redirects included, is tried again after a backoff with full jitter until the retries are used up. `Retry-After`,
    429 and 503 slow the whole subscription, without `Retry-After` by the wait of this retry.

    Args:
        delivery: As it was claimed; its `tries` do not count this attempt.
        attempt: As it went.
        retry: The subscription's rule.
        now: When the attempt ended, microseconds UTC.
        rng: Where the jitter comes from.
    """
    if attempt.status is not None and 200 <= attempt.status < 300 and not attempt.error:
        return Verdict("delivered")
    if attempt.status == 410:
        return Verdict("dead", gone=True)
    retries_used = delivery.tries
    wait = backoff(retry, retries_used + 1, rng)
    asked = retry_after(attempt.response_headers, now) if attempt.status is not None else None
    slow_until = 0
    if asked is not None:
        wait = max(wait, asked)
        slow_until = now + int(asked * SECOND)
    elif attempt.status in SLOWING:
        slow_until = now + int(wait * SECOND)
    if retries_used >= retry.retries:
        return Verdict("dead", slow_until=slow_until)
    due = -(-(now + int(wait * SECOND)) // _GRID) * _GRID
    return Verdict("pending", due=due, slow_until=slow_until)


def sentence(status: int) -> str:
    """Why an answer with this status is no delivery; empty for 2xx."""
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"the receiver answered {status}: redirects are not followed, set the final URL on the subscription"
    if status == 410:
        return "the receiver answered 410 Gone: it wants no more deliveries"
    return f"the receiver answered {status}"
