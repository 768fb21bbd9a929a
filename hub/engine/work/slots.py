"""How many executions run at once, and who gets a slot when there are few."""

from __future__ import annotations

from hub.model.stored.execution import Lease

__all__ = ["Slots"]


class Slots:
    """A bounded number of slots in two lanes.

    A quarter of the slots is kept for waiting senders, an eighth for queued work, so that neither starves; the rest
    goes to whoever comes first. One slot alone is kept for nobody.
    """

    __slots__ = ("_born", "_held", "_queued", "_waiting", "for_queued", "for_waiting", "total")

    def __init__(self, total: int) -> None:
        """`total` slots, one or more."""
        self.total = total
        self.for_waiting = total - max(1, total // 8) if total > 1 else 1
        self.for_queued = total - max(1, total // 4) if total > 1 else 1
        self._waiting = 0
        self._queued = 0
        self._held = 0
        self._born: dict[int, tuple[Lease, bool]] = {}

    @property
    def used(self) -> int:
        """Slots in use, promised and held ones included."""
        return self._waiting + self._queued + self._held

    def free(self, *, waiting: bool) -> int:
        """How many slots that lane could take now."""
        lane = self.for_waiting - self._waiting if waiting else self.for_queued - self._queued
        return min(lane - self._held, self.total - self.used)

    def hold(self, count: int) -> None:
        """Keep `count` slots free in whichever lane they will be needed, while a claim is under way."""
        self._held += count

    def release(self, count: int) -> None:
        """The claim is over; what it won is taken apart."""
        self._held -= count

    def take(self, *, waiting: bool) -> None:
        """Use a slot; the caller has seen to it that one is free."""
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
        """Use a slot for an execution that is about to be accepted with this very `lease` object."""
        self.take(waiting=waiting)
        self._born[id(lease)] = (lease, waiting)

    def redeem(self, lease: Lease) -> bool | None:
        """The promise of `lease` is kept: its lane (True: waiting); the slot stays in use. None: no such promise."""
        found = self._born.pop(id(lease), None)
        return None if found is None else found[1]

    def withdraw(self, lease: Lease) -> None:
        """The promise of `lease` came to nothing; idempotent."""
        found = self._born.pop(id(lease), None)
        if found is not None:
            self.give(waiting=found[1])

    def withdraw_older(self, now: int) -> None:
        """Withdraw promises whose lease has ended by `now` (microseconds UTC)."""
        for lease, _ in [entry for entry in self._born.values() if entry[0].until <= now]:
            self.withdraw(lease)
