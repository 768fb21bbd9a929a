"""Orgs, keys, connections, audit, jobs, instance state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.access import AuditEntry, ConnectionRecord, Job, KeyRecord, OrgRecord
from hub.ports.store.page import Page

__all__ = ["Access"]


class Access(Protocol):
    """Who may do what, and what they did."""

    async def create_org(self, name: str) -> OrgRecord:
        """Raises `Conflict` when the name is taken."""
        ...

    async def create_key(self, key: KeyRecord) -> None:
        """Raises `Conflict` when the digest is there already."""
        ...

    async def revoke_key(self, org: Id, key: Id, now: int) -> None:
        """Raises `NotFound`."""
        ...

    async def keys(self, org: Id) -> tuple[KeyRecord, ...]:
        """All keys of the org, newest first."""
        ...

    async def put_connection(self, org: Id, name: str, kind: str, values: Mapping[str, str]) -> ConnectionRecord:
        """Create or replace a connection; values are encrypted."""
        ...

    async def connections(self, org: Id) -> tuple[ConnectionRecord, ...]:
        """Connections without their values."""
        ...

    async def connection_values(self, org: Id, name: str) -> Mapping[str, str]:
        """For the action call only. Raises `NotFound`."""
        ...

    async def delete_connection(self, org: Id, name: str) -> None:
        """Raises `NotFound`."""
        ...

    async def audit(self, entry: AuditEntry) -> None:
        """Keep a management change."""
        ...

    async def audit_log(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[AuditEntry]:
        """Newest first."""
        ...

    async def put_job(self, job: Job) -> None:
        """Create or replace a job."""
        ...

    async def job(self, org: Id, job: Id) -> Job:
        """Raises `NotFound`."""
        ...

    async def open_jobs(self) -> tuple[Job, ...]:
        """Unfinished jobs of all orgs, to go on after a restart."""
        ...

    async def set_plugin(self, name: str, *, disabled: bool | None = None, version: str | None = None) -> None:
        """Remember that a plugin was active (version) or is switched off."""
        ...

    async def plugins(self) -> Mapping[str, tuple[bool, str | None]]:
        """Name -> (disabled, last active version)."""
        ...
