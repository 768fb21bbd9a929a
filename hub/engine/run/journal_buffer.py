"""Journal entries on their way to the store."""

from __future__ import annotations

import structlog

from hub.engine.host import EngineParts
from hub.errors import StoreUnavailable
from hub.model.ids import write_id
from hub.model.stored.execution import ExecutionChange, ExecutionRecord, Lease, NewExecution, NodeRecord
from hub.model.times import SECOND

__all__ = ["JournalBuffer"]

_AGAIN = SECOND
"""Microseconds between two attempts to write while the database does not commit."""

_log = structlog.get_logger("hub.engine")


class JournalBuffer:
    """Gathers what one execution has to write, and writes it in one commit.

    Attributes:
        urgent: Something is in it that should not wait for the next effect: the result of one, an early answer.
        children: Executions to create in the same commit.
    """

    __slots__ = ("_entries", "_execution", "_lease", "_parts", "children", "urgent")

    def __init__(self, parts: EngineParts, execution: NewExecution | ExecutionRecord, lease: Lease) -> None:
        self._parts = parts
        self._execution = execution
        self._lease = lease
        self._entries: dict[tuple[str, int], NodeRecord] = {}
        self.children: list[NewExecution] = []
        self.urgent = False

    def keep(self, record: NodeRecord) -> None:
        """To be written; replaces an earlier entry of its node and item."""
        self._entries[record.node, record.item] = record

    def drop(self, node: str) -> None:
        """Not to be written any more: the store has a newer entry of that node."""
        self._entries.pop((node, -1), None)

    @property
    def entries(self) -> tuple[NodeRecord, ...]:
        """What the next commit writes."""
        return tuple(self._entries.values())

    async def write(self, change: ExecutionChange | None = None) -> tuple[NewExecution, ...]:
        """Commit what has gathered, tried again while the database does not commit.

        Returns:
            The children that now exist.

        Raises:
            Fenced: The execution belongs to somebody else, or is cancelled.
        """
        entries = self.entries
        children = tuple(self.children)
        self._entries = {}
        self.children = []
        self.urgent = False
        while True:
            try:
                await self._parts.store.executions.journal(
                    self._execution.org, self._execution.id, self._lease.fence, entries, change, children
                )
            except StoreUnavailable as error:
                execution = write_id("exec", self._execution.id)
                _log.warning("journal not written, trying again", execution=execution, error=str(error))
                await self._parts.clock.sleep_until(self._parts.clock.now() + _AGAIN)
            else:
                return children
