"""The health of subscriptions: one that fails for long is announced, one that fails for longer is disabled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from hub.errors import HubError, NotFound, StoreError
from hub.model.ids import Id, write_id
from hub.model.stored.outbound import Attempt, SubscriptionRecord
from hub.model.times import SECOND
from hub.outbound.delivery.attempt_sender import public_error
from hub.outbound.delivery.earliest_timer import EarliestTimer
from hub.outbound.publish.operational import DISABLED, FAILING
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["Announce", "HealthThresholds", "SubscriptionHealth"]

log = structlog.get_logger(__name__)

Announce = Callable[[str, SubscriptionRecord, int | None, str], Awaitable[None]]
"""Publishes an operational message: its type, the subscription, since when that fails, and why."""


@dataclass(frozen=True, slots=True)
class HealthThresholds:
    """What happens to a subscription for which every attempt has failed for so many seconds.

    Attributes:
        note_after: The start of the failure is stored, so that it survives a restart.
        warn_after: `hub.subscription.failing` is published.
        disable_after: The subscription is disabled and `hub.subscription.disabled` is published.
    """

    note_after: float = 60.0
    warn_after: float = 15 * 60.0
    disable_after: float = 5 * 24 * 3_600.0


class SubscriptionHealth:
    """Watches the result of every attempt and acts on long failures. While attempts succeed it writes nothing.

    Args:
        store: Keeps since when a subscription fails.
        clock: The hub's clock.
        announce: Publishes operational messages.
        thresholds: When to act.
    """

    def __init__(self, store: Store, clock: Clock, announce: Announce, thresholds: HealthThresholds) -> None:
        self._store = store
        self._clock = clock
        self._announce = announce
        self._thresholds = thresholds
        self._since: dict[Id, int] = {}
        self._errors: dict[Id, str] = {}
        self._busy: set[Id] = set()
        self._timer = EarliestTimer(clock, self._announce_due)
        self._announcing: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Announce nothing more by the clock."""
        self._timer.stop()
        if self._announcing is not None:
            self._announcing.cancel()
            await asyncio.gather(self._announcing, return_exceptions=True)

    def failing_since(self, subscription: SubscriptionRecord) -> int | None:
        """Since when every attempt has failed, microseconds UTC; None while the last one succeeded."""
        return self._since.get(subscription.id, subscription.failing_since)

    def forget(self, subscription: Id) -> None:
        """The subscription was deleted, disabled or enabled."""
        self._since.pop(subscription, None)
        self._errors.pop(subscription, None)

    async def note(self, subscription: SubscriptionRecord, attempt: Attempt, *, gone: bool) -> None:
        """Record the result of an attempt.

        Args:
            subscription: As it was when the attempt began.
            attempt: The attempt.
            gone: The receiver answered 410, so the subscription is disabled at once.
        """
        current = self._store.snapshot.subscriptions.get(subscription.id)
        if current is None or not current.spec.enabled:
            return
        if attempt.error:
            since = self._since.setdefault(current.id, current.failing_since or attempt.at)
            self._errors[current.id] = public_error(attempt)
            if not current.warned:
                # The next attempt may be hours away: the clock announces the failure in time.
                self._timer.set(self._warning_at(since))
            change = self._due_change(current, since, gone=gone)
        else:
            self.forget(current.id)
            since = 0
            change = "well" if current.failing_since is not None or current.warned else ""
        if change:
            await self._apply(change, current, since, public_error(attempt))

    def _warning_at(self, since: int) -> int:
        return since + int(self._thresholds.warn_after * SECOND)

    def _announce_due(self) -> None:
        """The timer fired: a failure may have lasted long enough to be announced."""
        if self._announcing is None or self._announcing.done():
            self._announcing = asyncio.create_task(self._warn_of_long_failures())
        else:
            self._timer.set(self._clock.now() + SECOND)

    async def _warn_of_long_failures(self) -> None:
        for subscription, since in tuple(self._since.items()):
            current = self._store.snapshot.subscriptions.get(subscription)
            if current is None or not current.spec.enabled or current.warned:
                continue
            if self._warning_at(since) > self._clock.now():
                self._timer.set(self._warning_at(since))
            elif self._since.get(subscription) == since:
                await self._apply("warn", current, since, self._errors.get(subscription, ""))

    async def _apply(self, change: str, current: SubscriptionRecord, since: int, reason: str) -> None:
        """Make a change, unless another one of the same subscription is being made."""
        if current.id in self._busy:
            return
        self._busy.add(current.id)
        try:
            await self._act(change, current, since, reason)
        except NotFound:
            self.forget(current.id)
        except (HubError, StoreError) as error:
            log.warning("health_not_noted", subscription=write_id("sub", current.id), error=str(error))
        finally:
            self._busy.discard(current.id)

    def _due_change(self, current: SubscriptionRecord, since: int, *, gone: bool) -> str:
        seconds = (self._clock.now() - since) / SECOND
        if gone:
            change = "gone"
        elif seconds >= self._thresholds.disable_after:
            change = "disable"
        elif seconds >= self._thresholds.warn_after and not current.warned:
            change = "warn"
        elif seconds >= self._thresholds.note_after and current.failing_since is None:
            change = "note"
        else:
            change = ""
        return change

    async def _act(self, change: str, current: SubscriptionRecord, since: int, error: str) -> None:
        mark = self._store.outbound.mark
        match change:
            case "well":
                await mark(current.org, current.id, failing_since=None)
            case "note":
                await mark(current.org, current.id, failing_since=since, warned=current.warned)
            case "warn":
                await mark(current.org, current.id, failing_since=since, warned=True)
                await self._announce(FAILING, current, since, error)
            case _:
                reason = (
                    error if change == "gone" else f"all attempts have failed for a long time; the last one: {error}"
                )
                await mark(current.org, current.id, failing_since=since, warned=True, disabled_reason=reason)
                self.forget(current.id)
                await self._announce(DISABLED, current, since, reason)
