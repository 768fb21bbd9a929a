"""What all parts of the store work with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.store.sql.writer import Writer
from hub.store.sqlite import Database
from hub.store.vault import Vault

__all__ = ["SqlResources"]


@dataclass(frozen=True, slots=True)
class SqlResources:
    """What one process has of a database.

    Attributes:
        database: Reads.
        writer: Writes, in groups.
        vault: Seals and opens what is secret.
        blobs: Holds values too large for a row.
        clock: The hub's clock.
        owner: Id of this hub process, as leases name it.
    """

    database: Database
    writer: Writer
    vault: Vault
    blobs: Blobs
    clock: Clock
    owner: str
