"""Taking work from the store: when it is woken, when work falls due, and never by asking all the time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from hub.engine.work.slots import Slots
from hub.engine.work.timed_event import TimedEvent
from hub.errors import HubError
from hub.model.stored.execution import Claimed
from hub.model.times import SECOND
from hub.ports.clock import Clock
from hub.ports.store import Executions

__all__ = ["Claims"]

_HIGHEST = 9
_NEVER = 1 << 62
_HELD_BACK = SECOND
"""Microseconds until another look at work that is due and yet could not be won: another process was quicker."""

_log = structlog.get_logger("hub.engine")


class Claims:
    """The claim loop of one process.

    Attributes:
        backlog: Queued work is there, or may be: what comes now has to stand in line.
    """

    __slots__ = (
        "_clock", "_executions", "_found", "_hungry", "_lease", "_owner", "_patience", "_slots", "_until", "_wakeup",
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
        """Claims for `lease` microseconds; looks unasked every `patience` microseconds, for other processes' work.

        `found` is handed what was won, with a slot already taken for each.
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
        self._hungry = False
        self.backlog = True

    def wake(self) -> None:
        """Work may be there."""
        self.backlog = self._hungry = True
        self._wakeup.set()

    def due(self, when: int) -> None:
        """Work will be there at `when` (microseconds UTC)."""
        if when < self._until:
            self._wakeup.set()

    def slot_free(self) -> None:
        """A slot was given back: time for a look if there was no room at the last one."""
        if self._hungry:
            self._wakeup.set()

    async def serve(self) -> None:
        """Run until cancelled."""
        while True:
            self._until = _NEVER  # whatever falls due while the round is under way ends the wait after it
            try:
                self._until = await self._round()
            except HubError as error:  # the database does not answer, or a blob of what was won is gone
                _log.warning("no work claimed, trying again", error=str(error))
                self._until = self._clock.now() + self._patience
            await self._wakeup.wait(self._until)
            await asyncio.sleep(0)  # others that end in this very moment give their slots back too

    async def _round(self) -> int:
        """Take all that is due and that there is room for; when to look again, microseconds UTC."""
        overdue = False
        while True:
            now = self._clock.now()
            waiting, queued = self._slots.free(waiting=True), self._slots.free(waiting=False)
            if waiting <= 0 and queued <= 0:
                self._hungry = True
                return now + self._patience
            lowest, highest = (0 if waiting > 0 else 1), (_HIGHEST if queued > 0 else 0)
            self._hungry = lowest > 0 or highest < _HIGHEST  # one lane is full, and its work goes unseen
            limit = min(room for room in (waiting, queued) if room > 0)
            if self.backlog or overdue:
                self.backlog = highest < _HIGHEST
                won = await self._take(now, limit, lowest, highest)
                if won == limit:
                    continue
                if overdue and not won:
                    self._hungry = True
                    return now + _HELD_BACK
            due = await self._executions.next_due(lowest=lowest, highest=highest)
            if due is None or due > now:
                return now + self._patience if due is None else min(due, now + self._patience)
            overdue = True  # the room may be another by now: count again

    async def _take(self, now: int, limit: int, lowest: int, highest: int) -> int:
        """Claim up to `limit`; how many were won."""
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
