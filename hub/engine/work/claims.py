"""Claims executions from the store: when woken, when one is due, and now and then for those of other processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hub.engine.work.slots import Slots
from hub.errors import HubError
from hub.model.stored.execution import Claimed
from hub.model.times import SECOND
from hub.ports.clock import Clock
from hub.ports.store import Executions
from hub.ports.timed_event import TimedEvent

__all__ = ["Claims"]

_HIGHEST = 9
_NEVER = 1 << 62
_LOST_RACE = SECOND
"""Microseconds until the next look when due work could not be claimed: another process was quicker."""

_log = structlog.get_logger("hub.engine")


class Claims:
    """The claim loop of one process.

    Attributes:
        backlog: There is queued work, or may be, so a new execution has to queue behind it.
    """

    __slots__ = (
        "_clock",
        "_executions",
        "_found",
        "_lease",
        "_owner",
        "_passed_over",
        "_patience",
        "_slots",
        "_until",
        "_wakeup",
        "backlog",
    )  # fmt: skip

    def __init__(
        self,
        executions: Executions,
        clock: Clock,
        slots: Slots,
        *,
        owner: str,
        lease: int,
        patience: int,
        found: Callable[[Sequence[Claimed]], None],
    ) -> None:
        """Make the loop; `serve` runs it.

        Args:
            executions: The store's claims.
            clock: Decides what is due.
            slots: Limits what is claimed.
            owner: Id of this process.
            lease: Microseconds that a claim lasts.
            patience: Microseconds between two looks without a cause: other processes leave work behind, too.
            found: Called with the executions claimed; a slot is in use for each of them.
        """
        self._executions = executions
        self._clock = clock
        self._slots = slots
        self._owner = owner
        self._lease = lease
        self._patience = patience
        self._found = found
        self._wakeup = TimedEvent(clock)
        self._until = _NEVER
        self._passed_over = False
        self.backlog = True

    def wake(self) -> None:
        """There may be work: look soon."""
        self.backlog = self._passed_over = True
        self._wakeup.set()

    def due(self, when: int) -> None:
        """There will be work at `when` (microseconds UTC)."""
        if when < self._until:
            self._wakeup.set()

    def slot_free(self) -> None:
        """A slot is free again: look now if work was passed over for lack of slots."""
        if self._passed_over:
            self._wakeup.set()

    async def serve(self) -> None:
        """Run until cancelled."""
        while True:
            self._until = _NEVER  # so that `due`, called during the round, always ends the wait after it
            try:
                self._until = await self._round()
            except HubError as error:  # the database does not answer, or a blob of a claimed execution is gone
                _log.warning("could not claim work, trying again", error=str(error))
                self._until = self._clock.now() + self._patience
            await self._wakeup.wait(self._until)
            await asyncio.sleep(0)  # executions that end at the same moment give their slots back first

    async def _round(self) -> int:
        """Claim what is due, as far as slots are free; when to look again, microseconds UTC."""
        overdue = False
        while True:
            now = self._clock.now()
            waiting, queued = self._slots.free(waiting=True), self._slots.free(waiting=False)
            if waiting <= 0 and queued <= 0:
                self._passed_over = True
                return now + self._patience
            lowest, highest = (0 if waiting > 0 else 1), (_HIGHEST if queued > 0 else 0)
            self._passed_over = lowest > 0 or highest < _HIGHEST  # one lane is full, and its work is not looked at
            limit = min(room for room in (waiting, queued) if room > 0)
            if self.backlog or overdue:
                self.backlog = highest < _HIGHEST
                won = await self._take(now, limit, lowest, highest)
                if won == limit:
                    continue
                if overdue and not won:
                    self._passed_over = True
                    return now + _LOST_RACE
            due = await self._executions.next_due(lowest=lowest, highest=highest)
            if due is None or due > now:
                return now + self._patience if due is None else min(due, now + self._patience)
            overdue = True  # work has become due; slots may have changed meanwhile, so count them again

    async def _take(self, now: int, limit: int, lowest: int, highest: int) -> int:
        """Claim up to `limit`; how many were claimed.

        The slots are held during the claim, since `EmbeddedEngine.lease` may give some away meanwhile.
        """
        self._slots.hold(limit)
        try:
            claimed = await self._executions.claim(
                self._owner, now + self._lease, now, limit, lowest=lowest, highest=highest
            )
        finally:
            self._slots.release(limit)
        for one in claimed:
            self._slots.take(waiting=one.record.priority == 0)
        self._found(claimed)
        self.backlog = self.backlog or len(claimed) == limit
        return len(claimed)
