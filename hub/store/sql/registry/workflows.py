"""Workflows, their drafts and versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from hub.errors import Conflict, NotFound
from hub.model.ids import Id, new_id
from hub.model.json import dumps
from hub.model.stored.source import SourceRecord, SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowRecord, WorkflowVersion
from hub.ports.store.page import Page
from hub.store.sql.executions.executions import cancel_executions
from hub.store.sql.paging import page
from hub.store.sql.records import version_record, workflow_record
from hub.store.sql.registry.sources import delete_source, insert_source
from hub.store.sql.resources import SqlResources
from hub.store.sql.tables import executions, workflow_versions, workflows
from hub.store.sql.transaction import Transaction
from hub.store.sql.writer import Priority

__all__ = ["SqlWorkflows"]

_FIRST = 1


class SqlWorkflows:
    """Implements `hub.ports.store.Workflows`."""

    def __init__(self, resources: SqlResources) -> None:
        self._database = resources.database
        self._writer = resources.writer
        self._vault = resources.vault
        self._clock = resources.clock

    async def create(
        self,
        org: Id,
        name: str,
        definition: Mapping[str, Any],
        *,
        source: SourceSpec,
        secrets: Sequence[StoredSecret],
        publish: bool,
        by: Id | None = None,
    ) -> WorkflowRecord:
        """A workflow with its own source, published as version 1 unless told otherwise; one transaction."""
        workflow, owned, now = new_id(), new_id(), self._clock.now()
        draft = dumps(definition)

        def work(transaction: Transaction) -> WorkflowRecord:
            record = SourceRecord(org, owned, workflow, source, tuple(secrets), 1, now, now, by)
            insert_source(transaction, self._vault, record)
            row = {
                "org": org,
                "id": workflow,
                "name": name,
                "draft": draft,
                "version": None,
                "latest": 0,
                "source": owned,
                "generation": 1,
                "created": now,
                "updated": now,
            }
            transaction.execute(insert(workflows), row)
            if publish:
                _publish(transaction, _version(org, workflow, _FIRST, draft, now, by))
            transaction.changed("workflow", org, workflow)
            return transaction.current().workflows[workflow]

        return await self._writer.run(Priority.JOURNAL, work)

    async def save_draft(
        self, org: Id, workflow: Id, name: str, definition: Mapping[str, Any], *, generation: int | None = None
    ) -> WorkflowRecord:
        """Replace the draft. Raises `NotFound`, `Conflict` (412)."""
        now = self._clock.now()
        draft = dumps(definition)

        def work(transaction: Transaction) -> WorkflowRecord:
            record = _found(transaction, org, workflow)
            if generation is not None and record.generation != generation:
                raise Conflict("the workflow has changed since it was read", 412)
            _set(transaction, org, workflow, name=name, draft=draft, updated=now)
            return transaction.current().workflows[workflow]

        return await self._writer.run(Priority.JOURNAL, work)

    async def publish(self, org: Id, workflow: Id, *, by: Id | None = None) -> WorkflowRecord:
        """Make the draft the next version. Publishing an unchanged draft returns the current version.

        A draft equal to the latest version publishes that one again. Raises `NotFound`.
        """
        now = self._clock.now()

        def work(transaction: Transaction) -> WorkflowRecord:
            record = _found(transaction, org, workflow)
            row = transaction.first(select(workflows.c.draft).where(*_key(org, workflow)))
            draft: bytes = row.draft if row is not None else b""
            latest = transaction.first(
                select(workflow_versions.c.definition).where(
                    workflow_versions.c.org == org,
                    workflow_versions.c.workflow == workflow,
                    workflow_versions.c.number == record.latest,
                )
            )
            if latest is None or latest.definition != draft:
                _publish(transaction, _version(org, workflow, record.latest + 1, draft, now, by))
            elif record.version == record.latest:
                return record
            else:
                _set(transaction, org, workflow, version=record.latest, updated=now)
            transaction.changed("workflow", org, workflow)
            return transaction.current().workflows[workflow]

        return await self._writer.run(Priority.JOURNAL, work)

    async def unpublish(self, org: Id, workflow: Id) -> WorkflowRecord:
        """Requests find no definition until it is published again. Raises `NotFound`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> WorkflowRecord:
            record = _found(transaction, org, workflow)
            if record.version is None:
                return record
            _set(transaction, org, workflow, version=None, updated=now)
            return transaction.current().workflows[workflow]

        return await self._writer.run(Priority.JOURNAL, work)

    async def delete(self, org: Id, workflow: Id) -> None:
        """With its source and versions; executions stay readable, open ones are cancelled. Raises `NotFound`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            record = _found(transaction, org, workflow)
            running = select(executions.c.id).where(
                executions.c.org == org,
                executions.c.workflow == workflow,
                or_(executions.c.ready.is_not(None), executions.c.parked.is_not(None)),
            )
            cancel_executions(transaction, org, list(transaction.execute(running).scalars()), now)
            delete_source(transaction, org, record.source)
            transaction.execute(delete(workflows).where(*_key(org, workflow)))
            transaction.changed("workflow", org, workflow)

        await self._writer.run(Priority.JOURNAL, work)

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[WorkflowRecord]:
        """Workflows of the org, newest first."""
        query = select(workflows).where(workflows.c.org == org)
        return await page(self._database, query, workflows.c.id, workflow_record, limit=limit, cursor=cursor)

    async def version(self, org: Id, workflow: Id, number: int) -> WorkflowVersion:
        """Raises `NotFound`."""
        row = await self._database.first(
            select(workflow_versions).where(
                workflow_versions.c.org == org,
                workflow_versions.c.workflow == workflow,
                workflow_versions.c.number == number,
            )
        )
        if row is None:
            raise NotFound("no such version")
        return version_record(row)

    async def versions(self, org: Id, workflow: Id) -> tuple[WorkflowVersion, ...]:
        """Newest first. Raises `NotFound`."""
        if await self._database.first(select(workflows.c.id).where(*_key(org, workflow))) is None:
            raise NotFound("no such workflow")
        columns = workflow_versions.c
        rows = await self._database.rows(
            select(workflow_versions)
            .where(columns.org == org, columns.workflow == workflow)
            .order_by(columns.number.desc())
        )
        return tuple(version_record(row) for row in rows)


def _key(org: Id, workflow: Id) -> tuple[Any, Any]:
    return workflows.c.org == org, workflows.c.id == workflow


def _found(transaction: Transaction, org: Id, workflow: Id) -> WorkflowRecord:
    record = transaction.current().workflows.get(workflow)
    if record is None or record.org != org:
        raise NotFound("no such workflow")
    return record


def _set(transaction: Transaction, org: Id, workflow: Id, **values: Any) -> None:
    transaction.execute(
        update(workflows).where(*_key(org, workflow)).values(generation=workflows.c.generation + 1, **values)
    )
    transaction.changed("workflow", org, workflow)


def _publish(transaction: Transaction, version: dict[str, Any]) -> None:
    transaction.execute(insert(workflow_versions), version)
    number = version["number"]
    _set(
        transaction,
        version["org"],
        version["workflow"],
        version=number,
        latest=number,
        updated=version["created"],
    )


def _version(org: Id, workflow: Id, number: int, definition: bytes, created: int, by: Id | None) -> dict[str, Any]:
    return {
        "org": org,
        "workflow": workflow,
        "number": number,
        "definition": definition,
        "created": created,
        "created_by": by,
    }
