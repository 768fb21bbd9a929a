"""What becomes of a try of a node that ended badly: another try, when, or the end.

Pure functions from journal entries to journal entries, so that every engine decides alike.

A waiting entry reads as follows:

- with `child`: it waits for that execution, until `due` if that is set;
- with `error`: the next try begins at `due`;
- with `due` alone: it sleeps, and then has succeeded with the output it already holds, or has failed where the node's
  `timeout` ends before the sleep (`due` before the output's `until`);
- with none of these: it waits for a signal.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from hub.model.ids import Id
from hub.model.retry import Retry
from hub.model.stored.execution import NodeRecord
from hub.model.times import SECOND, to_micros

__all__ = ["CRASHES", "backoff", "crashed", "failed", "interrupted", "tried_again", "woken"]

CRASHES = 3
"""So many ends of the process in one node fail it."""

_LONGEST = 86_400.0
"""Seconds that another side's Retry-After may hold a node back at most."""

_CLOSE = 1_000
"""Microseconds by which a written time may differ from the one that was meant."""


def backoff(retry: Retry, number: int, execution: Id, node: str, item: int) -> int:
    """Microseconds before retry `number` (from 1): between half and all of the policy's ceiling.

    The jitter follows from the arguments alone, so that the same execution waits the same time on every engine.
    """
    seed = b"%b/%b/%d/%d" % (execution, node.encode(), item, number)
    fraction = int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest()) / (1 << 64)
    return int(retry.ceiling(number) * (0.5 + fraction / 2) * SECOND)


def failed(
    record: NodeRecord,
    message: str,
    now: int,
    *,
    execution: Id,
    retry: Retry | None = None,
    retry_after: float | None = None,
) -> NodeRecord:
    """The entry after a try that failed at `now`.

    Args:
        record: The entry as it was while the try ran; `attempts` counts it.
        message: Why, secrets masked.
        now: Microseconds UTC.
        execution: For the jitter.
        retry: The node's policy; None when it has none or trying again cannot help.
        retry_after: Seconds that the other side asked for; waits at least so long, a day at most.

    Returns:
        State waiting until the next try while the policy allows one, else failed. Tries that ended with the process
        use up none of them.
    """
    number = max(record.attempts - record.crashes, 1)
    if retry is None or number > retry.retries:
        return replace(record, state="failed", error=message, finished=now, due=None, child=None, output=None)
    wait = backoff(retry, number, execution, record.node, record.item)
    if retry_after is not None:
        wait = max(wait, int(min(max(retry_after, 0.0), _LONGEST) * SECOND))
    return replace(record, state="waiting", error=message, due=now + wait, child=None, output=None)


def crashed(record: NodeRecord, now: int) -> NodeRecord:
    """The entry of a node that was running when its process ended: tried again at once, three times at most."""
    crashes = record.crashes + 1
    if crashes >= CRASHES:
        message = f"the hub's process ended {crashes} times while this node ran"
        return replace(record, state="failed", error=message, finished=now, due=None, crashes=crashes)
    return replace(record, state="waiting", error="the hub's process ended", due=0, crashes=crashes)


def interrupted(record: NodeRecord) -> NodeRecord:
    """The entry of a node whose try was broken off by a stop in good order: the try does not count."""
    return replace(record, state="waiting", error="the hub was stopped", due=0, attempts=record.attempts - 1)


def woken(record: NodeRecord, now: int, *, execution: Id, retry: Retry | None = None) -> NodeRecord:
    """The entry of a sleeping node whose `due` has come: slept, or (as `failed` says) longer than its try may take."""
    until = datetime.fromisoformat(record.output["until"])
    if to_micros(until) - (record.due or 0) > _CLOSE:
        return failed(record, "slept longer than the node's timeout allows", now, execution=execution, retry=retry)
    return replace(record, state="succeeded", finished=now, due=None)


def tried_again(record: NodeRecord) -> bool:
    """Whether a waiting entry waits for another try (and not for a child, a time or a signal)."""
    return record.state == "waiting" and record.child is None and record.error is not None
