"""Sources and their secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from hub.errors import Conflict, NotFound, PreconditionFailed
from hub.model.ids import Id, new_id
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SecretsChange, SourceChange, SourceRecord, SourceSpec, StoredSecret
from hub.ports.store.page import Page
from hub.store.sql.paging import page
from hub.store.sql.records import source_record, spec_bytes
from hub.store.sql.registry.addresses import claim_addresses
from hub.store.sql.registry.secrets import OwnedSecrets
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import secrets, sources, workflows
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority
from hub.store.vault import Vault

__all__ = ["SqlSources", "change_source", "delete_source", "insert_source", "keep_secrets", "new_source"]


class SqlSources:
    """Implements `hub.ports.store.Sources`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._vault = resources.vault
        self._clock = resources.clock

    async def create(
        self, org: Id, spec: SourceSpec, secrets: Sequence[StoredSecret], *, by: Id | None = None
    ) -> SourceRecord:
        """See `hub.ports.store.Sources.create`."""
        source = new_id()
        now = self._clock.now()

        def work(transaction: Transaction) -> SourceRecord:
            insert_source(transaction, self._vault, new_source(org, source, None, spec, secrets, at=now, by=by))
            return transaction.current().sources[source]

        return await self._writer.run(Priority.JOURNAL, work)

    async def change(self, org: Id, source: Id, change: SourceChange, *, generation: int | None = None) -> SourceRecord:
        """See `hub.ports.store.Sources.change`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> SourceRecord:
            record = _found(transaction, org, source, generation)
            change_source(transaction, self._vault, record, change, now)
            _raise_workflow(transaction, record)
            return transaction.current().sources[source]

        return await self._writer.run(Priority.JOURNAL, work)

    async def delete(self, org: Id, source: Id, *, generation: int | None = None) -> None:
        """See `hub.ports.store.Sources.delete`."""

        def work(transaction: Transaction) -> None:
            record = _found(transaction, org, source, generation)
            if record.workflow is not None:
                raise Conflict("the source belongs to a workflow and is deleted with it")
            delete_source(transaction, self._vault, record)

        await self._writer.run(Priority.JOURNAL, work)

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SourceRecord]:
        """See `hub.ports.store.Sources.list`."""
        held = self._writer.snapshot.sources
        query = select(sources).where(sources.c.org == org)
        return await page(
            self._database,
            query,
            sources.c.id,
            lambda row: held.get(row.id) or source_record(row, ()),
            limit=limit,
            cursor=cursor,
        )

    async def touch_secret(self, org: Id, source: Id, secret: Id, at: int) -> None:
        """See `hub.ports.store.Sources.touch_secret`."""
        await self._writer.batch(Priority.LOGS, _touch, (org, source, secret, at))

    async def keep(self, org: Id, source: Id, keep: Sequence[KeptSecret]) -> None:
        """See `hub.ports.store.Sources.keep`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            keep_secrets(transaction, self._vault, _found(transaction, org, source), keep, now)

        await self._writer.run(Priority.JOURNAL, work)

    async def last_uses(self, org: Id, source: Id) -> Mapping[Id, int]:
        """See `hub.ports.store.Sources.last_uses`."""
        rows = await self._database.rows(
            select(secrets.c.id, secrets.c.last_used).where(
                secrets.c.org == org, secrets.c.owner == source, secrets.c.last_used.is_not(None)
            )
        )
        return {row.id: row.last_used for row in rows}


def new_source(
    org: Id,
    source: Id,
    workflow: Id | None,
    spec: SourceSpec,
    secrets: Sequence[StoredSecret],
    *,
    at: int,
    by: Id | None,
) -> SourceRecord:
    """The first generation of a source that is created `at` (microseconds UTC) with the key `by`."""
    return SourceRecord(
        org=org,
        id=source,
        workflow=workflow,
        spec=spec,
        secrets=tuple(secrets),
        generation=1,
        created=at,
        updated=at,
        created_by=by,
    )


def insert_source(transaction: Transaction, vault: Vault, record: SourceRecord) -> None:
    """Add a source with its secrets. Raises `Conflict` if an alias is taken."""
    claim_addresses(transaction, record)
    transaction.execute(
        insert(sources),
        {
            "org": record.org,
            "id": record.id,
            "workflow": record.workflow,
            "spec": spec_bytes(record.spec),
            "generation": record.generation,
            "created": record.created,
            "updated": record.updated,
            "created_by": record.created_by,
        },
    )
    OwnedSecrets(vault, "source").insert(transaction, record.org, record.id, record.secrets)
    transaction.changed("source", record.org, record.id)


