"""The engine port: runs the executions that the store has accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.execution import ExecutionRecord, Finished, Lease, NewExecution

__all__ = ["Engine"]


class Engine(Protocol):
    """Runs executions; `hub.testing.EngineConformance` tests that an engine keeps what is said here.

    An execution begins as a row in state `queued`, committed by the store. These rows are the outbox that the engine
    drains: it runs every accepted execution, whether or not `start` was called for it, and goes on with every
    unfinished one after a crash.

    A node's journal entry is committed before a node that depends on it starts, so a node whose entry says `succeeded`
    never runs again. A node that was running when the process ended runs again, with the same idempotency key; the
    third time that this happens in one node, the node fails. What runs next, when a failed try is repeated and how an
    execution ends is decided by `hub.workflows.plan` alone, so every engine decides alike. An execution that sleeps,
    backs off or waits for a child holds no slot.

    All methods are called in the hub's event loop; those that are not coroutines return at once and never block.
    """

    async def start_running(self) -> None:
        """Begin to run executions: those in the store and those to come.

        Raises:
            hub.errors.HubError: The store cannot be read.
            OSError: A file or connection that the engine needs cannot be opened.
        """
        ...

    async def stop(self) -> None:
        """Take no more work; let running executions finish for a while, then hand them back to the store. Idempotent.

        A try that is broken off by the stop does not count: its node runs again wherever the execution goes on.
        """
        ...

    async def node_names(self, execution: ExecutionRecord) -> Mapping[str, str]:
        """The names that people gave the nodes of an execution's version, by node id (the id where there is no name).

        Empty when the version cannot be read any more.
        """
        ...

    def lease(self, *, waiting: bool = False) -> Lease | None:
        """A lease for an execution that is about to be accepted, None if no slot is free (the engine claims it later).

        An execution stored with a lease is not claimed again, which saves one write. An engine that never does this
        returns None. A lease is used up by `start` with an execution that carries it; `release` gives it back.

        Args:
            waiting: A sender waits for the execution: use a slot that is kept for waiting senders.
                Never ask for an execution with a serial key or of a workflow with a concurrency limit: only the
                store's claims keep these rules.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Give back a lease whose execution was not accepted (a duplicate, a failed commit). Idempotent."""
        ...

    def evaluate(self, workflow: Id, version: int, trigger: Mapping[str, Any]) -> Finished | None:
        """The end of an execution, if it can be computed at once and without effects; else None.

        The result goes into `NewExecution.finished`, which the store keeps together with the acceptance; `start` then
        tells those who wait for the execution. An engine that never does this returns None.
        """
        ...

    def saturated(self) -> bool:
        """Whether to answer a sender that wants to wait with 503 and Retry-After, before the request is accepted."""
        ...

    def start(self, executions: Sequence[NewExecution]) -> None:
        """Run these accepted executions. Idempotent: an execution that runs or has finished is left alone.

        An execution that carries a lease of this engine runs at once, from the values given here; one that carries its
        end (`finished`) is only told to those who wait for it; any other one is claimed from the store.
        """
        ...

    def wake(self) -> None:
        """Look into the store soon: there may be work that `start` was not called for."""
        ...

    async def wait(self, org: Id, execution: Id, deadline: int, *, answer_only: bool = False) -> ExecutionRecord | None:
        """Wait until an execution has finished or has answered early, wherever it runs.

        Args:
            org: Owner of the execution.
            execution: The execution to wait for; several callers may wait for the same one.
            deadline: Microseconds UTC.
            answer_only: Return as soon as no `respond` node of the execution can answer any more, too. The execution
                may be unfinished then.

        Returns:
            The execution; `answer` is the output of its first `respond` node that has succeeded, if there is one. None
            when the deadline passes first; a deadline in the past still finds an execution that has finished.

        Raises:
            hub.errors.NotFound: The org has no such execution.
        """
        ...

    async def cancel(self, org: Id, execution: Id) -> bool:
        """Cancel an execution and the children that it has started, and theirs; their running tries are broken off.

        Returns:
            False if the execution had finished before; nothing changes then.

        Raises:
            hub.errors.NotFound: The org has no such execution.
        """
        ...

    async def signal(self, org: Id, execution: Id, name: str, value: Any) -> None:
        """Let a waiting node succeed now, with `value` as its output (an approval, an early end of a sleep).

        Args:
            org: Owner of the execution.
            execution: The execution that waits.
            name: Id of the waiting node.
            value: A JSON value.

        Raises:
            hub.errors.NotFound: The org has no such execution, or that node does not wait.
        """
        ...

    async def retry(self, org: Id, execution: Id) -> None:
        """Run a failed or cancelled execution again, on the version it started with.

        Nodes that have succeeded keep their outputs and do not run again; the others start afresh.

        Raises:
            hub.errors.NotFound: The org has no such execution.
            hub.errors.Conflict: The execution has not failed and was not cancelled.
        """
        ...
