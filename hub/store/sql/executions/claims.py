"""Claiming executions, renewing and expiring their leases.

A candidate that its serial key or its workflow's limit holds back is parked: its `ready` becomes NULL, so that it
leaves the index of open executions and later claims do not walk over it again. `unpark_waiting` brings one back when an
execution in its way ends or gives up its lease. An execution that came back is judged like any other, and parked again
if others were quicker. Two invariants keep every parked execution reachable:

- beside an execution parked for its serial key there is another one of that key which is running or waiting, may be
  claimed, or is parked for the limit;
- beside one parked for the limit as many are running as the limit allows, or one may be claimed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, and_, case, func, literal_column, or_, select, tuple_, update

from hub.model.ids import Id
from hub.store.sql.tables import executions, nodes
from hub.store.sql.transaction import Transaction

__all__ = ["EXPIRES", "claim", "expire", "first_due", "next_priority", "renew"]

_EXAMINED = 512
"""Candidates that one claim looks at at most: many may have to be parked, and other writes wait meanwhile."""

_OLD = executions.c
_RUNNING = executions.alias("running").c
_BEGUN = executions.alias("begun").c
_UNOWNED = and_(_OLD.owner.is_(None), _OLD.ready.is_not(None))
_OWNED = and_(_OLD.owner.is_not(None), _OLD.ready.is_not(None))
_ANY_PARKED = (
    "SELECT EXISTS (SELECT 1 FROM executions WHERE parked = 'serial')"
    " OR EXISTS (SELECT 1 FROM executions WHERE parked = 'limit')"
)

_BUSY = (
    select(_BEGUN.id)
    .where(
        _BEGUN.org == _OLD.org,
        _BEGUN.workflow == _OLD.workflow,
        _BEGUN.serial_key == _OLD.serial_key,
        _BEGUN.serial_key.is_not(None),
        _BEGUN.state.in_((literal_column("'running'"), literal_column("'waiting'"))),
    )
    .exists()
)
"""Whether an execution of the same serial key is running or waiting.

