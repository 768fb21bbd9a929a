"""Removing files with the last thing that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, delete, exists, null, or_, select, tuple_

from hub.model.ids import Id
from hub.store.sql.tables import executions, files, requests
from hub.store.sql.transaction import Transaction

__all__ = ["FileOwners", "owners_of_executions", "remove_files"]

Key = tuple[Id, Id]


@dataclass(slots=True)
class FileOwners:
    """Requests and executions whose files may have to go."""

    requests: set[Key] = field(default_factory=set)
    executions: set[Key] = field(default_factory=set)


_COLUMNS = files.c
_SEEN_BY = executions.alias("seen_by").c
_KEPT_BY = executions.alias("kept_by").c

_STAYS = or_(
    exists(null()).where(requests.c.org == _COLUMNS.org, requests.c.id == _COLUMNS.request),
    exists(null()).where(
        _SEEN_BY.org == _COLUMNS.org, _SEEN_BY.request == _COLUMNS.request, _SEEN_BY.request.is_not(None)
    ),
    exists(null()).where(_KEPT_BY.org == _COLUMNS.org, _KEPT_BY.id == _COLUMNS.execution),
    exists(null()).where(
        _KEPT_BY.org == _COLUMNS.org, _KEPT_BY.parent == _COLUMNS.execution, _KEPT_BY.parent.is_not(None)
    ),
)
"""The request of a file is still there, or an execution that knows of the file: one of the request, the one that kept
the file, or a child of that."""


def owners_of_executions(transaction: Transaction, gone: Sequence[Key]) -> FileOwners:
    """What the files belong to of which these executions know."""
    columns = executions.c
    owners = FileOwners(executions=set(gone))
    theirs = select(columns.org, columns.request, columns.parent).where(tuple_(columns.org, columns.id).in_(gone))
    for row in transaction.execute(theirs):
        if row.request is not None:
            owners.requests.add((row.org, row.request))
        if row.parent is not None:
            owners.executions.add((row.org, row.parent))
    return owners


def remove_files(transaction: Transaction, owners: FileOwners) -> set[tuple[Id, str]]:
    """Remove the files that nothing knows of any more; org and reference of their blobs."""
    theirs = or_(
        and_(_COLUMNS.request.is_not(None), tuple_(_COLUMNS.org, _COLUMNS.request).in_(owners.requests)),
        and_(_COLUMNS.execution.is_not(None), tuple_(_COLUMNS.org, _COLUMNS.execution).in_(owners.executions)),
    )
    rows = list(transaction.execute(select(_COLUMNS.org, _COLUMNS.id, _COLUMNS.data_ref).where(theirs, ~_STAYS)))
    if rows:
        keys = [(row.org, row.id) for row in rows]
        transaction.execute(delete(files).where(tuple_(_COLUMNS.org, _COLUMNS.id).in_(keys)))
    return {(row.org, row.data_ref) for row in rows}
