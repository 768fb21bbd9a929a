"""The outbound side as the rest of the hub uses it."""

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
from hub.outbound.delivery.deliver import Courier
from hub.outbound.delivery.dispatch import Dispatcher, Pace
from hub.outbound.delivery.health import Health, HealthRule
from hub.outbound.delivery.observed import attempt_records, message_record
from hub.outbound.delivery.resend import Resender, Tried
from hub.outbound.publish.catalog import OutboundCatalog
from hub.outbound.publish.freeze import Compile, Templates
from hub.outbound.publish.handle import Handle
from hub.outbound.publish.operational import subscription_data
from hub.outbound.publish.publish import Publication, Publisher
from hub.outbound.registry.registry import SubscriptionRegistry
from hub.plugins.host import Plugins
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.store import Store

__all__ = ["Outbound"]


def _no_templates(template: Any) -> Any:
    del template
    raise Invalid("no body templates", (Problem("/template", "this hub has no template language"),))


class Outbound:
    """Subscriptions, messages and their deliveries.

    Args:
        store: Where everything is kept.
        plugins: Whose schemes sign, whose catalogs are checked, whose `hub_message` runs.
        egress: The client of every outgoing call.
        guard: Judges URLs when they are saved.
        clock: The hub's clock.
        owner: Id of this process in leases.
        blobs: Where large bodies are.
        compile_template: The language of body templates; without it they are refused.
        public_url: Base URL of the hub, for plugins.
        pace: How deliveries are sent.
        health: When a failing subscription is spoken of.

    Attributes:
        catalog: Event types that may be published.
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
        compile_template: Compile = _no_templates,
        public_url: str = "",
        pace: Pace | None = None,
        health: HealthRule | None = None,
    ) -> None:
        self._store = store
        self._plugins = plugins
        self._clock = clock
        self.catalog = OutboundCatalog(plugins, lambda: store.snapshot)
        templates = Templates(compile_template)
        self._publisher = Publisher(store, plugins, self.catalog, templates, clock)
        courier = Courier(egress, plugins, clock)
        self._dispatcher = Dispatcher(
            store=store,
            blobs=blobs,
            courier=courier,
            health=Health(store, clock, self._announce, health or HealthRule()),
            clock=clock,
            owner=owner,
            pace=pace or Pace(),
            logged=self._logged,
        )
        self._resender = Resender(
            store=store,
            publisher=self._publisher,
            dispatcher=self._dispatcher,
            courier=courier,
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
            changed=self._dispatcher.changed,
        )
        self.handle = Handle(public_url, hub.__version__, self.publish, self._org_named)

    async def start(self) -> None:
        """Go on with the deliveries that the store has. Raises `StoreUnavailable`."""
        await self._dispatcher.start()

    async def stop(self) -> None:
        """Let attempts under way end within the grace; everything else stays in the store."""
        await self._dispatcher.stop()

    @property
    def under_way(self) -> int:
        """Deliveries that this process holds."""
        return self._dispatcher.under_way

    async def settled(self) -> None:
        """Return once nothing is on its way: what is left is due later, paused or throttled."""
        await self._dispatcher.settled()

    async def publish(self, publication: Publication) -> Published:
        """Accept a message; it is on the disk when this returns.

        Raises:
            Invalid: The data does not fit its catalogued schema, or a field is malformed; each problem names it.
            StoreUnavailable: The commit failed; nothing was kept.
        """
        published, message, fresh = await self._publisher.publish(publication, self._dispatcher.birth)
        self._dispatcher.accepted(published.leased, fresh)
        if self._plugins.has_observers and not published.duplicate:
            org = self._store.snapshot.orgs[publication.org].name
            self._plugins.observe(message_record(message, published.deliveries, org))
        return published

    async def test(self, org: Id, subscription: Id, event: str) -> Tried:
        """Send a test the real way and answer how it went. Raises `NotFound`, `Invalid`."""
        return await self._resender.test(self.registry.get(org, subscription), event)

    async def retry(self, org: Id, delivery: Id) -> None:
        """Send a finished delivery again. Raises `NotFound`, `Conflict`."""
        await self._resender.retry(org, delivery)

    async def replay(self, org: Id, message: Id) -> int:
        """Send a message again to whoever wants it now; to how many. Raises `NotFound`, `Conflict`."""
        return await self._resender.replay(org, message)

    async def gone(self, owner: str) -> None:
        """The process `owner` is known to be gone: what it held goes on now. Raises `StoreUnavailable`."""
        await self._dispatcher.gone(owner)

    def wake(self, org: Id, subscription: Id) -> None:
        """Look into the store for deliveries of a subscription."""
        self._dispatcher.due(org, subscription, self._clock.now())

    def failing_since(self, subscription: SubscriptionRecord) -> int | None:
        """Since when every attempt of a subscription has failed, microseconds UTC; None while it is well."""
        return self._dispatcher.failing_since(subscription)

    async def schema_fault(self, source: SourceRecord, event: Event) -> str:
        """Why an event that came in does not fit its catalogued schema; empty when it does or none is known."""
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
