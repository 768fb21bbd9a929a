"""Journal writes of a whole group: the fences are tested and the executions changed in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnClause,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    select,
    update,
)

from hub.errors import Fenced
from hub.model.ids import Id
from hub.model.stored.execution import FINISHED, ExecutionChange
from hub.store.sql.bulk import DIALECT, NewRow, in_powers, positional, repeated
from hub.store.sql.documents import Packing
from hub.store.sql.executions.claims import unpark_waiting
from hub.store.sql.executions.execution_rows import EXECUTIONS, NODES
from hub.store.sql.tables import executions
from hub.store.sql.transaction import Transaction

__all__ = ["JournalWrite", "change_row", "journal_group", "wake_parents"]

_COLUMNS = (
    "org", "id", "fence", "state", "result", "result_ref", "error", "error_node", "started", "finished", "due",
    "release", "open", "progress",
)  # fmt: skip
"""Parameters of the statement that changes executions: columns of the table, and what only decides on them."""
_PARAMETERS = positional(_COLUMNS)
_PAIR = ("org", "id")
_MOST = 32
_NOTHING = ExecutionChange()
_NO: ColumnClause[Any] = literal_column("0")
_YES: ColumnClause[Any] = literal_column("1")


class JournalWrite(NamedTuple):
    """One journal write as rows.

    Attributes:
        change: Parameters for the execution itself, by the names in `_COLUMNS`.
        finishes: The moment at which it finishes its execution, None if it does not.
    """

    org: Id
    execution: Id
    change: NewRow
    nodes: tuple[NewRow, ...]
    children: tuple[NewRow, ...]
    finishes: int | None

    @property
    def releases(self) -> bool:
        """Whether it gives up the lease."""
        return bool(self.change["release"])


def change_row(
    packing: Packing, place: tuple[Id, Id, int], change: ExecutionChange | None, *, progress: bool
) -> NewRow:
    """What `JournalWrite.change` holds.

    Args:
        packing: Packs the result.
        place: Org, id and fence of the execution.
        change: None when only nodes are written.
        progress: Whether a node ended.
    """
    org, execution, fence = place
    change = change or _NOTHING
    over = change.state in FINISHED or change.state == "held"
    error = change.error
    return {
        "org": org,
        "id": execution,
        "fence": fence,
        "state": change.state,
        "result": packing.value(change.result),
        "result_ref": None,
        "error": None if error is None else error.message,
        "error_node": None if error is None else error.node,
        "started": change.started,
        "finished": change.finished,
        "due": change.due,
        "release": int(change.release or over),
        "open": int(not over),
        "progress": int(progress),
    }


def journal_group(transaction: Transaction, group: Sequence[JournalWrite]) -> Sequence[Fenced | None]:
    """Write all of `group`, in order.

    A row that does not match its fence is simply not changed, so a wrong count says that one of the writes is fenced,
    but not which. A group raises `Fenced` then, and the writer tries its writes again, each alone; a single one answers
    `Fenced`. Nothing but the count is needed while all is well, which is almost always.
    """
    waiting = list(group)
    while waiting:
        taken: set[tuple[Id, Id]] = set()
        later: list[JournalWrite] = []
        now: list[JournalWrite] = []
        # An UPDATE changes each row once, so several writes of one execution go in one after the other.
        for write in waiting:
            place = (write.org, write.execution)
            (later if place in taken else now).append(write)
            taken.add(place)
        if _change(transaction, now) < len(now):
            if len(group) > 1:
                raise Fenced("one of the group")
            return [Fenced("the lease of the execution is lost")]
        NODES.run(transaction.connection, [row for write in now for row in write.nodes])
        waiting = later
    EXECUTIONS.run(transaction.connection, [row for write in group for row in write.children])
    unpark_waiting(transaction, [(write.org, write.execution) for write in group if write.releases])
    finished = [(write.org, write.execution) for write in group if write.finishes is not None]
    if finished:
        wake_parents(transaction, finished, max(write.finishes or 0 for write in group))
    return [None] * len(group)


def wake_parents(transaction: Transaction, finished: Sequence[tuple[Id, Id]], now: int) -> None:
    """Let the parents of finished executions go on at `now`: at once if they wait, else as soon as they would."""
    for some in in_powers(finished, _MOST):
        parameters = tuple(value for pair in some for value in pair)
        transaction.connection.exec_driver_sql(_wake_sql(len(some)), (now, now, *parameters))


def _change(transaction: Transaction, writes: Sequence[JournalWrite]) -> int:
    changed = 0
    for some in in_powers(writes, _MOST):
        parameters = _PARAMETERS([write.change for write in some])
        changed += transaction.connection.exec_driver_sql(_change_sql(len(some)), parameters).rowcount
    return changed


@cache
def _change_sql(count: int) -> str:
    """UPDATE of `count` executions from rows of parameters in the order of `_COLUMNS`."""
    values = select(*(bindparam(name).label(name) for name in _COLUMNS)).subquery("v")
    old, new = executions.c, values.c
    # `ready` after the write: unchanged under a lease; NULL at the end; 0, which is always due, for an execution that
    # was woken while it ran, since nobody would wake it a second time; else when it is due.
    ready = case(
        (new.release == _NO, old.ready),
        (new.open == _NO, null()),
        (old.woken == _YES, _NO),
        else_=func.coalesce(new.due, old.due),
    )
    statement = (
        update(executions)
        .values(
            state=func.coalesce(new.state, old.state),
            result=func.coalesce(new.result, old.result),
            result_ref=func.coalesce(new.result_ref, old.result_ref),
            error=func.coalesce(new.error, old.error),
            error_node=func.coalesce(new.error_node, old.error_node),
            started=func.coalesce(new.started, old.started),
            finished=func.coalesce(new.finished, old.finished),
            due=func.coalesce(new.due, old.due),
            ready=ready,
            owner=case((new.release == _YES, null()), else_=old.owner),
            crashes=case((new.progress == _YES, _NO), else_=old.crashes),
        )
        # An execution that gave up its lease keeps its fence until the next claim: without an owner nobody may write.
        .where(old.org == new.org, old.id == new.id, old.fence == new.fence, old.owner.is_not(None))
    )
    return _positional(statement, _COLUMNS, _COLUMNS, count)


@cache
def _wake_sql(count: int) -> str:
    """UPDATE of the parents of `count` executions: two times now, then org and id of each."""
    child = executions.alias("child")
    old = executions.c
    pairs = select(*(bindparam(name).label(name) for name in _PAIR)).subquery("v")
    parents = (
        select(child.c.org.label("org"), child.c.parent.label("parent"))
        .join(pairs, and_(child.c.org == pairs.c.org, child.c.id == pairs.c.id))
        .where(child.c.parent.is_not(None))
        .subquery("p")
    )
    # A parent that runs is not due earlier, but it remembers (`woken`) until it gives up its lease.
    idle = and_(old.state == literal_column("'waiting'"), old.owner.is_(None))
    statement = (
        update(executions)
        .values(
            due=case((idle, bindparam("due")), else_=old.due),
            ready=case((idle, bindparam("ready")), else_=old.ready),
            woken=_YES,
        )
        .where(old.org == parents.c.org, old.id == parents.c.parent, old.ready.is_not(None))
    )
    return _positional(statement, ("due", "ready", *_PAIR), _PAIR, count)


def _positional(statement: Update, order: Sequence[str], row: Sequence[str], count: int) -> str:
    """The text of a statement whose parameters stand in `order`, with the SELECT of `row` written `count` times."""
    compiled = statement.compile(dialect=DIALECT)
    if tuple(compiled.positiontup or ()) != tuple(order):
        raise AssertionError(compiled.positiontup)
    part = "SELECT " + ", ".join(f"? AS {name}" for name in row)
    return repeated(str(compiled), part, " UNION ALL ", count)
