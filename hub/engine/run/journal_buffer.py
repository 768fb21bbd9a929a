"""Journal entries on their way to the store."""

from __future__ import annotations

import structlog

from hub.engine.host import RunServices
from hub.errors import StoreUnavailable
from hub.model.ids import write_id
from hub.model.stored.execution import ExecutionChange, ExecutionRecord, Lease, NewExecution, NodeRecord
from hub.model.times import SECOND

__all__ = ["JournalBuffer"]

_AGAIN = SECOND
"""Microseconds between two writes while the database does not commit."""

_log = structlog.get_logger("hub.engine")


class JournalBuffer:
    """Collects the journal entries of one execution and writes them in one commit.

    Attributes:
        urgent: An entry should not wait for the next effect: it holds the result of one, or an early answer.
        children: Executions to create in the same commit.
    """

    __slots__ = ("_entries", "_execution", "_lease", "_services", "children", "urgent")

    def __init__(self, services: RunServices, execution: NewExecution | ExecutionRecord, lease: Lease) -> None:
        self._services = services
        self._execution = execution
        self._lease = lease
        self._entries: dict[tuple[str, int], NodeRecord] = {}
        self.children: list[NewExecution] = []
        self.urgent = False

    def keep(self, record: NodeRecord) -> None:
        """Write this entry with the next commit; it replaces an earlier one of its node and item."""
        self._entries[record.node, record.item] = record

    def drop(self, node: str) -> None:
        """Do not write the entry of that node: the store has a newer one."""
        self._entries.pop((node, -1), None)

    @property
    def entries(self) -> tuple[NodeRecord, ...]:
        """The entries that the next commit writes."""
        return tuple(self._entries.values())

    async def write(self, change: ExecutionChange | None = None) -> tuple[NewExecution, ...]:
        """Commit the collected entries, children and `change`; repeated until the database commits.

        Returns:
            The children that were created.

        Raises:
            Fenced: Another process has the execution now, or it was cancelled.
        """
        entries = self.entries
        children = tuple(self.children)
        self._entries = {}
        self.children = []
        self.urgent = False
        while True:
            try:
                await self._services.store.executions.journal(
                    self._execution.org, self._execution.id, self._lease.fence, entries, change, children
                )
            except StoreUnavailable as error:
                execution = write_id("exec", self._execution.id)
                _log.warning("journal not written, trying again", execution=execution, error=str(error))
                await self._services.clock.sleep_until(self._services.clock.now() + _AGAIN)
            else:
                return children