def change_source(transaction: Transaction, vault: Vault, record: SourceRecord, change: SourceChange, now: int) -> None:
    """Change the spec and the secrets of a source and raise its generation, but not that of its workflow.

    Raises:
        NotFound: A secret to be removed does not exist.
        Conflict: An alias is taken.
    """
    values: dict[str, Any] = {"updated": now}
    if change.spec is not None:
        claim_addresses(transaction, replace(record, spec=change.spec))
        values["spec"] = spec_bytes(change.spec)
    OwnedSecrets(vault, "source").change(transaction, record.org, record.id, change.secrets, now)
    _update(transaction, record, values)


def delete_source(transaction: Transaction, vault: Vault, record: SourceRecord) -> None:
    """Delete a source with its secrets."""
    OwnedSecrets(vault, "source").delete_all(transaction, record.org, record.id)
    transaction.execute(delete(sources).where(sources.c.org == record.org, sources.c.id == record.id))
    transaction.changed("source", record.org, record.id)


def keep_secrets(
    transaction: Transaction, vault: Vault, source: SourceRecord, keep: Sequence[KeptSecret], now: int
) -> None:
    """Store the secrets that a reply keeps. If nothing changes, the generation stays.

    An item that may not replace is stored only in a slot that holds nothing, under any label: a handshake proves
    nothing, so it must not add a secret beside the operator's or remove one.
    """
    current = list(source.secrets)
    held = {secret.slot for secret in current}
    for item in keep:
        if not item.replace and item.slot in held:
            continue
        same = [secret for secret in current if (secret.slot, secret.label) == (item.slot, item.label)]
        fresh = []
        if item.value is not None:
            value = item.value.encode() if item.decoded is None else item.decoded
            if [secret.value for secret in same] == [value]:
                continue
            fresh = [StoredSecret(new_id(), item.slot, value, text=item.value, label=item.label, created=now)]
        current = [secret for secret in current if secret not in same] + fresh
    change = SecretsChange(
        remove=[secret.id for secret in source.secrets if secret not in current],
        add=[secret for secret in current if secret not in source.secrets],
    )
    if change.remove or change.add:
        OwnedSecrets(vault, "source").change(transaction, source.org, source.id, change, now)
        _update(transaction, source, {})
        _raise_workflow(transaction, source)


def _update(transaction: Transaction, source: SourceRecord, values: dict[str, Any]) -> None:
    """Write columns of a source and raise its generation, so that requests checked against the old one are stale."""
    transaction.execute(
        update(sources)
        .where(sources.c.org == source.org, sources.c.id == source.id)
        .values(generation=sources.c.generation + 1, **values)
    )
    transaction.changed("source", source.org, source.id)


def _raise_workflow(transaction: Transaction, source: SourceRecord) -> None:
    """Raise the generation of the workflow that owns the source: callers read and change the source as part of it."""
    if source.workflow is not None:
        transaction.execute(
            update(workflows)
            .where(workflows.c.org == source.org, workflows.c.id == source.workflow)
            .values(generation=workflows.c.generation + 1)
        )
        transaction.changed("workflow", source.org, source.workflow)


def _found(transaction: Transaction, org: Id, source: Id, generation: int | None = None) -> SourceRecord:
    record = transaction.current().sources.get(source)
    if record is None or record.org != org:
        raise NotFound("no such source")
    if generation is not None and record.generation != generation:
        raise PreconditionFailed("source")
    return record


def _touch(transaction: Transaction, uses: Sequence[tuple[Id, Id, Id, int]]) -> Sequence[Any]:
    latest: dict[tuple[Id, Id, Id], int] = {}
    for org, source, secret, at in uses:
        latest[org, source, secret] = max(at, latest.get((org, source, secret), 0))
    for (org, source, secret), at in latest.items():
        transaction.execute(
            update(secrets)
            .where(secrets.c.org == org, secrets.c.owner == source, secrets.c.id == secret)
            .values(last_used=func.max(func.coalesce(secrets.c.last_used, 0), at))
        )
    return [None] * len(uses)
