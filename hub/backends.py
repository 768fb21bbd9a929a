"""Choosing the store and the engine: those of the core, or those of a plugin.

A plugin's factory is called once, at the start, with `StoreParts` or `EngineParts`. Disabling the plugin takes effect
at the next start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.egress.client import Egress
from hub.engine.embedded import EmbeddedEngine
from hub.engine.host import MessagePublisher
from hub.engine.work.presence import Presence
from hub.plugins.host import Plugins
from hub.ports.clock import Clock
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.settings import EMBEDDED, Settings
from hub.store.parts import StoreParts, sql_store

__all__ = ["EngineParts", "choose_engine", "choose_store", "embedded_engine"]


@dataclass(frozen=True, kw_only=True)
class EngineParts:
    """What an engine needs.

    Attributes:
        store: Stores executions.
        plugins: Provides actions, and observes what has finished.
        egress: Makes the calls of actions.
        outbound: Publishes for the `publish` action.
        clock: Decides what is due.
        owner: Id of this process in leases.
        slots: Executions that run at once.
        lease_seconds: Time without a renewal after which another process takes over.
        shutdown_seconds: How long `stop` lets running executions finish.
        presence: Knows which other processes of this machine have ended.
        gone: Takes over the deliveries and jobs of such a process, given its id.
    """

    store: Store
    plugins: Plugins
    egress: Egress
    outbound: MessagePublisher
    clock: Clock
    owner: str
    slots: int
    lease_seconds: float
    shutdown_seconds: float
    presence: Presence
    gone: Callable[[str], Awaitable[None]]


def choose_store(parts: StoreParts, plugins: Plugins) -> Store:
    """The store for the scheme of the database URL.

    Raises:
        ValueError: The store of the core does not support it.
    """
    scheme = (parts.url or "").partition(":")[0].partition("+")[0]
    factory = plugins.stores.get(scheme, sql_store)
    made: Store = factory(parts)
    return made


def choose_engine(settings: Settings, parts: EngineParts) -> Engine:
    """The engine that the settings name.

    Raises:
        ValueError: No active plugin provides it.
    """
    if settings.engine == EMBEDDED:
        return embedded_engine(parts)
    factory = parts.plugins.engines.get(settings.engine)
    if factory is None:
        known = ", ".join(sorted({EMBEDDED, *parts.plugins.engines}))
        raise ValueError(f"HUB_ENGINE: no active plugin provides the engine {settings.engine!r}; available: {known}")
    made: Engine = factory(parts)
    return made


def embedded_engine(parts: EngineParts) -> Engine:
    """The core's own engine."""
    return EmbeddedEngine(**vars(parts))
