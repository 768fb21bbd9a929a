"""Removing what is old, one small step per transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from sqlalchemy import Column, ColumnElement, Row, Table, and_, delete, exists, func, literal, null, or_, select, tuple_

from hub.errors import Invalid
from hub.model.ids import Id
from hub.model.stored.execution import FINISHED
from hub.model.stored.jobs import UNFINISHED_JOB
from hub.ports.store.retention import FileSpace, Pruned, RetentionKind
from hub.store.sql.paging import MINUTE, first_id
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import (
    answers,
    attempts,
    audit,
    bodies,
    deliveries,
    event_groups,
    event_keys,
    events,
    executions,
    jobs,
    messages,
    nodes,
    nonces,
    orgs,
    requests,
    subscriptions,
)
from hub.store.sql.transaction import Transaction
from hub.store.sql.upkeep.blob_references import REFS, blob_cursor, blob_place, unused_blobs
from hub.store.sql.upkeep.file_removal import FileOwners, owners_of_executions, remove_files
from hub.store.sql.writer import Priority

__all__ = ["SqlRetention"]

_LAST_ID = b"\xff" * 16
_LOOKUP = 200
_PARTS = 5_000
"""Most parts of things (events, journal entries, deliveries) that one step removes."""
_INCREMENTAL = 2
"""What SQLite calls `auto_vacuum=INCREMENTAL`."""

Key = tuple[Id, Id]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind is pruned.

    Attributes:
        table: Where its things are.
        began: When a thing was made. Ids grow with that time, so that behind the first thing that is too young all are.
        ended: The moment from which its age counts.
        stays: Which things stay, however old they are.
        parts: What is removed with a thing, in this order: tables, and their columns that name it. A table whose rows
            are found through those of another one comes before that (attempts before deliveries).
        before: What else each step removes.
    """

    table: Table
    began: Column[Any]
    ended: Column[Any]
    stays: ColumnElement[bool]
    parts: tuple[tuple[Table, Column[Any]], ...] = ()
    before: Callable[[Transaction, int, int], None] | None = None


