"""The open transaction that an operation of the store works on."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, CursorResult, insert
from sqlalchemy.sql import Executable

from hub.model.ids import Id
from hub.ports.store.snapshot import Snapshot
from hub.store.sql.snapshot import Noun, SnapshotLoader
from hub.store.sql.tables import changes
from hub.store.sqlite import AnyRow

__all__ = ["Transaction"]

_LAST_CHANGE = "SELECT max(number) FROM changes"


class Transaction:
    """An open transaction that holds the write lock: nothing changes in the database but what it does itself.

    Attributes:
        connection: For statements of SQLAlchemy Core.
    """

    __slots__ = ("_checked", "_dirty", "_loader", "_snapshot", "connection")

    def __init__(self, connection: Connection, loader: SnapshotLoader, snapshot: Snapshot) -> None:
        self.connection = connection
        self._loader = loader
        self._snapshot = snapshot
        self._checked = False
        self._dirty = False

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Run a statement."""
        result: Any = self.connection.execute(statement, parameters)
        return result  # type: ignore[no-any-return] # SQLAlchemy does not know the columns

    def first(self, statement: Executable) -> AnyRow | None:
        """The first row of a statement, None without one."""
        return self.execute(statement).first()

    def changed(self, noun: Noun, org: Id | None, id: Id) -> None:  # noqa: A002 - the column's name
        """Note that a thing of the snapshot has changed: every process reads it again."""
        self.execute(insert(changes), {"noun": noun, "org": org, "id": id})
        self._dirty = True

    def current(self) -> Snapshot:
        """The snapshot as of this transaction, with everything that it and other processes have changed."""
        # One look at the number of the last change is enough for the first call: with the write lock held, nobody else
        # can add one. After that only own changes can make the snapshot old.
        if self._dirty or not self._checked:
            last = self.connection.exec_driver_sql(_LAST_CHANGE).scalar() or 0
            if last != self._snapshot.generation:
                self._snapshot = self._loader.renew(self.connection, self._snapshot)
            self._checked = True
            self._dirty = False
        return self._snapshot

    def renewed(self) -> Snapshot:
        """The snapshot to publish after the commit."""
        return self.current() if self._dirty else self._snapshot

    def mark(self) -> tuple[Snapshot, bool, bool]:
        """What `reset` needs to go back to when the savepoint of an operation is rolled back."""
        return self._snapshot, self._dirty, self._checked

    def reset(self, mark: tuple[Snapshot, bool, bool]) -> None:
        """Go back to `mark`, after the savepoint was rolled back."""
        self._snapshot, self._dirty, self._checked = mark
