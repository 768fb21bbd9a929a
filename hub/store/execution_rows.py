"""Executions and their journal as rows, both ways."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from hub.model.execution import ExecutionError, ExecutionRecord, NewExecution, NodeRecord
from hub.model.ids import Id
from hub.store.bulk import Bulk
from hub.store.documents import Documents
from hub.store.tables import executions, nodes

__all__ = ["EXECUTIONS", "NODES", "execution_record", "execution_row", "node_record", "node_row"]

EXECUTIONS = Bulk(executions, "nothing")
NODES = Bulk(nodes, "replace")

_COLUMNS = EXECUTIONS.columns
_NODE_COLUMNS = NODES.columns


async def execution_row(documents: Documents, execution: NewExecution) -> tuple[Any, ...]:
    """The row of a new execution: queued, or running where it is born with a lease."""
    org, lease = execution.org, execution.lease
    trigger, trigger_ref = await documents.pack(org, execution.trigger)
    definition, definition_ref = await documents.pack(org, execution.definition)
    due = execution.due or execution.created
    values = {
        "org": org,
        "id": execution.id,
        "workflow": execution.workflow,
        "version": execution.version,
        "kind": execution.kind,
        "state": "queued" if lease is None else "running",
        "priority": execution.priority,
        "trigger": trigger,
        "trigger_ref": trigger_ref,
        "definition": definition,
        "definition_ref": definition_ref,
        "source": execution.source,
        "request": execution.request,
        "event": execution.event,
        "parent": execution.parent,
        "parent_node": execution.parent_node,
        "replay_of": execution.replay_of,
        "serial_key": execution.serial_key,
        "concurrency": execution.concurrency,
        "created": execution.created,
        "started": None if lease is None else execution.created,
        "due": due,
        "ready": due if lease is None else lease.until,
        "owner": None if lease is None else lease.owner,
        "fence": 0 if lease is None else lease.fence,
        "crashes": 0,
        "woken": 0,
    }
    return tuple(map(values.get, _COLUMNS))


async def node_row(documents: Documents, org: Id, execution: Id, node: NodeRecord) -> tuple[Any, ...]:
    """The row of a journal entry."""
    given, input_ref = await documents.pack(org, node.input)
    output, output_ref = await documents.pack(org, node.output)
    values = {
        "org": org,
        "execution": execution,
        "node": node.node,
        "item": node.item,
        "state": node.state,
        "attempts": node.attempts,
        "input": given,
        "input_ref": input_ref,
        "output": output,
        "output_ref": output_ref,
        "error": node.error,
        "started": node.started,
        "finished": node.finished,
        "due": node.due,
        "child": node.child,
        "crashes": node.crashes,
    }
    return tuple(map(values.get, _NODE_COLUMNS))


async def execution_record(documents: Documents, row: Row[Any], *, whole: bool = True) -> ExecutionRecord:
    """An execution from its row; without trigger, definition and result unless `whole`.

    Raises:
        NotFound: A blob is gone.
    """
    org: Id = row.org
    return ExecutionRecord(
        org=org,
        id=row.id,
        workflow=row.workflow,
        version=row.version,
        kind=row.kind,
        state=row.state,
        trigger=await documents.unpack(org, row.trigger, row.trigger_ref) if whole else None,
        definition=await documents.unpack(org, row.definition, row.definition_ref) if whole else None,
        result=await documents.unpack(org, row.result, row.result_ref) if whole else None,
        error=None if row.error is None else ExecutionError(row.error_node, row.error),
        created=row.created,
        source=row.source,
        request=row.request,
        event=row.event,
        parent=row.parent,
        parent_node=row.parent_node,
        replay_of=row.replay_of,
        priority=row.priority,
        serial_key=row.serial_key,
        started=row.started,
        finished=row.finished,
        due=row.due,
        crashes=row.crashes,
    )


async def node_record(documents: Documents, row: Row[Any]) -> NodeRecord:
    """A journal entry from its row.

    Raises:
        NotFound: A blob is gone.
    """
    return NodeRecord(
        node=row.node,
        state=row.state,
        item=row.item,
        attempts=row.attempts,
        input=await documents.unpack(row.org, row.input, row.input_ref),
        output=await documents.unpack(row.org, row.output, row.output_ref),
        error=row.error,
        started=row.started,
        finished=row.finished,
        due=row.due,
        child=row.child,
        crashes=row.crashes,
    )
