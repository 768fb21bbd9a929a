"""Deliveries on their way: claims them, sends them in the scheduler's order, logs what came of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from hub.errors import Fenced, HubError, NotFound, StoreError
from hub.model.ids import Id, write_id
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import Attempt, Attempted, DueDelivery, NewDelivery, SubscriptionRecord
from hub.model.times import SECOND
from hub.outbound.delivery.alarm import Alarm
from hub.outbound.delivery.claims import MOST_LANES, Backlog, Lane
from hub.outbound.delivery.deliver import Courier, public_error
from hub.outbound.delivery.health import Health
from hub.outbound.delivery.resting import Resting
from hub.outbound.delivery.schedule import Scheduler
from hub.outbound.delivery.verdict import judge
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["Dispatcher", "Pace"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a process sends.

    Attributes:
        slots: Attempts at once.
        lease_seconds: How long a claim lasts unless it is renewed: how soon work of a killed process goes on.
        poll_seconds: How often to look for work that other processes left or added.
        stop_seconds: How long a stop waits for attempts under way.
        rng: Where jitter comes from.
    """

    slots: int = 512
    lease_seconds: float = 20.0
    poll_seconds: float = 10.0
    stop_seconds: float = 10.0
    rng: random.Random = field(default_factory=random.SystemRandom)


