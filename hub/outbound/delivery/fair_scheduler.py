"""Which claimed delivery is sent next: fair among subscriptions.

Each subscription has a lane: a queue with slots of its own, so that a receiver that hangs fills its own slots and no
others. Lanes that can start a delivery take turns. The last quarter of the process's slots is reserved for lanes with
nothing under way: otherwise many hanging receivers together could fill all slots, and a receiver that works would wait
for one of them to time out. Nothing in this module reads a clock or waits.
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

__all__ = ["FairScheduler"]

_SMALLEST_WINDOW = 32
_LARGEST_WINDOW = 512


@dataclass(slots=True)
class _Lane:
    """The claimed deliveries of one subscription.

    Attributes:
        running: Attempts under way.
        queued: The lane is among those that take turns, or among those that wait for their opening. It must not be
            there twice, or it would get two turns.
        waiting: Claimed deliveries that have not started, in their order.
        starts: When the attempts of the last rate limit span started, microseconds UTC.
    """

    concurrency: int = 1
    rate: RateLimit | None = None
    running: int = 0
    throttled_until: int = 0
    queued: bool = False
    waiting: deque[DueDelivery] = field(default_factory=deque)
    starts: deque[int] = field(default_factory=deque)

    @property
    def window(self) -> int:
        """How many deliveries to hold. Some per slot, so that a slot that becomes free need not wait for a claim."""
        return min(max(8 * self.concurrency, _SMALLEST_WINDOW), _LARGEST_WINDOW)

    def opens_at(self, now: int) -> int:
        """When throttle and rate limit allow the next delivery to start, microseconds UTC; it may be in the past."""
        opens_at = self.throttled_until
        if self.rate is not None:
            span = self.rate.per_seconds * SECOND
            while self.starts and self.starts[0] + span <= now:
                self.starts.popleft()
            if len(self.starts) >= self.rate.requests:
                opens_at = max(opens_at, self.starts[-self.rate.requests] + span)
        return opens_at


class FairScheduler:
    """The lanes of all subscriptions.

    Args:
        slots: Attempts that this process makes at once.
    """

    def __init__(self, slots: int = 512) -> None:
        self._slots = slots
        self._reserved = slots // 4
        self._running = 0
        self._lanes: dict[Id, _Lane] = {}
        self._turns: deque[Id] = deque()
        self._openings: list[tuple[int, Id]] = []

    @property
    def running(self) -> int:
        """Attempts under way."""
        return self._running

    @property
    def waiting(self) -> int:
        """Claimed deliveries that have not started."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def configure(self, subscription: Id, concurrency: int, rate: RateLimit | None) -> None:
        """Set how many attempts a subscription may have under way, and how many may start in a span of time."""
        lane = self._lanes.setdefault(subscription, _Lane())
        lane.concurrency = concurrency
        lane.rate = rate
        self._queue(subscription, lane)

    def room(self, subscription: Id, now: int) -> int:
        """How many more deliveries of a subscription to claim; 0 while its window is half full or more.

        Waiting until half of it is free makes one claim of many small ones.
        """
        lane = self._lanes.get(subscription)
        if lane is None:
            return _SMALLEST_WINDOW
        free = lane.window - len(lane.waiting)
        return free if 2 * free >= lane.window and lane.throttled_until <= now else 0

    def accepts(self, subscription: Id, now: int) -> bool:
        """Whether there is room for one more delivery of a subscription, which would be claimed as it is created."""
        lane = self._lanes.get(subscription)
        return lane is None or (len(lane.waiting) < lane.window and lane.throttled_until <= now)

    def add(self, deliveries: Iterable[DueDelivery]) -> None:
        """Add claimed deliveries. Those of one subscription start in this order."""
        for due in deliveries:
            subscription = due.record.subscription
            lane = self._lanes.setdefault(subscription, _Lane())
            lane.waiting.append(due)
            self._queue(subscription, lane)

    def take(self, now: int) -> list[DueDelivery]:
        """All deliveries that may start at `now` (microseconds UTC). Each uses a slot until `finished`."""
        while self._openings and self._openings[0][0] <= now:
            _, subscription = heapq.heappop(self._openings)
            lane = self._lanes.get(subscription)
            if lane is not None:
                lane.queued = False
                self._queue(subscription, lane)
        taken: list[DueDelivery] = []
        passed_over: list[Id] = []
        while self._turns and self._running < self._slots:
            subscription = self._turns.popleft()
            lane = self._lanes.get(subscription)
            if lane is None:
                continue
            opens_at = lane.opens_at(now)
            if opens_at > now:
                heapq.heappush(self._openings, (opens_at, subscription))
                continue
            lane.queued = False
            if lane.running and self._slots - self._running <= self._reserved:
                passed_over.append(subscription)
            elif lane.waiting and lane.running < lane.concurrency:
                taken.append(lane.waiting.popleft())
                lane.running += 1
                self._running += 1
                if lane.rate is not None:
                    lane.starts.append(now)
                self._queue(subscription, lane)
        # Not before the loop has ended: a lane that was passed over and queued again at once would keep it going.
        for subscription in passed_over:
            self._queue(subscription, self._lanes[subscription])
        return taken

    def finished(self, subscription: Id) -> None:
        """An attempt has ended, and its slot is free."""
        self._running -= 1
        lane = self._lanes.get(subscription)
        if lane is not None and lane.running:
            lane.running -= 1
            self._queue(subscription, lane)

    def throttle(self, subscription: Id, until: int) -> None:
        """Start nothing for a subscription before `until` (microseconds UTC). A longer throttle stays."""
        lane = self._lanes.setdefault(subscription, _Lane())
        lane.throttled_until = max(lane.throttled_until, until)

    def throttled_until(self, subscription: Id) -> int:
        """Until when a subscription is throttled, microseconds UTC; 0 if it never was."""
        lane = self._lanes.get(subscription)
        return 0 if lane is None else lane.throttled_until

    def evict(self, subscription: Id) -> list[DueDelivery]:
        """Remove and return what has not started for a subscription: it was disabled, deleted or throttled for long."""
        lane = self._lanes.get(subscription)
        if lane is None:
            return []
        evicted = list(lane.waiting)
        lane.waiting.clear()
        return evicted

    def forget(self, subscription: Id) -> None:
        """Remove the lane of a deleted subscription, after `evict`. Attempts under way end by themselves."""
        self._lanes.pop(subscription, None)

    def drop(self, deliveries: frozenset[Id]) -> list[DueDelivery]:
        """Remove and return those of these deliveries that have not started: their leases are lost."""
        dropped: list[DueDelivery] = []
        for lane in self._lanes.values():
            lost = [due for due in lane.waiting if due.record.id in deliveries]
            if lost:
                dropped.extend(lost)
                lane.waiting = deque(due for due in lane.waiting if due.record.id not in deliveries)
        return dropped

    def next_opening(self) -> int | None:
        """When the next throttled or rate-limited lane with something to send opens, microseconds UTC."""
        return self._openings[0][0] if self._openings else None

    def _queue(self, subscription: Id, lane: _Lane) -> None:
        """Give the lane a turn if it can start a delivery."""
        if not lane.queued and lane.waiting and lane.running < lane.concurrency:
            lane.queued = True
            self._turns.append(subscription)
