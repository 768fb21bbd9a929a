"""From what somebody publishes to a committed message with its deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.errors import Drop, Invalid, PluginError, Problem
from hub.model.ids import Id, new_id, write_id
from hub.model.json import dumps
from hub.model.stored.execution import Lease
from hub.model.stored.outbound import DeliveryRecord, MessageRecord, NewDelivery, Published, SubscriptionRecord
from hub.model.times import from_micros
from hub.model.wire.message import Message
from hub.outbound.publish.catalog import OutboundCatalog
from hub.outbound.publish.freeze import Templates, freeze
from hub.outbound.publish.matching import subscribers
from hub.outbound.publish.operational import RESERVED
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["LARGEST_MESSAGE", "Publication", "Publisher"]

LARGEST_MESSAGE = 1 << 20
"""Bytes of JSON that the data of a message may have."""
_LONGEST_NAME = 200
_LONGEST_KEY = 255
_HOOK_SECONDS = 10.0

Birth = Callable[[SubscriptionRecord], Lease | None]
"""Whether a delivery to a subscription may be born claimed, so that it is sent without being looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What somebody wants published.

    Attributes:
        origin: Who: `api`, `execution`, `plugin`, `hub` (operational events) or `test`.
    """

    org: Id
    type: str
    data: Any
    client: str | None = None
    ordering_key: str | None = None
    idempotency_key: str | None = None
    origin: str = "api"


class Publisher:
    """Publishes.

    Args:
        store: Where messages and deliveries are committed.
        plugins: Whose `hub_message` runs once per message.
        catalog: What catalogued types must fit.
        templates: The template language of bodies.
        clock: The hub's clock.
    """

    def __init__(
        self, store: Store, plugins: Plugins, catalog: OutboundCatalog, templates: Templates, clock: Clock
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._catalog = catalog
        self._templates = templates
        self._clock = clock

    async def publish(
        self, publication: Publication, birth: Birth
    ) -> tuple[Published, MessageRecord, Sequence[NewDelivery]]:
        """Check, match, freeze and commit; what is returned is on the disk.

        Returns:
            The outcome, the message as it was committed, and the deliveries that were committed with it (none for a
            repeated idempotency key, whose message was not).

        Raises:
            Invalid: The data does not fit its catalogued schema, or a field is malformed; each problem names it.
            StoreUnavailable: The commit failed; nothing was kept.
        """
        await self._check(publication)
        message = _message(publication, self._clock.now())
        if self._plugins.has_message_hooks:
            first = await self._first(publication)
            if first is not None:
                return first, message, ()
            message = await self.fold(message)
        fresh = self.deliveries(message, self.matching(message), birth) if message.state == "accepted" else ()
        published = await self._store.outbound.publish(message, fresh)
        return published, message, () if published.duplicate else fresh

    def matching(self, message: MessageRecord) -> list[SubscriptionRecord]:
        """Subscriptions that want a message, disabled ones included."""
        return subscribers(self._store.snapshot, message.org, message.type, message.client)

    def deliveries(
        self, message: MessageRecord, subscriptions: Sequence[SubscriptionRecord], birth: Birth
    ) -> tuple[NewDelivery, ...]:
        """The deliveries of a message to some subscriptions, their bodies frozen."""
        frozen = freeze(message, subscriptions, self._templates)
        return tuple(
            self._delivery(message, each, frozen.bodies.get(each.id), frozen.failures.get(each.id, ""), birth)
            for each in subscriptions
        )

    async def fold(self, message: MessageRecord) -> MessageRecord:
        """Let plugins change a message, once; dropped and held are states of the message that comes back."""
        given = _as_plugins_see(message)
        try:
            folded = await self._plugins.message(given, RequestClock(_HOOK_SECONDS))
            if folded is given:
                return message
            changed = replace(
                message,
                type=folded.type,
                data=folded.data,
                client=folded.client,
                ordering_key=folded.ordering_key,
            )
            found = await self._problems(changed)
        except Drop as drop:
            return replace(message, state="dropped", reason=drop.reason)
        except PluginError as error:
            return replace(message, state="held", reason=str(error))
        if found:
            where = found[0]
            return replace(
                message, state="held", reason=f"a plugin's hub_message spoilt {where.pointer}: {where.message}"
            )
        return changed

    async def _check(self, publication: Publication) -> None:
        if publication.type.startswith(RESERVED) and publication.origin not in ("hub", "test"):
            found = [Problem("/type", f"names that begin with {RESERVED!r} are the hub's own")]
        else:
            found = list(await self._problems(publication))
        key = publication.idempotency_key
        if key is not None and not 1 <= len(key) <= _LONGEST_KEY:
            found.append(Problem("/idempotency_key", f"must have 1 to {_LONGEST_KEY} characters"))
        if found:
            raise Invalid("the message cannot be published", tuple(found))

    async def _problems(self, message: Publication | MessageRecord) -> tuple[Problem, ...]:
        found: list[Problem] = []
        if not _is_name(message.type):
            found.append(Problem("/type", f"must have 1 to {_LONGEST_NAME} printable characters"))
        for field, value in (("client", message.client), ("ordering_key", message.ordering_key)):
            if value is not None and not _is_name(value):
                found.append(Problem(f"/{field}", f"must have 1 to {_LONGEST_NAME} printable characters"))
        try:
            size = len(dumps(message.data))
        except ValueError:
            found.append(Problem("/data", "is no JSON value"))
        else:
            if size > LARGEST_MESSAGE:
                found.append(Problem("/data", f"has {size} bytes as JSON, more than {LARGEST_MESSAGE}"))
        if not found:
            misfits = await self._catalog.problems(message.org, message.type, message.data)
            found.extend(Problem(f"/data{problem.pointer}", problem.message) for problem in misfits)
        return tuple(found)

    async def _first(self, publication: Publication) -> Published | None:
        """The message that had the idempotency key before: no plugin is to see one message twice."""
        key = publication.idempotency_key
        return None if key is None else await self._store.outbound.published(publication.org, key)

    def _delivery(
        self, message: MessageRecord, subscription: SubscriptionRecord, body: bytes | None, failure: str, birth: Birth
    ) -> NewDelivery:
        skipped = not subscription.spec.enabled
        record = DeliveryRecord(
            org=message.org,
            id=new_id(),
            message=message.id,
            subscription=subscription.id,
            type=message.type,
            state="dead" if body is None else "skipped" if skipped else "pending",
            body=body or b"",
            created=message.created,
            ordering_key=message.ordering_key,
            due=message.created,
            error=failure or ("the subscription was disabled" if skipped else ""),
        )
        claimable = record.state == "pending" and record.ordering_key is None
        return NewDelivery(record, birth(subscription) if claimable else None)


def _message(publication: Publication, now: int) -> MessageRecord:
    return MessageRecord(
        org=publication.org,
        id=new_id(),
        type=publication.type,
        data=publication.data,
        created=now,
        client=publication.client,
        ordering_key=publication.ordering_key,
        idempotency_key=publication.idempotency_key,
        origin=publication.origin,
    )


def _as_plugins_see(message: MessageRecord) -> Message:
    return Message(
        id=write_id("msg", message.id),
        type=message.type,
        data=message.data,
        created=from_micros(message.created),
        client=message.client,
        ordering_key=message.ordering_key,
    )


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= _LONGEST_NAME and text.isprintable()
