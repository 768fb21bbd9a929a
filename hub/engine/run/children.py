"""The child executions that nodes of an execution wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hub.engine.host import RunServices
from hub.errors import NotFound
from hub.model.ids import Id, write_id
from hub.model.retry import Retry
from hub.model.stored.execution import FINISHED, ExecutionRecord, NodeRecord
from hub.workflows.plan import tries

__all__ = ["Children"]

_LOOK = 5_000_000
"""Microseconds between two looks of a running parent at its child, which may finish in another process."""


class Children:
    """The children of one execution, as far as it waits for them.

    Attributes:
        orphans: Children that no node waits for any more; they are to be cancelled.
    """

    __slots__ = ("_looks", "_org", "_parent", "_services", "orphans")

    def __init__(self, services: RunServices, org: Id, parent: Id) -> None:
        self._services = services
        self._org = org
        self._parent = parent
        self._looks: dict[Id, int] = {}
        self.orphans: list[Id] = []

    def created(self, child: Id) -> None:
        """The child begins now, so the first look can wait."""
        self._looks[child] = self._services.clock.now() + _LOOK

    def finished(self, child: Id) -> None:
        """The child has finished in this process: look at it at once."""
        self._looks[child] = 0

    def next_look(self, waits: Iterable[NodeRecord]) -> int | None:
        """When to look at the next child of these waiting entries, microseconds UTC; None if there is no child."""
        return min((self._looks.get(wait.child, 0) for wait in waits if wait.child is not None), default=None)

    async def look(self, record: NodeRecord, child: Id, retry: Retry | None) -> NodeRecord | None:
        """The new entry of a node that waits for `child`, once the child has finished or has taken too long."""
        now = self._services.clock.now()
        late = record.due is not None and record.due <= now
        if not late and self._looks.get(child, 0) > now:
            return None
        self._looks[child] = now + _LOOK
        found = await self._outcome(child)
        if found is not None and found.state == "succeeded":
            return replace(record, state="succeeded", output=found.result, finished=now, due=None)
        if found is None and not late:
            return None
        name = write_id("exec", child)
        if found is None:
            self.orphans.append(child)
            message = f"{name} did not finish in time"
        elif found.error is None:
            message = f"{name} was cancelled"
        else:
            blame = f"node {found.error.node}: " if found.error.node else ""
            message = f"{name} failed: {blame}{found.error.message}"
        return tries.failed(record, message, now, execution=self._parent, retry=retry)

    async def _outcome(self, child: Id) -> ExecutionRecord | None:
        """The child if it has finished; a child that was deleted counts as cancelled."""
        try:
            record = await self._services.store.executions.get(self._org, child)
        except NotFound:
            return ExecutionRecord(
                org=self._org,
                id=child,
                workflow=b"",
                version=0,
                kind="child",
                state="cancelled",
                trigger=None,
                created=0,
            )
        return record if record.state in FINISHED else None
