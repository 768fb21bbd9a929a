"""Who is sent to next: a fair scheduler over the deliveries that this process has claimed.

Each subscription has a lane with slots of its own, so that a receiver that hangs fills its own slots and no more.
Lanes that may start something take turns. A quarter of the process's slots is kept for lanes that have nothing under
way, so that many hanging receivers together cannot lock out one that works. Nothing here reads a clock or waits.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.model.ids import Id
from hub.model.stored.outbound import DueDelivery
from hub.model.stored.source import RateLimit
from hub.model.times import SECOND

__all__ = ["Scheduler"]

_SMALLEST_WINDOW = 32
_LARGEST_WINDOW = 512


@dataclass(slots=True)
class _Lane:
    concurrency: int = 1
    rate: RateLimit | None = None
    running: int = 0
    quiet_until: int = 0
    queued: bool = False  # it takes turns, or waits for its opening
    waiting: deque[DueDelivery] = field(default_factory=deque)
    starts: deque[int] = field(default_factory=deque)

    @property
    def window(self) -> int:
        return min(max(8 * self.concurrency, _SMALLEST_WINDOW), _LARGEST_WINDOW)

    def opens(self, now: int) -> int:
        """When the next delivery may start as far as throttle and rate limit go; in the past: now."""
        opens = self.quiet_until
        if self.rate is not None:
            span = self.rate.per_seconds * SECOND
            while self.starts and self.starts[0] + span <= now:
                self.starts.popleft()
            if len(self.starts) >= self.rate.requests:
                opens = max(opens, self.starts[-self.rate.requests] + span)
        return opens


class Scheduler:
    """Lanes of claimed deliveries.

    Args:
        slots: Attempts that this process makes at once.
    """

    def __init__(self, slots: int = 512) -> None:
        self._slots = slots
        self._spare = slots // 4
        self._running = 0
        self._lanes: dict[Id, _Lane] = {}
        self._turns: deque[Id] = deque()
        self._opening: list[tuple[int, Id]] = []

    @property
    def running(self) -> int:
        """Attempts under way."""
        return self._running

    @property
    def waiting(self) -> int:
        """Claimed deliveries that have not started."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def configure(self, subscription: Id, concurrency: int, rate: RateLimit | None) -> None:
        """Set how many attempts a subscription may have under way and how many may start in a span of time."""
        lane = self._lanes.setdefault(subscription, _Lane())
        lane.concurrency = concurrency
        lane.rate = rate
        self._queue(subscription, lane)

    def room(self, subscription: Id, now: int) -> int:
        """How many more deliveries of a subscription are worth claiming; 0 while its window is half full or more."""
        lane = self._lanes.get(subscription)
        if lane is None:
            return _SMALLEST_WINDOW
        free = lane.window - len(lane.waiting)
        return free if 2 * free >= lane.window and lane.quiet_until <= now else 0

    def accepts(self, subscription: Id, now: int) -> bool:
        """Whether one more delivery of the subscription may be claimed at birth."""
        lane = self._lanes.get(subscription)
        return lane is None or (len(lane.waiting) < lane.window and lane.quiet_until <= now)

    def offer(self, deliveries: Iterable[DueDelivery]) -> None:
        """Take claimed deliveries in, in the order in which they are to start within their subscriptions."""
        for due in deliveries:
            subscription = due.record.subscription
            lane = self._lanes.setdefault(subscription, _Lane())
            lane.waiting.append(due)
            self._queue(subscription, lane)

    def take(self, now: int) -> list[DueDelivery]:
        """All deliveries that may start at `now` (microseconds UTC); each holds a slot until `finished`."""
        while self._opening and self._opening[0][0] <= now:
            _, subscription = heapq.heappop(self._opening)
            lane = self._lanes.get(subscription)
            if lane is not None:
                lane.queued = False
                self._queue(subscription, lane)
        taken: list[DueDelivery] = []
        passed: list[Id] = []
        while self._turns and self._running < self._slots:
            subscription = self._turns.popleft()
            lane = self._lanes.get(subscription)
            if lane is None:
                continue
            opens = lane.opens(now)
            if opens > now:
                heapq.heappush(self._opening, (opens, subscription))
                continue
            lane.queued = False
            if lane.running and self._slots - self._running <= self._spare:
                passed.append(subscription)
            elif lane.waiting and lane.running < lane.concurrency:
                taken.append(lane.waiting.popleft())
                lane.running += 1
                self._running += 1
                if lane.rate is not None:
                    lane.starts.append(now)
                self._queue(subscription, lane)
        for subscription in passed:
            self._queue(subscription, self._lanes[subscription])
        return taken

    def finished(self, subscription: Id) -> None:
        """An attempt has ended: its slot is free."""
        self._running -= 1
        lane = self._lanes.get(subscription)
        if lane is not None and lane.running:
            lane.running -= 1
            self._queue(subscription, lane)

    def slow(self, subscription: Id, until: int) -> None:
        """Start nothing for a subscription before `until` (microseconds UTC); never shortens a throttle."""
        lane = self._lanes.setdefault(subscription, _Lane())
        lane.quiet_until = max(lane.quiet_until, until)

    def quiet_until(self, subscription: Id) -> int:
        """Until when a subscription is throttled, microseconds UTC; 0 when it never was."""
        lane = self._lanes.get(subscription)
        return 0 if lane is None else lane.quiet_until

    def evict(self, subscription: Id) -> list[DueDelivery]:
        """Hand back what has not started for a subscription (it was disabled, deleted or throttled for long)."""
        lane = self._lanes.get(subscription)
        if lane is None:
            return []
        evicted = list(lane.waiting)
        lane.waiting.clear()
        return evicted

    def forget(self, subscription: Id) -> None:
        """Forget a subscription that was deleted, `evict`ed before; what is under way ends by itself."""
        self._lanes.pop(subscription, None)

    def drop(self, deliveries: frozenset[Id]) -> list[DueDelivery]:
        """Forget claimed deliveries that have not started and whose lease is lost; hands them back."""
        dropped: list[DueDelivery] = []
        for lane in self._lanes.values():
            lost = [due for due in lane.waiting if due.record.id in deliveries]
            if lost:
                dropped.extend(lost)
                lane.waiting = deque(due for due in lane.waiting if due.record.id not in deliveries)
        return dropped

    def next_opening(self) -> int | None:
        """When a throttled or rate-limited lane with something to send opens, microseconds UTC."""
        return self._opening[0][0] if self._opening else None

    def _queue(self, subscription: Id, lane: _Lane) -> None:
        if not lane.queued and lane.waiting and lane.running < lane.concurrency:
            lane.queued = True
            self._turns.append(subscription)
