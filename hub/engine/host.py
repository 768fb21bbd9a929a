"""What a run needs of the engine around it, and what that engine may ask of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.egress.client import Egress
from hub.engine.compiled_versions import CompiledVersions
from hub.model.ids import Id
from hub.model.stored.execution import ExecutionChange, ExecutionRecord, Lease, NewExecution, NodeRecord
from hub.model.stored.outbound import Published
from hub.outbound.publish.publish import Publication
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["MessagePublisher", "RunHost", "RunServices", "RunState"]


class MessagePublisher(Protocol):
    """The outbound side, as the `publish` action needs it."""

    async def publish(self, publication: Publication) -> Published:
        """Check, match and commit a message with its deliveries; a repeated idempotency key gives the first message.

        Raises:
            Invalid: The catalog's schema refuses the data.
        """
        ...


@dataclass(frozen=True, slots=True)
class RunServices:
    """What every run of an engine uses."""

    store: Store
    clock: Clock
    versions: CompiledVersions
    egress: Egress
    publisher: MessagePublisher


class RunState(Protocol):
    """A run as its host sees it."""

    @property
    def execution(self) -> NewExecution | ExecutionRecord:
        """The execution as it was accepted or claimed."""
        ...

    def view(self) -> ExecutionRecord:
        """The execution as it is now, for those who wait for it."""
        ...


class RunHost(Protocol):
    """The engine around a run: it hears what the run has committed, and does what needs more than one run."""

    def lease(self, *, waiting: bool = False) -> Lease | None:
        """A lease for a child about to be created, if a slot is free."""
        ...

    def children_created(self, children: Sequence[NewExecution]) -> None:
        """A run has created these executions."""
        ...

    def run_wrote(self, run: RunState, entries: Sequence[NodeRecord], change: ExecutionChange | None) -> None:
        """The run has written these journal entries and this change."""
        ...

    def run_answered(self, run: RunState) -> None:
        """The run's `respond` node has answered."""
        ...

    def run_silent(self, run: RunState) -> None:
        """No `respond` node of the run can answer any more."""
        ...

    def run_finished(self, run: RunState) -> None:
        """The run has finished; `run.view()` says how."""
        ...

    def run_rests(self, due: int) -> None:
        """A run has given up its lease and waits in the store until `due` (microseconds UTC)."""
        ...

    async def cancel(self, org: Id, execution: Id) -> bool:
        """Cancel an execution that nobody waits for any more."""
        ...
