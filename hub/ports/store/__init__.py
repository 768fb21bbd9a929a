"""The store port: durable operations, one protocol per noun; never SQL.

Writes return after the commit. Every operation is scoped by org unless it says otherwise.
"""

from __future__ import annotations

from typing import Protocol

from hub.ports.store.access import Access
from hub.ports.store.executions import Executions
from hub.ports.store.inbound import Inbound
from hub.ports.store.outbound import Outbound
from hub.ports.store.page import Page
from hub.ports.store.registry import Sources, Workflows
from hub.ports.store.retention import Retention
from hub.ports.store.snapshot import Snapshot

__all__ = [
    "Access",
    "Executions",
    "Inbound",
    "Outbound",
    "Page",
    "Retention",
    "Snapshot",
    "Sources",
    "Store",
    "Workflows",
]


class Store(Protocol):
    """All nouns of one database."""

    access: Access
    sources: Sources
    workflows: Workflows
    inbound: Inbound
    executions: Executions
    outbound: Outbound
    retention: Retention

    @property
    def snapshot(self) -> Snapshot:
        """Sources, published workflows, subscriptions and keys as of the last change; read without a query."""
        ...

    async def start(self) -> None:
        """Open (and migrate) the database, load the snapshot, start the writer."""
        ...

    async def stop(self) -> None:
        """Commit what is queued and close."""
        ...
