"""Workflows, their drafts and versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from hub.errors import NotFound, PreconditionFailed
from hub.model.ids import Id, new_id
from hub.model.json import dumps
from hub.model.stored.source import SourceSpec, StoredSecret
from hub.model.stored.workflow import WorkflowChange, WorkflowRecord, WorkflowVersion
from hub.ports.store.page import Page
from hub.store.sql.executions.executions import cancel_executions
from hub.store.sql.paging import page
from hub.store.sql.records import version_record, workflow_record
from hub.store.sql.registry.sources import change_source, delete_source, insert_source, new_source
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
        """See `hub.ports.store.Workflows.create`."""
        workflow, owned, now = new_id(), new_id(), self._clock.now()
        draft = dumps(definition)

        def work(transaction: Transaction) -> WorkflowRecord:
            insert_source(transaction, self._vault, new_source(org, owned, workflow, source, secrets, at=now, by=by))
            row = {
                "org": org,
                "id": workflow,
                "name": name,
                "draft": draft,
                "version": _FIRST if publish else None,
                "latest": _FIRST if publish else 0,
                "source": owned,
                "generation": 1,
                "created": now,
                "updated": now,
            }
            transaction.execute(insert(workflows), row)
            if publish:
                _insert_version(transaction, org, workflow, _FIRST, draft, at=now, by=by)
            transaction.changed("workflow", org, workflow)
            return transaction.current().workflows[workflow]

        return await self._writer.run(Priority.JOURNAL, work)

    async def change(
        self,
        org: Id,
        workflow: Id,
        change: WorkflowChange,
        *,
        generation: int | None = None,
        by: Id | None = None,
    ) -> WorkflowRecord:
        """See `hub.ports.store.Workflows.change`."""
        now = self._clock.now()
        values: dict[str, Any] = {} if change.name is None else {"name": change.name}
        if change.draft is not None:
            values["draft"] = dumps(change.draft)

        def work(transaction: Transaction) -> WorkflowRecord:
            record = _found(transaction, org, workflow, generation)
            columns = dict(values)
            if change.source is not None:
                source = transaction.current().sources[record.source]
                change_source(transaction, self._vault, source, change.source, now)
            if change.published:
                columns |= _publication(transaction, record, values.get("draft"), now, by)
            elif change.published is False and record.version is not None:
                columns["version"] = None
            if not columns and change.source is None:
                return record
            transaction.execute(
                update(workflows)
                .where(*_key(org, workflow))
                .values(generation=workflows.c.generation + 1, updated=now, **columns)
            )
            transaction.changed("workflow", org, workflow)
            return transaction.current().workflows[workflow]

        return await self._writer.run(Priority.JOURNAL, work)

    async def delete(self, org: Id, workflow: Id, *, generation: int | None = None) -> None:
        """See `hub.ports.store.Workflows.delete`."""
        now = self._clock.now()

        def work(transaction: Transaction) -> None:
            record = _found(transaction, org, workflow, generation)
            running = select(executions.c.id).where(
                executions.c.org == org,
                executions.c.workflow == workflow,
                or_(executions.c.ready.is_not(None), executions.c.parked.is_not(None)),
            )
            cancel_executions(transaction, org, list(transaction.execute(running).scalars()), now)
            delete_source(transaction, self._vault, transaction.current().sources[record.source])
            transaction.execute(delete(workflows).where(*_key(org, workflow)))
            transaction.changed("workflow", org, workflow)

        await self._writer.run(Priority.JOURNAL, work)

    async def list(self, org: Id, *, limit: int, cursor: str | None = None) -> Page[WorkflowRecord]:
        """See `hub.ports.store.Workflows.list`."""
        query = select(workflows).where(workflows.c.org == org)
        return await page(self._database, query, workflows.c.id, workflow_record, limit=limit, cursor=cursor)

    async def version(self, org: Id, workflow: Id, number: int) -> WorkflowVersion:
        """See `hub.ports.store.Workflows.version`."""
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
        """See `hub.ports.store.Workflows.versions`."""
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


def _found(transaction: Transaction, org: Id, workflow: Id, generation: int | None) -> WorkflowRecord:
    record = transaction.current().workflows.get(workflow)
    if record is None or record.org != org:
        raise NotFound("no such workflow")
    if generation is not None and record.generation != generation:
        raise PreconditionFailed("workflow")
    return record


def _publication(
    transaction: Transaction, record: WorkflowRecord, draft: bytes | None, now: int, by: Id | None
) -> dict[str, Any]:
    """The columns of a workflow that change when `draft` (None: its current draft) is published.

    A draft equal to the latest version does not become a new one, so that publishing twice has the effect of once.
    """
    if draft is None:
        draft = transaction.execute(select(workflows.c.draft).where(*_key(record.org, record.id))).scalar_one()
    latest = transaction.first(
        select(workflow_versions.c.definition).where(
            workflow_versions.c.org == record.org,
            workflow_versions.c.workflow == record.id,
            workflow_versions.c.number == record.latest,
        )
    )
    if latest is not None and latest.definition == draft:
        return {} if record.version == record.latest else {"version": record.latest}
    number = record.latest + 1
    _insert_version(transaction, record.org, record.id, number, draft, at=now, by=by)
    return {"version": number, "latest": number}


def _insert_version(
    transaction: Transaction, org: Id, workflow: Id, number: int, draft: bytes, *, at: int, by: Id | None
) -> None:
    row = {
        "org": org,
        "workflow": workflow,
        "number": number,
        "definition": draft,
        "created": at,
        "created_by": by,
    }
    transaction.execute(insert(workflow_versions), row)
