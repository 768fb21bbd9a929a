"""The composition root: settings -> store, plugins, engine, egress -> one Quart application."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType

import structlog
from quart import Quart, has_request_context

import hub
from hub.adapters import node_outputs, result_envelope, vendor_call
from hub.api import install_api
from hub.api.web.links import Links
from hub.api.web.services import EXTENSION, Services
from hub.backends import EngineParts, choose_engine, choose_store
from hub.bootstrap import ensure_admin_key, prepare_data_dir, remember_plugins
from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.engine.work.presence import Presence
from hub.errors import NotFound
from hub.inbound.dialects import CORE_DIALECTS
from hub.inbound.evidence.drift import DriftCounter
from hub.inbound.evidence.fingerprints import Fingerprints
from hub.inbound.evidence.record_emitter import RecordEmitter
from hub.inbound.evidence.secret_uses import SecretUses
from hub.inbound.evidence.unkept import UnkeptRequests
from hub.inbound.explain.explainer import Explainer
from hub.inbound.http.client_address import Client
from hub.inbound.http.connection import HubRoutes
from hub.inbound.http.limits import Limits
from hub.inbound.parts import PipelineParts
from hub.inbound.pipeline import Pipeline
from hub.inbound.replay.judge import Judge
from hub.inbound.replay.replayer import Replayer
from hub.inbound.source_context import SourceContexts
from hub.inbound.source_lookup import source_named
from hub.jobs.recover import RecoverSubscription
from hub.jobs.rekey import RotateMasterKey
from hub.jobs.replay import ReplayRequests
from hub.jobs.retention import RemoveOld, days_kept
from hub.jobs.retry import RetryExecutions
from hub.jobs.runner import JobRunner
from hub.model.stored.access import DEFAULT_ORG
from hub.outbound.delivery.dispatch import DispatchOptions
from hub.outbound.service import Outbound
from hub.plugins.host import Plugins
from hub.plugins.watchdog import Watchdog
from hub.ports.clock import Clock, SystemClock
from hub.ports.engine import Engine
from hub.settings import Settings
from hub.store.blobs import DirectoryBlobs
from hub.store.parts import StoreParts
from hub.store.vault import Vault
from hub.triggers.filters import WorkflowTriggers
from hub.workflows.actions import CORE_ACTIONS
from hub.workflows.payloads import body_template

__all__ = ["Hub", "create_hub"]

log = structlog.get_logger(__name__)

_STATUS_SECONDS = 86_400
"""How long the status URL works that a sender gets when the result takes too long."""


class _Application(Quart):
    """Leaves errors of the start and the stop to the server, which raises them."""

    def log_exception(
        self, exception_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        """Log an error of a request."""
        if has_request_context():
            super().log_exception(exception_info)


@dataclass
class Hub:
    """A hub: its application and its parts.

    Attributes:
        new_key: The first admin key, if this start generated it: show it once.
    """

    settings: Settings
    app: Quart
    services: Services
    engine: Engine
    drift: DriftCounter
    new_key: str | None = None
    _stops: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    async def start(self) -> None:
        """Start the store, then the parts that use it. If one fails, stop those that have started."""
        parts = self.services
        try:
            for start, stop in (
                (parts.store.start, parts.store.stop),
                (self.drift.start, self.drift.stop),
                (parts.egress.start, parts.egress.stop),
                (self._start_plugins, parts.plugins.stop),
                (parts.outbound.start, parts.outbound.stop),
                (self.engine.start_running, self.engine.stop),
                (self._start_jobs, parts.jobs.stop),
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
            if disabled:
                self._disable(name)
        await parts.plugins.start(parts.outbound.handle)
        await remember_plugins(parts.plugins, parts.store)
        watchdog = Watchdog(lambda: parts.plugins.packages)
        watchdog.start()

        async def stop() -> None:
            watchdog.stop()

        self._stops.append(stop)

    async def _start_jobs(self) -> None:
        parts = self.services
        org = parts.store.snapshot.org_named(DEFAULT_ORG)
        if org is None:
            raise NotFound(f"the org {DEFAULT_ORG} is gone")
        await parts.jobs.start(org.id)

    def _disable(self, name: str) -> None:
        try:
            self.services.plugins.disable(name)
        except NotFound:
            log.info("a disabled plugin is no longer installed", plugin=name)

    async def stop(self) -> None:
        """Finish accepted work within the configured time, then stop the parts, the last started first.

        An error of one part does not keep the others from stopping.
        """
        while self._stops:
            stop = self._stops.pop()
            try:
                await stop()
            except Exception:
                log.exception("a part of the hub failed to stop", part=stop.__qualname__)


def create_hub(settings: Settings, *, clock: Clock | None = None, plugins: Plugins | None = None) -> Hub:
    """Create a hub. Nothing runs before its application starts serving.

    Args:
        settings: The instance's settings.
        clock: The clock; by default the machine's.
        plugins: The plugins, not yet loaded; by default the installed ones.

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
    store = choose_store(
        StoreParts(
            url=settings.database_url, data_dir=settings.data_dir, vault=vault, blobs=blobs, clock=clock, owner=owner
        ),
        plugins,
    )
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
        options=DispatchOptions(
            lease_seconds=settings.lease_seconds, stop_seconds=min(settings.shutdown_seconds, 10.0)
        ),
    )

    async def take_over(owner: str) -> None:
        await outbound.take_over(owner)
        await jobs.take_over(owner)

    engine = choose_engine(
        settings,
        EngineParts(
            store=store,
            plugins=plugins,
            egress=egress,
            outbound=outbound,
            clock=clock,
            owner=owner,
            slots=settings.workers,
            lease_seconds=settings.lease_seconds,
            shutdown_seconds=settings.shutdown_seconds,
            presence=Presence(settings.data_dir / "processes", owner),
            gone=take_over,
        ),
    )
    drift = DriftCounter(plugins, store, clock, outbound.schema_fault)
    unkept = UnkeptRequests()
    parts = PipelineParts(
        store=store,
        plugins=plugins,
        engine=engine,
        triggers=WorkflowTriggers(lambda: plugins.actions, source_named),
        schema_check=drift.check,
        contexts=SourceContexts(vendor_call(egress), clock),
        fingerprints=Fingerprints(vault.fingerprint),
        limits=Limits(),
        emitter=RecordEmitter(plugins, store),
        secret_uses=SecretUses(store.sources),
        unkept=unkept,
        node_outputs=node_outputs(store, engine),
        envelope=result_envelope(links, settings),
        status_url=lambda org, execution: links.url("status", org, execution, _STATUS_SECONDS),
        base_url=settings.base_url,
        max_body=settings.max_body_bytes,
        body_seconds=settings.body_seconds,
        wait_seconds=settings.wait_seconds,
    )
    pipeline = Pipeline(parts)
    replayer = Replayer(parts, clock)
    jobs = JobRunner(
        store.jobs,
        (
            ReplayRequests(store.inbound, replayer),
            RetryExecutions(store.executions, engine),
            RecoverSubscription(store, outbound.wake, clock),
            RotateMasterKey(vault, store.resealing, clock),
            RemoveOld(store.retention, days_kept(settings), clock),
        ),
        clock,
        owner=owner,
        lease_seconds=settings.lease_seconds,
        stop_seconds=min(settings.shutdown_seconds, 10.0),
    )
    app = _Application("hub", static_folder=None)
    client = Client(settings.trusted_proxies, settings.client_header)
    routes = HubRoutes(app, pipeline, client, clock, unkept, prefix=settings.path_prefix)
    for dialect in plugins.dialects:
        routes.table.add(dialect)
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
        dialects=plugins.dialects,
        base_url=settings.base_url,
        links=links,
        client=client,
        routes=routes,
        replayer=replayer,
        judge=Judge(parts, clock, routes.table.find),
        jobs=jobs,
        explainer=Explainer(parts),
    )
    app.extensions[EXTENSION] = services
    install_api(app)
    running = Hub(settings, app, services, engine, drift)
    app.before_serving(running.start)
    app.after_serving(running.stop)
    return running
