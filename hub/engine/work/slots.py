"""How many executions run at once, and which of them get a slot when few are free."""

from __future__ import annotations

from hub.model.stored.execution import Lease

__all__ = ["Slots"]


class Slots:
    """A fixed number of slots in two lanes: executions that a sender waits for, and queued ones.

    A quarter of the slots is reserved for waiting senders and an eighth for queued work, so that neither starves; both
    may use the rest. A single slot is not reserved.
    """

    __slots__ = ("_held", "_promised", "_queued", "_waiting", "for_queued", "for_waiting", "total")

    def __init__(self, total: int) -> None:
        """`total` slots, one or more."""
        self.total = total
        self.for_waiting = total - max(1, total // 8) if total > 1 else 1
        self.for_queued = total - max(1, total // 4) if total > 1 else 1
        self._waiting = 0
        self._queued = 0
        self._held = 0
        self._promised: dict[int, tuple[Lease, bool]] = {}

    @property
    def used(self) -> int:
        """Slots in use, including those promised and held."""
        return self._waiting + self._queued + self._held

    def free(self, *, waiting: bool) -> int:
        """How many more executions of that lane could run now."""
        lane = self.for_waiting - self._waiting if waiting else self.for_queued - self._queued
        return min(lane - self._held, self.total - self.used)

    def hold(self, count: int) -> None:
        """Keep `count` slots free for a claim, whose executions may belong to either lane."""
        self._held += count

    def release(self, count: int) -> None:
        """The claim is over: free the held slots. A slot is then taken for each execution that it found."""
        self._held -= count

    def take(self, *, waiting: bool) -> None:
        """Use a slot; the caller has made sure that one is free."""
        if waiting:
            self._waiting += 1
        else:
            self._queued += 1

    def give(self, *, waiting: bool) -> None:
        """Give a slot back."""
        if waiting:
            self._waiting -= 1
        else:
            self._queued -= 1

    def promise(self, lease: Lease, *, waiting: bool) -> None:
        """Use a slot for an execution that is about to be accepted with this `lease` object."""
        self.take(waiting=waiting)
        self._promised[id(lease)] = (lease, waiting)

    def redeem(self, lease: Lease) -> bool | None:
        """The execution with `lease` starts: its lane (True: waiting), the slot stays in use. None: no such promise."""
        found = self._promised.pop(id(lease), None)
        return None if found is None else found[1]

    def withdraw(self, lease: Lease) -> None:
        """The execution with `lease` was not accepted: free its slot. Idempotent."""
        found = self._promised.pop(id(lease), None)
        if found is not None:
            self.give(waiting=found[1])

    def withdraw_older(self, now: int) -> None:
        """Withdraw the promises whose leases ended before or at `now` (microseconds UTC)."""
        for lease, _ in [entry for entry in self._promised.values() if entry[0].until <= now]:
            self.withdraw(lease)
