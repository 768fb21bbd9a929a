"""Winning, keeping and looking for executions to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, tuple_, update

from hub.model.ids import Id
from hub.store.tables import executions, nodes
from hub.store.transaction import Transaction

__all__ = ["EXPIRES", "claim", "first_due", "next_priority", "renew"]

_OLD = executions.c
_RUNNING = executions.alias("running")
_BEGUN = executions.alias("begun")

_RUNNING_NOW = (
    select(func.count())
    .select_from(_RUNNING)
    .where(
        _RUNNING.c.org == _OLD.org,
        _RUNNING.c.workflow == _OLD.workflow,
        _RUNNING.c.concurrency.is_not(None),
        _RUNNING.c.state == "running",
    )
    .scalar_subquery()
)

_FREE: ColumnElement[bool] = and_(
    or_(
        _OLD.serial_key.is_(None),
        _OLD.state != "queued",
        ~select(_BEGUN.c.id)
        .where(
            _BEGUN.c.org == _OLD.org,
            _BEGUN.c.workflow == _OLD.workflow,
            _BEGUN.c.serial_key == _OLD.serial_key,
            _BEGUN.c.serial_key.is_not(None),
            _BEGUN.c.state.in_(("running", "waiting")),
        )
        .exists(),
    ),
    or_(_OLD.concurrency.is_(None), _OLD.state == "running", _OLD.concurrency > _RUNNING_NOW),
)
"""Neither its serial key nor its workflow's limit holds it back. One that was running already keeps its place."""

_UNOWNED = and_(_OLD.owner.is_(None), _OLD.ready.is_not(None))
_OWNED = and_(_OLD.owner.is_not(None), _OLD.ready.is_not(None))

EXPIRES = select(func.min(_OLD.ready)).where(_OWNED)
"""When the first lease ends."""


def next_priority(at_least: int) -> Select[tuple[int]]:
    """The smallest priority, not under `at_least`, that an execution without owner has."""
    return select(func.min(_OLD.priority)).where(_UNOWNED, _OLD.priority >= at_least)


def first_due(priority: int) -> Select[tuple[int]]:
    """When the first execution of that priority without owner may be claimed."""
    return select(_OLD.ready).where(_UNOWNED, _OLD.priority == priority, _FREE).order_by(_OLD.ready).limit(1)


def claim(
    transaction: Transaction, owner: str, until: int, now: int, limit: int, priorities: tuple[int, int]
) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """Up to `limit` executions, won for `owner`, and their journals; see the port for the rules."""
    won: list[Row[Any]] = []
    while len(won) < limit:
        some = _candidates(transaction, now, limit - len(won), priorities)
        chosen = list(_within_limits(some))
        if not chosen:
            break
        for row in chosen:
            _take(transaction, row, owner, until, now)
        won += chosen
    keys = [(row.org, row.id) for row in won]
    if not keys:
        return [], []
    key = tuple_(executions.c.org, executions.c.id)
    taken = {row.id: row for row in transaction.execute(select(executions).where(key.in_(keys)))}
    journal = select(nodes).where(tuple_(nodes.c.org, nodes.c.execution).in_(keys))
    return [taken[row.id] for row in won], list(transaction.execute(journal))


def _candidates(transaction: Transaction, now: int, limit: int, priorities: tuple[int, int]) -> list[Row[Any]]:
    """Due and free ones: those whose lease has expired, then by priority and age."""
    columns = (_OLD.org, _OLD.id, _OLD.workflow, _OLD.serial_key, _OLD.concurrency, _OLD.state, _OLD.owner)
    room = case((_OLD.concurrency.is_(None), 0), else_=_OLD.concurrency - _RUNNING_NOW).label("room")
    base = select(*columns, room).where(_OLD.ready <= now, _FREE).order_by(_OLD.ready, _OLD.id)
    lowest, highest = priorities
    found = list(transaction.execute(base.where(_OWNED, _OLD.priority.between(lowest, highest)).limit(limit)))
    for priority in _priorities(transaction, lowest, highest):
        if len(found) >= limit:
            break
        found += transaction.execute(base.where(_UNOWNED, _OLD.priority == priority).limit(limit - len(found)))
    return found


def _priorities(transaction: Transaction, lowest: int, highest: int) -> Iterator[int]:
    """The priorities of unowned executions, one look into the index for each."""
    at = lowest
    while at <= highest:
        priority: int | None = transaction.execute(next_priority(at)).scalar()
        if priority is None or priority > highest:
            return
        yield priority
        at = priority + 1


def _within_limits(rows: Sequence[Row[Any]]) -> Iterator[Row[Any]]:
    """Of those that are free one by one the ones that are so together; the others are looked at again."""
    begun: set[tuple[Id, Id, str]] = set()
    limited: Counter[tuple[Id, Id]] = Counter()
    for row in rows:
        serial = (row.org, row.workflow, row.serial_key)
        if row.serial_key is not None and row.state == "queued":
            if serial in begun:
                continue
            begun.add(serial)
        if row.concurrency is not None and row.state != "running":
            if limited[row.org, row.workflow] >= row.room:
                continue
            limited[row.org, row.workflow] += 1
        yield row


def _take(transaction: Transaction, row: Row[Any], owner: str, until: int, now: int) -> None:
    values: dict[str, Any] = {"crashes": _OLD.crashes + 1} if row.owner is not None else {}
    transaction.execute(
        update(executions)
        .where(_OLD.org == row.org, _OLD.id == row.id)
        .values(
            owner=owner,
            ready=until,
            fence=_OLD.fence + 1,
            state="running",
            started=func.coalesce(_OLD.started, now),
            woken=False,
            **values,
        )
    )


def renew(transaction: Transaction, owner: str, ids: Sequence[Id], until: int) -> frozenset[Id]:
    """Extend the leases of `owner` on `ids`; those that it still has."""
    mine = and_(_OLD.owner == owner, _OLD.ready.is_not(None), _OLD.id.in_(ids))
    held = frozenset(transaction.execute(select(_OLD.id).where(mine)).scalars())
    if held:
        transaction.execute(update(executions).where(mine).values(ready=until))
    return held
