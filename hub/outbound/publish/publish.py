"""Publishing: from what somebody hands in to a committed message with its deliveries."""

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
from hub.outbound.publish.bodies import BodyTemplates, freeze_bodies
from hub.outbound.publish.catalog import EventCatalog
from hub.outbound.publish.matching import subscribers
from hub.outbound.publish.operational import RESERVED
from hub.plugins.clock import RequestClock
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["LARGEST_MESSAGE", "Publication", "Publisher"]

LARGEST_MESSAGE = 1 << 20
"""Bytes that the data of a message may have as JSON."""
_LONGEST_NAME = 200
_LONGEST_KEY = 255
_HOOK_SECONDS = 10.0

LeaseNew = Callable[[SubscriptionRecord], Lease | None]
"""Gives a lease for a new delivery to a subscription, so that it need not be claimed; None if it must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A message that somebody hands in.

    Attributes:
        idempotency_digest: Of the data, where the same key with other data is a mistake of the caller.
        origin: Who does: `api`, `execution`, `plugin`, `hub` (operational events) or `test`.
    """

    org: Id
    type: str
    data: Any
    client: str | None = None
    ordering_key: str | None = None
    idempotency_key: str | None = None
    idempotency_digest: str | None = None
    origin: str = "api"


class Publisher:
    """Publishes messages.

    Args:
        store: Keeps messages and deliveries.
        plugins: Their `hub_message` hooks run once per message.
        catalog: Has the schemas that data must match.
        templates: Compiles body templates.
        clock: The hub's clock.
    """

    def __init__(
        self, store: Store, plugins: Plugins, catalog: EventCatalog, templates: BodyTemplates, clock: Clock
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._catalog = catalog
        self._templates = templates
        self._clock = clock

    async def publish(
        self, publication: Publication, lease_new: LeaseNew
    ) -> tuple[Published, MessageRecord, Sequence[NewDelivery]]:
        """Check a message, find its subscriptions, render the bodies and commit.

        Returns:
            The result, the message, and the deliveries that were committed with it. For a repeated idempotency key
            nothing is committed, and there are no deliveries.

        Raises:
            Invalid: The data does not match its schema in the catalog, or a field is malformed; each problem names it.
                The idempotency key was used with other data.
            StoreUnavailable: The commit failed; nothing was kept.
        """
        await self._check(publication)
        message = _message(publication, self._clock.now())
        if self._plugins.has_message_hooks:
            first = await self._already_published(publication)
            if first is not None:
                _require_same(publication, first)
                return first, message, ()
            message = await self.run_hooks(message)
        fresh = self.deliveries(message, self.matching(message), lease_new) if message.state == "accepted" else ()
        published = await self._store.outbound.publish(message, fresh)
        _require_same(publication, published)
        return published, message, () if published.duplicate else fresh

    def matching(self, message: MessageRecord) -> list[SubscriptionRecord]:
        """The subscriptions that match a message, including disabled ones."""
        return subscribers(self._store.snapshot, message.org, message.type, message.client)

    def deliveries(
        self, message: MessageRecord, subscriptions: Sequence[SubscriptionRecord], lease_new: LeaseNew
    ) -> tuple[NewDelivery, ...]:
        """The deliveries of a message to these subscriptions, with their bodies."""
        frozen = freeze_bodies(message, subscriptions, self._templates)
        return tuple(
            self._delivery(message, each, frozen.bodies.get(each.id), frozen.failures.get(each.id, ""), lease_new)
            for each in subscriptions
        )

    async def run_hooks(self, message: MessageRecord) -> MessageRecord:
        """Let plugins change, drop or hold a message; the state of the message that is returned says which."""
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
                message, state="held", reason=f"a plugin's hub_message made {where.pointer} invalid: {where.message}"
            )
        return changed

    async def _check(self, publication: Publication) -> None:
        if publication.type.startswith(RESERVED) and publication.origin not in ("hub", "test"):
            found = [Problem("/type", f"names that begin with {RESERVED!r} are reserved for the hub")]
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
            found.append(Problem("/data", "is not a JSON value"))
        else:
            if size > LARGEST_MESSAGE:
                found.append(Problem("/data", f"has {size} bytes as JSON, more than {LARGEST_MESSAGE}"))
        if not found:
            misfits = await self._catalog.problems(message.org, message.type, message.data)
            found.extend(Problem(f"/data{problem.pointer}", problem.message) for problem in misfits)
        return tuple(found)

    async def _already_published(self, publication: Publication) -> Published | None:
        """The earlier message with this idempotency key. Looked up first, since hooks must not see a message twice."""
        key = publication.idempotency_key
        return None if key is None else await self._store.outbound.published(publication.org, key)

    def _delivery(
        self,
        message: MessageRecord,
        subscription: SubscriptionRecord,
        body: bytes | None,
        failure: str,
        lease_new: LeaseNew,
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
        # With an ordering key it has to wait for older ones of its key, in commit order, which only a claim can tell.
        may_lease = record.state == "pending" and record.ordering_key is None
        return NewDelivery(record, lease_new(subscription) if may_lease else None)


def _require_same(publication: Publication, published: Published) -> None:
    """Raise `Invalid` for an idempotency key that was used with other data, where that is a mistake."""
    digest = publication.idempotency_digest
    if published.duplicate and digest is not None and digest != published.digest:
        detail = "this Idempotency-Key was sent before with other data: send the same data, or a new key"
        raise Invalid(detail, (Problem("/idempotency_key", "was used with other data"),))


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
        idempotency_digest=publication.idempotency_digest,
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
