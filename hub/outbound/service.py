"""The outbound half of the hub, as the other parts use it."""

from __future__ import annotations

from typing import Any

import hub
from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.errors import Invalid, Problem
from hub.model.ids import Id
from hub.model.stored.outbound import Attempted, Published, SubscriptionRecord
from hub.model.stored.source import SourceRecord
from hub.model.wire.event import Event
from hub.outbound.delivery.attempt_sender import AttemptSender
from hub.outbound.delivery.dispatch import Dispatcher, DispatchOptions
from hub.outbound.delivery.health import HealthThresholds, SubscriptionHealth
from hub.outbound.delivery.observer_records import attempt_records, message_record
from hub.outbound.delivery.resend import Resender, SentTest
from hub.outbound.publish.bodies import BodyTemplates, CompileTemplate
from hub.outbound.publish.catalog import EventCatalog
from hub.outbound.publish.operational import subscription_data
from hub.outbound.publish.plugin_handle import PluginHandle
from hub.outbound.publish.publish import Publication, Publisher
from hub.outbound.registry.registry import SubscriptionRegistry
from hub.plugins.host import Plugins
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["Outbound"]


def _no_templates(template: Any) -> Any:
    del template
    raise Invalid("body templates are not available", (Problem("/template", "this hub has no template language"),))


class Outbound:
    """Subscriptions, messages and their deliveries.

    Args:
        store: Keeps subscriptions, messages and deliveries.
        plugins: Provide signing schemes, event types and `hub_message`.
        egress: Makes the HTTP calls.
        guard: Checks URLs when they are saved.
        clock: The hub's clock.
        owner: Id of this process in leases.
        blobs: Keep large bodies.
        compile_template: Compiles body templates; without it they are refused.
        public_url: Base URL of the hub, for plugins.
        options: How deliveries are sent.
        health: When a failing subscription is announced and disabled.

    Attributes:
        catalog: Event types that can be published.
        registry: Subscriptions.
        handle: The running hub as plugins see it.
    """

    def __init__(  # noqa: PLR0913 - its parts, and settings with defaults
        self,
        *,
        store: Store,
        plugins: Plugins,
        egress: Egress,
        guard: Guard,
        clock: Clock,
        owner: str,
        blobs: Blobs | None = None,
        compile_template: CompileTemplate = _no_templates,
        public_url: str = "",
        options: DispatchOptions | None = None,
        health: HealthThresholds | None = None,
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self.catalog = EventCatalog(plugins, lambda: store.snapshot)
        templates = BodyTemplates(compile_template)
        self._publisher = Publisher(store, plugins, self.catalog, templates, clock)
        sender = AttemptSender(egress, plugins, clock)
        self._dispatcher = Dispatcher(
            store=store,
            blobs=blobs,
            sender=sender,
            health=SubscriptionHealth(store, clock, self._announce, health or HealthThresholds()),
            clock=clock,
            owner=owner,
            options=options or DispatchOptions(),
            logged=self._logged,
        )
        self._resender = Resender(
            store=store,
            publisher=self._publisher,
            dispatcher=self._dispatcher,
            sender=sender,
            catalog=self.catalog,
            clock=clock,
            owner=owner,
        )
        self.registry = SubscriptionRegistry(
            store=store,
            plugins=plugins,
            guard=guard,
            templates=templates,
            clock=clock,
            changed=self._dispatcher.subscription_changed,
        )
        self.handle = PluginHandle(public_url, hub.__version__, self.publish, self._org_named)

    async def start(self) -> None:
        """Start sending what the store holds. Raises `StoreUnavailable`."""
        await self._dispatcher.start()

    async def stop(self) -> None:
        """Stop. Attempts under way get `stop_seconds` to end; everything else stays in the store."""
        await self._dispatcher.stop()

    @property
    def under_way(self) -> int:
        """How many deliveries this process has claimed and not finished."""
        return self._dispatcher.under_way

    async def settled(self) -> None:
        """Return once nothing is being sent or claimed: what is left is due later, paused or throttled."""
        await self._dispatcher.settled()

    async def publish(self, publication: Publication) -> Published:
        """Accept a message; it is on disk when this returns.

        Raises:
            Invalid: The data does not match its schema in the catalog, or a field is malformed; each problem names it.
            StoreUnavailable: The commit failed; nothing was kept.
        """
        published, message, fresh = await self._publisher.publish(publication, self._dispatcher.lease_new_delivery)
        self._dispatcher.accepted(published.leased, fresh)
        if self._plugins.has_observers and not published.duplicate:
            org = self._store.snapshot.orgs[publication.org].name
            self._plugins.observe(message_record(message, published.deliveries, org))
        return published

    async def test(self, org: Id, subscription: Id, event: str) -> SentTest:
        """Send a test message to one subscription as deliveries are sent. Raises `NotFound`, `Invalid`."""
        return await self._resender.test(self.registry.get(org, subscription), event)

    async def retry(self, org: Id, delivery: Id) -> None:
        """Send a finished delivery again. Raises `NotFound`, `Conflict`."""
        await self._resender.retry(org, delivery)

    async def replay(self, org: Id, message: Id) -> int:
        """Send a message again to all subscriptions that match it now; returns how many.

        Raises:
            NotFound: The org has no such message.
            Conflict: A plugin dropped the message, or it is still held; says why.
        """
        return await self._resender.replay(org, message)

    async def take_over(self, owner: str) -> None:
        """Claim at once what the process `owner` held, which is known to have ended. Raises `StoreUnavailable`."""
        await self._dispatcher.take_over(owner)

    def wake(self, org: Id, subscription: Id) -> None:
        """Look in the store for deliveries of a subscription that are due."""
        self._dispatcher.note_due(org, subscription, self._clock.now())

    def failing_since(self, subscription: SubscriptionRecord) -> int | None:
        """Since when every attempt for a subscription has failed, microseconds UTC; None if the last one succeeded."""
        return self._dispatcher.failing_since(subscription)

    async def schema_fault(self, source: SourceRecord, event: Event) -> str:
        """Why an incoming event does not match its schema in the catalog; empty if it does or has none."""
        return await self.catalog.fault(source, event)

    def _logged(self, done: Attempted) -> None:
        if self._plugins.has_observers:
            org = self._store.snapshot.orgs[done.of.record.org].name
            for record in attempt_records(done, org):
                self._plugins.observe(record)

    def _org_named(self, name: str) -> Id | None:
        org = self._store.snapshot.org_named(name)
        return None if org is None else org.id

    async def _announce(
        self, event_type: str, subscription: SubscriptionRecord, failing_since: int | None, reason: str
    ) -> None:
        data = subscription_data(subscription, failing_since, reason)
        await self.publish(Publication(org=subscription.org, type=event_type, data=data, origin="hub"))
