"""Reading the snapshot from the database and keeping it up to date.

Each change of something that the snapshot holds adds a row to `changes`, in the same transaction. The number of the
last row is the generation. A process whose snapshot is older reads only what the rows since then name; it does not
matter which process wrote them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, delete, func, select

from hub.model.ids import Id
from hub.model.stored.source import StoredSecret
from hub.model.stored.workflow import WorkflowVersion
from hub.model.wire.event_type import EventType
from hub.ports.store.snapshot import Snapshot
from hub.store.sql import records
from hub.store.sql.tables import (
    changes,
    event_types,
    keys,
    orgs,
    plugins,
    secrets,
    sources,
    subscriptions,
    workflow_versions,
    workflows,
)
from hub.store.vault import Vault

__all__ = ["Noun", "SnapshotLoader"]

Noun = Literal["org", "source", "workflow", "subscription", "key", "plugin", "event_type"]


_KEPT = 10_000
"""How many rows of `changes` are kept; a process that is further behind reads everything."""
_OWNED = ("source", "subscription")


class SnapshotLoader:
    """Reads snapshots within a transaction.

    Args:
        vault: Decrypts secrets and subscriptions.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def full(self, connection: Connection) -> Snapshot:
        """Read everything, and delete old rows of `changes`."""
        number = _last(connection)
        connection.execute(delete(changes).where(changes.c.number <= number - _KEPT))
        owned: dict[Id, list[StoredSecret]] = defaultdict(list)
        for row in connection.execute(select(secrets).where(secrets.c.kind.in_(_OWNED))):
            owned[row.owner].append(records.open_secret(self._vault, row))
        return Snapshot(
            generation=number,
            orgs={row.id: records.org_record(row) for row in connection.execute(select(orgs))},
            sources={
                row.id: records.source_record(row, owned.get(row.id, ())) for row in connection.execute(select(sources))
            },
            workflows={row.id: records.workflow_record(row) for row in connection.execute(select(workflows))},
            published={version.workflow: version for version in _published(connection)},
            keys={row.digest: records.key_record(row) for row in connection.execute(select(keys))},
            subscriptions={
                row.id: records.subscription_record(self._vault, row, owned.get(row.id, ()))
                for row in connection.execute(select(subscriptions))
            },
            event_types=_event_types(connection),
            disabled_plugins=_disabled(connection),
        )

    def renew(self, connection: Connection, old: Snapshot) -> Snapshot:
        """`old` with what has changed since, or `old` itself if nothing has."""
        rows = connection.execute(select(changes).where(changes.c.number > old.generation)).all()
        if not rows:
            return old
        if old.generation < rows[-1].number - _KEPT:
            return self.full(connection)
        touched: dict[str, set[tuple[Id, Id]]] = defaultdict(set)
        for row in rows:
            touched[row.noun].add((row.org, row.id))
        workflow_ids = touched["workflow"]
        return Snapshot(
            generation=rows[-1].number,
            orgs=_merged(old.orgs, touched["org"], self._orgs(connection, touched["org"])),
            sources=_merged(old.sources, touched["source"], self._sources(connection, touched["source"])),
            workflows=_merged(old.workflows, workflow_ids, self._workflows(connection, workflow_ids)),
            published=_merged(old.published, workflow_ids, self._versions(connection, workflow_ids)),
            keys=self._keys(connection, old, touched["key"]),
            subscriptions=_merged(
                old.subscriptions, touched["subscription"], self._subscriptions(connection, touched["subscription"])
            ),
            event_types=_event_types(connection) if touched["event_type"] else old.event_types,
            disabled_plugins=_disabled(connection) if touched["plugin"] else old.disabled_plugins,
        )

    def _orgs(self, connection: Connection, ids: Iterable[tuple[Id, Id]]) -> dict[Id, Any]:
        return {
            org: records.org_record(row)
            for _, org in ids
            if (row := connection.execute(select(orgs).where(orgs.c.id == org)).first())
        }

    def _sources(self, connection: Connection, ids: Iterable[tuple[Id, Id]]) -> dict[Id, Any]:
        return {
            key: records.source_record(row, self._secrets(connection, org, key))
            for org, key in ids
            if (row := _row(connection, sources, org, key))
        }

    def _subscriptions(self, connection: Connection, ids: Iterable[tuple[Id, Id]]) -> dict[Id, Any]:
        return {
            key: records.subscription_record(self._vault, row, self._secrets(connection, org, key))
            for org, key in ids
            if (row := _row(connection, subscriptions, org, key))
        }

    def _workflows(self, connection: Connection, ids: Iterable[tuple[Id, Id]]) -> dict[Id, Any]:
        return {key: records.workflow_record(row) for org, key in ids if (row := _row(connection, workflows, org, key))}

    def _versions(self, connection: Connection, ids: Iterable[tuple[Id, Id]]) -> dict[Id, Any]:
        return {key: version for org, key in ids for version in _published(connection, org, key)}

    def _keys(self, connection: Connection, old: Snapshot, ids: set[tuple[Id, Id]]) -> Any:
        if not ids:
            return old.keys
        merged = {digest: key for digest, key in old.keys.items() if (key.org, key.id) not in ids}
        rows = (_row(connection, keys, org, key) for org, key in ids)
        return merged | {row.digest: records.key_record(row) for row in rows if row}

    def _secrets(self, connection: Connection, org: Id, owner: Id) -> list[StoredSecret]:
        rows = connection.execute(select(secrets).where(secrets.c.org == org, secrets.c.owner == owner))
        return [records.open_secret(self._vault, row) for row in rows]


def _last(connection: Connection) -> int:
    return connection.execute(select(func.max(changes.c.number))).scalar() or 0


def _row(connection: Connection, table: Any, org: Id, key: Id) -> Row[Any] | None:
    found: Row[Any] | None = connection.execute(select(table).where(table.c.org == org, table.c.id == key)).first()
    return found


def _published(connection: Connection, org: Id | None = None, key: Id | None = None) -> list[WorkflowVersion]:
    versions = workflow_versions
    query = select(versions).join(
        workflows,
        and_(
            versions.c.org == workflows.c.org,
            versions.c.workflow == workflows.c.id,
            versions.c.number == workflows.c.version,
        ),
    )
    if key is not None:
        query = query.where(workflows.c.org == org, workflows.c.id == key)
    return [records.version_record(row) for row in connection.execute(query)]


def _disabled(connection: Connection) -> frozenset[str]:
    return frozenset(connection.execute(select(plugins.c.name).where(plugins.c.disabled)).scalars())


def _event_types(connection: Connection) -> dict[Id, tuple[EventType, ...]]:
    found: dict[Id, list[EventType]] = defaultdict(list)
    for row in connection.execute(select(event_types)):
        found[row.org].append(records.event_type_record(row))
    return {org: tuple(types) for org, types in found.items()}


def _merged(old: Any, touched: set[tuple[Id, Id]], fresh: dict[Id, Any]) -> Any:
    """`old` with the records touched replaced by `fresh`, or removed if `fresh` lacks them.

    It is `old` itself if nothing was touched, which saves the copy: most changes touch records of one kind.
    """
    if not touched:
        return old
    gone = {key for _, key in touched}
    return {key: value for key, value in old.items() if key not in gone} | fresh
