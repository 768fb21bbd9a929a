"""Orgs, keys, connections, audit log, plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from hub.model.ids import Id
from hub.model.stored.access import AuditEntry, ConnectionRecord, KeyRecord, OrgRecord
from hub.ports.store.page import Page

__all__ = ["Access"]


class Access(Protocol):
    """Who may do what, and what they did."""

    async def create_org(self, name: str) -> OrgRecord:
        """Create an org; it is in the snapshot when this returns.

        Raises:
            Conflict: The name is taken.
        """
        ...

    async def create_key(self, key: KeyRecord) -> None:
        """Keep an API key as given; it is in the snapshot, by its digest, when this returns.

        Raises:
            Conflict: A key with this digest exists, in whichever org.
        """
        ...

    async def revoke_key(self, org: Id, key: Id, now: int) -> None:
        """Set when a key was revoked; the snapshot shows it when this returns.

        Raises:
            NotFound: The org has no such key.
        """
        ...

    async def keys(self, org: Id) -> tuple[KeyRecord, ...]:
        """All keys of the org, revoked and expired ones included, newest first."""
        ...

    async def put_connection(self, org: Id, name: str, kind: str, values: Mapping[str, str]) -> ConnectionRecord:
        """Create the connection of that name or replace its kind and all of its values; a replaced one keeps its id.

        Args:
            org: Whose connection it is.
            name: Unique within the org.
            kind: What it is for.
            values: Field -> secret value; kept sealed. `fields` of the record names them in this order.
        """
        ...

    async def connections(self, org: Id) -> tuple[ConnectionRecord, ...]:
        """All connections of the org by name, without their values."""
        ...

    async def connection_values(self, org: Id, name: str) -> Mapping[str, str]:
        """The values of a connection in the clear, for the call of the action that names it and nothing else.

        Raises:
            NotFound: The org has no connection of that name.
        """
        ...

    async def delete_connection(self, org: Id, name: str) -> None:
        """Forget a connection and its values.

        Raises:
            NotFound: The org has no connection of that name.
        """
        ...

    async def audit(self, entry: AuditEntry) -> None:
        """Keep one entry of the audit log."""
        ...

    async def audit_log(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[AuditEntry]:
        """The audit log of the org, newest first."""
        ...

    async def set_plugin(self, name: str, *, disabled: bool | None = None, version: str | None = None) -> None:
        """Remember a plugin of the instance; what is None stays as it is (new ones: enabled, no version).

        Args:
            name: The plugin's name.
            disabled: Whether an operator switched it off; the snapshot's `disabled_plugins` says so when this returns.
            version: The version that was active last.
        """
        ...

    async def plugins(self) -> Mapping[str, tuple[bool, str | None]]:
        """Every plugin remembered: name -> (disabled, version that was active last)."""
        ...
