"""The engine port: whoever runs executions that the store has accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord, Finished, Lease, NewExecution

__all__ = ["Engine"]


class Engine(Protocol):
    """Runs executions. Acceptance commits them in state queued, an outbox that the engine drains."""

    async def start_running(self) -> None:
        """Begin to run what is there and what comes. Raises `HubError` or OSError when that cannot be."""
        ...

    async def stop(self) -> None:
        """Take no more work, finish what runs or hand it back to the store."""
        ...

    async def node_names(self, execution: ExecutionRecord) -> Mapping[str, str]:
        """What people call the nodes of an execution's version, by id; empty where that cannot be read any more."""
        ...

    def lease(self, *, waiting: bool = False) -> Lease | None:
        """A lease for an execution about to be accepted if a slot is free now, else None (it is claimed later).

        `waiting` asks for one of the slots kept for waiting senders. Never ask for an execution with a serial key
        or of a workflow with a concurrency limit: the store's claims keep these. A lease is used up by `start`
        with an execution that carries it; give back one that came to nothing with `unlease`.
        """
        ...

    def work_out(self, workflow: Id, version: int, trigger: Mapping[str, Any]) -> Finished | None:
        """What an execution comes to, where that can be said at once and without any effect; else None.

        Belongs into `NewExecution.finished`, so that it is kept with the acceptance; `start` then tells who waits.
        """
        ...

    def unlease(self, lease: Lease) -> None:
        """Give back a lease whose execution was not accepted (a duplicate, a failed commit); idempotent."""
        ...

    def saturated(self) -> bool:
        """Whether a waiting sender should be answered 503 with Retry-After before acceptance."""
        ...

    def start(self, executions: Sequence[NewExecution]) -> None:
        """Run these accepted executions; idempotent. Those born with a lease start from what is given here."""
        ...

    def wake(self) -> None:
        """Work may be due: look into the store soon."""
        ...

    async def wait(self, org: Id, execution: Id, deadline: int) -> ExecutionRecord | None:
        """The execution once it has finished or answered early; None when `deadline` (microseconds UTC) passes.

        `answer` of the record is what its `respond` node said, if it has one that ran. Raises `NotFound`.
        """
        ...

    async def cancel(self, org: Id, execution: Id) -> bool:
        """Cancel it and its children; False if it had finished. Raises `NotFound`."""
        ...

    async def signal(self, org: Id, execution: Id, name: str, value: Any) -> None:
        """Hand `value` to an execution that waits for `name` (a finished child, an approval). Raises `NotFound`."""
        ...

    async def retry(self, org: Id, execution: Id) -> None:
        """Run a failed or cancelled execution again from its failed nodes, on its own version. Raises `Conflict`."""
        ...
