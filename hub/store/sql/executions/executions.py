"""Executions and their journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, literal, literal_column, select, update

from hub.errors import Conflict, NotFound
from hub.model.ids import Id
from hub.model.stored.execution import (
    FINISHED,
    Claimed,
    ExecutionChange,
    ExecutionError,
    ExecutionRecord,
    Lease,
    NewExecution,
    NodeRecord,
)
from hub.model.stored.jobs import RetrySelection
from hub.model.turns import Turns
from hub.ports.store.page import Page
from hub.store.sql.bulk import NewRow
from hub.store.sql.documents import Documents, Packing
from hub.store.sql.executions.claims import EXPIRES, claim, expire, first_due, next_priority, renew, unpark_waiting
from hub.store.sql.executions.execution_rows import EXECUTIONS, execution_record, execution_row, node_record, node_row
from hub.store.sql.executions.journal import JournalWrite, change_row, journal_group, wake_parents
from hub.store.sql.paging import count_ids, made_between, next_ids, page
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import executions, nodes
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority
from hub.store.sqlite import AnyRow

__all__ = ["SqlExecutions", "cancel_executions"]

_ENDED = frozenset({"succeeded", "failed", "skipped"})
_UNUSUAL = ("failed", "cancelled", "held")
_COLUMNS = executions.c
_ONLY_UNUSUAL: ColumnElement[bool] = literal_column("state IN ('failed', 'cancelled', 'held')")
"""In the very words of the partial index, so that it is used."""
_GONE = ExecutionError(None, "a value of the execution is missing from the blob store")


class SqlExecutions:
    """Implements `hub.ports.store.Executions`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._documents = Documents(resources.blobs)

    async def create(self, executions: Sequence[NewExecution]) -> None:
        """See `hub.ports.store.Executions.create`."""
        packing = Packing()
        rows = [execution_row(packing, execution) for execution in executions]
        if packing.large:
            rows = [await self._documents.put_large(row["org"], row) for row in rows]
        await self._writer.batch(Priority.JOURNAL, _create, rows)

    async def claim(
        self, owner: str, until: int, now: int, limit: int, *, lowest: int = 0, highest: int = 9
    ) -> tuple[Claimed, ...]:
        """See `hub.ports.store.Executions.claim`."""
        won, journal = await self._writer.run(
            Priority.JOURNAL,
            lambda transaction: claim(transaction, owner, until, now, limit, (lowest, highest)),
        )
        entries: dict[Id, list[AnyRow]] = {row.id: [] for row in won}
        for row in journal:
            entries[row.execution].append(row)
        # Values in the blob store are read after the commit: nobody waits for them but this caller, whose leases they
        # are by now.
        claimed = []
        for row in won:
            try:
                record = await execution_record(self._documents, row)
                nodes = [await node_record(self._documents, entry) for entry in entries[row.id]]
            except NotFound:
                change = ExecutionChange("failed", error=_GONE, finished=now)
                await self.journal(row.org, row.id, row.fence, (), change)
            else:
                claimed.append(Claimed(record, Lease(owner, until, row.fence), _by_start(nodes)))
        return tuple(claimed)

    async def renew(self, owner: str, executions: Sequence[Id], until: int) -> frozenset[Id]:
        """See `hub.ports.store.Executions.renew`."""
        if not executions:
            return frozenset()
        ids = tuple(executions)
        return await self._writer.run(Priority.JOURNAL, lambda transaction: renew(transaction, owner, ids, until))

    async def expire(self, owner: str, now: int) -> None:
        """See `hub.ports.store.Executions.expire`."""
        await self._writer.run(Priority.JOURNAL, lambda transaction: expire(transaction, owner, now))

    async def journal(
        self,
        org: Id,
        execution: Id,
        fence: int,
        nodes: Sequence[NodeRecord],
        change: ExecutionChange | None = None,
        children: Sequence[NewExecution] = (),
    ) -> None:
        """See `hub.ports.store.Executions.journal`."""
        packing = Packing()
        progress = any(node.state in _ENDED for node in nodes)
        changed = change_row(packing, (org, execution, fence), change, progress=progress)
        entries = [node_row(packing, org, execution, node) for node in nodes]
        started = [execution_row(packing, child) for child in children]
        if packing.large:
            changed = await self._documents.put_large(org, changed)
            entries = [await self._documents.put_large(org, row) for row in entries]
            started = [await self._documents.put_large(org, row) for row in started]
        finishes = change is not None and change.state in FINISHED
        write = JournalWrite(
            org=org,
            execution=execution,
            change=changed,
            nodes=tuple(entries),
            children=tuple(started),
            finishes=(change.finished or 0) if change is not None and finishes else None,
        )
        await self._writer.batch(Priority.JOURNAL, journal_group, write)

    async def signal(self, org: Id, execution: Id, node: str, value: Any, now: int) -> None:
        """See `hub.ports.store.Executions.signal`."""
        output, output_ref = await self._documents.pack(org, value)

        def work(transaction: Transaction) -> None:
            settled = transaction.execute(
                update(nodes)
                .where(
                    nodes.c.org == org,
                    nodes.c.execution == execution,
                    nodes.c.node == node,
                    nodes.c.item == -1,
                    nodes.c.state == "waiting",
                )
                .values(state="succeeded", output=output, output_ref=output_ref, finished=now, due=None)
            )
            if not settled.rowcount:
                raise NotFound("nothing of that name is waited for")
            _wake(transaction, org, execution, now)

        await self._writer.run(Priority.JOURNAL, work)

    async def cancel(self, org: Id, execution: Id, now: int) -> tuple[Id, ...]:
        """See `hub.ports.store.Executions.cancel`."""

        def work(transaction: Transaction) -> tuple[Id, ...]:
            _state(transaction, org, execution)
            gone = cancel_executions(transaction, org, (execution,), now)
            wake_parents(transaction, [(org, one) for one in gone[:1]], now)
            return gone

        return await self._writer.run(Priority.JOURNAL, work)

    async def reopen(self, org: Id, execution: Id, now: int) -> None:
        """See `hub.ports.store.Executions.reopen`."""

        def work(transaction: Transaction) -> None:
            state = _state(transaction, org, execution)
            if state not in {"failed", "cancelled"}:
                raise Conflict(f"only a failed or cancelled execution can be tried again, this one is {state}")
            transaction.execute(
                delete(nodes).where(
                    nodes.c.org == org, nodes.c.execution == execution, nodes.c.state.not_in(("succeeded", "skipped"))
                )
            )
            transaction.execute(
                update(executions)
                .where(_COLUMNS.org == org, _COLUMNS.id == execution)
                .values(
                    state="queued",
                    due=now,
                    ready=now,
                    owner=None,
                    crashes=0,
                    started=None,
                    finished=None,
                    error=None,
                    error_node=None,
                    result=None,
                    result_ref=None,
                )
            )

        await self._writer.run(Priority.JOURNAL, work)

    async def next_due(self, *, lowest: int = 0, highest: int = 9) -> int | None:
        """See `hub.ports.store.Executions.next_due`."""
        times: list[int | None] = [await self._number(EXPIRES)]
        priority = await self._number(next_priority(lowest))
        while priority is not None and priority <= highest:
            times.append(await self._number(first_due(priority)))
            priority = await self._number(next_priority(priority + 1))
        return min((time for time in times if time is not None), default=None)

    async def get(self, org: Id, execution: Id) -> ExecutionRecord:
        """See `hub.ports.store.Executions.get`."""
        row = await self._database.first(select(executions).where(_COLUMNS.org == org, _COLUMNS.id == execution))
        if row is None:
            raise NotFound("no such execution")
        return await execution_record(self._documents, row)

    async def nodes(self, org: Id, execution: Id) -> tuple[NodeRecord, ...]:
        """See `hub.ports.store.Executions.nodes`."""
        rows = await self._database.rows(select(nodes).where(nodes.c.org == org, nodes.c.execution == execution))
        return _by_start([await node_record(self._documents, row) for row in rows])

    async def of_request(self, org: Id, request: Id, *, limit: int | None = None) -> tuple[ExecutionRecord, ...]:
        """See `hub.ports.store.Executions.of_request`."""
        query = select(executions).where(
            _COLUMNS.org == org, _COLUMNS.request == request, _COLUMNS.kind.not_in(("replay", "child"))
        )
        found, turns = [], Turns()
        for row in await self._database.rows(query.order_by(_COLUMNS.id).limit(limit)):
            if turns.over:
                await turns.give()
            found.append(await execution_record(self._documents, row, whole=False))
        return tuple(found)

    async def list(
        self,
        org: Id,
        *,
        workflow: Id | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[ExecutionRecord]:
        """See `hub.ports.store.Executions.list`."""
        query = select(executions).where(_COLUMNS.org == org)
        if workflow is not None:
            query = query.where(_COLUMNS.workflow == workflow)
        if state is not None:
            query = query.where(_COLUMNS.state == state)
            if state in _UNUSUAL:
                query = query.where(_ONLY_UNUSUAL)
        found = await page(self._database, query, _COLUMNS.id, lambda row: row, limit=limit, cursor=cursor)
        items = [await execution_record(self._documents, row, whole=False) for row in found.items]
        return Page(tuple(items), found.next)

    async def retryable(self, selection: RetrySelection, *, after: Id | None, limit: int) -> tuple[Id, ...]:
        """See `hub.ports.store.Executions.retryable`."""
        return await next_ids(self._database, _COLUMNS.id, _selected(selection), after=after, limit=limit)

    async def count_retryable(self, selection: RetrySelection, *, after: Id | None = None) -> int:
        """See `hub.ports.store.Executions.count_retryable`."""
        return await count_ids(self._database, _COLUMNS.id, _selected(selection), after=after)

    async def _number(self, query: Any) -> int | None:
        row = await self._database.first(query)
        return None if row is None else row[0]


def cancel_executions(transaction: Transaction, org: Id, roots: Sequence[Id], now: int) -> tuple[Id, ...]:
    """Cancel those of `roots` that have not finished, and their children; the ids cancelled, roots first."""
    # The fence is raised too: whoever runs one of them has its writes refused from this commit on.
    gone: list[Id] = []
    open_ones = and_(_COLUMNS.org == org, _COLUMNS.state.not_in(FINISHED))
    ids = list(transaction.execute(select(_COLUMNS.id).where(open_ones, _COLUMNS.id.in_(roots))).scalars())
    while ids:
        gone += ids
        transaction.execute(
            update(executions)
            .where(_COLUMNS.org == org, _COLUMNS.id.in_(ids))
            .values(state="cancelled", finished=now, ready=None, parked=None, owner=None, fence=_COLUMNS.fence + 1)
        )
        transaction.execute(
            update(nodes)
            .where(nodes.c.org == org, nodes.c.execution.in_(ids), nodes.c.state.in_(("running", "waiting")))
            .values(state="cancelled", finished=now, due=None)
        )
        children = select(_COLUMNS.id).where(open_ones, _COLUMNS.parent.in_(ids), _COLUMNS.parent.is_not(None))
        ids = list(transaction.execute(children).scalars())
    unpark_waiting(transaction, [(org, one) for one in gone])
    return tuple(gone)


def _selected(selection: RetrySelection) -> list[ColumnElement[bool]]:
    where = [
        _COLUMNS.org == selection.org,
        _COLUMNS.state == selection.state,
        _ONLY_UNUSUAL,
        _COLUMNS.parent.is_(None),
        *made_between(_COLUMNS.id, _COLUMNS.created, selection.since, selection.until),
    ]
    if selection.workflow is not None:
        where.append(_COLUMNS.workflow == selection.workflow)
    if selection.source is not None:
        where.append(_COLUMNS.source == selection.source)
    return where


def _create(transaction: Transaction, group: Sequence[Sequence[NewRow]]) -> Sequence[None]:
    EXECUTIONS.run(transaction.connection, [row for rows in group for row in rows])
    return [None] * len(group)


def _wake(transaction: Transaction, org: Id, execution: Id, now: int) -> None:
    """Make a waiting execution due at `now`; a running one remembers it until it would wait."""
    idle = and_(_COLUMNS.state == "waiting", _COLUMNS.owner.is_(None))
    transaction.execute(
        update(executions)
        .where(_COLUMNS.org == org, _COLUMNS.id == execution, _COLUMNS.state.in_(("waiting", "running")))
        .values(
            due=case((idle, literal(now)), else_=_COLUMNS.due),
            ready=case((idle, literal(now)), else_=_COLUMNS.ready),
            parked=None,
            woken=True,
        )
    )


def _state(transaction: Transaction, org: Id, execution: Id) -> str:
    """The state of an execution.

    Raises:
        NotFound: The org has no such execution.
    """
    row = transaction.first(select(_COLUMNS.state).where(_COLUMNS.org == org, _COLUMNS.id == execution))
    if row is None:
        raise NotFound("no such execution")
    state: str = row.state
    return state


def _by_start(entries: Sequence[NodeRecord]) -> tuple[NodeRecord, ...]:
    """Entries in the order in which they started; those that have not started come last."""
    return tuple(sorted(entries, key=lambda entry: (entry.started is None, entry.started or 0, entry.node, entry.item)))
