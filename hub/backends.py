"""Which store and which engine this hub works with: the core's own, or those that a plugin brings.

A plugin's factory is called once, at the start, with one of the two values below. Disabling the plugin later changes
nothing before the next start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from hub.egress.client import Egress
from hub.engine.embedded import EmbeddedEngine
from hub.engine.host import Publisher
from hub.engine.work.presence import Presence
from hub.plugins.host import Plugins
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.engine import Engine
from hub.ports.store import Store
from hub.settings import EMBEDDED, Settings
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault

__all__ = ["EngineParts", "StoreParts", "choose_engine", "choose_store"]


@dataclass(frozen=True, kw_only=True)
class StoreParts:
    """What a store is made of.

    Attributes:
        url: `HUB_DATABASE_URL`; None: a database in the data directory.
        data_dir: The hub's data directory.
        vault: Encrypts what is secret.
        blobs: Where large values go.
        clock: The hub's clock.
        owner: Id of this process in leases.
    """

    url: str | None
    data_dir: Path
    vault: Vault
    blobs: Blobs
    clock: Clock
    owner: str


@dataclass(frozen=True, kw_only=True)
class EngineParts:
    """What an engine works with.

    Attributes:
        store: Where executions live.
        plugins: Gives the actions that there are, and hears what has finished.
        egress: For the calls of actions.
        outbound: For the `publish` action.
        clock: Decides what is due.
        owner: Id of this process in leases.
        slots: Executions that run at once.
        lease_seconds: After so long without a renewal another process takes over.
        shutdown_seconds: How long `stop` lets what runs finish.
        presence: Tells which other processes of this machine are gone.
        gone: Takes over the deliveries of such a process, by its id.
    """

    store: Store
    plugins: Plugins
    egress: Egress
    outbound: Publisher
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
        ValueError: No store takes it.
    """
    scheme = (parts.url or "").partition(":")[0].partition("+")[0]
    factory = plugins.stores.get(scheme)
    if factory is not None:
        made: Store = factory(parts)
        return made
    return SqlStore(
        parts.url, parts.data_dir, vault=parts.vault, blobs=parts.blobs, clock=parts.clock, owner=parts.owner
    )


def choose_engine(settings: Settings, parts: EngineParts) -> Engine:
    """The engine that the settings name.

    Raises:
        ValueError: No active plugin brings it.
    """
    if settings.engine == EMBEDDED:
        return EmbeddedEngine(**vars(parts))
    factory = parts.plugins.engines.get(settings.engine)
    if factory is None:
        known = ", ".join(sorted({EMBEDDED, *parts.plugins.engines}))
        raise ValueError(f"HUB_ENGINE: no active plugin brings the engine {settings.engine!r}; there are: {known}")
    made: Engine = factory(parts)
    return made
