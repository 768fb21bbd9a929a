"""Executions and their journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.execution import Claimed, ExecutionChange, ExecutionRecord, NewExecution, NodeRecord
from hub.model.stored.jobs import RetrySelection
from hub.ports.store.page import Page

__all__ = ["Executions"]


class Executions(Protocol):
    """Executions: who runs them, their journal, reads.

    **Leases.** A running execution has a lease: an owner (a hub process), an end and a fence. Each claim raises the
    fence by one. An owner whose lease has ended may still write and renew as long as nobody else has claimed the
    execution; afterwards its writes raise `Fenced` and change nothing. So a process that was merely slow does no harm.

    **Serial keys.** Of the executions of one workflow with the same `serial_key`, at most one is running or waiting.
    **Limits.** Of the executions of one workflow that have a `concurrency`, at most so many are running; waiting ones
    do not count. What is held back becomes claimable in the same commit in which the execution in its way ends, or (for
    limits) gives up its lease: the next one by priority, then by age. Nothing is passed over for ever.
    """

    async def create(self, executions: Sequence[NewExecution]) -> None:
        """Keep executions that no request starts (manual, replay, child).

        One with a `lease` is running at once, under the fence of its lease; all others are queued. None of them is
        `finished`. An id that exists already is left alone.
        """
        ...

    async def claim(
        self, owner: str, until: int, now: int, limit: int, *, lowest: int = 0, highest: int = 9
    ) -> tuple[Claimed, ...]:
        """Lease executions of all orgs to `owner`, with their journals.

        Candidates are due at `now` and have no lease, or one that has ended. Those whose lease has ended come first,
        then smaller priorities, then those due earlier. A candidate that its serial key or the limit of its workflow
        holds back is passed over; one whose lease has ended keeps its place and is not held back.

        A claimed execution is running; `started` is set at its first claim. Taking over a lease that has ended counts
        as a crash (`crashes` of the record includes it).

        An execution that cannot be read any more, because a blob of it is missing, is failed instead of claimed.

        Args:
            owner: Id of the process.
            until: End of the leases, microseconds UTC.
            now: Microseconds UTC.
            limit: Executions at most; fewer may be returned although more are due.
            lowest: Smallest priority to look at.
            highest: Largest priority to look at.
        """
        ...

    async def renew(self, owner: str, executions: Sequence[Id], until: int) -> frozenset[Id]:
        """Set the end of leases, of all orgs.

        Returns:
            The executions that `owner` still holds, even if their leases had ended; the others are lost.
        """
        ...

    async def expire(self, owner: str, now: int) -> None:
        """End all leases of `owner` at `now`.

        Its process is known to be gone: what it ran may be claimed without waiting for the end of the leases.
        """
        ...

    async def journal(
        self,
        org: Id,
        execution: Id,
        fence: int,
        nodes: Sequence[NodeRecord],
        change: ExecutionChange | None = None,
        children: Sequence[NewExecution] = (),
    ) -> None:
        """Write journal entries, a change of the execution, and new children, in one commit.

        An entry replaces the one of the same node and item unless that has succeeded: a `signal` may have settled it
        without the writer's knowledge. An entry in state succeeded, failed or skipped is progress: the execution's
        crashes are counted from 0 again. Children are kept as by `create`.

        A change to a finished state or to held gives up the lease, whether or not it says `release`. Any other change
        with `release` makes the execution claimable at its `due`, or at once if it was woken since its claim, by a
        signal or by a child that finished. A change that finishes the execution wakes its parent: a waiting one is due
        at once, a running one as soon as it would wait.

        Args:
            org: The execution's org.
            execution: Its id.
            fence: The fence of the writer's lease.
            nodes: Entries to write.
            change: What changes in the execution itself.
            children: Executions to create.

        Raises:
            Fenced: The lease was given up or is somebody else's, the execution was cancelled, or there is none.
        """
        ...

    async def signal(self, org: Id, execution: Id, node: str, value: Any, now: int) -> None:
        """Settle the waiting journal entry of `node` (item -1) as succeeded with output `value`.

        Anybody may call it, without a lease. It wakes the execution: a waiting one is due at `now`, a running one as
        soon as it would wait.

        Raises:
            NotFound: The org has no such execution, or no entry of that node waits.
        """
        ...

    async def cancel(self, org: Id, execution: Id, now: int) -> tuple[Id, ...]:
        """Cancel an execution that has not finished, and all of its descendants that have not.

        Whoever runs one of them is fenced off from now on. Running and waiting journal entries become cancelled. The
        parent of `execution` is woken as by `journal`.

        Returns:
            The ids cancelled, `execution` first; none if it had finished.

        Raises:
            NotFound: The org has no such execution.
        """
        ...

    async def reopen(self, org: Id, execution: Id, now: int) -> None:
        """Queue a failed or cancelled execution again, due at `now`.

        Entries that succeeded or were skipped stay in its journal, all others are removed. Result, error, start, end
        and crashes are forgotten.

        Raises:
            NotFound: The org has no such execution.
            Conflict: It is neither failed nor cancelled.
        """
        ...

    async def next_due(self, *, lowest: int = 0, highest: int = 9) -> int | None:
        """The first moment at which something may be claimed, of all orgs; None while nothing is open.

        That is when the first execution without a lease is due, of priorities from `lowest` to `highest`, or when the
        first lease ends, of any priority. Executions that a claim found held back do not count before they may run.
        """
        ...

    async def get(self, org: Id, execution: Id) -> ExecutionRecord:
        """One execution with its trigger, definition and result.

        Raises:
            NotFound: The org has no such execution, or a blob of it is missing.
        """
        ...

    async def of_request(self, org: Id, request: Id, *, limit: int | None = None) -> tuple[ExecutionRecord, ...]:
        """The executions that a request started, oldest first; its replays and children are not among them.

        Trigger, definition and result are left out. `limit` is the most of them; None: all.
        """
        ...

    async def nodes(self, org: Id, execution: Id) -> tuple[NodeRecord, ...]:
        """The journal in order of start, then of node and item; entries that have not started come last."""
        ...

    async def list(
        self,
        org: Id,
        *,
        workflow: Id | None = None,
        state: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[ExecutionRecord]:
        """Executions of the org, or of one workflow, or in one state; trigger, definition and result are left out."""
        ...

    async def retryable(self, selection: RetrySelection, *, after: Id | None, limit: int) -> tuple[Id, ...]:
        """Ids of the executions selected, oldest first.

        Args:
            selection: Which executions.
            after: Begin behind this execution; None: with the oldest.
            limit: Ids at most.
        """
        ...

    async def count_retryable(self, selection: RetrySelection, *, after: Id | None = None) -> int:
        """How many executions `retryable` lists in all, from behind `after`."""
        ...
