"""The health of subscriptions: one that fails for long is announced, one that fails for longer is disabled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from hub.errors import HubError, NotFound, StoreError
from hub.model.ids import Id, write_id
from hub.model.stored.outbound import Attempt, SubscriptionRecord
from hub.model.times import SECOND
from hub.outbound.delivery.attempt_sender import public_error
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
    warn_after: float = 24 * 3_600.0
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
        self._busy: set[Id] = set()

    def failing_since(self, subscription: SubscriptionRecord) -> int | None:
        """Since when every attempt has failed, microseconds UTC; None while the last one succeeded."""
        return self._since.get(subscription.id, subscription.failing_since)

    def forget(self, subscription: Id) -> None:
        """The subscription was deleted, disabled or enabled."""
        self._since.pop(subscription, None)

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
            change = self._due_change(current, since, gone=gone)
        else:
            self._since.pop(current.id, None)
            since = 0
            change = "well" if current.failing_since is not None or current.warned else ""
        if not change or current.id in self._busy:
            return
        self._busy.add(current.id)
        try:
            await self._act(change, current, since, public_error(attempt))
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
                self._since.pop(current.id, None)
                await self._announce(DISABLED, current, since, reason)
