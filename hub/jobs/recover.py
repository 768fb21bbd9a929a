"""Sending a subscription again what it missed in a span of time: up to a hundred deliveries per step, oldest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from hub.errors import NotFound
from hub.jobs.kind import JobKind, JobOrder, JobStep, JobWait, closed_span
from hub.model.ids import Id, read_id, write_id
from hub.model.stored.jobs import Job
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["RecoverSubscription", "recover_order"]

_STEP = 100
_MOST_PENDING = 200
_WAIT = 250_000


def recover_order(subscription: Id, *, since: int, until: int | None, now: int, dry_run: bool = False) -> JobOrder:
    """An order to send a subscription again what it missed.

    Args:
        subscription: Its id.
        since: Of messages accepted from then on, microseconds UTC.
        until: Of messages accepted before then; now, if left out.
        now: Microseconds UTC.
        dry_run: Count only.

    Raises:
        Invalid: The span is empty.
    """
    since, until = closed_span(since, until, now)
    params = {"subscription": write_id("sub", subscription), "since": since, "until": until, "dry_run": dry_run}
    return JobOrder(RecoverSubscription.name, params)


class RecoverSubscription(JobKind):
    """Counts the dead and skipped deliveries, then makes them pending again.

    A job keeps few deliveries in the queue at a time. Messages that are published meanwhile do not wait behind it, and
    its progress is about that of the deliveries.

    Args:
        store: Stores the deliveries.
        wake: Called with the org and the subscription that have something to send.
        clock: The hub's clock.
    """

    name = "recover"

    def __init__(self, store: Store, wake: Callable[[Id, Id], None], clock: Clock) -> None:
        self._store = store
        self._wake = wake
        self._clock = clock

    async def count(self, job: Job) -> int:
        """See `JobKind`."""
        subscription, since, until = self._span(job)
        return await self._store.outbound.count_recoverable(job.org, subscription, since, until, cursor=job.cursor)

    async def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """See `JobKind`."""
        outbound, cursor = self._store.outbound, job.cursor
        while True:
            subscription, since, until = self._span(job)
            while await outbound.pending(job.org, subscription, _MOST_PENDING) >= _MOST_PENDING:
                yield JobWait(self._clock.now() + _WAIT)
            missed, cursor = await outbound.recoverable(job.org, subscription, since, until, limit=_STEP, cursor=cursor)
            if not missed:
                return
            sent = await outbound.requeue(job.org, missed, self._clock.now())
            self._wake(job.org, subscription)
            yield _step(cursor, missed, sent)

    def _span(self, job: Job) -> tuple[Id, int, int]:
        """The subscription, which may have been deleted since the job began, and the span."""
        subscription = read_id("sub", job.params["subscription"])
        if subscription is None or subscription not in self._store.snapshot.subscriptions:
            raise NotFound("the subscription was deleted")
        return subscription, job.params["since"], job.params["until"]


def _step(cursor: str, missed: tuple[Id, ...], sent: frozenset[Id]) -> JobStep:
    left = [delivery for delivery in missed if delivery not in sent]
    error = f"{write_id('dlv', left[-1])} was not sent again: it has no body, or is on its way already" if left else ""
    return JobStep(cursor, done=len(sent), failed=len(left), error=error)
