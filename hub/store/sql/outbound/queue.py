"""The queue of deliveries, as statements over an open transaction.

`ready` says when anybody may take a delivery next: its due time, or the end of its lease. It is NULL for deliveries
that are not to be sent: finished and paused ones, and those that wait for an older one of their ordering key.

So of each subscription and ordering key one delivery at most has a `ready`: the oldest that is pending or paused, by
`sequence`, and only if it is pending. Whatever removes that one from the front lets the next one go (`unblock_next`).

The statements work on many rows at once: each step of SQLite gives up the interpreter's lock and takes it back, so
that one statement over a hundred rows is far cheaper than a hundred statements. Conditions of partial indexes are
repeated in them word for word, since SQLite would not use the indexes otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from hub.errors import Fenced
from hub.model.ids import Id
from hub.model.json import dumps
from hub.model.stored.outbound import Attempted, DueDelivery
from hub.store.sql.bulk import Bulk, NewRow, in_powers, positional
from hub.store.sql.outbound.outbound_rows import attempt_row
from hub.store.sql.tables import attempts
from hub.store.sql.transaction import Transaction

__all__ = [
    "cancel_deliveries",
    "has_unfinished",
    "log_attempts",
    "next_ready",
    "pause_deliveries",
    "release_leases",
    "renew_leases",
    "resume_deliveries",
    "take_leases",
    "unblock_next",
    "unskip_ordered",
]

_UNFINISHED = "state IN ('pending', 'paused')"
_MOST = 64

_UNBLOCK = f"""
UPDATE deliveries SET ready = due WHERE state = 'pending' AND ready IS NULL AND sequence = (
    SELECT sequence FROM deliveries
    WHERE subscription = ? AND ordering_key = ? AND ordering_key IS NOT NULL AND {_UNFINISHED}
    ORDER BY sequence LIMIT 1)
"""  # noqa: S608 - only constants are put in
_BEHIND = f"""
SELECT 1 FROM deliveries
WHERE subscription = ? AND ordering_key = ? AND ordering_key IS NOT NULL AND {_UNFINISHED} LIMIT 1
"""  # noqa: S608 - only constants are put in
_RESUME = f"""
UPDATE deliveries SET state = 'pending', ready = CASE WHEN ordering_key IS NULL OR NOT EXISTS (
    SELECT 1 FROM deliveries AS older
    WHERE older.subscription = deliveries.subscription AND older.ordering_key = deliveries.ordering_key
    AND older.ordering_key IS NOT NULL AND older.{_UNFINISHED} AND older.sequence < deliveries.sequence
) THEN due END
WHERE org = ? AND subscription = ? AND state = 'paused'
"""  # noqa: S608 - only constants are put in
_UNSKIP = """
UPDATE deliveries SET state = 'paused', due = ?, tries = 0, finished = NULL, error = ''
WHERE org = ? AND subscription = ? AND state = 'skipped' AND state != 'delivered'
    AND ordering_key IS NOT NULL AND created >= ?
    AND EXISTS (SELECT 1 FROM bodies WHERE bodies.org = deliveries.org AND bodies.message = deliveries.message
        AND bodies.form = deliveries.form)
"""
_PAUSE = """
UPDATE deliveries SET state = 'paused', ready = NULL, owner = NULL
WHERE org = ? AND subscription = ? AND state = 'pending'
"""
_CANCEL = f"""
UPDATE deliveries SET state = 'cancelled', ready = NULL, owner = NULL, finished = ?,
    error = 'the subscription was deleted'
