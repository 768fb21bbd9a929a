"""Callers that wait for an execution to finish or to answer, whichever process runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from hub.engine.host import RunServices
from hub.errors import HubError, Invalid, NotFound
from hub.model.ids import Id
from hub.model.stored.execution import FINISHED, ExecutionRecord
from hub.ports.timed_event import TimedEvent
from hub.workflows.plan.answers import can_still_answer, first_answer

__all__ = ["Waits"]

_FIRST_LOOK = 100_000
_LAST_LOOK = 2_000_000
"""Microseconds until the first look into the store for an execution that another process runs, and the longest
pause between two looks; each pause is twice the one before."""

_NEVER = 1 << 62

_log = structlog.get_logger("hub.engine")


@dataclass(eq=False, slots=True)
class _Wait:
    org: Id
    execution: Id
    deadline: int
    answer_only: bool
    future: asyncio.Future[ExecutionRecord | None]
    look: int
    pause: int

    def settle(self, record: ExecutionRecord | None) -> None:
        if not self.future.done():
            self.future.set_result(record)

    def settle_if(self, record: ExecutionRecord | None) -> None:
        if record is not None:
            self.settle(record)


class Waits:
    """All open waits of this process, and one loop that ends them at their deadlines and looks into the store."""

    __slots__ = ("_by_execution", "_local", "_services", "_until", "_wakeup", "count")

    def __init__(self, services: RunServices, local: Callable[[Id], bool]) -> None:
        """Make a list without waits.

        Args:
            services: Store, clock and versions.
            local: Whether an execution runs in this process, so that it need not be looked for in the store.

        Attributes:
            count: Number of open waits.
        """
        self._services = services
        self._local = local
        self._wakeup = TimedEvent(services.clock)
        self._by_execution: dict[Id, list[_Wait]] = {}
        self._until = 0
        self.count = 0

    async def wait(self, org: Id, execution: Id, deadline: int, *, answer_only: bool = False) -> ExecutionRecord | None:
        """See `Engine.wait`."""
        local = self._local(execution)
        pause = _LAST_LOOK if local else _FIRST_LOOK
        look = self._services.clock.now() + pause
        wait = _Wait(org, execution, deadline, answer_only, asyncio.get_running_loop().create_future(), look, pause)
        # The wait is open before the first look: an execution that finishes here during the look settles it.
        self._by_execution.setdefault(execution, []).append(wait)
        self.count += 1
        try:
            if min(look, deadline) < self._until:
                self._wakeup.set()
            found = None if local else await self._look(org, execution, answer_only=answer_only)
            return found or await wait.future  # what has finished is found, even if the deadline has passed meanwhile
        finally:
            self._forget(wait)

    def settle(self, execution: Id, record: Callable[[], ExecutionRecord], *, answer_only: bool = False) -> None:
        """End the waits for an execution that has finished or answered here, or only those for an answer.

        Args:
            execution: The execution.
            record: Gives it as it is now; only called if somebody waits.
            answer_only: It cannot answer any more, but has not finished.
        """
        waits = [wait for wait in self._by_execution.get(execution, ()) if wait.answer_only or not answer_only]
        if waits:
            seen = record()
            for wait in waits:
                wait.settle(seen)

    async def look(self, org: Id, execution: Id) -> None:
        """Look into the store for those who wait for an execution, if there are any."""
        waits = list(self._by_execution.get(execution, ()))
        found = await self._look(org, execution) if waits else None
        for wait in waits:
            wait.settle_if(found)

    async def serve(self) -> None:
        """Run until cancelled."""
        while True:
            now = self._services.clock.now()
            for wait in self._open():
                if wait.deadline <= now:
                    wait.settle(None)
                elif wait.look <= now:
                    await self._look_again(wait, now)
            self._until = min((min(wait.deadline, wait.look) for wait in self._open()), default=_NEVER)
            await self._wakeup.wait(self._until)

    def _open(self) -> list[_Wait]:
        return [wait for waits in self._by_execution.values() for wait in waits if not wait.future.done()]

    async def _look_again(self, wait: _Wait, now: int) -> None:
        if not self._local(wait.execution):
            try:
                found = await self._look(wait.org, wait.execution, answer_only=wait.answer_only)
            except NotFound:
                wait.settle(None)  # it was deleted with its workflow
            except HubError as error:
                _log.warning("could not look for an awaited execution", error=str(error))
            else:
                wait.settle_if(found)
        wait.pause = min(wait.pause * 2, _LAST_LOOK)
        wait.look = now + wait.pause

    def _forget(self, wait: _Wait) -> None:
        waits = self._by_execution[wait.execution]
        waits.remove(wait)
        self.count -= 1
        if not waits:
            del self._by_execution[wait.execution]

    async def _look(self, org: Id, execution: Id, *, answer_only: bool = False) -> ExecutionRecord | None:
        """The execution as stored, if it has finished or answered; with `answer_only` also if it cannot answer."""
        record = await self._services.store.executions.get(org, execution)
        answer, silent = await self._answer(record)
        ended = record.state in FINISHED or (answer_only and silent)
        return replace(record, answer=answer) if answer is not None or ended else None

    async def _answer(self, record: ExecutionRecord) -> tuple[object, bool]:
        """The output of the first `respond` node that has succeeded, if any; and whether none can answer any more."""
        try:
            workflow = await self._services.versions.of(record)
        except (NotFound, Invalid):
            return None, True
        if not workflow.responds or record.state == "queued":
            return None, not workflow.responds
        journal = await self._services.store.executions.nodes(record.org, record.id)
        return first_answer(workflow, journal), not can_still_answer(workflow, journal)
