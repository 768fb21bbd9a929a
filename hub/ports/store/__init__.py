"""The store port: durable operations, one protocol per noun; never SQL.

These docstrings are the only description of what a store does; a store's own docstrings refer to them, and
`hub.testing.conformance.StoreConformance` tries each operation. Wherever an operation does not say otherwise:

- **Writes are durable and whole.** One call is one transaction. It returns after the commit has reached the disk; if it
  raises, nothing of it was kept. Calls of one process may share a commit, but a failing call undoes none of its
  neighbours. A caller that is cancelled while it waits leaves the write to commit or fail by itself.
- **Reads are current.** A read sees every write that returned before the read began, in whichever process.
- **Several processes share one database.** What one of them commits binds the others at once: duplicates, leases,
  generations and ordering hold across all of them.
- **Orgs are apart.** An operation that takes `org` treats things of other orgs as if they did not exist.
- **Times are microseconds since 1970, UTC.** Where a call takes `now`, that moment decides what is due and which lease
  has ended. Other calls ask the hub's clock.
- **Lists have pages.** The newest comes first, in the order of ids, which grow with time. `cursor` is the `next` of the
  page before. Pages that are read one after the other never repeat an item and never skip one that existed at the first
  page, however many come and go meanwhile. `Invalid` is raised for a cursor that no store gave.
- **Secrets are sealed.** Secret values, headers of requests and specs of subscriptions are encrypted with the hub's
  vault and stand nowhere in the database in the clear.
- **Errors.** Every operation may raise `StoreUnavailable`: the database does not commit or cannot be read. A write that
  raises it may be tried again.
"""

from __future__ import annotations

from typing import Protocol

from hub.ports.store.access import Access
from hub.ports.store.answers import Answers
from hub.ports.store.drift import DriftCounts
from hub.ports.store.executions import Executions
from hub.ports.store.files import Files
from hub.ports.store.inbound import InboundStore
from hub.ports.store.jobs import Jobs
from hub.ports.store.outbound import OutboundStore
from hub.ports.store.page import Page
from hub.ports.store.registry import Sources, Workflows
from hub.ports.store.resealing import Resealing
from hub.ports.store.retention import Retention
from hub.ports.store.snapshot import Snapshot

__all__ = [
    "Access",
    "Answers",
    "DriftCounts",
    "Executions",
    "Files",
    "InboundStore",
    "Jobs",
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
    """One database, all nouns. It is started once and stopped once; a new one may then be opened over the same data."""

    @property
    def access(self) -> Access:
        """Orgs, keys, connections, audit log, plugins."""
        ...

    @property
    def answers(self) -> Answers:
        """Answers under idempotency keys."""
        ...

    @property
    def sources(self) -> Sources:
        """Inbound hub URLs with their secrets."""
        ...

    @property
    def workflows(self) -> Workflows:
        """Workflows, their drafts and versions."""
        ...

    @property
    def inbound(self) -> InboundStore:
        """Requests and events."""
        ...

    @property
    def drift(self) -> DriftCounts:
        """Counts of events that differ from a catalog."""
        ...

    @property
    def executions(self) -> Executions:
        """Executions and their journal."""
        ...

    @property
    def files(self) -> Files:
        """Files of requests and executions."""
        ...

    @property
    def outbound(self) -> OutboundStore:
        """Subscriptions, messages, deliveries, event types."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Long work that a person can watch."""
        ...

    @property
    def retention(self) -> Retention:
        """Removal of old things."""
        ...

    @property
    def resealing(self) -> Resealing:
        """Encryption under the newest master key of what is sealed under an older one."""
        ...

    @property
    def snapshot(self) -> Snapshot:
        """Everything that is read on every request, in memory, without a query.

        A change made through this store is in the snapshot when the call returns. A change made by another process
        appears by itself within a few seconds, and at the latest when an operation of this store depends on it.
        Each change makes a new object with a larger `generation`; parts that did not change are the same objects.
        """
        ...

    async def start(self) -> None:
        """Open the database, bring its tables to the newest version, load the snapshot, accept operations.

        An empty database gets its tables and the org `default`. Several processes may start at the same moment.

        Raises:
            StoreUnavailable: The database cannot be opened.
            KeysMissing: The vault's keys do not open what the database holds. Nothing was written.
        """
        ...

    async def stop(self) -> None:
        """Commit the writes that are queued, then close. Operations that come later raise `StoreUnavailable`."""
        ...

    async def refresh(self) -> None:
        """Bring the snapshot up to what other processes have committed; without a call that happens soon after."""
        ...
