"""Reports executions and their nodes to the plugins that observe (`hub_observe`)."""

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
    """Tells observers what was committed; costs next to nothing without observers.

    Args:
        plugins: The observers.
        store: Holds the names of orgs, and executions that run elsewhere.
        clock: Gives the time of a change that has none itself.
    """

    __slots__ = ("_clock", "_plugins", "_store")

    def __init__(self, plugins: Plugins, store: Store, clock: Clock) -> None:
        self._plugins = plugins
        self._store = store
        self._clock = clock

    @property
    def has_observers(self) -> bool:
        """Whether any plugin observes."""
        return self._plugins.has_observers

    def execution(self, execution: NewExecution | ExecutionRecord, state: ExecutionState) -> None:
        """Report that an execution is in this state now."""
        if not self.has_observers:
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
        """Report the new states of nodes of an execution, or of items of them."""
        if not self.has_observers:
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
        """Report executions that were changed in the store, as they are there. Raises `StoreUnavailable`."""
        if self.has_observers:
            for one in executions:
                found = await self._store.executions.get(org, one)
                self.execution(found, found.state)

    def _org(self, execution: NewExecution | ExecutionRecord) -> str:
        org = self._store.snapshot.orgs.get(execution.org)
        return "" if org is None else org.name

    def _time(self, at: int | None) -> datetime:
        return from_micros(at or self._clock.now())
