"""What a store is made of, and the core's own one made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.store import Store
from hub.store.sql.store import SqlStore
from hub.store.vault import Vault

__all__ = ["StoreParts", "sql_store"]


@dataclass(frozen=True, kw_only=True)
class StoreParts:
    """What a store needs.

    Attributes:
        url: `HUB_DATABASE_URL`; None for a database in the data directory.
        data_dir: The hub's data directory.
        vault: Encrypts secrets.
        blobs: Stores large values.
        clock: The hub's clock.
        owner: Id of this process in leases.
    """

    url: str | None
    data_dir: Path
    vault: Vault
    blobs: Blobs
    clock: Clock
    owner: str


def sql_store(parts: StoreParts) -> Store:
    """The core's own store.

    Raises:
        ValueError: It does not take the database URL.
    """
    return SqlStore(
        parts.url, parts.data_dir, vault=parts.vault, blobs=parts.blobs, clock=parts.clock, owner=parts.owner
    )
