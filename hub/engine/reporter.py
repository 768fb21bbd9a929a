"""What `hub_observe` hears of executions and their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.model.ids import write_id
from hub.model.stored.execution import ExecutionRecord, ExecutionState, NewExecution, NodeRecord
from hub.model.times import from_micros
from hub.model.wire.record import Record
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["ExecutionReporter"]


class ExecutionReporter:
    """Tells observers what was committed; costs next to nothing while there are none.

    Args:
        plugins: Who observes.
        store: Knows the names of orgs.
        clock: The hub's clock.
    """

    __slots__ = ("_clock", "_plugins", "_store")

    def __init__(self, plugins: Plugins, store: Store, clock: Clock) -> None:
        self._plugins = plugins
        self._store = store
        self._clock = clock

    @property
    def listens(self) -> bool:
        """Whether anybody observes."""
        return self._plugins.has_observers

    def execution(self, execution: NewExecution | ExecutionRecord, state: ExecutionState) -> None:
        """An execution is in another state now."""
        if not self.listens:
            return
        error = execution.error if isinstance(execution, ExecutionRecord) else None
        ended = execution.finished if isinstance(execution, ExecutionRecord) else None
        self._plugins.observe(
            Record(
                kind="execution",
                id=write_id("exec", execution.id),
                org=self._org(execution),
                state=state,
                at=self._time(ended),
                reason="" if error is None else error.message,
                detail={
                    "workflow": write_id("wf", execution.workflow),
                    "version": execution.version,
                    "kind": execution.kind,
                },
            )
        )

    def nodes(self, execution: NewExecution | ExecutionRecord, entries: Sequence[NodeRecord]) -> None:
        """Nodes of an execution, or items of them, have another state now."""
        if not self.listens:
            return
        key = write_id("exec", execution.id)
        for entry in entries:
            item = () if entry.item < 0 else (str(entry.item),)
            self._plugins.observe(
                Record(
                    kind="node",
                    id="/".join((key, entry.node, *item)),
                    org=self._org(execution),
                    state=entry.state,
                    at=self._time(entry.finished),
                    reason=entry.error or "",
                    detail={
                        "execution": key,
                        "workflow": write_id("wf", execution.workflow),
                        "node": entry.node,
                        "attempts": entry.attempts,
                    },
                )
            )

    async def stored(self, org: bytes, executions: Sequence[bytes]) -> None:
        """Executions were changed in the store, whoever runs them. Raises `StoreUnavailable`."""
        if self.listens:
            for one in executions:
                found = await self._store.executions.get(org, one)
                self.execution(found, found.state)

    def _org(self, execution: NewExecution | ExecutionRecord) -> str:
        org = self._store.snapshot.orgs.get(execution.org)
        return "" if org is None else org.name

    def _time(self, at: int | None) -> datetime:
        return from_micros(at or self._clock.now())
