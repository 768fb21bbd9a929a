"""What every noun of the store works with."""

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
    """The database to read, the writer to write, and their company.

    Attributes:
        owner: Id of this hub process, as leases name it.
    """

    database: Database
    writer: Writer
    vault: Vault
    blobs: Blobs
    clock: Clock
    owner: str
