"""The composition root: settings -> store, plugins, engine, egress -> one Quart application."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from quart import Quart

import hub
from hub.api import install_api
from hub.api.context import EXTENSION, Services
from hub.api.links import Links
from hub.bootstrap import ensure_admin_key, prepare_data_dir
from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.engine.embedded import EmbeddedEngine
from hub.engine.triggers import WorkflowTriggers
from hub.inbound.accept import Acceptor
from hub.inbound.client import Client
from hub.inbound.context import Contexts
from hub.inbound.dialects import CORE_DIALECTS
from hub.inbound.evidence import Evidence
from hub.inbound.identify import source_named
from hub.inbound.limits import Limits
from hub.inbound.pipeline import Parts, Pipeline
from hub.inbound.replying import Replier
from hub.inbound.starting import Starter
from hub.inbound.wire import HubRoutes
from hub.model.execution import ExecutionRecord
from hub.model.fetched import Fetched
from hub.model.json import dumps
from hub.model.values import Values
from hub.outbound.service import Outbound
from hub.plugins.host import Plugins
from hub.plugins.vendor import Vendor
from hub.ports.clock import Clock, SystemClock
from hub.settings import Settings
from hub.store.blobs import DirectoryBlobs
from hub.store.sql import SqlStore
from hub.store.vault import Vault
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.payloads import body_template

__all__ = ["Hub", "create_hub"]

log = structlog.get_logger(__name__)

_STATUS_SECONDS = 86_400
_FETCH_BYTES = 1 << 20


@dataclass
class Hub:
    """One hub in this process: its application and its parts.

    Attributes:
        new_key: The first admin key, when it was made at this start; show it once.
    """

    settings: Settings
    app: Quart
    services: Services
    new_key: str | None = None
    _stops: list[Any] = field(default_factory=list)

    async def start(self) -> None:
        """Open the store, then start what works on it; anything that fails stops what had started."""
        parts = self.services
        try:
            for start, stop in (
                (parts.store.start, parts.store.stop),
                (parts.egress.start, parts.egress.stop),
                (self._start_plugins, parts.plugins.stop),
                (parts.outbound.start, parts.outbound.stop),
                (parts.engine.start_running, parts.engine.stop),
            ):
                await start()
                self._stops.append(stop)
        except BaseException:
            await self.stop()
            raise

    async def _start_plugins(self) -> None:
        parts = self.services
        self.new_key = await ensure_admin_key(parts.store, self.settings, parts.clock)
        for name, (disabled, _version) in (await parts.store.access.plugins()).items():
            if disabled and parts.plugins.vendor_status(name) == "active":
                parts.plugins.disable(name)
        await parts.plugins.start(parts.outbound.handle)

    async def stop(self) -> None:
        """Finish what was accepted within the configured time, then close, last started first."""
        while self._stops:
            await self._stops.pop()()


def create_hub(settings: Settings, *, clock: Clock | None = None, plugins: Plugins | None = None) -> Hub:
    """Wire a hub; nothing runs before its application starts serving.

    Args:
        settings: The instance's settings.
        clock: The machine's clock unless given.
        plugins: The installed plugins unless given; not yet loaded.

    Raises:
        PluginError: A plugin is broken and the mode is strict.
        OSError: The data directory cannot be used.
    """
    prepare_data_dir(settings.data_dir)
    clock = clock or SystemClock()
    plugins = plugins or Plugins(
        version=hub.__version__, strict=settings.strict, dialects=CORE_DIALECTS, actions=CORE_ACTIONS.values()
    )
    plugins.load()
    owner = secrets.token_hex(8)
    vault = Vault(settings.data_dir / "keys")
    blobs = DirectoryBlobs(settings.data_dir / "blobs")
    store = SqlStore(settings.database_url, settings.data_dir, vault=vault, blobs=blobs, clock=clock, owner=owner)
    guard = Guard(settings.egress_allow)
    egress = Egress(guard, user_agent=f"integration-hub/{hub.__version__}")
    links = Links(vault.derive("links"), clock, settings.base_url)
    outbound = Outbound(
        store=store,
        plugins=plugins,
        egress=egress,
        guard=guard,
        clock=clock,
        owner=owner,
        blobs=blobs,
        compile_template=body_template,
        public_url=settings.base_url,
    )
    engine = EmbeddedEngine(
        store=store,
        plugins=plugins,
        egress=egress,
        outbound=outbound,
        clock=clock,
        owner=owner,
        slots=settings.workers,
        shutdown_seconds=settings.shutdown_seconds,
    )
    contexts = Contexts(settings.base_url, _vendor_call(egress), clock)
    triggers = WorkflowTriggers(lambda: plugins.actions, source_named)
    evidence = Evidence(vault.fingerprint)
    replier = Replier(
        plugins=plugins,
        engine=engine,
        outputs=_outputs(store, engine),
        envelope=_envelope(blobs, links, settings),
        status_url=lambda org, execution: links.url(org, "status", execution.hex(), _STATUS_SECONDS),
        wait_seconds=settings.wait_seconds,
    )
    pipeline = Pipeline(
        Parts(
            store=store,
            plugins=plugins,
            engine=engine,
            starter=Starter(plugins, triggers, engine, outbound.schema_fault),
            acceptor=Acceptor(store, engine, evidence),
            replier=replier,
            contexts=contexts,
            evidence=evidence,
            limits=Limits(),
            max_body=settings.max_body_bytes,
            body_seconds=settings.body_seconds,
        )
    )
    dialects = plugins.dialects
    app = Quart("hub", static_folder=None)
    routes = HubRoutes(app, pipeline, Client(settings.trusted_proxies))
    for dialect in dialects:
        routes.add(dialect)
    services = Services(
        settings=settings,
        store=store,
        plugins=plugins,
        engine=engine,
        egress=egress,
        guard=guard,
        outbound=outbound,
        blobs=blobs,
        vault=vault,
        clock=clock,
        pipeline=pipeline,
        contexts=contexts,
        dialects=dialects,
        base_url=settings.base_url,
        links=links,
    )
    app.extensions[EXTENSION] = services
    install_api(app)
    running = Hub(settings, app, services)
    app.before_serving(running.start)
    app.after_serving(running.stop)
    return running


def _vendor_call(egress: Egress) -> Any:
    async def call(
        vendor: Vendor, method: str, url: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Fetched:
        response = await egress.request(
            method,
            url,
            headers=headers,
            body=body or None,
            timeout=seconds,
            max_bytes=_FETCH_BYTES,
            pool=f"vendor {vendor.name}",
            hosts=vendor.hosts,
        )
        return Fetched(response.status, Values(response.headers, caseless=True), response.body)

    return call


def _outputs(store: SqlStore, engine: EmbeddedEngine) -> Any:
    async def outputs(execution: ExecutionRecord) -> Mapping[str, tuple[str, Any]]:
        names = await engine.node_names(execution)
        nodes = [one for one in await store.executions.nodes(execution.org, execution.id) if one.item < 0]
        done = sorted((one for one in nodes if one.state == "succeeded"), key=lambda one: one.finished or 0)
        return {one.node: (names.get(one.node, one.node), one.output) for one in done}

    return outputs


def _envelope(blobs: DirectoryBlobs, links: Links, settings: Settings) -> Any:
    async def envelope(execution: ExecutionRecord) -> dict[str, Any] | None:
        """The download envelope of a result over the threshold (Tracecat, protocols.md 1)."""
        if execution.result is None:
            return None
        data = dumps(execution.result)
        if len(data) <= settings.externalize_bytes:
            return None
        ref = await blobs.put(execution.org, data)
        return {
            "kind": "download_export" if isinstance(execution.result, list) else "download_file",
            "download_url": links.url(execution.org, "result", ref, settings.link_seconds),
            "expires_in_seconds": settings.link_seconds,
            "content_type": "application/json",
            "size_bytes": len(data),
        }

    return envelope
