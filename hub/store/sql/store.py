"""The store over a SQL database: opens it, keeps its snapshot fresh, closes it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from sqlalchemy import Connection, func, select

from hub.errors import StoreUnavailable
from hub.model.ids import new_id
from hub.model.stored.access import DEFAULT_ORG, OrgRecord
from hub.ports.blobs import Blobs
from hub.ports.clock import Clock
from hub.ports.store.snapshot import Snapshot
from hub.store.migrations import migrate
from hub.store.sql.executions.executions import SqlExecutions
from hub.store.sql.jobs.jobs import SqlJobs
from hub.store.sql.outbound.outbound import SqlOutbound
from hub.store.sql.registry.access import SqlAccess, insert_org
from hub.store.sql.registry.answers import SqlAnswers
from hub.store.sql.registry.sources import SqlSources
from hub.store.sql.registry.workflows import SqlWorkflows
from hub.store.sql.requests.drift import SqlDrift
from hub.store.sql.requests.files import SqlFiles
from hub.store.sql.requests.inbound import SqlInbound
from hub.store.sql.resources import SqlResources
from hub.store.sql.snapshot import SnapshotLoader
from hub.store.sql.tables import changes, orgs
from hub.store.sql.transaction import Transaction
from hub.store.sql.upkeep.reseal import SqlResealing
from hub.store.sql.upkeep.retention import SqlRetention
from hub.store.sql.upkeep.sealed import check_keys
from hub.store.sql.writer import Priority, Writer
from hub.store.sqlite import Database, sqlite_url
from hub.store.vault import Vault

__all__ = ["SqlStore"]

_POLL_SECONDS = 0.25


class SqlStore:
    """Implements `hub.ports.store.Store` over a SQL database; several processes may share one file.

    Args:
        url: SQLAlchemy URL (`Settings.database_url`); None: `hub.db` in `data_dir`.
        data_dir: The hub's data directory; made with mode 0700 if need be.
        owner: Id of this process in leases.

    Raises:
        ValueError: The URL is not of a SQLite file.
    """

    def __init__(
        self, url: str | None, data_dir: Path, *, vault: Vault, blobs: Blobs, clock: Clock, owner: str
    ) -> None:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = Database(url or sqlite_url(str(data_dir / "hub.db")))
        self._writer = Writer(self._database, SnapshotLoader(vault))
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self.resources = resources = SqlResources(self._database, self._writer, vault, blobs, clock, owner)
        self.access = SqlAccess(resources)
        self.answers = SqlAnswers(resources)
        self.sources = SqlSources(resources)
        self.workflows = SqlWorkflows(resources)
        self.inbound = SqlInbound(resources)
        self.drift = SqlDrift(resources)
        self.files = SqlFiles(resources)
        self.executions = SqlExecutions(resources)
        self.outbound = SqlOutbound(resources)
        self.jobs = SqlJobs(resources)
        self.retention = SqlRetention(resources)
        self.resealing = SqlResealing(resources)

    @property
    def snapshot(self) -> Snapshot:
        """See `hub.ports.store.Store.snapshot`."""
        return self._writer.snapshot

    async def start(self) -> None:
        """See `hub.ports.store.Store.start`."""
        await self._writer.start(self._prepare)
        await self.inbound.groups.resume()
        self._tasks = [
            asyncio.create_task(self._keep_fresh(), name="hub-store-poll"),
            asyncio.create_task(self.inbound.groups.keep_resuming(), name="hub-store-groups"),
            asyncio.create_task(self._database.log.keep_small(lambda: self._writer.idle), name="hub-store-log"),
        ]

    async def stop(self) -> None:
        """See `hub.ports.store.Store.stop`."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._writer.stop()
        await self._database.close()

    async def refresh(self) -> None:
        """See `hub.ports.store.Store.refresh`."""
        # A look at the number of the last change is cheap and needs no write lock. Only a process that is behind asks
        # the writer, which alone may renew the snapshot.
        row = await self._database.first(select(func.max(changes.c.number)))
        last = 0 if row is None else row[0] or 0
        if last > self.snapshot.generation:
            await self._writer.run(Priority.JOURNAL, Transaction.current)

    def _prepare(self, connection: Connection) -> None:
        migrate(connection)
        with connection.begin():
            # before anything is written: what would be sealed with the wrong keys could never be read beside the rest
            check_keys(connection, self.resources.vault)
            transaction = Transaction(connection, self._writer.loader, Snapshot())
            if transaction.first(select(orgs.c.id).where(orgs.c.name == DEFAULT_ORG)) is None:
                insert_org(transaction, OrgRecord(new_id(), DEFAULT_ORG, self._clock.now()))

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            with contextlib.suppress(StoreUnavailable):
                await self.refresh()
