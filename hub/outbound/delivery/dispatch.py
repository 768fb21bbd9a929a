"""The dispatcher: claims due deliveries, sends them in the scheduler's order, and logs their attempts."""

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
from hub.outbound.delivery.attempt_sender import AttemptSender, public_error
from hub.outbound.delivery.backlog import MOST_LANES, Backlog, Lane
from hub.outbound.delivery.cancellation import CancellationPoints
from hub.outbound.delivery.earliest_timer import EarliestTimer
from hub.outbound.delivery.fair_scheduler import FairScheduler
from hub.outbound.delivery.health import SubscriptionHealth
from hub.outbound.delivery.outcome import outcome_of
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["DispatchOptions", "Dispatcher"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DispatchOptions:
    """How a process sends deliveries.

    Attributes:
        slots: Attempts at once.
        lease_seconds: Life of a claim without renewal. After that time another process takes over from a killed one.
        poll_seconds: How often to look for deliveries that other processes added or left.
        stop_seconds: How long `stop` waits for attempts under way.
        rng: Source of the jitter.
    """

    slots: int = 512
    lease_seconds: float = 20.0
    poll_seconds: float = 10.0
    stop_seconds: float = 10.0
    rng: random.Random = field(default_factory=random.SystemRandom)


class Dispatcher:
    """Sends what is due, from `start` to `stop`.

    Three loops run beside the attempts: one claims deliveries where there is something due and room for it, one renews
    the leases of what is held, and one looks for deliveries that other processes added. A delivery is held from its
    claim until its attempt is logged. If anything goes wrong in between, its lease is not renewed any more, ends, and
    somebody claims the delivery again: it is sent at least once, and never lost.

    Args:
        store: Deliveries are claimed and attempts logged there.
        blobs: Keep large bodies.
        sender: Makes the attempts.
        health: Told the result of each attempt.
        clock: The hub's clock.
        owner: Id of this process in leases.
        options: How deliveries are sent.
        logged: Called with each attempt after its commit.
    """

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs | None,
        sender: AttemptSender,
        health: SubscriptionHealth,
        clock: Clock,
        owner: str,
        options: DispatchOptions,
        logged: Callable[[Attempted], None],
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._sender = sender
        self._health = health
        self._clock = clock
        self._owner = owner
        self._options = options
        self._logged = logged
        self._scheduler = FairScheduler(options.slots)
        self._backlog = Backlog()
        self._held: dict[Id, DueDelivery] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._cancellation = CancellationPoints()
        self._claim_wanted = asyncio.Event()
        self._timer = EarliestTimer(clock, self._wake)
        self._claiming = False
        self._progressed = asyncio.Event()
        self._stopping = True

    @property
    def under_way(self) -> int:
        """How many deliveries this process holds."""
        return len(self._held)

    async def settled(self) -> None:
        """Return once nothing is being sent or claimed: what is left is due later, paused or throttled."""
        while self._sending or self._claiming or self._claim_wanted.is_set():
            self._progressed.clear()
            await self._progressed.wait()

    async def start(self) -> None:
        """Start sending what the store holds. Raises `StoreUnavailable`."""
        self._stopping = False
        self._backlog.merge(await self._store.outbound.backlog(self._owner, self._clock.now()))
        self._claim_wanted.set()
        self._loops = [
            asyncio.create_task(self._claim(), name="hub-outbound-claim"),
            asyncio.create_task(self._renew(), name="hub-outbound-renew"),
            asyncio.create_task(self._poll(), name="hub-outbound-poll"),
        ]

    async def stop(self) -> None:
        """Start no more attempts, let those under way end within `stop_seconds`, and release all other claims."""
        self._stopping = True
        self._timer.stop()
        await self._health.stop()
        await self._cancellation.stop(self._loops)
        self._loops.clear()
        if self._sending:
            await asyncio.wait(self._sending, timeout=self._options.stop_seconds)
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._give_back(tuple(self._held.values()), self._clock.now())

    def failing_since(self, subscription: SubscriptionRecord) -> int | None:
        """Since when every attempt for a subscription has failed, microseconds UTC; None if the last one succeeded."""
        return self._health.failing_since(subscription)

    def lease_new_delivery(self, subscription: SubscriptionRecord) -> Lease | None:
        """A lease for a delivery that is about to be committed, or None if it has to be claimed.

        With a lease it needs no claim, which saves a commit. It has to be claimed if an older delivery of the
        subscription waits in the store, since it would overtake that one, or if there is no room for it here.
        """
        now = self._clock.now()
        lane = (subscription.org, subscription.id)
        if self._stopping or self._backlog.has_due(lane, now) or not self._scheduler.accepts(subscription.id, now):
            return None
        return Lease(self._owner, self._lease_end(now))

    def accepted(self, leased: Sequence[DueDelivery], deliveries: Iterable[NewDelivery]) -> None:
        """New deliveries were committed: send those that have a lease, and claim the others."""
        for each in deliveries:
            if each.lease is None and each.record.state == "pending":
                self.note_due(each.record.org, each.record.subscription, each.record.due)
        if leased:
            self._hold(leased)
            self._start_ready()

    def note_due(self, org: Id, subscription: Id, when: int) -> None:
        """A delivery of this subscription can be claimed at `when` (microseconds UTC)."""
        # A claim before the end of a throttle would only fill the lane of a subscription that may send nothing.
        when = max(when, self._scheduler.throttled_until(subscription))
        self._backlog.add((org, subscription), when)
        if when <= self._clock.now():
            self._claim_wanted.set()
        else:
            self._timer.set(when)

    async def take_over(self, owner: str) -> None:
        """Claim at once what the process `owner` held, which is known to have ended. Raises `StoreUnavailable`."""
        now = self._clock.now()
        await self._store.outbound.expire(owner, now)
        self._backlog.merge(await self._store.outbound.backlog(self._owner, now))
        self._claim_wanted.set()

    def subscription_changed(self, org: Id, subscription: Id) -> None:
        """A subscription was changed, disabled or deleted: follow its present state."""
        current = self._store.snapshot.subscriptions.get(subscription)
        if current is not None and current.spec.enabled:
            self._scheduler.configure(subscription, current.spec.concurrency, current.spec.rate_limit)
            self.note_due(org, subscription, self._clock.now())
            return
        for each in self._scheduler.evict(subscription):
            self._held.pop(each.record.id, None)
        self._backlog.forget((org, subscription))
        self._health.forget(subscription)
        if current is None:
            self._scheduler.forget(subscription)
            self._sender.forget(subscription)

    def _lease_end(self, now: int) -> int:
        return now + int(self._options.lease_seconds * SECOND)

    def _hold(self, won: Sequence[DueDelivery]) -> None:
        """Take claimed deliveries in."""
        known = self._store.snapshot.subscriptions
        for due in won:
            self._held[due.record.id] = due
            subscription = known.get(due.record.subscription)
            if subscription is not None:
                self._scheduler.configure(subscription.id, subscription.spec.concurrency, subscription.spec.rate_limit)
        self._scheduler.add(won)

    def _wake(self) -> None:
        """The timer fired: something is due in the store, or a lane of the scheduler opens."""
        self._claim_wanted.set()
        self._start_ready()

    def _start_ready(self) -> None:
        """Start all attempts that may start now, and set the timer for when more may."""
        if self._stopping:
            return
        for due in self._scheduler.take(self._clock.now()):
            task = asyncio.create_task(self._deliver(due))
            self._sending.add(task)
            task.add_done_callback(self._sent)
        opening = self._scheduler.next_opening()
        if opening is not None:
            self._timer.set(opening)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._progressed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery_failed", exc_info=error)

    async def _deliver(self, due: DueDelivery) -> None:
        record = due.record
        lane = (record.org, record.subscription)
        subscription = self._store.snapshot.subscriptions.get(record.subscription)
        if subscription is None or not subscription.spec.enabled:
            self._slot_freed(lane)
            self._held.pop(record.id, None)
            return
        try:
            attempt = await self._attempt(subscription, due)
            now = self._clock.now()
            outcome = outcome_of(record, attempt, subscription.spec.retry, now, self._options.rng)
            if outcome.throttled_until:
                self._scheduler.throttle(record.subscription, outcome.throttled_until)
                self._backlog.defer(lane, outcome.throttled_until)
        except Exception:
            self._held.pop(record.id, None)  # its lease is not renewed any more, so that it is claimed and sent again
            raise
        finally:
            self._slot_freed(lane)
        done = Attempted(
            of=due,
            attempt=attempt,
            state=outcome.state,
            at=now,
            due=outcome.due,
            error=public_error(attempt),
            tries=record.tries + 1,
        )
        await self._log(done, lane)
        if outcome.throttled_until:
            await self._postpone(lane, outcome.throttled_until)
        await self._health.note(subscription, attempt, gone=outcome.gone)
        if outcome.gone:
            self.subscription_changed(*lane)

    def _slot_freed(self, lane: Lane) -> None:
        """An attempt has ended: start the next ones, and claim more if there is room."""
        self._scheduler.finished(lane[1])
        self._start_ready()
        now = self._clock.now()
        if self._backlog.has_due(lane, now) and self._scheduler.room(lane[1], now):
            self._claim_wanted.set()

    async def _log(self, done: Attempted, lane: Lane) -> None:
        delivery = done.of.record.id
        try:
            unblocked = await self._store.outbound.attempted(done)
        except Fenced:
            log.warning("attempt_fenced", delivery=write_id("dlv", delivery))
            return
        except StoreError as error:
            # The lease ends and the delivery is sent again: at least once, and never lost.
            log.warning("attempt_not_logged", delivery=write_id("dlv", delivery), error=str(error))
            return
        finally:
            self._held.pop(delivery, None)
        self._logged(done)
        if done.state == "pending":
            self.note_due(*lane, done.due)
        elif unblocked:
            self.note_due(*lane, done.at)

    async def _attempt(self, subscription: SubscriptionRecord, due: DueDelivery) -> Attempt:
        record = due.record
        body = record.body
        if record.body_ref is not None:
            try:
                if self._blobs is None:
                    raise NotFound("the hub has no blob store")
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
        return await self._sender.send(subscription, record, body)

    async def _postpone(self, lane: Lane, until: int) -> None:
        """Release what would wait longer for the end of a throttle than its lease lasts."""
        if until <= self._lease_end(self._clock.now()):
            return
        evicted = self._scheduler.evict(lane[1])
        if evicted:
            await self._give_back(evicted, until)
            self.note_due(*lane, until)

    async def _give_back(self, deliveries: Sequence[DueDelivery], due: int) -> None:
        try:
            await self._store.outbound.release(deliveries, due)
        except StoreError as error:
            log.warning("leases_not_released", error=str(error))
        for each in deliveries:
            self._held.pop(each.record.id, None)

    async def _claim(self) -> None:
        while True:
            with self._cancellation.point():
                await self._claim_wanted.wait()
            # Cleared before the look, so that what becomes due during it leads to another one.
            self._claim_wanted.clear()
            now = self._clock.now()
            wanted = self._backlog.next_claim(now, self._scheduler.room)
            if wanted:
                self._claiming = True
                try:
                    await self._claim_some(wanted, now)
                finally:
                    self._claiming = False
            self._progressed.set()
            if len(wanted) == MOST_LANES:
                self._claim_wanted.set()  # there may be more lanes with something due
            later = self._backlog.next_due(self._clock.now())
            if later is not None:
                self._timer.set(later)

    async def _claim_some(self, wanted: Mapping[Lane, int], now: int) -> None:
        # A lease of this process may have ended while its attempt is under way: without this list the claim would win
        # the delivery again, and it would be sent twice at once.
        mine = [due.record.sequence for due in self._held.values()]
        try:
            claim = await self._store.outbound.claim(self._owner, self._lease_end(now), now, wanted, mine)
        except StoreError as error:
            log.warning("claim_failed", error=str(error))
            self._timer.set(self._clock.now() + SECOND)
            return
        self._backlog.update(wanted, claim.later)
        self._hold(claim.deliveries)
        self._start_ready()

    async def _renew(self) -> None:
        while True:
            with self._cancellation.point():
                await self._clock.sleep_until(self._clock.now() + int(self._options.lease_seconds * SECOND / 3))
            held = tuple(self._held.values())
            try:
                still = await self._store.outbound.renew(held, self._lease_end(self._clock.now()))
            except StoreError as error:
                log.warning("leases_not_renewed", error=str(error))
                continue
            # What was lost and has not started is dropped. An attempt that has started goes on: the fence refuses its
            # log, and the receiver recognises the repeat by its webhook-id.
            lost = frozenset(due.record.id for due in held if due.record.id not in still)
            for due in self._scheduler.drop(lost) if lost else ():
                self._held.pop(due.record.id, None)

    async def _poll(self) -> None:
        while True:
            with self._cancellation.point():
                await self._clock.sleep_until(self._clock.now() + int(self._options.poll_seconds * SECOND))
            try:
                self._backlog.merge(await self._store.outbound.backlog(self._owner, self._clock.now()))
            except StoreError as error:
                log.warning("backlog_unknown", error=str(error))
            self._claim_wanted.set()