The states are literals in the SQL, here and below: SQLite uses a partial index only if the statement repeats its
condition, which it cannot see in a parameter.
"""

_TAKEN = (
    select(func.count())
    .where(
        _RUNNING.org == _OLD.org,
        _RUNNING.workflow == _OLD.workflow,
        _RUNNING.concurrency.is_not(None),
        _RUNNING.state == literal_column("'running'"),
    )
    .scalar_subquery()
)
"""How many limited executions of the workflow are running."""

_CANDIDATES = select(
    _OLD.org,
    _OLD.id,
    _OLD.workflow,
    _OLD.serial_key,
    _OLD.concurrency,
    _OLD.state,
    case((_OLD.serial_key.is_(None), False), else_=_BUSY).label("busy"),
    case((_OLD.concurrency.is_(None), 0), else_=_OLD.concurrency - _TAKEN).label("room"),
).order_by(_OLD.ready, _OLD.id)

EXPIRES = select(func.min(_OLD.ready)).where(_OWNED)
"""When the first lease ends."""


def next_priority(at_least: int) -> Select[tuple[int]]:
    """The smallest priority, `at_least` or more, of an execution without an owner."""
    return select(func.min(_OLD.priority)).where(_UNOWNED, _OLD.priority >= at_least)


def first_due(priority: int) -> Select[tuple[int]]:
    """When the first execution of that priority without an owner may be claimed."""
    return select(_OLD.ready).where(_UNOWNED, _OLD.priority == priority).order_by(_OLD.ready).limit(1)


def claim(
    transaction: Transaction, owner: str, until: int, now: int, limit: int, priorities: tuple[int, int]
) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """The rows of executions that are leased to `owner` now, and those of their journals.

    The transaction holds the write lock, so that nobody else claims between the look at the candidates and the update.
    """
    keys: list[tuple[Id, Id]] = []
    examined = 0
    while len(keys) < limit and examined < _EXAMINED:
        some = _candidates(transaction, now, limit - len(keys), priorities)
        if not some:
            break
        examined += len(some)
        judged = _judge(some)
        if judged.free:
            _take(transaction, judged.free, owner, until, now)
            keys += [(row.org, row.id) for row in judged.free]
        _park(transaction, judged)
    if not keys:
        return [], []
    won = {row.id: row for row in transaction.execute(select(executions).where(_in(keys)))}
    journal = select(nodes).where(tuple_(nodes.c.org, nodes.c.execution).in_(keys))
    return [won[key] for _, key in keys], list(transaction.execute(journal))


def renew(transaction: Transaction, owner: str, ids: Sequence[Id], until: int) -> frozenset[Id]:
    """Extend the leases of `owner` on `ids`; the ids of those that it still has."""
    mine = and_(_OLD.owner == owner, _OLD.ready.is_not(None), _OLD.id.in_(ids))
    held = frozenset(transaction.execute(select(_OLD.id).where(mine)).scalars())
    if held:
        transaction.execute(update(executions).where(mine).values(ready=until))
    return held


def expire(transaction: Transaction, owner: str, now: int) -> None:
    """End the leases of `owner` at `now`; its executions are recovered like any other whose lease has ended."""
    transaction.execute(
        update(executions).where(_OLD.owner == owner, _OLD.ready.is_not(None), _OLD.ready > now).values(ready=now)
    )


def unpark_waiting(transaction: Transaction, keys: Sequence[tuple[Id, Id]]) -> None:
    """For each of these executions, which ended or gave up their leases, bring one back that was parked behind it."""
    # Most hubs park nothing: one look at two small partial indexes spares them the rest.
    if not keys or not transaction.connection.exec_driver_sql(_ANY_PARKED).scalar():
        return
    gone = transaction.execute(
        select(_OLD.org, _OLD.workflow, _OLD.serial_key, _OLD.concurrency, _OLD.state).where(
            _in(keys), or_(_OLD.serial_key.is_not(None), _OLD.concurrency.is_not(None))
        )
    ).all()
    for row in gone:
        # one that waits has given up its place under the limit, but keeps its serial key
        if row.serial_key is not None and row.state not in {"running", "waiting"}:
            _unpark(transaction, row, _OLD.parked == literal_column("'serial'"), _OLD.serial_key == row.serial_key)
        if row.concurrency is not None:
            _unpark(transaction, row, _OLD.parked == literal_column("'limit'"))


def _in(keys: Sequence[tuple[Id, Id]]) -> Any:
    return tuple_(_OLD.org, _OLD.id).in_(keys)


def _candidates(transaction: Transaction, now: int, limit: int, priorities: tuple[int, int]) -> list[Row[Any]]:
    """Executions that are due: first those whose lease has ended, then by priority and age.

    Each SELECT walks the index (owner, priority, ready) of open executions from its beginning and stops at `limit`. One
    SELECT over several priorities would have to read and sort everything that is due.
    """
    due = _CANDIDATES.where(_OLD.ready <= now)
    found = list(transaction.execute(due.where(_OWNED, _OLD.priority.between(*priorities)).limit(limit)))
    for priority in _priorities(transaction, *priorities):
        if len(found) >= limit:
            break
        found += transaction.execute(due.where(_UNOWNED, _OLD.priority == priority).limit(limit - len(found)))
    return found


def _priorities(transaction: Transaction, lowest: int, highest: int) -> Iterator[int]:
    """The priorities that executions without an owner have: one look into the index for each."""
    at = lowest
    while at <= highest:
        priority: int | None = transaction.execute(next_priority(at)).scalar()
        if priority is None or priority > highest:
            return
        yield priority
        at = priority + 1


@dataclass(slots=True)
class _Judged:
    """Candidates that may run now, those that their serial key holds back, and those that a limit holds back."""

    free: list[Row[Any]] = field(default_factory=list)
    serial: list[Row[Any]] = field(default_factory=list)
    limit: list[Row[Any]] = field(default_factory=list)


def _judge(rows: Sequence[Row[Any]]) -> _Judged:
    """Sort candidates into those that may run and those that are held back.

    One whose lease has ended is running in the eyes of all others and keeps its place. One that waited keeps its serial
    key, but needs a place under the limit again.
    """
    judged = _Judged()
    begun: set[tuple[Id, Id, str]] = set()
    running: Counter[tuple[Id, Id]] = Counter()
    # `busy` and `room` are as of before this claim; `begun` and `running` add what it has taken so far itself
    for row in rows:
        lane, workflow = (row.org, row.workflow, row.serial_key), (row.org, row.workflow)
        serial = row.serial_key is not None and row.state == "queued"
        limited = row.concurrency is not None and row.state != "running"
        if serial and (row.busy or lane in begun):
            judged.serial.append(row)
        elif limited and running[workflow] >= row.room:
            judged.limit.append(row)
        else:
            judged.free.append(row)
            begun.add(lane)
            running[workflow] += limited
    return judged


def _take(transaction: Transaction, rows: Sequence[Row[Any]], owner: str, until: int, now: int) -> None:
    transaction.execute(
        update(executions)
        .where(_in([(row.org, row.id) for row in rows]))
        .values(
            owner=owner,
            ready=until,
            fence=_OLD.fence + 1,
            state="running",
            started=func.coalesce(_OLD.started, now),
            woken=False,
            crashes=case((_OLD.owner.is_not(None), _OLD.crashes + 1), else_=_OLD.crashes),
        )
    )


def _park(transaction: Transaction, judged: _Judged) -> None:
    for why, rows in (("serial", judged.serial), ("limit", judged.limit)):
        if rows:
            keys = [(row.org, row.id) for row in rows]
            transaction.execute(update(executions).where(_in(keys)).values(parked=why, ready=None))
    # An execution with a limit too may have been brought back because a place under the limit was free. Its serial key
    # keeps it from taking the place, so the next one that the limit holds back gets its chance.
    for row in judged.serial:
        if row.concurrency is not None:
            _unpark(transaction, row, _OLD.parked == literal_column("'limit'"))


def _unpark(transaction: Transaction, like: Row[Any], *which: Any) -> None:
    """Bring back one parked execution of the workflow of `like`: the one that a claim would have taken first."""
    first = (
        select(_OLD.org, _OLD.id)
        .where(_OLD.org == like.org, _OLD.workflow == like.workflow, *which)
        .order_by(_OLD.priority, _OLD.due)
        .limit(1)
    )
    keys = [(row.org, row.id) for row in transaction.execute(first)]
    if keys:
        transaction.execute(update(executions).where(_in(keys)).values(parked=None, ready=_OLD.due))
