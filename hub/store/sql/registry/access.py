"""Orgs, keys, connections, audit, plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from hub.errors import Conflict, NotFound
from hub.model.ids import Id, new_id
from hub.model.json import dumps, loads
from hub.model.stored.access import AuditEntry, ConnectionRecord, KeyRecord, OrgRecord
from hub.model.stored.source import StoredSecret
from hub.ports.store.page import Page
from hub.store.sql.bulk import Bulk, NewRow
from hub.store.sql.paging import page
from hub.store.sql.records import key_record, open_secret
from hub.store.sql.registry.secrets import OwnedSecrets
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import audit, connections, keys, orgs, plugins, secrets
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlAccess", "insert_org"]

_AUDIT = Bulk(audit)


class SqlAccess:
    """Implements `hub.ports.store.Access`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._vault = resources.vault
        self._clock = resources.clock
        self._secrets = OwnedSecrets(resources.vault, "connection")

    async def create_org(self, name: str) -> OrgRecord:
        """See `hub.ports.store.Access.create_org`."""
        record = OrgRecord(new_id(), name, self._clock.now())

        def work(transaction: Transaction) -> OrgRecord:
            insert_org(transaction, record)
            return record

        return await self._writer.run(Priority.JOURNAL, work)

    async def create_key(self, key: KeyRecord) -> None:
        """See `hub.ports.store.Access.create_key`."""
        row = {column.name: getattr(key, column.name) for column in keys.columns}

        def work(transaction: Transaction) -> None:
            try:
                transaction.execute(insert(keys), row)
            except IntegrityError as error:
                raise Conflict("this key exists already") from error
            transaction.changed("key", key.org, key.id)

        await self._writer.run(Priority.JOURNAL, work)

    async def revoke_key(self, org: Id, key: Id, now: int) -> None:
        """See `hub.ports.store.Access.revoke_key`."""

        def work(transaction: Transaction) -> None:
            done = transaction.execute(update(keys).where(keys.c.org == org, keys.c.id == key).values(revoked=now))
            if not done.rowcount:
                raise NotFound("no such key")
            transaction.changed("key", org, key)

        await self._writer.run(Priority.JOURNAL, work)

    async def keys(self, org: Id) -> tuple[KeyRecord, ...]:
        """See `hub.ports.store.Access.keys`."""
        rows = await self._database.rows(select(keys).where(keys.c.org == org).order_by(keys.c.id.desc()))
        return tuple(key_record(row) for row in rows)

    async def put_connection(self, org: Id, name: str, kind: str, values: Mapping[str, str]) -> ConnectionRecord:
        """See `hub.ports.store.Access.put_connection`."""
        now = self._clock.now()
        fresh = new_id()
        fields = tuple(values)

        def work(transaction: Transaction) -> ConnectionRecord:
            row = transaction.first(select(connections).where(*_named(org, name)))
            key, created = (fresh, now) if row is None else (row.id, row.created)
            record = ConnectionRecord(
                org=org, id=key, name=name, kind=kind, created=created, updated=now, fields=fields
            )
            transaction.execute(delete(connections).where(*_named(org, name)))
            self._secrets.delete_all(transaction, org, key)
            transaction.execute(
                insert(connections),
                {
                    "org": org,
                    "id": key,
                    "name": name,
                    "kind": kind,
                    "fields": dumps(fields),
                    "created": created,
                    "updated": now,
                },
            )
            self._secrets.insert(
                transaction,
                org,
                key,
                [StoredSecret(new_id(), field, value.encode(), created=now) for field, value in values.items()],
            )
            return record

        return await self._writer.run(Priority.JOURNAL, work)

    async def connections(self, org: Id) -> tuple[ConnectionRecord, ...]:
        """See `hub.ports.store.Access.connections`."""
        rows = await self._database.rows(
            select(connections).where(connections.c.org == org).order_by(connections.c.name)
        )
        return tuple(_connection(row) for row in rows)

    async def connection_values(self, org: Id, name: str) -> Mapping[str, str]:
        """See `hub.ports.store.Access.connection_values`."""
        rows = await self._database.rows(
            select(connections.c.fields, secrets)
            .select_from(connections)
            .outerjoin(secrets, and_(secrets.c.org == connections.c.org, secrets.c.owner == connections.c.id))
            .where(*_named(org, name))
        )
        if not rows:
            raise NotFound(f"there is no connection {name}")
        found = {row.slot: open_secret(self._vault, row).value.decode() for row in rows if row.id is not None}
        return {field: found[field] for field in loads(rows[0].fields)}

    async def delete_connection(self, org: Id, name: str) -> None:
        """See `hub.ports.store.Access.delete_connection`."""

        def work(transaction: Transaction) -> None:
            row = transaction.first(select(connections.c.id).where(*_named(org, name)))
            if row is None:
                raise NotFound(f"there is no connection {name}")
            self._secrets.delete_all(transaction, org, row.id)
            transaction.execute(delete(connections).where(*_named(org, name)))

        await self._writer.run(Priority.JOURNAL, work)

    async def audit(self, entry: AuditEntry) -> None:
        """See `hub.ports.store.Access.audit`."""
        row = {
            "org": entry.org,
            "id": entry.id,
            "at": entry.at,
            "key": entry.key,
            "action": entry.action,
            "target": entry.target,
            "detail": dumps(entry.detail),
        }
        await self._writer.batch(Priority.JOURNAL, _audit, row)

    async def audit_log(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[AuditEntry]:
        """See `hub.ports.store.Access.audit_log`."""
        query = select(audit).where(audit.c.org == org)
        return await page(self._database, query, audit.c.id, _audit_entry, limit=limit, cursor=cursor)

    async def set_plugin(self, name: str, *, disabled: bool | None = None, version: str | None = None) -> None:
        """See `hub.ports.store.Access.set_plugin`."""

        def work(transaction: Transaction) -> None:
            known = {key: value for key, value in (("disabled", disabled), ("version", version)) if value is not None}
            fresh = upsert(plugins).values({"name": name, "disabled": False, "version": None} | known)
            transaction.execute(
                fresh.on_conflict_do_update(index_elements=["name"], set_=known)
                if known
                else fresh.on_conflict_do_nothing()
            )
            transaction.changed("plugin", None, name.encode())

        await self._writer.run(Priority.JOURNAL, work)

    async def plugins(self) -> Mapping[str, tuple[bool, str | None]]:
        """See `hub.ports.store.Access.plugins`."""
        return {row.name: (row.disabled, row.version) for row in await self._database.rows(select(plugins))}


def insert_org(transaction: Transaction, record: OrgRecord) -> None:
    """Add an org. Raises `Conflict` if its name is taken."""
    try:
        transaction.execute(insert(orgs), {"id": record.id, "name": record.name, "created": record.created})
    except IntegrityError as error:
        raise Conflict(f"there is an org {record.name} already") from error
    transaction.changed("org", None, record.id)


def _named(org: Id, name: str) -> tuple[Any, Any]:
    return connections.c.org == org, connections.c.name == name


def _audit(transaction: Transaction, rows: Sequence[NewRow]) -> Sequence[None]:
    _AUDIT.run(transaction.connection, rows)
    return [None] * len(rows)


def _audit_entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        org=row.org,
        id=row.id,
        at=row.at,
        key=row.key,
        action=row.action,
        target=row.target,
        detail=loads(row.detail),
    )


def _connection(row: Row[Any]) -> ConnectionRecord:
    return ConnectionRecord(
        org=row.org,
        id=row.id,
        name=row.name,
        kind=row.kind,
        created=row.created,
        updated=row.updated,
        fields=tuple(loads(row.fields)),
    )
