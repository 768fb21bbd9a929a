"""Sources and their secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from hub.errors import Conflict, NotFound
from hub.model.ids import Id, new_id
from hub.model.stored.inbound import KeptSecret
from hub.model.stored.source import SourceRecord, SourceSpec, StoredSecret
from hub.ports.store.page import Page
from hub.store.sql.paging import page
from hub.store.sql.records import sealed_secret, source_record, spec_bytes
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import secrets, sources
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority
from hub.store.vault import Vault

__all__ = ["SqlSources", "delete_source", "insert_source", "keep_secrets", "raise_generation"]


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
        """A shared source (a workflow's own source is made with the workflow)."""
        source = new_id()
        now = self._clock.now()

        def work(transaction: Transaction) -> SourceRecord:
            insert_source(
                transaction, self._vault, SourceRecord(org, source, None, spec, tuple(secrets), 1, now, now, by)
            )
            return transaction.current().sources[source]

        return await self._writer.run(Priority.JOURNAL, work)

    async def update(
        self,
        org: Id,
        source: Id,
        spec: SourceSpec,
        *,
        generation: int | None = None,
        slots: Mapping[str, Sequence[StoredSecret]] | None = None,
    ) -> SourceRecord:
        """Replace the spec and, with it, all secrets of the `slots` given (an empty sequence clears one).

        Raises `NotFound`; `Conflict` (412) when `generation` is given and old.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> SourceRecord:
            record = _found(transaction, org, source)
            if generation is not None and record.generation != generation:
                raise Conflict("the source has changed since it was read", 412)
            transaction.execute(
                update(sources)
                .where(sources.c.org == org, sources.c.id == source)
                .values(spec=spec_bytes(spec), updated=now)
            )
            for slot, fresh in (slots or {}).items():
                _replace_slot(transaction, self._vault, org, source, slot, fresh)
            raise_generation(transaction, org, source)
            return transaction.current().sources[source]

        return await self._writer.run(Priority.JOURNAL, work)

    async def delete(self, org: Id, source: Id) -> None:
        """Delete a shared source. Raises `NotFound`; `Conflict` for a workflow's own source."""

        def work(transaction: Transaction) -> None:
            if _found(transaction, org, source).workflow is not None:
                raise Conflict("the source belongs to a workflow and goes with it")
            delete_source(transaction, org, source)

        await self._writer.run(Priority.JOURNAL, work)

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[SourceRecord]:
        """Shared and own sources of the org, newest first."""
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

    async def add_secret(self, org: Id, source: Id, secret: StoredSecret, *, overlap: int | None = None) -> None:
        """Add a secret. `overlap` (microseconds): older ones of the same slot and label expire after it; 0: at once.

        Raises `NotFound`.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            _found(transaction, org, source)
            if overlap is not None:
                transaction.execute(
                    update(secrets)
                    .where(
                        secrets.c.org == org,
                        secrets.c.owner == source,
                        secrets.c.slot == secret.slot,
                        secrets.c.label.is_not_distinct_from(secret.label),
                        or_(secrets.c.expires.is_(None), secrets.c.expires > now + overlap),
                    )
                    .values(expires=now + overlap)
                )
            transaction.execute(insert(secrets), sealed_secret(self._vault, org, source, "source", secret))
            raise_generation(transaction, org, source)

        await self._writer.run(Priority.JOURNAL, work)

    async def put_secrets(self, org: Id, source: Id, slot: str, secrets: Sequence[StoredSecret]) -> None:
        """Replace all secrets of a slot; an empty sequence clears it. Raises `NotFound`."""
        fresh = [replace(secret, slot=slot) for secret in secrets]

        def work(transaction: Transaction) -> None:
            _found(transaction, org, source)
            _replace_slot(transaction, self._vault, org, source, slot, fresh)
            raise_generation(transaction, org, source)

        await self._writer.run(Priority.JOURNAL, work)

    async def delete_secret(self, org: Id, source: Id, secret: Id) -> None:
        """Raises `NotFound`."""

        def work(transaction: Transaction) -> None:
            _found(transaction, org, source)
            gone = transaction.execute(
                delete(secrets).where(secrets.c.org == org, secrets.c.owner == source, secrets.c.id == secret)
            )
            if not gone.rowcount:
                raise NotFound("no such secret")
            raise_generation(transaction, org, source)

        await self._writer.run(Priority.JOURNAL, work)

    async def touch_secret(self, org: Id, source: Id, secret: Id, at: int) -> None:
        """Note the last use, with the lowest priority; never raises the generation."""
        await self._writer.batch(Priority.LOGS, _touch, (org, source, secret, at))

    async def keep(self, org: Id, source: Id, keep: Sequence[KeptSecret]) -> None:
        """Store the secrets of a challenge's reply: fills empty slots, never replaces (unless `replace`).

        Raises `NotFound`.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            keep_secrets(transaction, self._vault, _found(transaction, org, source), keep, now)

        await self._writer.run(Priority.JOURNAL, work)

    async def last_uses(self, org: Id, source: Id) -> Mapping[Id, int]:
        """When each secret last matched, microseconds UTC."""
        rows = await self._database.rows(
            select(secrets.c.id, secrets.c.last_used).where(
                secrets.c.org == org, secrets.c.owner == source, secrets.c.last_used.is_not(None)
            )
        )
        return {row.id: row.last_used for row in rows}


def insert_source(transaction: Transaction, vault: Vault, record: SourceRecord) -> None:
    """Add a source with its secrets."""
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
    if record.secrets:
        rows = [sealed_secret(vault, record.org, record.id, "source", secret) for secret in record.secrets]
        transaction.execute(insert(secrets), rows)
    transaction.changed("source", record.org, record.id)


def delete_source(transaction: Transaction, org: Id, source: Id) -> None:
    """Remove a source with its secrets."""
    transaction.execute(delete(secrets).where(secrets.c.org == org, secrets.c.owner == source))
    transaction.execute(delete(sources).where(sources.c.org == org, sources.c.id == source))
    transaction.changed("source", org, source)


def raise_generation(transaction: Transaction, org: Id, source: Id) -> None:
    """Note that the source or its secrets changed: acceptances that were checked before are stale."""
    transaction.execute(
        update(sources).where(sources.c.org == org, sources.c.id == source).values(generation=sources.c.generation + 1)
    )
    transaction.changed("source", org, source)


def keep_secrets(
    transaction: Transaction, vault: Vault, source: SourceRecord, keep: Sequence[KeptSecret], now: int
) -> None:
    """Store what a reply wants kept. What is there already is left as it is and raises no generation.

    Unless it may replace, an item counts only where its slot holds nothing at all, under whatever label: a handshake
    proves nothing, so it must not add a secret beside the operator's, nor forget one.
    """
    current = list(source.secrets)
    held = {secret.slot for secret in current}
    changed = False
    for item in keep:
        if not item.replace and item.slot in held:
            continue
        same = [secret for secret in current if (secret.slot, secret.label) == (item.slot, item.label)]
        if item.value is None:
            if not same:
                continue
            fresh = []
        else:
            value = item.value.encode() if item.decoded is None else item.decoded
            if [secret.value for secret in same] == [value]:
                continue
            fresh = [StoredSecret(new_id(), item.slot, value, text=item.value, label=item.label, created=now)]
        current = [secret for secret in current if secret not in same] + fresh
        _forget(transaction, source, same)
        for secret in fresh:
            transaction.execute(insert(secrets), sealed_secret(vault, source.org, source.id, "source", secret))
        changed = True
    if changed:
        raise_generation(transaction, source.org, source.id)


def _forget(transaction: Transaction, source: SourceRecord, old: Sequence[StoredSecret]) -> None:
    if old:
        transaction.execute(
            delete(secrets).where(
                secrets.c.org == source.org,
                secrets.c.owner == source.id,
                secrets.c.id.in_([secret.id for secret in old]),
            )
        )


def _replace_slot(
    transaction: Transaction, vault: Vault, org: Id, source: Id, slot: str, fresh: Sequence[StoredSecret]
) -> None:
    transaction.execute(delete(secrets).where(secrets.c.org == org, secrets.c.owner == source, secrets.c.slot == slot))
    if fresh:
        transaction.execute(insert(secrets), [sealed_secret(vault, org, source, "source", secret) for secret in fresh])


def _found(transaction: Transaction, org: Id, source: Id) -> SourceRecord:
    record = transaction.current().sources.get(source)
    if record is None or record.org != org:
        raise NotFound("no such source")
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
