"""Sending a subscription again what it missed in a span of time: up to a hundred deliveries per step, oldest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from hub.errors import NotFound
from hub.jobs.kind import JobKind, JobOrder, JobStep, JobWait, closed_span
from hub.model.ids import Id, read_id, write_id
from hub.model.stored.jobs import Job
from hub.model.stored.outbound import Resent
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
    its progress is that of the deliveries: it counts those that arrived and those that failed for good. What has been
    tried and waits for a retry when the job ends is neither, so that `total` is more than both.

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
        batch = _Batch.read(job.cursor)
        left = await self._store.outbound.count_recoverable(job.org, subscription, since, until, cursor=batch.end)
        return left + batch.size

    async def work(self, job: Job) -> AsyncGenerator[JobStep | JobWait, None]:
        """See `JobKind`."""
        outbound, batch = self._store.outbound, _Batch.read(job.cursor)
        while True:
            subscription, since, until = self._span(job)
            if batch.size:
                found = await outbound.resent(job.org, subscription, batch.begin, batch.end, job.created)
                if found.untried:
                    yield JobWait(self._clock.now() + _WAIT)
                    continue
                size, batch = batch.size, _Batch(batch.end, batch.end)
                yield _outcome(str(batch), found, size)
            while await outbound.pending(job.org, subscription, _MOST_PENDING) >= _MOST_PENDING:
                yield JobWait(self._clock.now() + _WAIT)
            missed, cursor = await outbound.recoverable(
                job.org, subscription, since, until, limit=_STEP, cursor=batch.end
            )
            if not missed:
                return
            sent = await outbound.requeue(job.org, missed, self._clock.now())
            self._wake(job.org, subscription)
            batch = _Batch(batch.end, cursor, len(sent))
            yield _step(str(batch), missed, sent)

    def _span(self, job: Job) -> tuple[Id, int, int]:
        """The subscription, which may have been deleted since the job began, and the span."""
        subscription = read_id("sub", job.params["subscription"])
        if subscription is None or subscription not in self._store.snapshot.subscriptions:
            raise NotFound("the subscription was deleted")
        return subscription, job.params["since"], job.params["until"]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Deliveries that were made pending and whose outcome is not counted yet, as the cursor of the job names them.

    Attributes:
        begin: The cursor behind which they begin.
        end: The cursor at the last of them, where the job goes on.
        size: How many there are.
    """

    begin: str
    end: str
    size: int = 0

    @classmethod
    def read(cls, cursor: str) -> _Batch:
        begin, _, rest = cursor.partition(">")
        end, _, size = rest.partition(">")
        return cls(begin, end, int(size)) if rest else cls(begin, begin)

    def __str__(self) -> str:
        return f"{self.begin}>{self.end}>{self.size}" if self.size else self.end


def _step(cursor: str, missed: tuple[Id, ...], sent: frozenset[Id]) -> JobStep:
    """What could not be made pending has failed; the outcome of the others is counted later."""
    left = [delivery for delivery in missed if delivery not in sent]
    error = f"{write_id('dlv', left[-1])} was not sent again: it has no body, or is on its way already" if left else ""
    return JobStep(cursor, failed=len(left), error=error)


def _outcome(cursor: str, found: Resent, size: int) -> JobStep:
    """The outcome of a batch. What a crash left between two of its cursors is counted already."""
    dead = min(found.dead, size)
    error = f"the last delivery that failed: {found.error}" if dead else ""
    return JobStep(cursor, done=min(found.delivered, size - dead), failed=dead, error=error)