class SqlRetention:
    """Implements `hub.ports.store.Retention`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._blobs = resources.blobs

    async def prune(self, kind: RetentionKind, before: int, *, limit: int = 200, cursor: str | None = None) -> Pruned:
        """See `hub.ports.store.Retention.prune`."""
        what, start = _KINDS[kind], _place(cursor)
        removed, freed, end = await self._writer.run(
            Priority.RETENTION, lambda transaction: _step(transaction, what, before, limit, start)
        )
        # After the commit: if the process ends in between, a blob is left over, which does less harm than a row whose
        # blob is missing. A request that is being accepted may have put the same bytes again by now; the blob store
        # keeps what was put a short while ago.
        for org, ref in freed:
            await self._blobs.delete(org, ref)
        return Pruned(removed, len(freed), None if end is None else b"".join(end).hex())

    async def sweep(self, *, limit: int = 500, cursor: str | None = None) -> Pruned:
        """See `hub.ports.store.Retention.sweep`."""
        listed = await self._blobs.listed(blob_place(cursor), limit)
        orphans = await unused_blobs(self._database, listed)
        for org, ref in orphans:
            await self._blobs.delete(org, ref)
        return Pruned(0, len(orphans), blob_cursor(listed[-1]) if listed else None)

    async def count(self, kind: RetentionKind, before: int) -> int:
        """See `hub.ports.store.Retention.count`."""
        what = _KINDS[kind]
        columns = what.table.c
        # Seeks the old end of each org's ids instead of reading a table of which an hour's worth is old at most. A
        # minute more is looked at, since an id and the time beside it come from two readings of the clock.
        old = and_(columns.org.in_(select(orgs.c.id)), columns.id < first_id(before + MINUTE))
        query = select(func.count()).select_from(what.table).where(old, _goes(what, before))
        found = await self._database.first(query)
        return 0 if found is None else int(found[0])

    async def give_back(self, *, limit: int = 256) -> bool:
        """See `hub.ports.store.Retention.give_back`."""
        return await self._writer.run(Priority.RETENTION, lambda transaction: _give_back(transaction, limit))

    async def space(self) -> FileSpace:
        """See `hub.ports.store.Retention.space`."""
        return await self._database.space()


def _give_back(transaction: Transaction, limit: int) -> bool:
    """Cut free pages off the end of the file, after moving others there; False where the file was made without it."""
    connection = transaction.connection
    before = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    if not before or connection.exec_driver_sql("PRAGMA auto_vacuum").scalar_one() != _INCREMENTAL:
        return False
    # The driver runs a statement up to its first row, and this one gives a row for each page.
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA incremental_vacuum({limit})").fetchall()
    after = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    return bool(0 < after < before)


def _place(cursor: str | None) -> Key:
    try:
        raw = bytes.fromhex(cursor or "")
    except ValueError:
        raw = b"?"
    if len(raw) not in {0, 32}:
        raise Invalid("the cursor is not one that this hub gave")
    return raw[:16], raw[16:]


def _step(
    transaction: Transaction, what: _Kind, before: int, limit: int, start: Key
) -> tuple[int, list[tuple[Id, str]], Key | None]:
    if what.before is not None:
        what.before(transaction, before, limit)
    columns = what.table.c
    place = tuple_(columns.org, columns.id)
    rows = transaction.execute(
        select(columns.org, columns.id, (what.began >= before).label("young"), _goes(what, before).label("goes"))
        .where(place > start)
        .order_by(columns.org, columns.id)
        .limit(limit)
    ).all()
    gone, end = _judge(rows, limit)
    some = _affordable(transaction, what, gone)
    if gone and not some:
        return 0, _remove_parts(transaction, what, gone[0]), start
    if len(some) < len(gone):
        end = some[-1]
    freed = _remove(transaction, what, some) if some else []
    return len(some), freed, end


def _affordable(transaction: Transaction, what: _Kind, gone: list[Key]) -> list[Key]:
    """The first of `gone`, as many as have no more parts than one step may remove; none if the first one has more.

    Everybody who wants to write waits for a step, and a single request may have a hundred thousand events.
    """
    parts: Counter[Key] = Counter()
    for table, owner in what.parts:
        query = select(table.c.org, owner.label("owner"), func.count().label("count"))
        theirs = query.where(tuple_(table.c.org, owner).in_(gone)).group_by(table.c.org, owner)
        parts.update({(row.org, row.owner): row[2] for row in transaction.execute(theirs)})
    for number, total in enumerate(accumulate(parts[key] for key in gone)):
        if total > _PARTS:
            return gone[:number]
    return gone


def _remove_parts(transaction: Transaction, what: _Kind, thing: Key) -> list[tuple[Id, str]]:
    """Remove some of the parts of a thing that has very many; it goes with the rest of them in a later step."""
    freed: set[tuple[Id, str]] = set()
    for table, owner in what.parts:
        key = tuple(table.primary_key.columns)
        some = select(*key).where(table.c.org == thing[0], owner == thing[1]).order_by(*key).limit(_PARTS)
        freed |= _remove_rows(transaction, table, tuple_(*key).in_(some))
    return _unused(transaction, freed)


def _goes(what: _Kind, before: int) -> ColumnElement[bool]:
    return (what.ended < before) & ~what.stays


def _judge(rows: Sequence[Row[Any]], limit: int) -> tuple[list[Key], Key | None]:
    """What is removed, and where the next step continues: in the next org as soon as a thing is too young."""
    gone: list[Key] = []
    for row in rows:
        if row.young:
            return gone, (row.org, _LAST_ID)
        if row.goes:
            gone.append((row.org, row.id))
    return gone, (rows[-1].org, rows[-1].id) if len(rows) == limit else None


def _remove(transaction: Transaction, what: _Kind, gone: list[Key]) -> list[tuple[Id, str]]:
    """Remove things with all of their parts; the blobs that nothing refers to any more.

    References are collected before the rows go, and looked up again afterwards in every column that may hold one, since
    equal values share a blob.
    """
    owners = FileOwners(requests=set(gone)) if what.table is requests else FileOwners()
    if what.table is executions:
        owners = owners_of_executions(transaction, gone)
    freed: set[tuple[Id, str]] = set()
    for table, owner in (*what.parts, (what.table, what.table.c.id)):
        freed |= _remove_rows(transaction, table, tuple_(table.c.org, owner).in_(gone))
    if what.table in {requests, executions}:
        freed |= remove_files(transaction, owners)
    return _unused(transaction, freed)


def _remove_rows(transaction: Transaction, table: Table, theirs: ColumnElement[bool]) -> set[tuple[Id, str]]:
    """Remove rows, and what is found only through them; org and reference of the blobs that they referred to."""
    freed: set[tuple[Id, str]] = set()
    if table is deliveries:
        _remove_attempts(transaction, theirs)
    elif table is events:
        _remove_event_keys(transaction, theirs)
    for column in REFS:
        if column.table is table:
            query = select(table.c.org, column.label("ref")).where(theirs, column.is_not(None))
            freed.update((row.org, row.ref) for row in transaction.execute(query))
    transaction.execute(delete(table).where(theirs))
    return freed


def _unused(transaction: Transaction, freed: Iterable[tuple[Id, str]]) -> list[tuple[Id, str]]:
    """Those of these blobs to which nothing refers any more."""
    # The rows of a group that is not written yet are in a blob, so their references are in no column.
    pending = select(event_groups.c.org).where(event_groups.c.rows_ref.is_not(None)).distinct()
    orgs_pending = set(transaction.execute(pending).scalars()) if freed else set()
    return [(org, ref) for org, ref in freed if org not in orgs_pending and not _used(transaction, org, ref)]


def _remove_attempts(transaction: Transaction, theirs: ColumnElement[bool]) -> None:
    keys = [(row.org, row.id) for row in transaction.execute(select(deliveries.c.org, deliveries.c.id).where(theirs))]
    if keys:
        transaction.execute(delete(attempts).where(tuple_(attempts.c.org, attempts.c.delivery).in_(keys)))


def _remove_event_keys(transaction: Transaction, theirs: ColumnElement[bool]) -> None:
    """Forget the keys of these events: the next event with one of them is a first one."""
    columns = events.c
    named = select(columns.org, columns.source, func.coalesce(columns.account, ""), columns.key, columns.id).where(
        theirs, columns.key.is_not(None)
    )
    keys = [tuple(row) for row in transaction.execute(named)]
    known = event_keys.c
    for start in range(0, len(keys), _LOOKUP):
        some = keys[start : start + _LOOKUP]
        transaction.execute(
            delete(event_keys).where(
                tuple_(known.org, known.source, known.account, known.key).in_([key[:4] for key in some]),
                known.event.in_([key[4] for key in some]),
            )
        )


def _used(transaction: Transaction, org: Id, ref: str) -> bool:
    return any(
        transaction.first(select(literal(1)).select_from(column.table).where(column.table.c.org == org, column == ref))
        for column in REFS
    )


def _old_nonces(transaction: Transaction, before: int, limit: int) -> None:
    key = tuple_(nonces.c.org, nonces.c.source, nonces.c.nonce)
    old = select(nonces.c.org, nonces.c.source, nonces.c.nonce).where(nonces.c.claimed < before).limit(limit)
    transaction.execute(delete(nonces).where(key.in_(old)))


_KINDS: dict[RetentionKind, _Kind] = {
    "requests": _Kind(
        requests,
        began=requests.c.received,
        ended=requests.c.received,
        stays=or_(
            requests.c.state == "held",
            exists(null()).where(
                events.c.org == requests.c.org, events.c.request == requests.c.id, events.c.state == "held"
            ),
            exists(null()).where(
                event_groups.c.org == requests.c.org,
                event_groups.c.request == requests.c.id,
                event_groups.c.rows_ref.is_not(None),
            ),
        ),
        parts=((events, events.c.request), (event_groups, event_groups.c.request)),
        before=_old_nonces,
    ),
    "executions": _Kind(
        executions,
        began=executions.c.created,
        ended=executions.c.finished,
        stays=executions.c.state.not_in(FINISHED),
        parts=((nodes, nodes.c.execution),),
    ),
    "messages": _Kind(
        messages,
        began=messages.c.created,
        ended=messages.c.created,
        stays=or_(
            messages.c.state == "held",
            exists(null()).where(
                deliveries.c.org == messages.c.org,
                deliveries.c.message == messages.c.id,
                or_(
                    deliveries.c.state.in_(("pending", "paused")),
                    (deliveries.c.state == "dead")
                    & exists(null()).where(
                        subscriptions.c.org == deliveries.c.org, subscriptions.c.id == deliveries.c.subscription
                    ),
                ),
            ),
        ),
        parts=((deliveries, deliveries.c.message), (bodies, bodies.c.message)),
    ),
    "audit": _Kind(audit, began=audit.c.at, ended=audit.c.at, stays=literal(0) == 1),
    "answers": _Kind(answers, began=answers.c.created, ended=answers.c.created, stays=literal(0) == 1),
    "jobs": _Kind(
        jobs,
        began=jobs.c.created,
        ended=jobs.c.updated,
        stays=or_(jobs.c.state.in_(UNFINISHED_JOB), jobs.c.ready.is_not(None)),
    ),
}