WHERE org = ? AND subscription = ? AND {_UNFINISHED}
"""  # noqa: S608 - only constants are put in
_TAKE = """
UPDATE deliveries SET owner = ?1, ready = ?2, fence = fence + 1, crashes = crashes + (owner IS NOT NULL AND owner != ?1)
WHERE sequence IN (SELECT value FROM json_each(?3))
"""
_RENEW = """
UPDATE deliveries SET ready = ? FROM json_each(?) AS held
WHERE deliveries.sequence = held.value ->> 0 AND deliveries.fence = held.value ->> 1 AND owner = ?
"""
_RELEASE = """
UPDATE deliveries SET ready = ?, owner = NULL FROM json_each(?) AS held
WHERE deliveries.sequence = held.value ->> 0 AND deliveries.fence = held.value ->> 1 AND owner = ?
"""
_STILL = """
SELECT json_group_array(deliveries.sequence) FROM deliveries, json_each(?) AS held
WHERE deliveries.sequence = held.value ->> 0 AND deliveries.fence = held.value ->> 1 AND owner = ?
"""
_NEXT_READY = """
SELECT ready FROM deliveries
WHERE org = ? AND subscription = ? AND ready IS NOT NULL AND (owner IS NULL OR owner != ?) ORDER BY ready LIMIT 1
"""
_LOG = Bulk(attempts)
_OUTCOME = ("sequence", "fence", "state", "due", "number", "tries", "finished", "error")
_OUTCOMES = positional(_OUTCOME)


def pause_deliveries(transaction: Transaction, org: Id, subscription: Id) -> None:
    """Pause what is pending. The fences stay as they are, so that an attempt under way can still be logged."""
    transaction.connection.exec_driver_sql(_PAUSE, (org, subscription))


def unskip_ordered(transaction: Transaction, org: Id, subscription: Id, since: int, now: int) -> None:
    """Make skipped deliveries with an ordering key, accepted from `since` on, paused as if they had been accepted so.

    Their sequences are those of their acceptance, so that `resume_deliveries` lets each key go on where it stopped.
    """
    transaction.connection.exec_driver_sql(_UNSKIP, (now, org, subscription, since))


def resume_deliveries(transaction: Transaction, org: Id, subscription: Id) -> None:
    """Make paused deliveries pending again; of each ordering key only the oldest one becomes ready."""
    transaction.connection.exec_driver_sql(_RESUME, (org, subscription))


def cancel_deliveries(transaction: Transaction, org: Id, subscription: Id, now: int) -> None:
    """Cancel what is pending or paused. The fences stay, so that an attempt under way can still be logged."""
    transaction.connection.exec_driver_sql(_CANCEL, (now, org, subscription))


def has_unfinished(transaction: Transaction, subscription: Id, ordering_key: str) -> bool:
    """Whether a delivery of the ordering key is pending or paused: a new one has to wait behind it."""
    return transaction.connection.exec_driver_sql(_BEHIND, (subscription, ordering_key)).first() is not None


def unblock_next(transaction: Transaction, subscription: Id, ordering_key: str) -> bool:
    """Make the oldest unfinished delivery of an ordering key ready; whether it was waiting for that."""
    return transaction.connection.exec_driver_sql(_UNBLOCK, (subscription, ordering_key)).rowcount > 0


def take_leases(transaction: Transaction, sequences: Sequence[int], owner: str, until: int) -> None:
    """Lease deliveries to `owner`; taking one from another owner counts as a crash of that owner."""
    transaction.connection.exec_driver_sql(_TAKE, (owner, until, dumps(list(sequences)).decode()))


def renew_leases(transaction: Transaction, deliveries: Sequence[DueDelivery], until: int) -> frozenset[Id]:
    """Extend leases to `until`; the ids of those that their owner still had."""
    owner, held = deliveries[0].lease.owner, _held(deliveries)
    done = transaction.connection.exec_driver_sql(_RENEW, (until, held, owner)).rowcount
    if done == len(deliveries):
        return frozenset(due.record.id for due in deliveries)
    still = transaction.connection.exec_driver_sql(_STILL, (held, owner)).scalar() or "[]"
    return _among(deliveries, still)


def release_leases(transaction: Transaction, deliveries: Sequence[DueDelivery], due: int) -> None:
    """Give up those leases that their owner still has; the deliveries may be claimed from `due`."""
    owner = deliveries[0].lease.owner
    transaction.connection.exec_driver_sql(_RELEASE, (due, _held(deliveries), owner))


def next_ready(transaction: Transaction, org: Id, subscription: Id, owner: str) -> int | None:
    """When the next delivery of a subscription that `owner` does not hold may be taken."""
    found: int | None = transaction.connection.exec_driver_sql(_NEXT_READY, (org, subscription, owner)).scalar()
    return found


def log_attempts(transaction: Transaction, done: Sequence[Attempted]) -> None:
    """Log attempts and give their deliveries their new states.

    The fence decides, not the owner: a delivery that was paused or cancelled meanwhile has lost its owner, and yet what
    its receiver answered is logged. `attempts = number - 1` keeps an attempt from being logged twice.

    Raises:
        Fenced: One of them was claimed by somebody else, or its attempt is logged already. Which one it is the number
            of changed rows does not say, so the writer tries the group again, one by one.
    """
    changed = 0
    for some in in_powers(done, _MOST):
        outcomes = _OUTCOMES([_outcome(each) for each in some])
        changed += transaction.connection.exec_driver_sql(_finishing(len(some)), outcomes).rowcount
    if changed != len(done):
        raise Fenced("another process has taken the delivery over")
    _LOG.run(transaction.connection, [attempt_row(each.of.record, each.attempt) for each in done])


def _outcome(done: Attempted) -> NewRow:
    """What an attempt makes of its delivery, by the names in `_OUTCOME`."""
    return {
        "sequence": done.of.record.sequence,
        "fence": done.of.lease.fence,
        "state": done.state,
        "due": done.due,
        "number": done.attempt.number,
        "tries": done.tries,
        "finished": None if done.state == "pending" else done.at,
        "error": done.error,
    }


@lru_cache(maxsize=16)
def _finishing(count: int) -> str:
    row = f"({', '.join('?' * len(_OUTCOME))})"
    # WITH gives the columns of VALUES their names. It stands inside, since the driver counts the rows that changed only
    # for a statement that begins with UPDATE.
    return f"""
UPDATE deliveries SET
    state = CASE WHEN outcome.state = 'pending' THEN deliveries.state ELSE outcome.state END,
    due = outcome.due,
    ready = CASE WHEN outcome.state = 'pending' AND deliveries.state = 'pending' THEN outcome.due END,
    owner = NULL, attempts = outcome.number, tries = outcome.tries,
    finished = CASE WHEN deliveries.state = 'cancelled' AND outcome.state = 'pending' THEN deliveries.finished
        ELSE outcome.finished END,
    error = outcome.error
FROM (WITH named ({", ".join(_OUTCOME)}) AS (VALUES {", ".join([row] * count)}) SELECT * FROM named) AS outcome
WHERE deliveries.sequence = outcome.sequence AND deliveries.fence = outcome.fence
    AND deliveries.attempts = outcome.number - 1
"""  # noqa: S608 - only constants and place-holders are put in


def _held(deliveries: Sequence[DueDelivery]) -> str:
    """Sequences and fences, for `json_each`: one parameter, however many there are."""
    return dumps([(due.record.sequence, due.lease.fence) for due in deliveries]).decode()


def _among(deliveries: Sequence[DueDelivery], sequences: str) -> frozenset[Id]:
    wanted = frozenset(sequences.strip("[]").split(","))
    return frozenset(due.record.id for due in deliveries if str(due.record.sequence) in wanted)
