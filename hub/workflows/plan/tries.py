"""What follows a try of a node that failed or was interrupted: another try and when, or the end.

Pure functions from journal entries to journal entries, so that every engine decides alike.

An entry in state `waiting` means:

- with `child`: the node waits for that execution, until `due` if it is set;
- with `error`: the next try begins at `due`;
- with `due` alone: the node sleeps. It then succeeds with the output that the entry already holds, or fails if the
  node's `timeout` ends before the sleep (`due` is before the output's `until`);
- with none of these: the node waits for a signal.
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
"""A node fails when the process has ended so many times while it ran."""

_LONGEST = 86_400.0
"""Most seconds that a `Retry-After` of the other side can delay a try."""

_CLOSE = 1_000
"""Microseconds that a time can lose by being written as text."""


def backoff(retry: Retry, number: int, execution: Id, node: str, item: int) -> int:
    """Microseconds before retry `number` (from 1): between half of the policy's ceiling and all of it.

    The jitter depends on the arguments alone, so that the same execution waits the same time on every engine.
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
        record: The entry as it was while the try ran; `attempts` counts that try.
        message: Why it failed, secrets masked.
        now: Microseconds UTC.
        execution: Decides the jitter.
        retry: The node's policy; None when it has none or another try cannot help.
        retry_after: Seconds that the other side asked for: the wait is at least as long, but a day at most.

    Returns:
        Waiting until the next try if the policy allows one, else failed. Tries that ended with the process do not
        count as retries.
    """
    number = max(record.attempts - record.crashes, 1)
    if retry is None or number > retry.retries:
        return replace(record, state="failed", error=message, finished=now, due=None, child=None, output=None)
    wait = backoff(retry, number, execution, record.node, record.item)
    if retry_after is not None:
        wait = max(wait, int(min(max(retry_after, 0.0), _LONGEST) * SECOND))
    return replace(record, state="waiting", error=message, due=now + wait, child=None, output=None)


def crashed(record: NodeRecord, now: int) -> NodeRecord:
    """The entry of a node that was running when its process ended: another try at once, or failed at the third end."""
    crashes = record.crashes + 1
    if crashes >= CRASHES:
        message = f"the hub's process ended {crashes} times while this node ran"
        return replace(record, state="failed", error=message, finished=now, due=None, crashes=crashes)
    return replace(record, state="waiting", error="the hub's process ended", due=0, crashes=crashes)


def interrupted(record: NodeRecord) -> NodeRecord:
    """The entry of a node whose try was broken off because the hub was stopped: the try does not count."""
    return replace(record, state="waiting", error="the hub was stopped", due=0, attempts=record.attempts - 1)


def woken(record: NodeRecord, now: int, *, execution: Id, retry: Retry | None = None) -> NodeRecord:
    """The entry of a sleeping node that is due: it has succeeded, or slept longer than a try may take."""
    until = datetime.fromisoformat(record.output["until"])
    if to_micros(until) - (record.due or 0) > _CLOSE:
        return failed(record, "slept longer than the node's timeout allows", now, execution=execution, retry=retry)
    return replace(record, state="succeeded", finished=now, due=None)


def tried_again(record: NodeRecord) -> bool:
    """Whether an entry waits for another try, not for a child, a time or a signal."""
    return record.state == "waiting" and record.child is None and record.error is not None
