"""What a run needs of the engine around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hub.egress.client import Egress
from hub.engine.versions import Versions
from hub.model.ids import Id
from hub.model.stored.execution import ExecutionChange, Lease, NewExecution, NodeRecord
from hub.model.stored.outbound import Published
from hub.outbound.publish.publish import Publication
from hub.ports.clock import Clock
from hub.ports.store import Store

if TYPE_CHECKING:
    from hub.engine.run.run import Run

__all__ = ["Host", "Publisher", "Tools"]


class Publisher(Protocol):
    """The outbound side, as the `publish` action needs it."""

    async def publish(self, publication: Publication) -> Published:
        """Check, match and commit a message and its deliveries; the first one for a repeated idempotency key.

        Raises:
            Invalid: The catalog's schema refuses the data.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run of an engine uses."""

    store: Store
    clock: Clock
    versions: Versions
    egress: Egress
    publisher: Publisher


class Host(Protocol):
    """Who is told what has been committed."""

    def lease(self, *, waiting: bool = False) -> Lease | None:
        """A lease for a child about to be created, if a slot is free."""
        ...

    def born(self, children: Sequence[NewExecution]) -> None:
        """These executions were created."""
        ...

    def run_wrote(self, run: Run, entries: Sequence[NodeRecord], change: ExecutionChange | None) -> None:
        """It has journalled."""
        ...

    def run_answered(self, run: Run) -> None:
        """Its `respond` node has answered."""
        ...

    def run_finished(self, run: Run) -> None:
        """It has finished; `run.view()` says how."""
        ...

    def run_rests(self, due: int) -> None:
        """A run waits in the store until `due` (microseconds UTC) and its lease is given up."""
        ...

    async def cancel(self, org: Id, execution: Id) -> bool:
        """Cancel an execution that nobody waits for any more."""
        ...
