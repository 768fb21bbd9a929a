"""Executions and their journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from hub.model.ids import Id
from hub.model.stored.execution import Claimed, ExecutionChange, ExecutionRecord, NewExecution, NodeRecord
from hub.ports.store.page import Page

__all__ = ["Executions"]


class Executions(Protocol):
    """Claims, journal writes and reads."""

    async def create(self, executions: Sequence[NewExecution]) -> None:
        """Queue executions that no request starts (manual, replay, child). The same id twice is one execution."""
        ...

    async def claim(
        self, owner: str, until: int, now: int, limit: int, *, lowest: int = 0, highest: int = 9
    ) -> tuple[Claimed, ...]:
        """Win up to `limit` executions that are due and unowned (or whose lease has expired), of all orgs.

        Only priorities from `lowest` to `highest` are looked at. Smaller priority first, then older; a `serial_key`
        whose execution is running is passed over, as are workflows at their concurrency limit. Recovering an expired
        lease counts as a crash.
        """
        ...

    async def renew(self, owner: str, executions: Sequence[Id], until: int) -> frozenset[Id]:
        """Extend leases; returns those still owned."""
        ...

    async def expire(self, owner: str, now: int) -> None:
        """End the leases of `owner` at `now`: its process is known to be gone."""
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
        """Write node records and the change, in one commit.

        Each record replaces the former one of its node and item, unless that has succeeded: it may have been
        signalled, which whoever runs the execution in another process has not heard of.

        A change that finishes the execution makes its parent due at once if that is waiting.

        Raises `Fenced`, or when the execution is being cancelled and the write does not finish it, `Fenced` too.
        """
        ...

    async def signal(self, org: Id, execution: Id, node: str, value: Any, now: int) -> None:
        """Settle the waiting journal entry of `node` (item -1) as succeeded with output `value`, and wake.

        Needs no lease. Raises `NotFound` when that execution or a waiting entry of that node is not there.
        """
        ...

    async def cancel(self, org: Id, execution: Id, now: int) -> tuple[Id, ...]:
        """Compare-and-set to cancelled, children too; returns the ids cancelled, empty if it had finished."""
        ...

    async def reopen(self, org: Id, execution: Id, now: int) -> None:
        """Queue a failed or cancelled execution again, its unfinished nodes forgotten. Raises `Conflict`."""
        ...

    async def next_due(self, *, lowest: int = 0, highest: int = 9) -> int | None:
        """When the next execution without a live lease is due, microseconds UTC; of all orgs and those priorities."""
        ...

    async def get(self, org: Id, execution: Id) -> ExecutionRecord:
        """Raises `NotFound`."""
        ...

    async def of_request(self, org: Id, request: Id) -> tuple[ExecutionRecord, ...]:
        """The executions that a request started, oldest first, triggers and results left out; not its replays'."""
        ...

    async def nodes(self, org: Id, execution: Id) -> tuple[NodeRecord, ...]:
        """The journal, in order of start."""
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
        """Executions newest first, triggers and results left out."""
        ...