class Dispatcher:
    """Sends what is due, from `start` to `stop`.

    Args:
        store: Where deliveries are claimed and attempts logged.
        blobs: Where large bodies are.
        courier: Makes the attempts.
        health: Hears how subscriptions fare.
        clock: The hub's clock.
        owner: Id of this process in leases.
        pace: How it sends.
        logged: Told of each attempt once it is committed.
    """

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs | None,
        courier: Courier,
        health: Health,
        clock: Clock,
        owner: str,
        pace: Pace,
        logged: Callable[[Attempted], None],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._courier = courier
        self._health = health
        self._clock = clock
        self._owner = owner
        self._pace = pace
        self._logged = logged
        self._scheduler = Scheduler(pace.slots)
        self._backlog = Backlog()
        self._held: dict[Id, DueDelivery] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._resting = Resting()
        self._hungry = asyncio.Event()
        self._alarm = Alarm(clock, self._ring)
        self._claiming = False
        self._turned = asyncio.Event()
        self._stopping = True

    @property
    def under_way(self) -> int:
        """Deliveries that this process holds."""
        return len(self._held)

    async def settled(self) -> None:
        """Return once no attempt is under way and nothing is being claimed: what is left is due later, or throttled."""
        while self._sending or self._claiming or self._hungry.is_set():
            self._turned.clear()
            await self._turned.wait()

    async def start(self) -> None:
        """Go on with what the store has. Raises `StoreUnavailable`."""
        self._stopping = False
        self._backlog.merge(await self._store.outbound.backlog(self._owner, self._clock.now()))
        self._hungry.set()
        self._loops = [
            asyncio.create_task(self._claim(), name="hub-outbound-claim"),
            asyncio.create_task(self._renew(), name="hub-outbound-renew"),
            asyncio.create_task(self._poll(), name="hub-outbound-poll"),
        ]

    async def stop(self) -> None:
        """Start nothing more, let attempts under way end within the grace, give the rest back to the store."""
        self._stopping = True
        self._alarm.stop()
        await self._resting.stop(self._loops)
        self._loops.clear()
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._pace.stop_seconds)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._give_back(tuple(self._held.values()), self._clock.now())

    def failing_since(self, subscription: SubscriptionRecord) -> int | None:
        """Since when every attempt of a subscription has failed, microseconds UTC; None while it is well."""
        return self._health.failing_since(subscription)

    def birth(self, subscription: SubscriptionRecord) -> Lease | None:
        """A lease for a delivery about to be accepted, if it may be sent before everything that waits in the store."""
        now = self._clock.now()
        lane = (subscription.org, subscription.id)
        if self._stopping or self._backlog.behind(lane, now) or not self._scheduler.accepts(subscription.id, now):
            return None
        return Lease(self._owner, self._until(now))

    def accepted(self, leased: Sequence[DueDelivery], deliveries: Iterable[NewDelivery]) -> None:
        """Deliveries were committed: send those that were born claimed, claim the others."""
        for each in deliveries:
            if each.lease is None and each.record.state == "pending":
                self.due(each.record.org, each.record.subscription, each.record.due)
        if leased:
            self._take_in(leased)
            self._pump()

    def due(self, org: Id, subscription: Id, when: int) -> None:
        """Something of a subscription may be claimed at `when` (microseconds UTC)."""
        when = max(when, self._scheduler.quiet_until(subscription))
        self._backlog.note((org, subscription), when)
        if when <= self._clock.now():
            self._hungry.set()
        else:
            self._alarm.set(when)

    async def gone(self, owner: str) -> None:
        """The process `owner` is known to be gone: what it held goes on now. Raises `StoreUnavailable`."""
        now = self._clock.now()
        await self._store.outbound.expire(owner, now)
        self._backlog.merge(await self._store.outbound.backlog(self._owner, now))
        self._hungry.set()

    def changed(self, org: Id, subscription: Id) -> None:
        """A subscription was changed, disabled or deleted: go by what it is now."""
        current = self._store.snapshot.subscriptions.get(subscription)
        if current is not None and current.spec.enabled:
            self._scheduler.configure(subscription, current.spec.concurrency, current.spec.rate_limit)
            self.due(org, subscription, self._clock.now())
            return
        for each in self._scheduler.evict(subscription):
            self._held.pop(each.record.id, None)
        self._backlog.forget((org, subscription))
        self._health.forget(subscription)
        if current is None:
            self._scheduler.forget(subscription)
            self._courier.forget(subscription)

    def _until(self, now: int) -> int:
        return now + int(self._pace.lease_seconds * SECOND)

    def _take_in(self, won: Sequence[DueDelivery]) -> None:
        known = self._store.snapshot.subscriptions
        for due in won:
            self._held[due.record.id] = due
            subscription = known.get(due.record.subscription)
            if subscription is not None:
                self._scheduler.configure(subscription.id, subscription.spec.concurrency, subscription.spec.rate_limit)
        self._scheduler.offer(won)

    def _ring(self) -> None:
        self._hungry.set()
        self._pump()

    def _pump(self) -> None:
        """Start all that may start now, and see to it that this is called again when more may."""
        if self._stopping:
            return
        for due in self._scheduler.take(self._clock.now()):
            task = asyncio.create_task(self._deliver(due))
            self._sending.add(task)
            task.add_done_callback(self._sent)
        opening = self._scheduler.next_opening()
        if opening is not None:
            self._alarm.set(opening)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._turned.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery_failed", exc_info=error)

    async def _deliver(self, due: DueDelivery) -> None:
        record = due.record
        lane = (record.org, record.subscription)
        subscription = self._store.snapshot.subscriptions.get(record.subscription)
        if subscription is None or not subscription.spec.enabled:
            self._free(lane)
            self._held.pop(record.id, None)
            return
        try:
            attempt = await self._attempt(subscription, due)
            now = self._clock.now()
            verdict = judge(record, attempt, subscription.spec.retry, now, self._pace.rng)
            if verdict.slow_until:
                self._scheduler.slow(record.subscription, verdict.slow_until)
                self._backlog.defer(lane, verdict.slow_until)
        except Exception:
            self._held.pop(record.id, None)  # its lease is not renewed: it runs out, and the delivery is sent again
            raise
        finally:
            self._free(lane)
        done = Attempted(
            of=due,
            attempt=attempt,
            state=verdict.state,
            at=now,
            due=verdict.due,
            error=public_error(attempt),
            tries=record.tries + 1,
        )
        await self._log(done, lane)
        if verdict.slow_until:
            await self._set_aside(lane, verdict.slow_until)
        await self._health.note(subscription, attempt, gone=verdict.gone)
        if verdict.gone:
            self.changed(*lane)

    def _free(self, lane: Lane) -> None:
        """The slot of an attempt is free: go on, and claim more where there is room."""
        self._scheduler.finished(lane[1])
        self._pump()
        now = self._clock.now()
        if self._backlog.behind(lane, now) and self._scheduler.room(lane[1], now):
            self._hungry.set()

    async def _log(self, done: Attempted, lane: Lane) -> None:
        delivery = done.of.record.id
        try:
            unblocked = await self._store.outbound.attempted(done)
        except Fenced:
            log.warning("attempt_fenced", delivery=write_id("dlv", delivery))
            return
        except StoreError as error:
            # The lease runs out and the delivery is sent again: at least once, never not at all.
            log.warning("attempt_not_logged", delivery=write_id("dlv", delivery), error=str(error))
            return
        finally:
            self._held.pop(delivery, None)
        self._logged(done)
        if done.state == "pending":
            self.due(*lane, done.due)
        elif unblocked:
            self.due(*lane, done.at)

    async def _attempt(self, subscription: SubscriptionRecord, due: DueDelivery) -> Attempt:
        record = due.record
        body = record.body
        if record.body_ref is not None:
            try:
                if self._blobs is None:
                    raise NotFound("there is no blob store")
                body = await self._blobs.get(record.org, record.body_ref)
            except HubError as error:
                return Attempt(
                    number=record.attempts + 1,
                    at=self._clock.now(),
                    address=None,
                    status=None,
                    duration_ms=0,
                    request_headers=(),
                    error=f"not sent: the body cannot be read: {error}",
                )
        return await self._courier.attempt(subscription, record, body)

    async def _set_aside(self, lane: Lane, until: int) -> None:
        """What would wait longer for the end of a throttle than its lease lasts goes back to the store."""
        if until <= self._until(self._clock.now()):
            return
        evicted = self._scheduler.evict(lane[1])
        if evicted:
            await self._give_back(evicted, until)
            self.due(*lane, until)

    async def _give_back(self, deliveries: Sequence[DueDelivery], due: int) -> None:
        try:
            await self._store.outbound.release(deliveries, due)
        except StoreError as error:
            log.warning("leases_not_released", error=str(error))
        for each in deliveries:
            self._held.pop(each.record.id, None)

    async def _claim(self) -> None:
        while True:
            with self._resting.rest():
                await self._hungry.wait()
            self._hungry.clear()
            now = self._clock.now()
            wanted = self._backlog.wanted(now, self._scheduler.room)
            if wanted:
                self._claiming = True
                try:
                    await self._claim_some(wanted, now)
                finally:
                    self._claiming = False
            self._turned.set()
            if len(wanted) == MOST_LANES:
                self._hungry.set()
            later = self._backlog.next(self._clock.now())
            if later is not None:
                self._alarm.set(later)

    async def _claim_some(self, wanted: Mapping[Lane, int], now: int) -> None:
        mine = [due.record.sequence for due in self._held.values()]
        try:
            claim = await self._store.outbound.claim(self._owner, self._until(now), now, wanted, mine)
        except StoreError as error:
            log.warning("claim_failed", error=str(error))
            self._alarm.set(self._clock.now() + SECOND)
            return
        self._backlog.settle(wanted, claim.later)
        self._take_in(claim.deliveries)
        self._pump()

    async def _renew(self) -> None:
        while True:
            with self._resting.rest():
                await self._clock.sleep_until(self._clock.now() + int(self._pace.lease_seconds * SECOND / 3))
            held = tuple(self._held.values())
            try:
                still = await self._store.outbound.renew(held, self._until(self._clock.now()))
            except StoreError as error:
                log.warning("leases_not_renewed", error=str(error))
                continue
            lost = frozenset(due.record.id for due in held if due.record.id not in still)
            for due in self._scheduler.drop(lost) if lost else ():
                self._held.pop(due.record.id, None)

    async def _poll(self) -> None:
        while True:
            with self._resting.rest():
                await self._clock.sleep_until(self._clock.now() + int(self._pace.poll_seconds * SECOND))
            try:
                self._backlog.merge(await self._store.outbound.backlog(self._owner, self._clock.now()))
            except StoreError as error:
                log.warning("backlog_unknown", error=str(error))
            self._hungry.set()
