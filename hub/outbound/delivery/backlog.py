"""Which subscriptions have due deliveries in the store, as far as this process knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hub.model.ids import Id

__all__ = ["MOST_LANES", "Backlog", "Lane"]

Lane = tuple[Id, Id]
"""Org and subscription: the deliveries of a subscription wait in a lane of their own."""
MOST_LANES = 64
"""Lanes in one claim. A claim is one transaction, and other writers wait for it."""


class Backlog:
    """When the next pending delivery of each lane can be claimed. Deliveries that are claimed already do not count.

    A time in here is never later than the true one, except for deliveries that other processes add: `merge` brings
    these in. A time that is too early costs one claim that wins nothing; one that is too late would delay a delivery.
    """

    def __init__(self) -> None:
        self._due: dict[Lane, int] = {}
        self._added: set[Lane] = set()

    def add(self, lane: Lane, due: int) -> None:
        """A delivery of this lane can be claimed at `due` (microseconds UTC)."""
        self._added.add(lane)
        self._due[lane] = min(due, self._due.get(lane, due))

    def merge(self, found: Mapping[Lane, int]) -> None:
        """Add what the store reports."""
        for lane, due in found.items():
            self.add(lane, due)

    def has_due(self, lane: Lane, now: int) -> bool:
        """Whether a delivery of this lane waits in the store and can be claimed now."""
        return self._due.get(lane, now + 1) <= now

    def next_claim(self, now: int, room: Callable[[Id, int], int]) -> dict[Lane, int]:
        """The lanes to claim from now, and how many deliveries of each.

        Args:
            now: Microseconds UTC.
            room: How many more deliveries of a subscription may be claimed at a time.
        """
        # What is added from here until `update` may be too new for the claim to see, so `update` must not overwrite it.
        self._added.clear()
        found: dict[Lane, int] = {}
        for lane, due in self._due.items():
            if due <= now and (free := room(lane[1], now)) > 0:
                found[lane] = free
                if len(found) == MOST_LANES:
                    break
        # Lanes that were asked for go to the end, so that all lanes take turns when there are more than fit.
        for lane in found:
            self._due[lane] = self._due.pop(lane)
        return found

    def update(self, claimed: Iterable[Lane], later: Mapping[Id, int | None]) -> None:
        """Record what a claim left in the store.

        Args:
            claimed: The lanes that it claimed from.
            later: For each subscription of which nothing more is due: when its next delivery is, or None if there is no
                other one. Subscriptions that are not named have more to claim now.
        """
        for lane in claimed:
            if lane in self._added or lane[1] not in later:
                continue
            due = later[lane[1]]
            if due is None:
                self._due.pop(lane, None)
            else:
                self._due[lane] = due

    def defer(self, lane: Lane, until: int) -> None:
        """Claim nothing of this lane before `until`."""
        if lane in self._due:
            self._due[lane] = max(self._due[lane], until)

    def forget(self, lane: Lane) -> None:
        """The subscription was deleted or disabled."""
        self._due.pop(lane, None)

    def next_due(self, now: int) -> int | None:
        """When the next delivery becomes due that is not due yet, microseconds UTC; None without one."""
        return min((due for due in self._due.values() if due > now), default=None)
