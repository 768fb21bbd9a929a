"""The store port: durable operations, one protocol per noun; never SQL.

Writes return after the commit. Every operation is scoped by org unless it says otherwise.
"""

from __future__ import annotations

from typing import Protocol

from hub.ports.store.access import Access
from hub.ports.store.drift import DriftCounts
from hub.ports.store.executions import Executions
from hub.ports.store.inbound import InboundStore
from hub.ports.store.outbound import OutboundStore
from hub.ports.store.page import Page
from hub.ports.store.registry import Sources, Workflows
from hub.ports.store.resealing import Resealing
from hub.ports.store.retention import Retention
from hub.ports.store.snapshot import Snapshot

__all__ = [
    "Access",
    "DriftCounts",
    "Executions",
    "InboundStore",
    "OutboundStore",
    "Page",
    "Resealing",
    "Retention",
    "Snapshot",
    "Sources",
    "Store",
    "Workflows",
]


class Store(Protocol):
    """All nouns of one database."""

    @property
    def access(self) -> Access:
        """Orgs, keys, connections, audit, jobs."""
        ...

    @property
    def sources(self) -> Sources:
        """Inbound hub URLs."""
        ...

    @property
    def workflows(self) -> Workflows:
        """Workflows and their versions."""
        ...

    @property
    def inbound(self) -> InboundStore:
        """Requests and events."""
        ...

    @property
    def drift(self) -> DriftCounts:
        """What arrives that a catalog does not know."""
        ...

    @property
    def executions(self) -> Executions:
        """Executions and their journal."""
        ...

    @property
    def outbound(self) -> OutboundStore:
        """Subscriptions, messages, deliveries."""
        ...

    @property
    def retention(self) -> Retention:
        """Removal of what is old."""
        ...

    @property
    def resealing(self) -> Resealing:
        """Encrypting anew what is under an older master key."""
        ...

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
