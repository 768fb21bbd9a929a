"""Which subscriptions have something to send in the store, as far as this process knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from hub.model.ids import Id

__all__ = ["MOST_LANES", "Backlog", "Lane"]

Lane = tuple[Id, Id]
"""Org and subscription."""
MOST_LANES = 64
"""Subscriptions that one claim asks about: it is one transaction, and others wait for it."""


class Backlog:
    """When each subscription's next pending delivery may be claimed; what is claimed already does not count.

    A time in here is never later than the true one, save for what other processes add, which `merge` tells.
    """

    def __init__(self) -> None:
        self._due: dict[Lane, int] = {}
        self._noted: set[Lane] = set()

    def note(self, lane: Lane, due: int) -> None:
        """Something of a subscription may be claimed at `due` (microseconds UTC)."""
        self._noted.add(lane)
        self._due[lane] = min(due, self._due.get(lane, due))

    def merge(self, found: Mapping[Lane, int]) -> None:
        """Take over what the store knows."""
        for lane, due in found.items():
            self.note(lane, due)

    def behind(self, lane: Lane, now: int) -> bool:
        """Whether something of a subscription waits in the store to be claimed now."""
        return self._due.get(lane, now + 1) <= now

    def wanted(self, now: int, room: Callable[[Id, int], int]) -> dict[Lane, int]:
        """What to claim now: subscriptions with something due and how many there is room for, taking turns.

        What is noted from here on until `settle` is kept, since the claim may not have seen it.
        """
        self._noted.clear()
        found: dict[Lane, int] = {}
        for lane, due in self._due.items():
            if due <= now and (free := room(lane[1], now)) > 0:
                found[lane] = free
                if len(found) == MOST_LANES:
                    break
        for lane in found:
            self._due[lane] = self._due.pop(lane)
        return found

    def settle(self, asked: Iterable[Lane], later: Mapping[Id, int | None]) -> None:
        """Take over what a claim found to be left: for subscriptions not in `later` there is more to claim now."""
        for lane in asked:
            if lane in self._noted or lane[1] not in later:
                continue
            due = later[lane[1]]
            if due is None:
                self._due.pop(lane, None)
            else:
                self._due[lane] = due

    def defer(self, lane: Lane, until: int) -> None:
        """Claim nothing of a subscription before `until`."""
        if lane in self._due:
            self._due[lane] = max(self._due[lane], until)

    def forget(self, lane: Lane) -> None:
        """A subscription is gone or disabled."""
        self._due.pop(lane, None)

    def next(self, now: int) -> int | None:
        """When something becomes due that is not due yet, microseconds UTC."""
        return min((due for due in self._due.values() if due > now), default=None)
