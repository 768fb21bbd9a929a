"""The parts of the hub that the blueprints use, as the composition root created them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from quart import current_app

from hub.api.web.links import Links
from hub.egress.client import Egress
from hub.egress.guard import Guard
from hub.inbound.explain.explainer import Explainer
from hub.inbound.http.client_address import Client
from hub.inbound.http.connection import HubRoutes
from hub.inbound.pipeline import Pipeline
from hub.inbound.replay.judge import Judge
from hub.inbound.replay.replayer import Replayer
from hub.jobs.runner import JobRunner
from hub.outbound.service import Outbound
from hub.plugins.host import Plugins
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.sdk.dialect import Dialect
from hub.settings import Settings
from hub.store.vault import Vault

__all__ = ["EXTENSION", "Services", "services"]

EXTENSION = "hub.services"


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts of a running hub."""

    settings: Settings
    store: Store
    plugins: Plugins
    engine: Engine
    egress: Egress
    guard: Guard
    outbound: Outbound
    blobs: Blobs
    vault: Vault
    clock: Clock
    pipeline: Pipeline
    dialects: tuple[Dialect, ...]
    base_url: str
    links: Links
    client: Client
    routes: HubRoutes
    replayer: Replayer
    judge: Judge
    jobs: JobRunner
    explainer: Explainer


def services() -> Services:
    """The parts of the hub that serves the current request."""
    return cast("Services", current_app.extensions[EXTENSION])
